// The formats that yq reads and writes. Each is a pair of functions over the same tree; formats.cpp
// has the table by name.
#pragma once

#include "core/text/yq/node.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lima::text::yq {

/// How a result is printed. What a format does not know it ignores.
struct EncodeOptions {
    int indent = 2;
    bool colour = false;
    bool unwrap_scalar = true;  // a result that is a plain string is printed without quotes
    bool document_separators = true;
};

/// One document of each input, in order. `file` is for messages: "FILE:LINE:COLUMN: what", with the
/// line shown.
using Decode = Result<std::vector<NodePtr>> (*)(std::string_view text, std::string_view file);
/// One document, with its last line feed.
using Encode = Result<std::string> (*)(const Node& node, const EncodeOptions& options);

struct Format {
    const char* name;   // "yaml"
    const char* alias;  // "y"; may be null
    Decode decode;      // null: cannot be read
    Encode encode;      // null: cannot be written
};

/// By name or alias: yaml y, json j, props p, csv c, tsv t, ini i, toml, xml x, base64, uri, sh,
/// shell s, lua l. Null when there is none.
const Format* find_format(std::string_view name);
/// By a file's extension (yaml, yml, json, ndjson, properties, csv, tsv, ini, toml, xml, …); yaml
/// for all others.
const Format& format_of_file(std::string_view path);

}  // namespace lima::text::yq
