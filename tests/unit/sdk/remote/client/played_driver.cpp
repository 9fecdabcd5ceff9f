// A driver's program that plays what the tests of lima-remote.so need: either generation of the
// original's protocol byte by byte, ours, and peers that misbehave. PLAYED is a list of words;
// PLAYED_LOG is a file that gets a line for each process and each call ("Info 0": the bytes of the
// request).
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <iostream>
#include <iterator>
#include <map>
#include <mutex>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using std::chrono::milliseconds;

std::string text_of(const char* variable) {
    const char* value = std::getenv(variable);
    return value == nullptr ? "" : value;
}

bool plays(const std::string& word) {
    return (" " + text_of("PLAYED") + " ").find(" " + word + " ") != std::string::npos;
}

void note(const std::string& line) {
    // One write is one line, whoever else writes.
    const std::string whole = line + "\n";
    const int fd = open(text_of("PLAYED_LOG").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (fd >= 0) {
        static_cast<void>(!write(fd, whole.data(), whole.size()));
        close(fd);
    }
}

/// A field of protobuf that holds bytes; all of the played answers are shorter than 128.
std::string field(int number, const std::string& bytes) {
    std::string out(1, static_cast<char>(number << 3 | 2));
    return out + static_cast<char>(bytes.size()) + bytes;
}

const std::string kTrue("\x08\x01", 2);

std::string to_string(const grpc::ByteBuffer& buffer) {
    std::vector<grpc::Slice> slices;
    static_cast<void>(buffer.Dump(&slices));
    std::string out;
    for (const grpc::Slice& slice : slices) {
        out.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
    return out;
}

grpc::ByteBuffer to_buffer(const std::string& bytes) {
    const grpc::Slice slice(bytes.data(), bytes.size());
    return grpc::ByteBuffer(&slice, 1);
}

grpc::Status unimplemented() { return {grpc::StatusCode::UNIMPLEMENTED, "unknown method"}; }

/// What all calls share.
class Stage {
public:
    /// Blocks until it is told, or the caller is gone.
    bool wait(const std::string& what, const grpc::ServerContextBase* context) {
        for (;;) {
            std::unique_lock lock(mutex_);
            if (told_[what]) {
                return true;
            }
            lock.unlock();
            if (context->IsCancelled()) {
                return false;
            }
            std::this_thread::sleep_for(milliseconds(5));
        }
    }
    void tell(const std::string& what) {
        const std::lock_guard lock(mutex_);
        told_[what] = true;
    }

private:
    std::mutex mutex_;
    std::map<std::string, bool> told_;
};
Stage stage;

/// One call: its request is read, then answer() runs on a thread of its own.
class Call final : public grpc::ServerGenericBidiReactor {
public:
    explicit Call(grpc::GenericCallbackServerContext* context)
        : context_(context), method_(context->method()) {
        StartRead(&request_);
    }
    void OnReadDone(bool ok) override {
        if (ok) {
            std::thread([this] { Finish(answer()); }).detach();
        } else {
            Finish({grpc::StatusCode::INTERNAL, "no request"});
        }
    }
    void OnWriteDone(bool ok) override {
        const std::lock_guard lock(mutex_);
        written_ = ok ? 1 : -1;
    }
    void OnDone() override {}  // stays, because its thread may be in here: there are few

private:
    bool send(const std::string& bytes) {
        written_ = 0;
        reply_ = to_buffer(bytes);
        StartWrite(&reply_);
        for (;;) {
            {
                const std::lock_guard lock(mutex_);
                if (written_ != 0) {
                    return written_ > 0;
                }
            }
            std::this_thread::sleep_for(milliseconds(1));
        }
    }
    grpc::Status ok(const std::string& bytes = "") {
        send(bytes);
        return grpc::Status::OK;
    }

    grpc::Status answer() {
        const std::string body = to_string(request_);
        const std::string name = method_.substr(method_.rfind('/') + 1);
        if (method_.rfind("/Driver/", 0) != 0 && !plays("own")) {
            return unimplemented();
        }
        note(name + " " + std::to_string(body.size()));
        return plays("own") && method_.rfind("/Driver/", 0) != 0 ? own(name) : original(name, body);
    }

    grpc::Status original(const std::string& name, const std::string& body) {
        if (name == "Info") {
            const std::string features =
                plays("dynamic") ? R"("dynamicSSHAddress":true,"canRunGui":true)" : "";
            return ok(
                field(1, R"({"name":"played","needsImage":false,"features":{)" + features + "}}"));
        }
        if (name == "Configure") {
            note(body.find(R"("status":"Running")") == std::string::npos ? "told it is stopped"
                                                                         : "told it runs");
            return ok(plays("gen1") ? "" : field(1, R"({"config":{"cpus":7},"added":[1]})"));
        }
        if (name == "Start") {
            return start();
        }
        if (name == "Stop") {
            if (plays("hang-stop")) {
                stage.wait("never", context_);
                return {grpc::StatusCode::CANCELLED, "cancelled"};
            }
            if (!plays("stream-stays")) {
                stage.tell("stopped");
            }
            return ok();
        }
        if (name == "Validate") {
            if (plays("invalid")) {
                context_->AddTrailingMetadata("lima-hint-bin", "buy a bigger one");
                return {grpc::StatusCode::INVALID_ARGUMENT, "no such machine"};
            }
            return ok();
        }
        if (name == "BootScripts") {
            return ok(field(1, field(1, "boot.Linux/01-x.sh") + field(2, "true\n")));
        }
        if (name == "SSHAddress") {
            return ok(field(1, "10.0.0.7"));
        }
        if (name == "ForwardGuestAgent") {
            return ok(kTrue);
        }
        if (name == "ListSnapshots") {
            return ok(field(1, "ID TAG\n1 first\n"));
        }
        if (name == "CreateSnapshot") {
            return {grpc::StatusCode::UNKNOWN, "unimplemented"};
        }
        if (name == "GetDisplayConnection") {
            return ok(field(1, "5901"));
        }
        if (name == "AdditionalSetupForSSH") {
            return plays("no-setup") ? unimplemented() : ok();
        }
        static_cast<void>(body);
        return ok();
    }

    grpc::Status start() {
        if (plays("fail-start")) {
            send(field(2, "no machine"));
            return {grpc::StatusCode::INTERNAL, "no machine"};
        }
        send(kTrue);
        if (plays("crash")) {
            std::fputs("the played driver has had enough\n", stderr);
            std::abort();
        }
        if (plays("vm-fails")) {
            send(field(2, "the VM caught fire"));
            return grpc::Status::OK;
        }
        if (!stage.wait("stopped", context_)) {
            note("Start-cancelled");
            return {grpc::StatusCode::CANCELLED, "cancelled"};
        }
        send(kTrue);
        return grpc::Status::OK;
    }

    grpc::Status own(const std::string& name) {
        if (name == "Hello") {
            return ok(field(1, "played") + field(2, "3.2.1") + std::string("\x18\x80\x80\x04", 4) +
                      field(4, "lima.adopt/1") + field(4, "lima.config-schema/1"));
        }
        if (name == "Watch") {
            send(std::string("\x08\x01", 2) + field(2, ""));
            stage.wait("start", context_);
            // An event, seq 2, that the end of Start waits for.
            std::this_thread::sleep_for(milliseconds(100));
            send(std::string("\x08\x02", 2) + field(4, field(1, "started") + field(2, "{}")));
            if (plays("crash")) {
                std::fputs("the played driver has had enough\n", stderr);
                std::abort();
            }
            stage.wait("never", context_);
            note("Watch-ended");
            std::thread([] { std::_Exit(0); }).detach();
            return grpc::Status::OK;
        }
        if (name == "Start") {
            if (plays("hang-start")) {
                stage.wait("cancel", context_);
                return {grpc::StatusCode::CANCELLED, "its true result"};
            }
            stage.tell("start");
            context_->AddTrailingMetadata("lima-seq", "2");
            return ok();
        }
        if (name == "Adopt") {
            if (plays("no-vm")) {
                return {grpc::StatusCode::NOT_FOUND, "no VM runs"};
            }
            if (plays("started-at-adopt")) {
                stage.tell("start");
            }
            return ok();
        }
        if (name == "Cancel") {
            stage.tell("cancel");
            return ok();
        }
        if (name == "Describe") {
            return ok(field(1, R"({"name":"played","needsImage":false})"));
        }
        if (name == "ConfigSchema") {
            return ok(field(1, R"({"type":"object"})"));
        }
        return ok();
    }

    grpc::GenericCallbackServerContext* context_;
    const std::string method_;
    grpc::ByteBuffer request_;
    grpc::ByteBuffer reply_;
    std::mutex mutex_;
    int written_ = 0;
};

class Service final : public grpc::CallbackGenericService {
    grpc::ServerGenericBidiReactor* CreateReactor(
        grpc::GenericCallbackServerContext* context) override {
        return new Call(context);
    }
};

/// Listens without gRPC: says rubbish, or nothing.
[[noreturn]] void listen_raw(const std::string& path, const std::string& greeting) {
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(fd, 5);
    for (;;) {
        const int one = accept(fd, nullptr, nullptr);
        static_cast<void>(!write(one, greeting.data(), greeting.size()));
    }
}

void serve(const std::string& path) {
    if (plays("garbage")) {
        listen_raw(path, std::string(4096, 'x'));
    }
    if (plays("mute")) {
        listen_raw(path, "");
    }
    Service service;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + path, grpc::InsecureServerCredentials());
    builder.RegisterCallbackGenericService(&service);
    const auto server = builder.BuildAndStart();
    if (plays("gen1")) {
        std::printf("{\"socketPath\":\"%s\"}\n", path.c_str());
        // More than a pipe holds, which nobody reads but must not stop us.
        std::printf("%s\n", std::string(200'000, 'x').c_str());
        std::fflush(stdout);
        note("printed");
    }
    if (plays("stubborn")) {
        std::signal(SIGTERM, SIG_IGN);
    }
    for (;;) {
        pause();
    }
}

int first_generation(int argc, char** argv) {
    if (argc == 1) {
        serve(text_of("PLAYED_LOG") + ".sock");
    }
    if (std::string(argv[1]) != "--pre-driver-action") {
        std::fprintf(stderr, "flag provided but not defined: %s\n", argv[1]);
        return 2;
    }
    std::string input((std::istreambuf_iterator<char>(std::cin)), {});
    note("pre-driver-action " + input.substr(0, input.find('\n')));
    std::printf("{\"memory\":\"7GiB\"}\n");
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    std::string words;
    for (int i = 1; i < argc; ++i) {
        words += " " + std::string(argv[i]);
    }
    note("process" + words);
    if (argc > 1 && std::string(argv[1]) == "--inspect-status") {
        std::string input((std::istreambuf_iterator<char>(std::cin)), {});
        note("input " + input.substr(0, input.find('\n')));
        std::printf("%s\n", text_of("PLAYED_INSPECT").c_str());
        return plays("inspect-fails") ? 1 : 0;
    }
    if (plays("gen1")) {
        return first_generation(argc, argv);
    }
    if (plays("exits")) {
        std::fputs("some lines\nno luck today\n", stderr);
        return 3;
    }
    if (plays("silent")) {
        for (;;) {
            pause();
        }
    }
    if (plays("slow")) {
        std::this_thread::sleep_for(milliseconds(700));
    }
    if (argc != 3 || std::string(argv[1]) != "--inst-dir") {
        return 1;
    }
    const std::string name(strrchr(argv[0], '/') + std::strlen("/lima-driver-"));
    serve(std::string(argv[2]) + "/" + name + ".drv.sock");
}
