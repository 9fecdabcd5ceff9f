// The driver as a module: the one exported function.
#include "plugins/qemu/driver.hpp"

LIMA_EXPORT_DRIVER(lima::qemu::QemuDriver, "io.lima-vm.qemu", "qemu", "1.0.0")
