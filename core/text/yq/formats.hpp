// The readers and writers of the formats other than YAML, which has a header of its own: whoever
// needs one by name asks find_format (format.hpp). Shared by them: the tree without anchors, and
// messages that show the line.
#pragma once

#include "core/text/yq/format.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lima::text::yq {

using Documents = std::vector<NodePtr>;

/// Numbers keep the spelling that they were written with.
Result<Documents> decode_json(std::string_view text, std::string_view file, const DecodeOptions&);
Result<std::string> encode_json(const Node& node, const EncodeOptions& options);

/// a.b.0 = x: a path for each value, all of them strings. Where the path of one begins with the
/// whole path of another, the rest of it stays one key.
Result<Documents> decode_properties(std::string_view text, std::string_view file,
                                    const DecodeOptions&);
Result<std::string> encode_properties(const Node& node, const EncodeOptions& options);

/// Rows under a header become a list of maps.
Result<Documents> decode_csv(std::string_view text, std::string_view file, const DecodeOptions&);
Result<std::string> encode_csv(const Node& node, const EncodeOptions& options);
Result<Documents> decode_tsv(std::string_view text, std::string_view file, const DecodeOptions&);
Result<std::string> encode_tsv(const Node& node, const EncodeOptions& options);

/// Sections become maps, one level deep; all values are strings.
Result<Documents> decode_ini(std::string_view text, std::string_view file, const DecodeOptions&);
Result<std::string> encode_ini(const Node& node, const EncodeOptions& options);

Result<Documents> decode_toml(std::string_view text, std::string_view file, const DecodeOptions&);
Result<std::string> encode_toml(const Node& node, const EncodeOptions& options);

Result<Documents> decode_xml(std::string_view text, std::string_view file,
                             const DecodeOptions& options);
Result<std::string> encode_xml(const Node& node, const EncodeOptions& options);

Result<Documents> decode_base64(std::string_view text, std::string_view file, const DecodeOptions&);
Result<std::string> encode_base64(const Node& node, const EncodeOptions& options);
Result<Documents> decode_uri(std::string_view text, std::string_view file, const DecodeOptions&);
Result<std::string> encode_uri(const Node& node, const EncodeOptions& options);
/// One string, quoted for a shell where that is needed.
Result<std::string> encode_sh(const Node& node, const EncodeOptions& options);
/// NAME=value for each value of the tree.
Result<std::string> encode_shell(const Node& node, const EncodeOptions& options);
Result<std::string> encode_lua(const Node& node, const EncodeOptions& options);

/// A copy in which aliases are replaced by what they name and merge keys by what they merge: what
/// all formats but YAML write. A key that the map itself has wins over a merged one.
Result<NodePtr> plain_copy(const Node& node);

/// "FILE:LINE:COLUMN: what", with the line shown.
Failure fail_at(std::string_view text, std::string_view file, std::size_t offset,
                std::string_view what);
/// The lines of a comment without their "#" and the space behind it.
std::vector<std::string> comment_lines(std::string_view comment);
bool all_digits(std::string_view text);

}  // namespace lima::text::yq
