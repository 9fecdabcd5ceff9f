// Conversion of a downloaded image to raw by qemu-img, which is told the format and never guesses
// it.
#pragma once

#include "core/base/error.hpp"
#include "core/fetch/cache.hpp"
#include "core/fetch/program/reporter.hpp"

#include <string>
#include <vector>

namespace lima::fetch {

/// The format of the image when it is one that the caller cannot use, else "". An ISO is never
/// converted.
Result<std::string> unsupported_format(const Path& image,
                                       const std::vector<std::string>& supported);

/// Refuses images that refer to other files. Written in place; the caller renames.
Result<void> convert_to_raw(const Path& from, const std::string& format, const Path& to,
                            Reporter& reporter);

}  // namespace lima::fetch
