// Needs a function that nobody has.
#include "tests/unit/core/driver/modules/support.hpp"

extern "C" int lima_test_function_of_nobody();

const lima_driver_module* LIMA_CALL lima_driver_entry(uint32_t host_abi) {
    static constexpr lima_driver_module kModule = lima::test::record("undefined");
    return lima_test_function_of_nobody() == static_cast<int>(host_abi) ? &kModule : nullptr;
}
