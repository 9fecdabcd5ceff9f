// Disk images: what format a file has, how large the disk in it is, and how to make, copy, convert and grow it.
#pragma once

#include "core/base/error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace lima::image {

using Path = std::filesystem::path;

struct Info {
    std::string format;           // qcow2 vmdk vhdx vdi parallels vpc asif raw
    std::int64_t virtual_size = -1;  // bytes; -1 when the format does not tell
    std::string backing_file;     // qcow2 only; empty when none
};

Result<Info> inspect(const Path& path);
bool is_iso9660(const Path& path);
/// A reflink where the file system can, else only the extents that hold data. Written beside the target and renamed.
Result<void> copy_sparse(const Path& from, const Path& to);
/// By qemu-img when there is one, natively for raw.
Result<void> create(const Path& path, const std::string& format, std::int64_t size);
Result<void> resize(const Path& path, const std::string& format, std::int64_t size);
Result<void> convert_to_raw(const Path& from, const Path& to);

}  // namespace lima::image
