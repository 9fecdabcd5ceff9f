// A process that serves lima.driver.v1 beside the original's service: events, logs and progress
// come by one stream, a call is cancelled by its number and still says how it ended, connections
// come as descriptors. A VM goes on when we leave. Owns the thread that reads the stream.
#pragma once

#include "sdk/remote/client/session.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace lima::remote::client {

class OwnSession final : public Session, private CallNumbers {
public:
    static Result<std::unique_ptr<Session>> open(Connected connected,
                                                 const lima::driver::v1::HelloReply& hello);
    ~OwnSession() override;

    bool is_dead() const override;
    void close() override;

    Result<std::string> info() override;
    Result<std::string> configure(const Call& call, const std::string& instance) override;
    Result<> start(const Call& call) override;
    Result<> stop(const Call& call) override;
    Result<> adopt(const Call& call) override;
    Result<std::string> status(const Call& call, const std::string& instance) override;
    Result<sdk::SshAddress> ssh_address(const Call& call) override;
    Result<lima_handle> connect(const Call& call, const std::string& channel) override;
    Result<sdk::Picture> screenshot(const Call& call, const std::string& format) override;
    Result<std::string> config_schema() override;

private:
    using Item = lima::driver::v1::WatchItem;

    OwnSession(Connected connected, const lima::driver::v1::HelloReply& hello,
               std::function<void(std::string)> on_lost);
    /// Waits until nothing is missed.
    Result<> listen();
    void read_items();
    void take(const Item& item);
    void take_event(const lima::driver::v1::Event& event);
    void take_progress(const lima::driver::v1::Progress& progress);

    std::uint64_t begin(const Call& call) override;
    void cancel(std::uint64_t number) override;
    void end(std::uint64_t number, std::uint64_t seq) override;

    const std::string fd_socket_;
    const std::function<void(std::string)> on_lost_;
    std::atomic<bool> has_vm_{false};
    std::atomic<bool> closing_{false};

    grpc::ClientContext watch_context_;
    std::thread watcher_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool ready_ = false;  // behind the mutex, as what follows
    bool over_ = false;   // nothing comes any more
    std::string why_over_;
    std::uint64_t seen_ = 0;  // the last item's number, delivered
    std::uint64_t next_number_;
    /// Progress is delivered under this one, so that none comes after the call.
    std::mutex calls_mutex_;
    std::map<std::uint64_t, const Call*> calls_;
};

}  // namespace lima::remote::client
