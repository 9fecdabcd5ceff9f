// Copying large files without copying their holes: a reflink where the file system can, else only
// the extents that hold data. The target appears complete or not at all: it is written beside
// itself (".tmp") and renamed.
#pragma once

#include "core/base/error.hpp"
#include "core/store/home.hpp"

#include <cstdint>
#include <functional>

namespace lima::store {

struct CopyOptions {
    /// Bytes done and in all; return false to cancel.
    std::function<bool(std::uint64_t done, std::uint64_t total)> progress;
    bool try_reflink = true;
    bool try_extents = true;  // false: read everything, skip blocks of zeros
};

Result<void> copy_sparse(const Path& from, const Path& to, const CopyOptions& options = {});

/// Copies what is left of one descriptor into another from their current positions; blocks of zeros
/// become holes. The caller sets the final size.
Result<void> copy_skipping_zeros(int from, int to, std::uint64_t total, const CopyOptions& options);

bool is_all_zero(const void* data, std::size_t size);

}  // namespace lima::store
