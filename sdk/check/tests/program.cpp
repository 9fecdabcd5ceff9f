// The process of an external driver, looked at without a library between: how it starts, what it
// stands, how it ends. For a module it is lima-run-driver that serves it.
#include "check/http2.hpp"
#include "check/instance.hpp"
#include "check/object.hpp"
#include "check/tests/tests.hpp"

#include <csignal>
#include <fstream>
#include <iterator>
#include <random>
#include <thread>

namespace lima::check {
namespace {

constexpr int kSocketMs = 10'000;
constexpr int kEndMs = 10'000;
constexpr int kAnswerMs = 10'000;

std::string contents(const Path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The driver's process for the directory of the test.
class Server {
public:
    explicit Server(Bench& bench) : bench_(bench), dir_(bench.dir() / "i") {
        std::filesystem::create_directories(dir_);
        begin();
    }
    ~Server() {
        child_->signal(SIGKILL);
        child_.reset();
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    static Launch launch(Bench& bench) {
        const Target& target = bench.target();
        Launch launch;
        launch.argv = {(target.way == kVia ? target.run_driver : target.path).string()};
        if (target.way == kVia) {
            launch.argv.insert(launch.argv.end(), {"--module", target.path.string()});
        }
        launch.out = bench.dir() / "out";
        launch.err = bench.dir() / "err";
        return launch;
    }

    Path socket() const { return dir_ / (bench_.target().name + ".drv.sock"); }
    Child& child() const { return *child_; }

    std::unique_ptr<Peer> connect() const { return Peer::connect(socket()); }

    /// Needs the driver to answer Info to a client that has just come.
    void need_answer(const std::string& when) const {
        const auto peer = connect();
        bench_.need(peer != nullptr, "nobody can connect " + when);
        const Reply reply = call_once(*peer, "/Driver/Info", "", kAnswerMs);
        bench_.need(reply.ok, "Info is not answered " + when + ": " + reply.error);
        const Json info = Json::parse(first_field(reply.message), nullptr, false);
        bench_.need(info.is_object() && info.contains("name"),
                    "Info answers what is no JSON object " + when);
    }
    /// SIGTERM, and its end; needs it in time.
    void end() const {
        child_->signal(SIGTERM);
        const auto exit = child_->wait(kEndMs);
        bench_.need(exit.has_value(),
                    "it still runs " + std::to_string(kEndMs) + " ms after SIGTERM");
        bench_.expect(exit->signal == 0 || exit->signal == SIGTERM,
                      "SIGTERM ends it with " + exit->text());
    }

private:
    void begin() {
        Launch launch = Server::launch(bench_);
        launch.argv.insert(launch.argv.end(), {"--inst-dir", dir_.string()});
        std::string error;
        child_ = start(launch, error);
        bench_.need(child_ != nullptr, error);
        const bool there =
            eventually(kSocketMs, [this] { return connect() != nullptr || child_->pid() < 0; });
        if (child_->pid() < 0) {
            bench_.need(false, "it ends before it listens: " + child_->wait(0)->text() + ": " +
                                   shorten(contents(bench_.dir() / "err")));
        }
        bench_.need(there, "nobody listens on " + socket().string() + " after " +
                               std::to_string(kSocketMs) + " ms");
    }

    Bench& bench_;
    Path dir_;
    std::unique_ptr<Child> child_;
};

void starts(Bench& bench) {
    const Server server(bench);
    server.need_answer("after it has started");
    bench.expect(server.child().pid() > 0, "it does not go on");
}

void quiet(Bench& bench) {
    const Server server(bench);
    server.need_answer("after it has started");
    server.end();
    bench.expect(contents(bench.dir() / "out").empty(),
                 "it prints to stdout: " + shorten(contents(bench.dir() / "out")));
}

void stale_socket(Bench& bench) {
    std::filesystem::create_directories(bench.dir() / "i");
    leave_stale_socket(bench.dir() / "i" / (bench.target().name + ".drv.sock"));
    const Server server(bench);
    server.need_answer("where an old socket was left");
}

void bare_connects(Bench& bench) {
    const Server server(bench);
    std::vector<std::unique_ptr<Peer>> open;
    for (int i = 0; i < 20; ++i) {
        open.push_back(server.connect());
        bench.need(open.back() != nullptr, "nobody can connect any more");
        if (i % 2 == 0) {
            open.pop_back();
        }
    }
    server.need_answer("beside connections that send nothing");
}

void garbage_peers(Bench& bench) {
    const Server server(bench);
    std::minstd_rand random(4711);
    std::string noise(64 * 1024, '\0');
    for (char& byte : noise) {
        byte = static_cast<char>(random());
    }
    const std::string preface(kPreface);
    for (const std::string& bytes :
         {noise, std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), preface.substr(0, 9),
          preface + noise, preface + settings_frame() + frame(1, 4, 1, noise.substr(0, 100), 100),
          preface + settings_frame() + frame(0, 1, 1, "x", 0xffffff),
          preface + settings_frame() + frame(0, 0, 1001, "x", 1)}) {
        const auto peer = server.connect();
        bench.need(peer != nullptr, "nobody can connect any more");
        peer->send(bytes);
        peer->receive(20);
    }
    server.need_answer("after peers that sent garbage");
    // a message that is no message of the service
    const auto peer = server.connect();
    bench.need(peer != nullptr, "nobody can connect any more");
    call_once(*peer, "/Driver/Configure", noise.substr(0, 200), kAnswerMs);
    server.need_answer("after a Configure of garbage");
}

void slow_peers(Bench& bench) {
    const Server server(bench);
    const auto deaf = server.connect();
    const auto slow = server.connect();
    bench.need(deaf != nullptr && slow != nullptr, "nobody can connect");
    deaf->send(std::string(kPreface) + settings_frame());  // and never reads
    for (const char byte : std::string(kPreface).substr(0, 12)) {
        slow->send(std::string(1, byte));
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        if (byte == ' ') {
            server.need_answer("beside a peer that is slow");
        }
    }
}

void two_clients(Bench& bench) {
    const Server server(bench);
    const auto work = [&] {
        try {
            for (int i = 0; i < 5; ++i) {
                server.need_answer("to two clients at the same time");
            }
        } catch (const Stop&) {
            return;  // it is noted
        }
    };
    std::thread one(work);
    std::thread two(work);
    one.join();
    two.join();
}

void ends(Bench& bench) {
    const Server server(bench);
    server.need_answer("after it has started");
    const auto begin = Clock::now();
    server.end();
    if (ms_since(begin) > 5'000) {
        bench.warn("SIGTERM takes " + std::to_string(ms_since(begin)) + " ms");
    }
    bench.expect(!socket_exists(server.socket()), "it leaves its socket behind");
}

/// A host that is there, and one that has sent half of what it wanted to say.
void ends_with_peers(Bench& bench) {
    const Server server(bench);
    const auto one = server.connect();
    const auto two = server.connect();
    bench.need(one != nullptr && two != nullptr, "nobody can connect");
    call_once(*one, "/Driver/Info", "", kAnswerMs);
    two->send(std::string(kPreface).substr(0, 10));
    server.end();
}

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string encode_base64(const std::string& bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        unsigned bits = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            bits =
                bits << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            out += i + j <= bytes.size() ? kAlphabet[bits >> (18 - 6 * j) & 63] : '=';
        }
    }
    return out;
}

std::string decode_base64(const std::string& text) {
    std::string out;
    unsigned bits = 0;
    int count = 0;
    for (const char c : text) {
        const std::size_t value = std::string_view(kAlphabet).find(c);
        if (value == std::string_view::npos) {
            break;
        }
        bits = bits << 6 | static_cast<unsigned>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out += static_cast<char>(bits >> count & 0xff);
        }
    }
    return out;
}

void inspects(Bench& bench) {
    const Json instance = plain_instance(bench.target().name, (bench.dir() / "i").string());
    Launch launch = Server::launch(bench);
    launch.argv.emplace_back("--inspect-status");
    launch.in = bench.dir() / "in";
    std::ofstream(launch.in) << Json(encode_base64(instance.dump())).dump() << "\n";
    std::string error;
    const auto child = start(launch, error);
    bench.need(child != nullptr, error);
    const auto exit = child->wait(kAnswerMs);
    if (!exit) {
        child->signal(SIGKILL);
    }
    bench.need(exit.has_value(), "--inspect-status takes longer than ten seconds");
    bench.need(exit->code == 0 && exit->signal == 0, "--inspect-status ends with " + exit->text() +
                                                         ": " +
                                                         shorten(contents(bench.dir() / "err")));
    const std::string out = contents(bench.dir() / "out");
    const Json text = Json::parse(out, nullptr, false);
    bench.need(text.is_string(), "the answer is no JSON string: " + shorten(out));
    const Json answer = Json::parse(decode_base64(text.get<std::string>()), nullptr, false);
    bench.need(answer.is_object(), "the answer holds no instance in base64");
    bench.expect(!out.empty() && out.back() == '\n', "the answer has no end of line");
    for (const auto& [key, value] : instance.items()) {
        if (key != "status" && key != "errors") {
            bench.expect(answer.contains(key) && answer[key] == value,
                         "the answer has another \"" + key + "\" than the question");
        }
    }
    const std::string known = "  Running Stopped Broken Uninitialized Installing ";
    bench.expect(known.find(" " + answer.value("status", "") + " ") != std::string::npos,
                 "the status \"" + answer.value("status", "") + "\" does not exist");
}

}  // namespace

const std::vector<Test> kProgramTests = {
    {"program.starts", 3, kAway, "with --inst-dir it listens on NAME.drv.sock within 10 s", starts},
    {"program.stdout", 4, kAway, "it prints nothing to stdout", quiet},
    {"program.stale-socket", 4, kAway, "it replaces a socket that nobody listens on", stale_socket},
    {"program.ends", 4, kAway, "SIGTERM ends it within 10 s, and its socket is gone", ends},
    {"program.inspect-status", 4, kAway, "--inspect-status answers the instance", inspects},
    {"program.bare-connects", 5, kAway, "it answers beside connections that send nothing",
     bare_connects},
    {"program.two-clients", 5, kAway, "it answers two clients at the same time", two_clients},
    {"program.ends-with-peers", 5, kAway, "SIGTERM ends it though clients are there",
     ends_with_peers},
    {"program.garbage", 6, kAway, "it answers after peers that sent garbage", garbage_peers, 60},
    {"program.slow-peers", 6, kAway, "it answers beside peers that are slow", slow_peers, 60},
};

}  // namespace lima::check
