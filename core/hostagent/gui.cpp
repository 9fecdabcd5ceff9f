// The VM's window, which some systems want on the main thread: it is up as long as the VM, and the
// driver's other calls go on meanwhile.
#include "core/base/log.hpp"
#include "core/hostagent/agent.hpp"

#include <lima/ext/driver.h>

#include <boost/asio/post.hpp>

namespace lima::hostagent {

asio::awaitable<void> Agent::show_window() {
    auto ask = [this]() -> Result<bool> {
        // Only now: what a driver can do may depend on the VM.
        LIMA_TRY(const driver::Info info, machine_->driver->info());
        return info.can_run_gui && machine_->driver->has_extension(LIMA_EXT_GUI);
    };
    const auto has_window = co_await aio::on_pool(pool_, ask);
    if (!has_window || !*has_window || ending_.is_set()) {
        co_return;
    }
    window_closed_.emplace(loop_.get_executor());
    main_thread_.push([this] {
        Result<void> result = machine_->driver->run_gui(&hide_);
        asio::post(loop_, [this, result = std::move(result)] { on_window_closed(result); });
    });
}

void Agent::on_window_closed(const Result<void>& result) {
    window_closed_->set();
    if (ending_.is_set() || vm_exited_) {
        return;
    }
    if (result) {
        log::info("The window is closed, shutting down the host agent");
        end(std::nullopt);
    } else {
        end(Error(result.error()).wrap("the VM's window cannot be shown"));
    }
}

asio::awaitable<void> Agent::close_window() {
    if (window_closed_) {
        hide_.trigger();
        co_await window_closed_->wait();
    }
}

}  // namespace lima::hostagent
