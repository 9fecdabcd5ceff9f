// What a file is by its first bytes: compression, disk image format, ISO 9660. Pure functions of
// bytes, shared by lima-fetch (what to unpack or convert) and core/image.
#pragma once

#include "core/base/error.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace lima::fetch {

/// As much of a file as the functions below want to see; less when it is shorter.
inline constexpr std::size_t kHeadSize = 0x8001 + 5;
Result<std::string> read_head(const std::filesystem::path& path);

/// "gzip", "bzip2", "xz", "zstd", or "" when the bytes are none of them.
std::string compression_by_magic(std::string_view head);
/// The same by the end of the last element of a URL or path: .gz .bz2 .xz .zst.
std::string compression_by_name(std::string_view location);

/// qcow2 vmdk vhdx vdi parallels vpc asif, else raw (spec/store-net.md 4.1).
std::string image_format(std::string_view head);
bool is_iso9660_head(std::string_view head);

/// Why an image must not be handed to a tool that follows references out of it: a backing file, an
/// external data file, extents in other files. Empty when it stands alone.
std::string foreign_reference(std::string_view head);

}  // namespace lima::fetch
