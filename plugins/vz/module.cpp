// The driver as a module: the one exported function.
#include "plugins/vz/driver.hpp"

LIMA_EXPORT_DRIVER(lima::vz::VzDriver, "io.lima-vm.vz", "vz", "0.1.0")
