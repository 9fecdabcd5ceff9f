#include "core/fetch/magic.hpp"

#include "core/base/fd.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <unistd.h>

namespace lima::fetch {
namespace {

using namespace std::literals;

std::uint32_t big_endian32(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    }
    return value;
}

std::uint64_t big_endian64(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint64_t>(big_endian32(bytes, at)) << 32 | big_endian32(bytes, at + 4);
}

bool has(std::string_view bytes, std::size_t at, std::string_view what) {
    return bytes.size() >= at + what.size() && bytes.substr(at, what.size()) == what;
}

bool is_qcow2(std::string_view head) {
    return head.size() >= 8 && has(head, 0, "QFI\xfb"sv) && big_endian32(head, 4) >= 2;
}

}  // namespace

Result<std::string> read_head(const std::filesystem::path& path) {
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        return fail_errno(errno, fmt::format("cannot open {}", path.string()));
    }
    std::string head(kHeadSize, '\0');
    std::size_t size = 0;
    while (size < head.size()) {
        const ssize_t count = read(file.get(), head.data() + size, head.size() - size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return fail_errno(errno, fmt::format("cannot read {}", path.string()));
        }
        if (count == 0) {
            break;
        }
        size += static_cast<std::size_t>(count);
    }
    head.resize(size);
    return head;
}

std::string compression_by_magic(std::string_view head) {
    if (has(head, 0, "\x1f\x8b"sv)) {
        return "gzip";
    }
    if (has(head, 0, "BZ"sv)) {
        return "bzip2";
    }
    if (has(head, 0,
            "\xfd"
            "7zXZ\0"sv)) {
        return "xz";
    }
    if (has(head, 0, "\x28\xb5\x2f\xfd"sv)) {
        return "zstd";
    }
    return "";
}

std::string compression_by_name(std::string_view location) {
    const std::string_view name = location.substr(location.rfind('/') + 1);
    constexpr std::array<std::pair<std::string_view, const char*>, 4> kNames = {
        {{".gz", "gzip"}, {".bz2", "bzip2"}, {".xz", "xz"}, {".zst", "zstd"}}};
    for (const auto& [suffix, compression] : kNames) {
        if (name.ends_with(suffix)) {
            return compression;
        }
    }
    return "";
}

std::string image_format(std::string_view head) {
    if (is_qcow2(head)) {
        return "qcow2";
    }
    if (has(head, 0, "# Disk DescriptorFile"sv) || has(head, 0, "KDMV"sv) ||
        has(head, 0, "COWD"sv)) {
        return "vmdk";
    }
    if (has(head, 0, "vhdxfile"sv)) {
        return "vhdx";
    }
    if (has(head, 0x40, "\x7f\x10\xda\xbe"sv)) {
        return "vdi";
    }
    if (has(head, 0, "WithoutFreeSpace"sv) || has(head, 0, "WithouFreSpacExt"sv)) {
        return "parallels";
    }
    if (has(head, 0, "conectix"sv)) {
        return "vpc";
    }
    if (has(head, 0, "shdw"sv)) {
        return "asif";
    }
    return "raw";
}

bool is_iso9660_head(std::string_view head) { return has(head, 0x8001, "CD001"sv); }

std::string foreign_reference(std::string_view head) {
    if (is_qcow2(head) && head.size() >= 80) {
        if (big_endian64(head, 8) != 0) {
            const std::uint64_t at = big_endian64(head, 8);
            const std::size_t size = std::min<std::size_t>(big_endian32(head, 16), 1023);
            std::string name = "unknown";
            if (at <= head.size() && size <= head.size() - static_cast<std::size_t>(at)) {
                name = go_quote(head.substr(static_cast<std::size_t>(at), size));
            }
            return "it has the backing file " + name;
        }
        constexpr std::uint64_t kExternalData = 4;
        if (big_endian32(head, 4) >= 3 && (big_endian64(head, 72) & kExternalData) != 0) {
            return "its data is in another file";
        }
    }
    if (has(head, 0, "# Disk DescriptorFile"sv)) {
        return "it only describes extents in other files";
    }
    return "";
}

}  // namespace lima::fetch
