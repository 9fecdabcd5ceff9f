// Decompression of one stream by libarchive: gzip, bzip2, xz, zstd; streamed, with holes for zeros
// where asked.
#pragma once

#include "core/base/error.hpp"
#include "core/fetch/cache.hpp"
#include "core/fetch/program/reporter.hpp"

namespace lima::fetch {

/// Writes the target in place (the caller renames); an existing one is replaced.
Result<void> unpack(const Path& from, const Path& to, bool sparse, Reporter& reporter);

}  // namespace lima::fetch
