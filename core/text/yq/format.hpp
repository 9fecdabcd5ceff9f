// The formats that yq reads and writes. Each is a pair of functions over the same tree; formats.cpp
// has the table by name.
#pragma once

#include "core/text/yq/node.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lima::text::yq {

/// What of XML is no element becomes a key with one of these names.
struct XmlNames {
    std::string attribute_prefix = "+@";
    std::string content = "+content";
    std::string directive = "+directive";
    std::string instruction_prefix = "+p_";
};

/// How a text is read. What a format does not know it ignores.
struct DecodeOptions {
    char csv_separator = ',';
    bool csv_values = true;  // a cell is read as YAML; else it is a string
    bool tsv_values = true;
    XmlNames xml;
    bool xml_keep_namespace = true;
    bool xml_skip_directives = false;
    bool xml_skip_instructions = false;
};

/// How a result is printed. What a format does not know it ignores.
struct EncodeOptions {
    int indent = 2;
    bool colour = false;
    bool unwrap_scalar = true;  // a result that is a plain string is printed without quotes
    bool document_separators = true;
    bool compact_sequences = false;  // the dash of an item stands below its key
    char csv_separator = ',';
    std::string properties_separator = " = ";
    bool properties_brackets = false;  // a[0] instead of a.0
    std::string shell_separator = "_";
    XmlNames xml;
    std::string lua_prefix = "return ";
    std::string lua_suffix = ";\n";
    bool lua_unquoted = false;
    bool lua_globals = false;
};

/// One document of each input, in order. `file` is for messages: "FILE:LINE:COLUMN: what", with the
/// line shown. None for a text with nothing in it.
using Decode = Result<std::vector<NodePtr>> (*)(std::string_view text, std::string_view file,
                                                const DecodeOptions& options);
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
