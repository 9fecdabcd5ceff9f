#include "core/fetch/magic.hpp"
#include "core/image/image.hpp"

#include <cerrno>
#include <string_view>
#include <sys/stat.h>

namespace lima::image {
namespace {

std::uint64_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
        value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    }
    return value;
}

std::uint64_t little_endian(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = size; i > 0; --i) {
        value = value << 8 | static_cast<unsigned char>(bytes[at + i - 1]);
    }
    return value;
}

Failure damaged(const Path& path, std::string_view why) {
    return fail(Error(Code::kFailedPrecondition,
                      fmt::format("qcow2 image {} is damaged: {}", path.string(), why))
                    .with_hint("download or create it again"));
}

/// Offsets of a qcow2 header: backing file 8 and 16, cluster bits 20, size 24, encryption 32, L1
/// entries 36, L1 table 40.
Result<Info> inspect_qcow2(const Path& path, std::string_view head, std::uint64_t file_size) {
    constexpr std::size_t kHeader = 72;
    if (head.size() < kHeader) {
        return damaged(path, "the header is cut short");
    }
    Info info;
    info.format = "qcow2";
    const std::uint64_t size = big_endian(head, 24, 8);
    const std::uint64_t cluster_bits = big_endian(head, 20, 4);
    const std::uint64_t entries = big_endian(head, 36, 4);
    const std::uint64_t table = big_endian(head, 40, 8);
    if (cluster_bits < 9 || cluster_bits > 30 || size > std::uint64_t{1} << 62) {
        return damaged(path, "its sizes make no sense");
    }
    if (table > file_size || entries * 8 > file_size - table) {
        return damaged(path, "the table of its clusters lies behind the end of the file");
    }
    if (big_endian(head, 32, 4) != 0) {
        return failf(Code::kUnimplemented, "qcow2 image {} is encrypted, which is not supported",
                     path.string());
    }
    info.virtual_size = static_cast<std::int64_t>(size);
    const std::uint64_t name_at = big_endian(head, 8, 8);
    const std::uint64_t name_size = big_endian(head, 16, 4);
    if (name_at != 0) {
        constexpr std::uint64_t kMaxName = 1023;
        if (name_size > kMaxName || name_at > head.size() || name_size > head.size() - name_at) {
            return damaged(path, "the name of its backing file cannot be read");
        }
        info.backing_file =
            head.substr(static_cast<std::size_t>(name_at), static_cast<std::size_t>(name_size));
    }
    return info;
}

std::int64_t declared_size(const std::string& format, std::string_view head,
                           std::uint64_t file_size) {
    constexpr std::uint64_t kSector = 512;
    std::uint64_t size = 0;
    if (format == "raw") {
        return static_cast<std::int64_t>(file_size);
    }
    if (format == "asif" && head.size() >= 70) {
        size = big_endian(head, 48, 8) * big_endian(head, 68, 2);
    } else if (format == "vmdk" && head.starts_with("KDMV") && head.size() >= 20) {
        size = little_endian(head, 12, 8) * kSector;
    } else if (format == "vdi" && head.size() >= 0x178) {
        size = little_endian(head, 0x170, 8);
    } else if (format == "vpc" && head.size() >= 56) {
        size = big_endian(head, 48, 8);
    }
    return size == 0 || size > std::uint64_t{1} << 62 ? -1 : static_cast<std::int64_t>(size);
}

}  // namespace

Result<Info> inspect(const Path& path) {
    struct stat status{};
    if (stat(path.c_str(), &status) != 0) {
        return fail_errno(errno, fmt::format("cannot inspect image {}", path.string()));
    }
    LIMA_TRY(const std::string head, fetch::read_head(path), "cannot inspect image {}",
             path.string());
    const auto file_size = S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
    Info info;
    info.format = fetch::image_format(head);
    if (info.format == "qcow2") {
        return inspect_qcow2(path, head, file_size);
    }
    info.virtual_size = declared_size(info.format, head, file_size);
    return info;
}

bool is_iso9660(const Path& path) {
    const auto head = fetch::read_head(path);
    return head && fetch::is_iso9660_head(*head);
}

}  // namespace lima::image
