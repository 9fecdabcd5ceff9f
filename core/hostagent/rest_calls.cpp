// What the API asks of the driver, on the pool, and the VNC display of a VM that has just started.
#include "core/base/json.hpp"
#include "core/base/log.hpp"
#include "core/hostagent/agent.hpp"
#include "core/hostagent/vnc.hpp"

#include <lima/ext/display.h>

namespace lima::hostagent {
namespace {

/// Blocking, on the pool.
Result<RestAnswer> ask_driver(driver::Driver& driver, const driver::Cancel& cancel,
                              const RestCall& call) {
    using Kind = RestCall::Kind;
    switch (call.kind) {
        case Kind::kScreenshot: {
            LIMA_TRY(driver::Picture picture, driver.screenshot(call.argument));
            return RestAnswer{.content_type = "image/" + picture.format,
                              .body = std::move(picture.bytes),
                              .allow = {}};
        }
        case Kind::kListSnapshots: {
            Json body = Json::object();
            LIMA_TRY(body["text"], driver.list_snapshots(&cancel));
            return RestAnswer{
                .content_type = "application/json", .body = dump_json(body), .allow = {}};
        }
        case Kind::kCreateSnapshot:
            LIMA_DO(driver.create_snapshot(call.argument, &cancel));
            break;
        case Kind::kApplySnapshot:
            LIMA_DO(driver.apply_snapshot(call.argument, &cancel));
            break;
        case Kind::kDeleteSnapshot:
            LIMA_DO(driver.delete_snapshot(call.argument, &cancel));
            break;
    }
    return RestAnswer{.content_type = "application/json", .body = "{}", .allow = {}};
}

/// Whether a guest may be another than the one that we knew, although applying a snapshot failed.
bool may_have_changed(Code code) {
    return code != Code::kNotFound && code != Code::kInvalidArgument &&
           code != Code::kUnimplemented;
}

}  // namespace

asio::awaitable<RestAnswer> Agent::rest_call(RestCall call) {
    if (!vm_started_ || vm_exited_ || ending_.is_set()) {
        co_return error_answer(Error(Code::kUnavailable, "the VM does not run"));
    }
    ++rest_calls_;
    const std::shared_ptr<void> counted(nullptr, [this](void*) {
        --rest_calls_;
        rest_idle_.notify();
    });
    auto job = [this, call] { return ask_driver(*machine_->driver, cancel_, call); };
    auto answer = co_await aio::on_pool(pool_, job);
    const bool applied = call.kind == RestCall::Kind::kApplySnapshot &&
                         (answer || may_have_changed(answer.error().code()));
    if (applied && services_ && !ending_.is_set()) {
        log::info("The VM was put back: connecting to its guest anew");
        co_await services_->guest_replaced();
    }
    co_return answer ? std::move(*answer) : error_answer(answer.error());
}

/// Nobody asks the driver any more, so that it can go. Calls were cancelled with the agent's.
asio::awaitable<void> Agent::rest_calls_ended() {
    while (rest_calls_ > 0) {
        co_await rest_idle_.wait();
    }
}

asio::awaitable<Result<void>> Agent::set_up_vnc() {
    const config::Video& video = machine_->instance.config->video;
    if (video.display.value_or("") != "vnc") {
        co_return Result<void>();
    }
    if (!machine_->driver->has_extension(LIMA_EXT_DISPLAY)) {
        log::warn("the driver {} has no way to its VNC display", machine_->driver->name());
        co_return Result<void>();
    }
    if (machine_->adopt && vnc_files_are_there(machine_->dir())) {
        co_return Result<void>();
    }
    auto job = [this, display = video.vnc.display.value_or("")] {
        return publish_vnc(*machine_->driver, display, machine_->dir());
    };
    auto url = co_await aio::on_pool(pool_, job);
    if (!url) {
        co_return fail(std::move(url.error()).wrap("cannot set up the VNC display"));
    }
    log::info("VNC server running at {}; the password is in `{}`", *url,
              (machine_->dir() / kVncPasswordFile).string());
    co_return Result<void>();
}

}  // namespace lima::hostagent
