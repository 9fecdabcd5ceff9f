// Which module the process serves, and under which name.
#pragma once

#include "core/driver/registry.hpp"
#include "sdk/remote/server/options.hpp"

namespace lima::remote {

struct ModuleFile {
    driver::Found found;
    std::string name;  // of the socket: that of the program, where hosts know it by that
};

/// By --module; else by argv[0]: beside that program, then where every host looks for drivers.
Result<ModuleFile> find_module(const Options& options);

}  // namespace lima::remote
