// A process that does nothing but keep a gRPC stream open over a socket pair: what gRPC itself
// costs when idle. "client" waits on a completion queue as the host agent does, with the server in
// a child process; "server" has a callback service as the guest agent does, with the client in a
// child. bench/idle builds and runs it. Prints its pid and runs until its stdin ends.
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/server_posix.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace {

class Silent final : public grpc::ServerGenericBidiReactor {
public:
    Silent() { StartRead(&in_); }
    void OnReadDone(bool) override {}
    void OnCancel() override { Finish(grpc::Status::CANCELLED); }
    void OnDone() override { delete this; }

private:
    grpc::ByteBuffer in_;
};

class Service final : public grpc::CallbackGenericService {
    grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
        return new Silent;
    }
};

void wait_for_the_end() {
    char c = 0;
    while (read(STDIN_FILENO, &c, 1) > 0) {
    }
}

void serve(int fd) {
    Service service;
    grpc::ServerBuilder builder;
    builder.RegisterCallbackGenericService(&service);
    const auto server = builder.BuildAndStart();
    fcntl(fd, F_SETFL, O_NONBLOCK);
    grpc::AddInsecureChannelFromFd(server.get(), fd);
    wait_for_the_end();
    _exit(0);
}

void watch(int fd) {
    const auto channel = grpc::CreateInsecureChannelFromFd("floor", fd);
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    std::thread waiter([&queue] {
        void* tag = nullptr;
        bool ok = false;
        while (queue.Next(&tag, &ok)) {
        }
    });
    const auto call = stub.PrepareCall(&context, "/Floor/Watch", &queue);
    grpc::ByteBuffer message;
    call->StartCall(nullptr);
    call->Read(&message, nullptr);
    wait_for_the_end();
    _exit(0);
}

}  // namespace

int main(int argc, char** argv) {
    // The second process is this program again, before any thread: gRPC does not survive a fork.
    if (argc == 3) {
        std::strcmp(argv[1], "server") == 0 ? serve(std::atoi(argv[2])) : watch(std::atoi(argv[2]));
    }
    const bool client = argc > 1 && std::strcmp(argv[1], "client") == 0;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        return 1;
    }
    if (fork() == 0) {
        close(ends[0]);
        execl(argv[0], argv[0], client ? "server" : "client", std::to_string(ends[1]).c_str(),
              nullptr);
        _exit(1);
    }
    close(ends[1]);
    std::printf("%d\n", getpid());
    std::fflush(stdout);
    client ? watch(ends[0]) : serve(ends[0]);
}
