// The QEMU driver: one VM instance, run by qemu-system-X.
//
// State: the configuration, and the VM while one runs. Owner: the host's driver object. Thread: the
// host makes one [op] call at a time; info() and the VM's callbacks may run beside it. A VM that
// runs when the object dies goes on.
#pragma once

#include "plugins/qemu/launch.hpp"
#include "plugins/qemu/snapshots.hpp"

#include <lima/driver.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace lima::qemu {

class QemuDriver final : public sdk::Driver,
                         public sdk::GuestAgent,
                         public sdk::GuestChannels,
                         public sdk::Adopt,
                         public sdk::Snapshot,
                         public sdk::Display,
                         public sdk::Screenshot,
                         public sdk::ConfigSchema {
public:
    explicit QemuDriver(const sdk::Host& host);
    ~QemuDriver() override;
    QemuDriver(const QemuDriver&) = delete;
    QemuDriver& operator=(const QemuDriver&) = delete;

    Result<std::string> configure(const sdk::Call& call, std::string_view instance_json) override;
    Result<> validate(const sdk::Call& call) override;
    Result<> create_disk(const sdk::Call& call) override;
    Result<> start(const sdk::Call& call) override;
    Result<> stop(const sdk::Call& call) override;
    Result<std::string> info() const override;

    bool forward_over_ssh() const override { return false; }
    Result<lima_handle> connect(const sdk::Call& call) override;
    Result<lima_handle> connect_channel(const sdk::Call& call, std::string_view name) override;

    Result<> adopt(const sdk::Call& call) override;

    Result<std::string> config_schema() const override;

    // driver_extensions.cpp
    Result<> create_snapshot(const sdk::Call& call, const std::string& tag) override;
    Result<> apply_snapshot(const sdk::Call& call, const std::string& tag) override;
    Result<> delete_snapshot(const sdk::Call& call, const std::string& tag) override;
    Result<std::string> list_snapshots(const sdk::Call& call) override;

    Result<> change_display_password(const sdk::Call& call, const std::string& password) override;
    Result<std::string> display_connection(const sdk::Call& call) override;

    Result<sdk::Picture> capture_screenshot(const sdk::Call& call,
                                            std::string_view format) override;

private:
    using LiveChange = Result<void>(Vm&, const sdk::Call&, const std::string& tag);
    using OfflineChange = Result<void>(const std::vector<SnapshotDisk>&, const std::string& tag);

    Result<bool> snapshots_live() const;
    Result<> change_snapshots(const sdk::Call& call, const std::string& tag, LiveChange* live,
                              OfflineChange* offline);
    /// kFailedPrecondition unless the VM runs and has that display; empty: any.
    Result<> check_display(std::string_view kind) const;
    void watch_helpers(Vm& vm, const Config& config);
    Result<Config> configured() const;
    bool running() const { return vm_ && vm_->running(); }
    Result<> disk_from_image(const sdk::Call& call, const Config& config);
    Result<> disk_for_iso(const sdk::Call& call, const Config& config);
    /// The process of an earlier host, watched; its monitor is not opened yet. kNotFound: there is
    /// none.
    Result<std::shared_ptr<Vm>> follow(const Config& config);
    void let_go(const sdk::Call& call);

    Services services_;
    mutable std::mutex mutex_;  // guards config_, which info() reads
    std::optional<Config> config_;
    std::shared_ptr<Vm> vm_;
};

}  // namespace lima::qemu
