// The host service lima.host.disk/1 for drivers, on core/image. It lives here because core/driver
// and core/image may not know each other. Thread: any.
#pragma once

#include <lima/ext/host.h>

#include <map>
#include <string>

namespace lima::instance {

const lima_host_disk& disk_service();

/// What driver::OpenOptions::host_extensions wants: every service that is implemented left of here.
std::map<std::string, const void*> host_extensions();

}  // namespace lima::instance
