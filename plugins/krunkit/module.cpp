// The driver as a module: the one exported function.
#include "plugins/krunkit/driver.hpp"

LIMA_EXPORT_DRIVER(lima::krunkit::KrunkitDriver, "io.lima-vm.krunkit", "krunkit", "0.1.0")
