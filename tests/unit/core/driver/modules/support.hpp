// A module record whose fields a test module bends.
#pragma once

#include <lima/driver.h>

namespace lima::test {

inline lima_status LIMA_CALL create_nothing(const lima_host*, lima_driver**) { return LIMA_OK; }

constexpr lima_driver_module record(const char* name) {
    return {sizeof(lima_driver_module),
            LIMA_DRIVER_ABI,
            "io.lima-vm.test",
            name,
            "0.0.1",
            &create_nothing};
}

}  // namespace lima::test
