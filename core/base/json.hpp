// JSON with the order of its keys kept (the outputs are specified byte by byte). Headers that only
// pass JSON around include json_fwd.hpp.
#pragma once

#include "core/base/error.hpp"
#include "core/base/json_fwd.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace lima {

Result<Json> parse_json(std::string_view text);
/// Compact; invalid UTF-8 becomes U+FFFD instead of an exception. indent < 0 is one line.
std::string dump_json(const Json& value, int indent = -1);
/// One string as Go's encoding/json writes it: invalid UTF-8 as \ufffd, U+2028 and U+2029 escaped,
/// < > & on request.
std::string encode_json_string(std::string_view text, bool escape_html = false);
/// The string at the key, or the fallback when it is absent or no string.
std::string json_string(const Json& object, const char* key, std::string_view fallback = "");
std::int64_t json_int(const Json& object, const char* key, std::int64_t fallback = 0);
bool json_bool(const Json& object, const char* key, bool fallback = false);

}  // namespace lima
