// Says that it has created an object, and has not.
#include "tests/unit/core/driver/modules/support.hpp"

const lima_driver_module* LIMA_CALL lima_driver_entry(uint32_t) {
    static constexpr lima_driver_module kModule = lima::test::record("no-object");
    return &kModule;
}
