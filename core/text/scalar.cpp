#include "core/text/scalar.hpp"

#include "core/base/json.hpp"
#include "core/base/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace lima::text {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Digits of a base with the sign applied; nullopt when a digit is wrong or it does not fit.
std::optional<Json> integer(std::string_view digits, int base, bool negative) {
    std::uint64_t value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [at, error] = std::from_chars(digits.data(), end, value, base);
    if (digits.empty() || error != std::errc() || at != end) {
        return std::nullopt;
    }
    if (!negative) {
        return value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())
                   ? Json(static_cast<std::int64_t>(value))
                   : Json(value);
    }
    constexpr std::uint64_t kMinMagnitude = 1ULL << 63U;
    if (value > kMinMagnitude) {
        return std::nullopt;
    }
    return Json(static_cast<std::int64_t>(0 - value));
}

std::optional<double> special_float(std::string_view word) {
    std::string_view rest = word;
    double sign = 1;
    if (rest.starts_with('-') || rest.starts_with('+')) {
        sign = rest.front() == '-' ? -1 : 1;
        rest.remove_prefix(1);
    }
    if (rest == ".inf" || rest == ".Inf" || rest == ".INF") {
        return sign * std::numeric_limits<double>::infinity();
    }
    if (word == ".nan" || word == ".NaN" || word == ".NAN") {
        return std::numeric_limits<double>::quiet_NaN();
    }
    return std::nullopt;
}

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::optional<Json> parse_integer(std::string_view word, Schema schema) {
    std::string cleaned;
    if (schema == Schema::kGo && word.find('_') != std::string_view::npos) {
        if (word.starts_with('_')) {
            return std::nullopt;
        }
        cleaned = std::string(word);
        std::erase(cleaned, '_');
        word = cleaned;
    }
    bool negative = false;
    if (word.starts_with('-') || word.starts_with('+')) {
        negative = word.front() == '-';
        word.remove_prefix(1);
    }
    if (word.empty() || !is_digit(word.front())) {
        return std::nullopt;
    }
    if (word.starts_with("0x") || (schema == Schema::kGo && word.starts_with("0X"))) {
        return integer(word.substr(2), 16, negative);
    }
    if (word.starts_with("0o")) {
        return integer(word.substr(2), 8, negative);
    }
    if (schema == Schema::kGo && word.starts_with("0b")) {
        return integer(word.substr(2), 2, negative);
    }
    if (schema == Schema::kGo && word.size() > 1 && word.front() == '0') {
        return integer(word.substr(1), 8, negative);
    }
    return integer(word, 10, negative);
}

std::optional<double> parse_float(std::string_view word, Schema schema) {
    if (const auto special = special_float(word)) {
        return special;
    }
    std::string cleaned(word);
    if (schema == Schema::kGo) {
        std::erase(cleaned, '_');
        if (std::count(cleaned.begin(), cleaned.end(), '.') != 1) {
            return std::nullopt;
        }
    }
    std::string_view rest = cleaned;
    if (rest.starts_with('+')) {
        rest.remove_prefix(1);
    }
    const std::string_view digits = rest.starts_with('-') ? rest.substr(1) : rest;
    if (digits.empty() || !(is_digit(digits.front()) || digits.front() == '.') ||
        std::none_of(digits.begin(), digits.end(), is_digit)) {
        return std::nullopt;
    }
    double value = 0;
    const char* const end = rest.data() + rest.size();
    const auto [at, error] = std::from_chars(rest.data(), end, value);
    if (error != std::errc() || at != end) {
        return std::nullopt;
    }
    return value;
}

bool is_null_word(std::string_view word) {
    return word.empty() || word == "~" || word == "null" || word == "Null" || word == "NULL";
}

Json resolve_plain(std::string_view word, Schema schema) {
    if (is_null_word(word)) {
        return nullptr;
    }
    if (word == "true" || word == "True" || word == "TRUE") {
        return true;
    }
    if (word == "false" || word == "False" || word == "FALSE") {
        return false;
    }
    if (auto number = parse_integer(word, schema)) {
        return std::move(*number);
    }
    if (const auto number = parse_float(word, schema)) {
        return *number;
    }
    return std::string(word);
}

std::string go_float(double value) {
    if (std::isnan(value)) {
        return "NaN";
    }
    if (std::isinf(value)) {
        return value > 0 ? "+Inf" : "-Inf";
    }
    // Go's 'g' with the shortest digits: an exponent below -4 or from 21 on.
    const double magnitude = std::fabs(value);
    if (magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e21)) {
        return fmt::format("{}", value);
    }
    char buffer[64];
    const auto done =
        std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
    return std::string(buffer, done.ptr);
}

bool needs_escapes(std::string_view text) {
    while (!text.empty()) {
        const utf8::Rune rune = utf8::decode(text);
        const char32_t c = rune.value;
        const bool control = (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7F && c < 0xA0);
        if (control || c == 0x2028 || c == 0x2029 || c == 0xFEFF || c == 0xFFFE || c == 0xFFFF) {
            return true;
        }
        text.remove_prefix(rune.size);
    }
    return false;
}

Json to_json(const Node& node, Schema schema) {
    switch (node.kind) {
        case Kind::kNull:
            return nullptr;
        case Kind::kScalar: {
            if (node.tag == "!!binary") {
                auto bytes = decode_base64(node.value);
                return bytes ? Json(std::move(*bytes)) : Json(node.value);
            }
            if (node.quoted || node.tag == "!!str") {
                return node.value;
            }
            return resolve_plain(node.value, schema);
        }
        case Kind::kSequence: {
            Json out = Json::array();
            for (const Node& item : node.items) {
                out.push_back(to_json(item, schema));
            }
            return out;
        }
        case Kind::kMapping:
            break;
    }
    Json out = Json::object();
    for (const Node::Entry& entry : node.entries) {
        out[entry.key] = to_json(entry.value, schema);
    }
    return out;
}

Result<std::string> decode_base64(std::string_view text) {
    std::string out;
    std::uint32_t bits = 0;
    int count = 0;
    bool padded = false;
    for (char c : text) {
        if (c == '\n' || c == '\r' || c == ' ' || c == '\t') {
            continue;
        }
        if (c == '=') {
            padded = true;
            continue;
        }
        const std::size_t value = kBase64.find(c);
        if (value == std::string_view::npos || padded) {
            return fail(Code::kInvalidArgument, "not base64");
        }
        bits = (bits << 6U) | static_cast<std::uint32_t>(value);
        if (++count == 4) {
            out += static_cast<char>((bits >> 16U) & 0xFFU);
            out += static_cast<char>((bits >> 8U) & 0xFFU);
            out += static_cast<char>(bits & 0xFFU);
            bits = 0;
            count = 0;
        }
    }
    if (count == 1) {
        return fail(Code::kInvalidArgument, "base64 is cut off");
    }
    if (count >= 2) {
        bits <<= 6U * static_cast<unsigned>(4 - count);
        out += static_cast<char>((bits >> 16U) & 0xFFU);
    }
    if (count == 3) {
        out += static_cast<char>((bits >> 8U) & 0xFFU);
    }
    return out;
}

std::string encode_base64(std::string_view bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t bits = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            bits = (bits << 8U) | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            out += k <= left ? kBase64[(bits >> (18U - 6U * k)) & 0x3FU] : '=';
        }
    }
    return out;
}

}  // namespace lima::text
