// Answers every host with the record of a major of its own.
#include "tests/unit/core/driver/modules/support.hpp"

const lima_driver_module* LIMA_CALL lima_driver_entry(uint32_t) {
    static constexpr lima_driver_module kModule = [] {
        lima_driver_module module = lima::test::record("newer-record");
        module.abi = 2u << 16;
        return module;
    }();
    return &kModule;
}
