// From a verified file to the caller's target: copied or decompressed, beside it first, then
// renamed.
#pragma once

#include "core/base/error.hpp"
#include "core/fetch/cache.hpp"
#include "core/fetch/program/reporter.hpp"

namespace lima::fetch {

/// The request's target gets the content of the source. Does nothing for a request without one.
Result<void> deliver(const Path& source, const Request& request, Reporter& reporter);

/// True when the source will be decompressed for this request.
Result<bool> wants_unpacking(const Path& source, const Request& request);

}  // namespace lima::fetch
