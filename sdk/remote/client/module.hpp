// The entry of lima-remote.so under a name of the caller's: for tests that link it in.
#pragma once

#include <lima/driver.h>

namespace lima::remote::client {

const lima_driver_module* LIMA_CALL entry(uint32_t host_abi) noexcept;

}  // namespace lima::remote::client
