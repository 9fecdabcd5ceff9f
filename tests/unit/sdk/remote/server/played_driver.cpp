// Its entry has another name, because the null driver is linked into tests too.
#define lima_driver_entry lima_played_entry
#include "tests/unit/sdk/remote/server/played_driver.hpp"

LIMA_EXPORT_DRIVER(lima::remote::PlayedDriver, "io.lima-vm.played", "played", "1.2.3")
