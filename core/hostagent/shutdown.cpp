// The end, in the order of spec/host-guest.md 1.8: services, cleanups last in first out, cancel,
// stop the VM, `exiting`, the socket. (The PID file is main's.)
#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/hostagent/agent.hpp"
#include "core/image/data_disk.hpp"

namespace lima::hostagent {

void Agent::add_cleanup(std::string name, std::function<void()> run) {
    cleanups_.push_back({.name = std::move(name), .run = std::move(run)});
}

/// Only now that the VM is gone: until then nobody else may write to them.
void Agent::unlock_disks() const {
    for (const config::AdditionalDisk& entry : machine_->instance.config->additional_disks) {
        const auto disk = image::inspect_disk(machine_->home, entry.name);
        const auto unlocked = disk ? image::unlock_disk(*disk, machine_->dir()) : Result<void>();
        if (!unlocked) {
            log::warn("cannot unlock the disk {}: {}", entry.name, unlocked.error().text());
        }
    }
}

asio::awaitable<void> Agent::shut_down() {
    auto clean = [this] {
        for (; !cleanups_.empty(); cleanups_.pop_back()) {
            log::debug("cleaning up: {}", cleanups_.back().name);
            cleanups_.back().run();
        }
        return Result<void>();
    };
    auto stop = [this] { return machine_->driver->stop(&stop_now_); };
    auto destroy = [this] {
        unlock_disks();
        machine_->driver.reset();
        return Result<void>();
    };
    if (services_) {
        co_await services_->close(vm_exited_ || !vm_started_);
    }
    const auto cleaned = co_await aio::on_pool(pool_, clean);
    co_await rest_calls_ended();
    if (cleaned && machine_ && machine_->driver) {
        if (!vm_exited_ && vm_started_) {
            log::info("Stopping the VM");
        }
        if (const auto stopped = co_await aio::on_pool(pool_, stop); !stopped) {
            log::error("cannot stop the VM: {}", stopped.error().text());
        }
        co_await close_window();
        // What is still on its way ends by itself now that the guest does not answer any more.
        co_await boot_.join();
        const auto destroyed = co_await aio::on_pool(pool_, destroy);
        log::debug("the driver is {}", destroyed ? "gone" : "still there");
    }
    signals_.cancel();
    background_.cancel();
    co_await background_.join();
    events_.exiting();
    co_await rest_.close();
}

}  // namespace lima::hostagent
