// Whether a file may be loaded as code: one that everybody can write, or replace, may not.
#pragma once

#include <filesystem>
#include <string>

namespace lima::driver {

/// Why not ("world-writable: refused" …), or "" when it may. Looks at the file, at the directory
/// that holds it and, for a link, at the directory that holds its target.
std::string distrust(const std::filesystem::path& path);

}  // namespace lima::driver
