#include "sdk/remote/client/module.hpp"

#include "sdk/remote/client/remote.hpp"

namespace lima::remote::client {
namespace {

namespace detail = sdk::detail;

RemoteDriver& self(lima_driver* table) { return detail::self<RemoteDriver>(table); }

constexpr lima_ext_remote kRemote = {
    [](lima_driver* table, const lima_call* call, const lima_sink* out) noexcept {
        return detail::guarded(call,
                               [&](const sdk::Call& c) { return self(table).identify(*out, c); });
    },
    [](lima_driver* table, const lima_call* call, const char* instance,
       const lima_sink* out) noexcept {
        return detail::guarded(call, [&](const sdk::Call&) {
            return detail::put_result(out, "instance", self(table).inspect(instance));
        });
    },
    [](lima_driver* table, const lima_sink* out) noexcept {
        try {
            self(table).last_failure(*out);
        } catch (...) {
            return;  // then it is not known
        }
    }};

/// Every mixin is there; which of them the process has is known by asking it.
const void* LIMA_CALL get_extension(lima_driver* table, const char* id) noexcept {
    try {
        if (std::string_view(id) == LIMA_EXT_REMOTE) {
            return &kRemote;
        }
        const void* found = detail::get_extension<RemoteDriver>(table, id);
        return found != nullptr && self(table).offers(id) ? found : nullptr;
    } catch (...) {
        return nullptr;
    }
}

lima_status LIMA_CALL create(const lima_host* host, lima_driver** out) noexcept {
    const lima_status status = detail::create<RemoteDriver>(host, out);
    if (status == LIMA_OK) {
        (*out)->get_extension = &get_extension;
    }
    return status;
}

}  // namespace

const lima_driver_module* LIMA_CALL entry(uint32_t host_abi) noexcept {
    static constexpr lima_driver_module kModule = {sizeof(lima_driver_module),
                                                   LIMA_DRIVER_ABI,
                                                   "io.lima-vm.remote",
                                                   "remote",
                                                   "1.0.0",
                                                   &create};
    return (host_abi >> 16) == LIMA_DRIVER_ABI_MAJOR ? &kModule : nullptr;
}

}  // namespace lima::remote::client
