#include "core/base/json.hpp"

#include "core/base/utf8.hpp"

namespace lima {

Result<Json> parse_json(std::string_view text) {
    try {
        return Json::parse(text.begin(), text.end());
    } catch (const Json::exception& error) {
        std::string_view what = error.what();
        // "[json.exception.parse_error.101] parse error at line 1, column 2: …"
        if (const auto end = what.find("] "); end != std::string_view::npos) {
            what.remove_prefix(end + 2);
        }
        return failf(Code::kInvalidArgument, "invalid JSON: {}", what);
    }
}

std::string dump_json(const Json& value, int indent) {
    return value.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

std::string encode_json_string(std::string_view text, bool escape_html) {
    std::string out = "\"";
    for (std::size_t i = 0; i < text.size();) {
        const utf8::Rune rune = utf8::decode(text.substr(i));
        const std::string_view bytes = text.substr(i, rune.size);
        i += rune.size;
        switch (rune.value) {
            case '"':
                out += "\\\"";
                continue;
            case '\\':
                out += "\\\\";
                continue;
            case '\b':
                out += "\\b";
                continue;
            case '\f':
                out += "\\f";
                continue;
            case '\n':
                out += "\\n";
                continue;
            case '\r':
                out += "\\r";
                continue;
            case '\t':
                out += "\\t";
                continue;
            default:
                break;
        }
        const bool html = rune.value == '<' || rune.value == '>' || rune.value == '&';
        if (!rune.valid) {
            out += "\\ufffd";
        } else if (rune.value < 0x20 || rune.value == 0x2028 || rune.value == 0x2029 ||
                   (html && escape_html)) {
            out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(rune.value));
        } else {
            out += bytes;
        }
    }
    return out + '"';
}

std::string json_string(const Json& object, const char* key, std::string_view fallback) {
    if (object.is_object()) {
        if (const auto it = object.find(key); it != object.end() && it->is_string()) {
            return it->get<std::string>();
        }
    }
    return std::string(fallback);
}

std::int64_t json_int(const Json& object, const char* key, std::int64_t fallback) {
    if (object.is_object()) {
        if (const auto it = object.find(key); it != object.end() && it->is_number()) {
            return it->get<std::int64_t>();
        }
    }
    return fallback;
}

bool json_bool(const Json& object, const char* key, bool fallback) {
    if (object.is_object()) {
        if (const auto it = object.find(key); it != object.end() && it->is_boolean()) {
            return it->get<bool>();
        }
    }
    return fallback;
}

}  // namespace lima
