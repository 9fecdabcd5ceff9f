// Speaks major 3 only, and says so to a host that asks for it.
#include "tests/unit/core/driver/modules/support.hpp"

const lima_driver_module* LIMA_CALL lima_driver_entry(uint32_t host_abi) {
    static constexpr lima_driver_module kModule = [] {
        lima_driver_module module = lima::test::record("other-major");
        module.abi = (3u << 16) | 2u;
        return module;
    }();
    return host_abi >> 16 == 3 ? &kModule : nullptr;
}
