// The QEMU driver: one VM instance, run by qemu-system-X.
//
// State: the configuration, and the VM while one runs. Owner: the host's driver object. Thread: the
// host makes one [op] call at a time; info() and the VM's callbacks may run beside it. A VM that
// runs when the object dies goes on.
#pragma once

#include "plugins/qemu/launch.hpp"

#include <lima/driver.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace lima::qemu {

class QemuDriver final : public sdk::Driver,
                         public sdk::GuestAgent,
                         public sdk::GuestChannels,
                         public sdk::Adopt,
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

private:
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
