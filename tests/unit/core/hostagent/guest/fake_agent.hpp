// A guest agent in the test's process: gRPC over one end of a socket pair for each connection.
#pragma once

#include "core/base/fd.hpp"
#include "guestagent/proto/agent_service.grpc.pb.h"
#include "guestagent/proto/guest_service.grpc.pb.h"
#include "tests/support/socket_pair.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/server_posix.h>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace lima::hostagent {

/// Dials a port of 127.0.0.1, copies both ways, ends when the server's side has ended.
class FakeTunnel final : public grpc::ServerBidiReactor<TunnelMessage, TunnelMessage> {
public:
    FakeTunnel() { StartRead(&in_); }

    void OnReadDone(bool ok) override {
        if (!ok) {
            if (!target_) {
                return Finish({});
            }
            shutdown(target_.get(), SHUT_WR);
            return;
        }
        if (!target_) {
            if (!dial(in_.guest_addr())) {
                return Finish({grpc::StatusCode::UNKNOWN,
                               "dial tcp " + in_.guest_addr() + ": connection refused"});
            }
            from_target_ = std::thread([this] { copy(); });
        } else if (!write_all(target_.get(), in_.data())) {
            return;
        }
        StartRead(&in_);
    }
    void OnWriteDone(bool ok) override {
        const std::lock_guard lock(mutex_);
        written_ = true;
        ok_ = ok;
        changed_.notify_all();
    }
    void OnDone() override {
        if (from_target_.joinable()) {
            from_target_.join();
        }
        delete this;
    }

private:
    bool dial(const std::string& address) {
        target_ = Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port =
            htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return connect(target_.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    }
    void copy() {
        std::vector<char> buffer(32 * 1024);
        ssize_t got = 0;
        while (ok_ && (got = read(target_.get(), buffer.data(), buffer.size())) > 0) {
            out_.set_data(buffer.data(), static_cast<std::size_t>(got));
            std::unique_lock lock(mutex_);
            written_ = false;
            StartWrite(&out_);
            changed_.wait(lock, [this] { return written_; });
        }
        Finish({});
    }

    Fd target_;
    TunnelMessage in_;
    TunnelMessage out_;
    std::thread from_target_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool written_ = false;
    std::atomic<bool> ok_ = true;
};

class FakeGuestService final
    : public GuestService::WithCallbackMethod_Tunnel<GuestService::Service> {
public:
    Info info;
    TimeSyncResponse time_answer;
    std::atomic<std::int64_t> host_seconds = 0;
    bool knows_time = true;

    void push(const Event& event) {
        const std::lock_guard lock(mutex_);
        events_.push_back(event);
        changed_.notify_all();
    }
    static Event added(int port) {
        Event event;
        fill(*event.add_added_local_ports(), port);
        return event;
    }
    static Event removed(int port) {
        Event event;
        fill(*event.add_removed_local_ports(), port);
        return event;
    }
    static void fill(IPPort& out, int port) {
        out.set_protocol("tcp");
        out.set_ip("127.0.0.1");
        out.set_port(port);
    }

    grpc::Status GetInfo(grpc::ServerContext*, const Empty*, Info* out) override {
        *out = info;
        return {};
    }
    grpc::Status GetEvents(grpc::ServerContext* context, const Empty*,
                           grpc::ServerWriter<Event>* writer) override {
        std::unique_lock lock(mutex_);
        while (!context->IsCancelled()) {
            for (; !events_.empty(); events_.pop_front()) {
                writer->Write(events_.front());
            }
            changed_.wait_for(lock, std::chrono::milliseconds(20));
        }
        return {};
    }
    grpc::Status SyncTime(grpc::ServerContext*, const TimeSyncRequest* request,
                          TimeSyncResponse* out) override {
        if (!knows_time) {
            return {grpc::StatusCode::UNIMPLEMENTED, "unknown method SyncTime"};
        }
        host_seconds = request->host_time().seconds();
        *out = time_answer;
        return {};
    }
    grpc::ServerBidiReactor<TunnelMessage, TunnelMessage>* Tunnel(
        grpc::CallbackServerContext*) override {
        return new FakeTunnel;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Event> events_;
};

class FakeAgentService final : public lima::agent::v1::AgentService::Service {
public:
    using Step = lima::agent::v1::BootStep;
    std::vector<Step> steps;

    grpc::Status Hello(grpc::ServerContext*, const lima::agent::v1::HelloRequest* request,
                       lima::agent::v1::HelloReply* out) override {
        out->set_agent_version("test for " + request->host_version());
        out->add_features("forward-plane/1");
        out->set_forward_port("io.lima-vm.forward.0");
        return {};
    }
    grpc::Status WatchBoot(grpc::ServerContext* context, const lima::agent::v1::WatchBootRequest*,
                           grpc::ServerWriter<Step>* writer) override {
        for (const Step& step : steps) {
            writer->Write(step);
        }
        while (!context->IsCancelled()) {
            usleep(10'000);
        }
        return {};
    }
};

class FakeAgent {
public:
    explicit FakeAgent(bool ours = true) : ours_(ours) {}
    ~FakeAgent() {
        if (alive()) {
            kill();
        }
    }
    FakeAgent(const FakeAgent&) = delete;
    FakeAgent& operator=(const FakeAgent&) = delete;

    FakeGuestService guest;
    FakeAgentService agent;

    /// Once before the first connection, and again after kill().
    void start() {
        grpc::ServerBuilder builder;
        builder.RegisterService(&guest);
        if (ours_) {
            builder.RegisterService(&agent);
        }
        server_ = builder.BuildAndStart();
    }
    void kill() {
        server_->Shutdown(std::chrono::system_clock::now());
        server_.reset();
    }
    bool alive() const { return server_ != nullptr; }
    /// The host's end of a new connection.
    Fd connect() {
        auto [ours, theirs] = test::socket_pair();
        serve(std::move(theirs));
        return std::move(ours);
    }
    void serve(Fd end) {
        fcntl(end.get(), F_SETFL, fcntl(end.get(), F_GETFL) | O_NONBLOCK);
        grpc::AddInsecureChannelFromFd(server_.get(), end.release());
    }

private:
    bool ours_;
    std::unique_ptr<grpc::Server> server_;
};

}  // namespace lima::hostagent
