#include "core/driver/call.hpp"

#include "core/base/fd.hpp"

#include <atomic>
#include <sys/eventfd.h>

namespace lima::driver {

/// Without a descriptor (none left) a driver that polls is not woken; one that asks still learns of
/// it.
struct Cancel::State {
    std::atomic<bool> triggered{false};
    Fd event{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
};

Cancel::Cancel() : state_(std::make_shared<State>()) {}
Cancel::~Cancel() = default;

void Cancel::trigger() {
    state_->triggered = true;
    if (state_->event) {
        eventfd_write(state_->event.get(), 1);
    }
}

bool Cancel::triggered() const { return state_->triggered; }

int Cancel::fd() const { return state_->event.get(); }

CallContext::CallContext(const Cancel* cancel, const ProgressHandler* progress)
    : cancel_(cancel), progress_(progress) {
    raw_.struct_size = sizeof raw_;
    raw_.cancel_fd = cancel != nullptr ? cancel->fd() : -1;
    raw_.ctx = this;
    raw_.cancelled = [](const lima_call* call) noexcept -> std::int32_t {
        const Cancel* flag = of(call).cancel_;
        return flag != nullptr && flag->triggered() ? 1 : 0;
    };
    raw_.fail = [](const lima_call* call, const char* message) noexcept {
        const std::lock_guard lock(of(call).mutex_);
        of(call).message_ = message != nullptr ? message : "";
    };
    raw_.hint = [](const lima_call* call, const char* text) noexcept {
        const std::lock_guard lock(of(call).mutex_);
        of(call).hint_ = text != nullptr ? text : "";
    };
    raw_.progress = [](const lima_call* call, std::uint64_t done, std::uint64_t total,
                       const char* what) noexcept {
        const ProgressHandler* handler = of(call).progress_;
        if (handler != nullptr && *handler) {
            (*handler)(done, total, what != nullptr ? what : "");
        }
    };
}

Result<void> CallContext::result(lima_status status, const std::string& driver,
                                 const char* what) const {
    if (status == LIMA_OK) {
        return {};
    }
    const std::lock_guard lock(mutex_);
    std::string message = message_;
    if (message.empty()) {
        message = fmt::format("the driver {} failed to {} and did not say why (status {})", driver,
                              what, status);
    }
    return fail(Error(code_of(status), std::move(message)).with_hint(hint_));
}

Code code_of(lima_status status) {
    const bool known = status >= LIMA_OK && status <= LIMA_UNAVAILABLE && status != 11;
    return known ? static_cast<Code>(status) : Code::kUnknown;
}

MapSink::MapSink() {
    raw_.ctx = &values_;
    raw_.put = [](void* ctx, const char* key, const void* data, std::size_t size) noexcept {
        auto& values = *static_cast<std::map<std::string, std::string>*>(ctx);
        values[key] = std::string(static_cast<const char*>(data), size);
    };
}

}  // namespace lima::driver
