#include "core/fetch/program/deliver.hpp"

#include "core/base/fs.hpp"
#include "core/fetch/magic.hpp"
#include "core/fetch/program/cancel.hpp"
#include "core/fetch/program/convert.hpp"
#include "core/fetch/program/unpack.hpp"
#include "core/store/copy.hpp"

#include <unistd.h>

namespace lima::fetch {
namespace {

Result<void> copy(const Path& from, const Path& to, Reporter& reporter) {
    store::CopyOptions options;
    options.progress = [&](std::uint64_t done, std::uint64_t total) {
        reporter.progress("copying", done, total);
        return !cancelled();
    };
    return store::copy_sparse(from, to, options);
}

/// Decompressed first, for only then its format can be seen.
Result<void> unpack_and_convert(const Path& source, const Path& target, const Request& request,
                                Reporter& reporter) {
    LIMA_DO(unpack(source, target, request.sparse, reporter));
    LIMA_TRY(const std::string format, unsupported_format(target, request.image_formats));
    if (format.empty()) {
        return {};
    }
    const Path raw = target.string() + ".raw.tmp";
    auto converted = convert_to_raw(target, format, raw, reporter);
    if (!converted) {
        unlink(raw.c_str());
        return converted;
    }
    return fs::rename(raw, target);
}

}  // namespace

Result<bool> wants_unpacking(const Path& source, const Request& request) {
    if (!request.decompress) {
        return false;
    }
    if (!compression_by_name(request.location).empty()) {
        return true;
    }
    LIMA_TRY(const std::string head, read_head(source));
    return !compression_by_magic(head).empty();
}

Result<void> deliver(const Path& source, const Request& request, Reporter& reporter) {
    if (!request.target) {
        return {};
    }
    LIMA_DO(fs::make_dirs(request.target->parent_path()));
    LIMA_TRY(const bool unpacking, wants_unpacking(source, request));
    if (!unpacking) {
        return copy(source, *request.target, reporter);
    }
    const Path part = request.target->string() + ".tmp";
    auto written = unpack_and_convert(source, part, request, reporter);
    if (written) {
        written = fs::rename(part, *request.target);
    }
    if (!written) {
        unlink(part.c_str());
    }
    return written;
}

}  // namespace lima::fetch
