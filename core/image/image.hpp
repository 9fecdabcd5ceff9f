// Disk images: what format a file has, how large the disk in it is, and how to make, copy, convert
// and grow it.
#pragma once

#include "core/base/error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace lima::image {

using Path = std::filesystem::path;

struct Info {
    std::string format;              // qcow2 vmdk vhdx vdi parallels vpc asif raw
    std::int64_t virtual_size = -1;  // bytes; -1 when the format does not tell
    std::string backing_file;        // qcow2 only; empty when none
};

Result<Info> inspect(const Path& path);
bool is_iso9660(const Path& path);
/// As inspect tells it, else as qemu-img does.
Result<std::int64_t> virtual_size(const Path& path);
/// A reflink where the file system can, else only the extents that hold data. Written beside the
/// target and renamed.
Result<void> copy_sparse(const Path& from, const Path& to);
/// By qemu-img, natively for raw. An existing file is left as it is. Sizes are rounded up to 512
/// bytes.
Result<void> create(const Path& path, const std::string& format, std::int64_t size);
/// Grows only: kInvalidArgument when the disk would shrink.
Result<void> resize(const Path& path, const std::string& format, std::int64_t size);
/// from and to may be the same file. A backing file is refused unless allowed: it would be read
/// with our rights.
Result<void> convert_to_raw(const Path& from, const Path& to, bool allow_backing = false);

}  // namespace lima::image
