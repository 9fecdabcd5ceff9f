#include "core/base/version.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace lima {
namespace {

using Numbers = std::array<std::uint64_t, 3>;

/// Exactly X.Y.Z, without leading zeros.
std::optional<Numbers> parse_plain(std::string_view text) {
    Numbers numbers{};
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const auto end = i + 1 < numbers.size() ? text.find('.') : text.size();
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        const std::string_view digits = text.substr(0, end);
        if (digits.empty() || digits.size() > 18 || (digits.size() > 1 && digits[0] == '0') ||
            digits.find_first_not_of("0123456789") != std::string_view::npos) {
            return std::nullopt;
        }
        for (const char c : digits) {
            numbers[i] = numbers[i] * 10 + static_cast<std::uint64_t>(c - '0');
        }
        text.remove_prefix(i + 1 < numbers.size() ? end + 1 : end);
    }
    return numbers;
}

/// As recorded: a leading v, what git describe appends, and ".m" of a modified tree are not part of
/// the number.
std::optional<Numbers> parse_recorded(std::string_view text) {
    if (text.starts_with('v')) {
        text.remove_prefix(1);
    }
    text = text.substr(0, text.find('-'));
    if (text.ends_with(".m")) {
        text.remove_suffix(2);
    }
    return parse_plain(text);
}

}  // namespace

std::string_view version() { return "v2.2.0"; }

bool version_at_least(std::string_view a, std::string_view b) {
    if (a.empty()) {
        return b.empty();
    }
    const auto recorded = parse_recorded(a);
    const auto plain = parse_plain(b);
    // Equal numbers with a "-" are greater, which "at least" does not tell apart from equal.
    return !recorded || !plain || *recorded >= *plain;
}

}  // namespace lima
