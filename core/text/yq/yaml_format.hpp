// YAML as a format of yq: everything that was written is kept but the white space.
#pragma once

#include "core/text/yq/format.hpp"

namespace lima::text::yq {

/// Aliases stay aliases and merge keys stay keys. A text with nothing but comments is one null
/// document without text; one with nothing at all is none.
Result<std::vector<NodePtr>> decode_yaml(std::string_view text, std::string_view file,
                                         const DecodeOptions& options = {});
/// One document, without a separator. A plain scalar at the top is written without quotes if the
/// options say so.
Result<std::string> encode_yaml(const Node& node, const EncodeOptions& options);

}  // namespace lima::text::yq
