// What an error says when the file system of an instance is full.
#pragma once

#include "core/base/error.hpp"

#include <filesystem>

namespace lima::instance {

/// With a hint that names the disk, when that is the cause and no hint speaks of it.
Error with_disk_hint(Error error, const std::filesystem::path& instance_dir);

}  // namespace lima::instance
