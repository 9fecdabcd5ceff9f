// What a module's file says about itself, read without loading it: ELF, both word sizes, of the
// byte order of this machine.
#pragma once

#include "check/platform.hpp"

#include <string>
#include <vector>

namespace lima::check {

struct ModuleFile {
    std::string error;  // why the rest is empty
    std::vector<std::string> exported;
    std::vector<std::string> needed;
    bool never_unloaded = false;  // -z nodelete
};
ModuleFile read_module_file(const Path& path);

}  // namespace lima::check
