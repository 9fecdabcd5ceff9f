// Refuses every major.
#include <lima/driver.h>

const lima_driver_module* LIMA_CALL lima_driver_entry(uint32_t) { return nullptr; }
