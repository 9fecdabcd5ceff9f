// A process of another make: the original's service and no more, in its first or second generation.
// The stream of Start is the VM's life: its end, whatever the reason, is the event "exited". Owns
// the thread that reads it.
#pragma once

#include "core/base/json_fwd.hpp"
#include "sdk/remote/client/session.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace lima::remote::client {

class ForeignSession final : public Session {
public:
    /// Asks for its info first.
    static Result<std::unique_ptr<Session>> open(Connected connected);
    ~ForeignSession() override;

    void close() override;

    Result<std::string> info() override { return original_info(); }
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
    /// One Start call: from its first message to its end.
    struct Life;

    explicit ForeignSession(Connected connected);
    /// It knows the status of its instance from Configure alone.
    Result<> tell_status(const Call& call) override;
    bool has_vm() const;
    void read_life(Life& life);
    /// True when the stream ended within the time.
    bool wait_end(std::chrono::milliseconds time);
    /// Ends the stream, with which the VM of such a process goes.
    bool end_life();
    void drop_life();

    bool static_ssh_port_ = false;
    std::atomic<int> ssh_port_{0};
    std::string configured_;     // the instance as it was sent last; used by [op] calls only
    bool told_running_ = false;  // likewise
    std::atomic<bool> closing_{false};
    std::atomic<bool> ends_it_{false};  // we end the stream, because the VM is to be gone
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::unique_ptr<Life> life_;  // changed by [op] calls only
    bool lives_ = false;          // behind the mutex
};

}  // namespace lima::remote::client
