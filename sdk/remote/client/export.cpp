// The one export of lima-remote.so.
#include "sdk/remote/client/module.hpp"

extern "C" LIMA_EXPORT const lima_driver_module* LIMA_CALL lima_driver_entry(uint32_t host_abi) {
    return lima::remote::client::entry(host_abi);
}
