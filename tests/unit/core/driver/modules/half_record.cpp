// Leaves the version out of its record.
#include "tests/unit/core/driver/modules/support.hpp"

const lima_driver_module* LIMA_CALL lima_driver_entry(uint32_t) {
    static constexpr lima_driver_module kModule = [] {
        lima_driver_module module = lima::test::record("half-record");
        module.version = nullptr;
        return module;
    }();
    return &kModule;
}
