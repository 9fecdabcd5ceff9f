// Loading a driver module: the one place that calls dlopen (through Boost.DLL). A module is loaded
// once per process and never unloaded. Every refusal is an error of its own that says what was
// tried. Thread: any.
#pragma once

#include "core/base/error.hpp"

#include <lima/driver.h>

#include <filesystem>
#include <string>

namespace lima::driver {

/// The record of the module at the path, which must be absolute and named for `name`.
Result<const lima_driver_module*> load_module(const std::filesystem::path& path,
                                              const std::string& name);
/// Asks an entry function and checks its answer; `where` names it in errors.
Result<const lima_driver_module*> ask_entry(lima_driver_entry_fn entry, const std::string& where);

}  // namespace lima::driver
