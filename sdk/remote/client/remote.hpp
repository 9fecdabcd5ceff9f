// The driver object that the core holds for a process: launches it at the first call that needs it,
// again when it has died, and passes every call on. Owns the session, and the directory of a
// process that has no instance. Thread: as every driver; sessions are replaced under a mutex.
#pragma once

#include "core/base/fs.hpp"
#include "sdk/remote/client/inner_call.hpp"
#include "sdk/remote/client/session.hpp"

#include <lima/ext/remote.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace lima::remote::client {

/// All mixins: which of them the host sees is offers()'s answer.
class RemoteDriver final : public sdk::Driver,
                           public sdk::GuestAgent,
                           public sdk::GuestChannels,
                           public sdk::BootScripts,
                           public sdk::Ssh,
                           public sdk::Status,
                           public sdk::Adopt,
                           public sdk::Snapshot,
                           public sdk::Gui,
                           public sdk::Display,
                           public sdk::Screenshot,
                           public sdk::ConfigSchema {
public:
    explicit RemoteDriver(const sdk::Host& host);
    ~RemoteDriver() override;

    /// [any] Whether the process has that extension; launches it to find out.
    bool offers(std::string_view id);
    Result<> identify(const lima_sink& out, const sdk::Call& call);
    Result<std::string> inspect(const std::string& instance);
    /// [any]
    void last_failure(const lima_sink& out) const;

    Result<std::string> configure(const sdk::Call& call, std::string_view instance_json) override;
    Result<> validate(const sdk::Call& call) override;
    Result<> create(const sdk::Call& call) override;
    Result<> create_disk(const sdk::Call& call) override;
    Result<> start(const sdk::Call& call) override;
    Result<> stop(const sdk::Call& call) override;
    Result<> remove(const sdk::Call& call) override;
    Result<std::string> info() const override;

    bool forward_over_ssh() const override;
    Result<lima_handle> connect(const sdk::Call& call) override;
    Result<lima_handle> connect_channel(const sdk::Call& call, std::string_view name) override;
    Result<std::map<std::string, std::string>> boot_scripts(const sdk::Call& call) override;
    Result<sdk::SshAddress> ssh_address(const sdk::Call& call) override;
    Result<std::string> status(const sdk::Call& call) override;
    Result<> adopt(const sdk::Call& call) override;
    Result<> create_snapshot(const sdk::Call& call, const std::string& tag) override;
    Result<> apply_snapshot(const sdk::Call& call, const std::string& tag) override;
    Result<> delete_snapshot(const sdk::Call& call, const std::string& tag) override;
    Result<std::string> list_snapshots(const sdk::Call& call) override;
    Result<> run_gui(const sdk::Call& call) override;
    Result<> change_display_password(const sdk::Call& call, const std::string& password) override;
    Result<std::string> display_connection(const sdk::Call& call) override;
    Result<sdk::Picture> capture_screenshot(const sdk::Call& call,
                                            std::string_view format) override;
    Result<std::string> config_schema() const override;

private:
    using SessionPtr = std::shared_ptr<Session>;

    /// A living one. With a call it is launched anew, configured as the last one was, and takes a
    /// VM over that has lost its process.
    Result<SessionPtr> session(const sdk::Call* call) const;
    /// The one that there is; none where one is to be launched. An error for who cannot wait for
    /// it.
    Result<SessionPtr> living(bool patient) const;
    Result<SessionPtr> launch_anew(const sdk::Call* call) const;
    Result<SessionPtr> open(const sdk::Call* call) const;
    Result<SessionPtr> open_in(const Path& dir, const sdk::Call* call) const;
    Result<> reconfigure(Session& session, const sdk::Call& call) const;
    Result<> take_over(Session& session, const sdk::Call& call) const;
    /// The VM's process is gone and the VM may run on: another process is to take it over.
    void lose(std::string exited) const;
    void recover() const;
    void tell_lost() const;
    template <class T>
    Result<T> noted(Result<T> result) const;

    const Program program_;
    const std::string refusal_;  // why there is no program
    /// What [any] calls change too, from const functions of the SDK's.
    mutable std::mutex launch_;  // one at a time
    mutable std::mutex mutex_;
    mutable SessionPtr session_;            // behind mutex_
    mutable std::optional<Error> failure_;  // of the last launch; behind mutex_
    mutable std::optional<Error> quiet_;    // of the last call without a lima_call; same
    /// A VM whose process is gone.
    struct Lost {
        std::string exited;  // the event, should the VM be gone too
        bool told = false;
    };
    mutable std::optional<Lost> lost_;  // behind mutex_, as what follows
    mutable std::vector<std::chrono::steady_clock::time_point> losses_;
    mutable bool recover_ = false;
    mutable bool closing_ = false;
    mutable std::condition_variable changed_;
    mutable std::thread recovery_;  // started by the first loss
    mutable InnerCall recovery_call_;
    mutable std::optional<fs::TempDir> temp_;  // under launch_
    mutable std::string configured_;           // the last instance; behind mutex_
};

}  // namespace lima::remote::client
