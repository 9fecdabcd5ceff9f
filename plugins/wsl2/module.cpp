// The driver as a module: the one exported function.
#include "plugins/wsl2/driver.hpp"

LIMA_EXPORT_DRIVER(lima::wsl2::Wsl2Driver, "io.lima-vm.wsl2", "wsl2", "0.1.0")
