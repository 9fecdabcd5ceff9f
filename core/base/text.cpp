#include "core/base/text.hpp"

#include <algorithm>
#include <numeric>

namespace lima {
namespace {

bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string_view trim(std::string_view text) {
    constexpr std::string_view kSpace = " \t\n\v\f\r";
    const auto first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    for (;;) {
        const auto at = text.find(separator);
        parts.emplace_back(text.substr(0, at));
        if (at == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(at + 1);
    }
}

std::vector<std::string_view> lines(std::string_view text) {
    std::vector<std::string_view> result;
    while (!text.empty()) {
        const auto at = text.find('\n');
        std::string_view line = text.substr(0, at);
        if (at != std::string_view::npos && line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        result.push_back(line);
        text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    }
    return result;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    std::string out;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0) {
            out += separator;
        }
        out += parts[i];
    }
    return out;
}

std::string to_lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
    }
    return out;
}

std::string to_upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'a' && c <= 'z') {
            c = static_cast<char>(c - 'a' + 'A');
        }
    }
    return out;
}

std::optional<bool> parse_go_bool(std::string_view text) {
    for (std::string_view word : {"1", "t", "T", "TRUE", "true", "True"}) {
        if (text == word) {
            return true;
        }
    }
    for (std::string_view word : {"0", "f", "F", "FALSE", "false", "False"}) {
        if (text == word) {
            return false;
        }
    }
    return std::nullopt;
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
    if (from.empty()) {
        return text;
    }
    std::string out;
    std::size_t start = 0;
    for (;;) {
        const auto at = text.find(from, start);
        out += std::string_view(text).substr(start, at - start);
        if (at == std::string::npos) {
            return out;
        }
        out += to;
        start = at + from.size();
    }
}

bool is_identifier(std::string_view text) {
    constexpr std::size_t kLongest = 76;
    if (text.empty() || text.size() > kLongest || !is_alnum(text.front()) ||
        !is_alnum(text.back())) {
        return false;
    }
    bool after_separator = false;
    for (const char c : text) {
        const bool separator = c == '.' || c == '_' || c == '-';
        if ((!separator && !is_alnum(c)) || (separator && after_separator)) {
            return false;
        }
        after_separator = separator;
    }
    return true;
}

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        out += kDigits[static_cast<unsigned char>(c) >> 4];
        out += kDigits[static_cast<unsigned char>(c) & 0x0F];
    }
    return out;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    // Three rows: neighbours that changed places ("cpsu") are one slip of the finger, not two.
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        before.swap(above);
        above = row;
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t change = above[j] + (a[i] == b[j] ? 0 : 1);
            row[j + 1] = std::min({change, row[j] + 1, above[j + 1] + 1});
            if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j]) {
                row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
            }
        }
    }
    return row[b.size()];
}

}  // namespace lima
