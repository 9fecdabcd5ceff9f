// A whole download into a cache entry: attempts until it is complete, verified and committed, or
// hopeless.
#pragma once

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/fetch/program/entry.hpp"
#include "core/fetch/program/reporter.hpp"

#include <optional>

namespace lima::fetch {

Result<void> download(const Entry& entry, const std::optional<Digest>& expected,
                      Reporter& reporter);

Error digest_mismatch(const std::string& what, const Digest& expected, const Digest& got);

}  // namespace lima::fetch
