// What the yq program reads: files, the standard input, front matter.
#pragma once

#include "core/text/yq/format.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lima::text::yq {

struct InputOptions {
    const Format& format;
    const DecodeOptions& decode;
    bool front_matter = false;  // YAML up to a line of ---, and then something else
};

struct Input {
    std::vector<NodePtr> documents;
    std::string rest;  // with front_matter: from the --- behind it on
};

/// "-" is the standard input. The nodes know the file by its number.
Result<Input> read_input(const std::string& path, int number, const InputOptions& options);

}  // namespace lima::text::yq
