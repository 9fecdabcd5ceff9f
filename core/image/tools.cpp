#include "core/base/fd.hpp"
#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/base/units.hpp"
#include "core/fetch/magic.hpp"
#include "core/image/image.hpp"
#include "core/store/copy.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace lima::image {
namespace {

std::int64_t round_up(std::int64_t size) {
    constexpr std::int64_t kSector = 512;
    return (size + kSector - 1) / kSector * kSector;
}

Result<std::string> qemu_img(std::vector<std::string> arguments) {
    SpawnOptions options;
    options.argv = std::move(arguments);
    options.argv.insert(options.argv.begin(), "qemu-img");
    const std::string command = join(options.argv, " ");
    if (const auto found = find_program("qemu-img"); !found) {
        return fail(Error(Code::kFailedPrecondition,
                          fmt::format("cannot run {}: qemu-img is not installed", command))
                        .with_hint("install qemu-img (package qemu-utils or qemu-img)"));
    }
    LIMA_TRY(const Output output, run(options));
    if (!output.status.ok()) {
        const bool full = output.err.find("No space left") != std::string::npos;
        return failf(full ? Code::kResourceExhausted : Code::kFailedPrecondition,
                     "failed to run {}: {}: stdout={}, stderr={}", command, output.status.text(),
                     go_quote(trim(output.out)), go_quote(trim(output.err)));
    }
    return output.out;
}

Result<void> set_size(const Path& path, std::int64_t size) {
    if (truncate(path.c_str(), static_cast<off_t>(size)) != 0) {
        return fail_errno(errno, fmt::format("cannot set the size of {}", path.string()));
    }
    return {};
}

Result<void> create_raw(const Path& path, std::int64_t size) {
    const Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) {
        return fail_errno(errno, fmt::format("cannot create {}", path.string()));
    }
    return set_size(path, round_up(size));
}

/// Lets the step write a file beside the target, which it becomes when the step succeeds.
template <class Step>
Result<void> beside(const Path& target, Step step) {
    const Path part = target.string() + ".tmp";
    Result<void> outcome = step(part);
    if (outcome) {
        outcome = fs::rename(part, target);
    }
    if (!outcome) {
        unlink(part.c_str());
    }
    return outcome;
}

Result<void> refuse_references(const Path& path) {
    LIMA_TRY(const std::string head, fetch::read_head(path));
    if (const std::string reference = fetch::foreign_reference(head); !reference.empty()) {
        return fail(Error(Code::kFailedPrecondition,
                          fmt::format("image {} cannot be used: {}", path.string(), reference))
                        .with_hint("use an image that is one file"));
    }
    return {};
}

}  // namespace

Result<std::int64_t> virtual_size(const Path& path) {
    LIMA_TRY(const Info info, inspect(path));
    if (info.virtual_size >= 0) {
        return info.virtual_size;
    }
    LIMA_TRY(const std::string text,
             qemu_img({"info", "--output=json", "--force-share", "-f", info.format, path.string()}),
             "cannot determine the size of the {} image", info.format);
    LIMA_TRY(const Json json, parse_json(text));
    const std::int64_t size = json_int(json, "virtual-size", -1);
    if (size < 0) {
        return failf(Code::kUnknown, "cannot determine the size of the {} image {}", info.format,
                     path.string());
    }
    return size;
}

Result<void> copy_sparse(const Path& from, const Path& to) { return store::copy_sparse(from, to); }

Result<void> create(const Path& path, const std::string& format, std::int64_t size) {
    if (fs::exists(path)) {
        return {};
    }
    if (size < 0) {
        return failf(Code::kInvalidArgument, "cannot create a disk of {} bytes", size);
    }
    return beside(path, [&](const Path& part) -> Result<void> {
        if (format == "raw") {
            return create_raw(part, size);
        }
        LIMA_DO(qemu_img({"create", "-f", format, part.string(), std::to_string(round_up(size))}),
                "cannot create disk {}", path.string());
        return {};
    });
}

Result<void> resize(const Path& path, const std::string& format, std::int64_t size) {
    LIMA_TRY(const std::int64_t now, virtual_size(path));
    if (size < now) {
        return fail(
            Error(Code::kInvalidArgument,
                  fmt::format("cannot shrink disk {} from {} to {}", path.string(),
                              format_size(now), format_size(size)))
                .with_hint("disks can only grow: set disk to at least " + format_size(now)));
    }
    if (format == "raw") {
        return set_size(path, round_up(size));
    }
    LIMA_DO(qemu_img({"resize", "-f", format, path.string(), std::to_string(round_up(size))}),
            "cannot resize disk {}", path.string());
    return {};
}

Result<void> convert_to_raw(const Path& from, const Path& to, bool allow_backing) {
    LIMA_TRY(const Info info, inspect(from));
    if (!allow_backing) {
        LIMA_DO(refuse_references(from));
    }
    if (info.format == "raw") {
        return from == to ? Result<void>() : store::copy_sparse(from, to);
    }
    if (info.format == "asif") {
        return failf(Code::kUnimplemented, "cannot convert image {} of the format asif",
                     from.string());
    }
    return beside(to, [&](const Path& part) -> Result<void> {
        LIMA_DO(qemu_img({"convert", "-f", info.format, "-O", "raw", from.string(), part.string()}),
                "cannot convert image {}", from.string());
        return {};
    });
}

}  // namespace lima::image
