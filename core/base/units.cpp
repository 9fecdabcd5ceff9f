#include "core/base/units.hpp"

#include "core/base/text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

namespace lima {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A decimal number with optional sign, fraction and exponent; nothing else may be in the text.
std::optional<double> parse_decimal(std::string_view text) {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) {
            return std::nullopt;
        }
    }
    if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) {
        return std::nullopt;
    }
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

/// The power of 1024 that a suffix stands for.
std::optional<int> suffix_power(std::string_view suffix) {
    const std::string lower = to_lower(suffix);
    if (lower.empty() || lower == "b") {
        return 0;
    }
    const auto power = std::string_view("kmgtp").find(lower[0]);
    const std::string_view rest = std::string_view(lower).substr(1);
    if (power == std::string_view::npos || (!rest.empty() && rest != "b" && rest != "ib")) {
        return std::nullopt;
    }
    return static_cast<int>(power) + 1;
}

using Nanos = std::int64_t;

constexpr Nanos kSecond = 1'000'000'000;

struct DurationUnit {
    std::string_view name;
    Nanos nanos;
};

// Longer names first where one begins another.
constexpr std::array<DurationUnit, 8> kDurationUnits = {{{"ns", 1},
                                                         {"us", 1'000},
                                                         {"\xC2\xB5s", 1'000},
                                                         {"\xCE\xBCs", 1'000},
                                                         {"ms", 1'000'000},
                                                         {"s", kSecond},
                                                         {"m", 60 * kSecond},
                                                         {"h", 3600 * kSecond}}};

/// Takes one "1.5h" from the front; nullopt when it is malformed or does not fit.
std::optional<Nanos> take_part(std::string_view& text) {
    std::size_t used = 0;
    long double value = 0;
    long double scale = 1;
    bool digits = false;
    bool fraction = false;
    for (; used < text.size() && (is_digit(text[used]) || (text[used] == '.' && !fraction));
         ++used) {
        if (text[used] == '.') {
            fraction = true;
            continue;
        }
        digits = true;
        if (!fraction) {
            value = value * 10 + (text[used] - '0');
        } else {
            scale /= 10;
            value += scale * (text[used] - '0');
        }
    }
    const std::string_view name = text.substr(used, text.find_first_of("0123456789.", used) - used);
    for (const DurationUnit& unit : kDurationUnits) {
        if (digits && name == unit.name) {
            // The sum of decimal digits may miss a whole number by a hair: 1.1s is 1100000000 ns.
            const long double nanos = value * static_cast<long double>(unit.nanos);
            if (nanos > static_cast<long double>(std::numeric_limits<Nanos>::max())) {
                return std::nullopt;
            }
            text.remove_prefix(used + name.size());
            return static_cast<Nanos>(nanos + 1e-4L);
        }
    }
    return std::nullopt;
}

/// "1.5" for 1500 thousandths; trailing zeros are cut.
std::string decimal(std::uint64_t value, std::uint64_t unit) {
    std::string out = std::to_string(value / unit);
    std::string fraction;
    for (std::uint64_t rest = value % unit; rest != 0;) {
        unit /= 10;
        fraction += static_cast<char>('0' + rest / unit);
        rest %= unit;
    }
    return fraction.empty() ? out : out + "." + fraction;
}

}  // namespace

Result<std::int64_t> parse_size(std::string_view text) {
    const auto at = text.find_last_of("0123456789. ");
    if (at == std::string_view::npos) {
        return failf(Code::kInvalidArgument, "invalid size: '{}'", text);
    }
    const std::string_view number = text.substr(0, text[at] == ' ' ? at : at + 1);
    const std::string_view suffix = text.substr(at + 1);
    const auto value = parse_decimal(number);
    if (!value) {
        return failf(Code::kInvalidArgument, "invalid size: '{}': \"{}\" is not a number", text,
                     number);
    }
    if (*value < 0) {
        return failf(Code::kInvalidArgument, "invalid size: '{}'", text);
    }
    const auto power = suffix_power(suffix);
    if (!power) {
        return failf(Code::kInvalidArgument, "invalid suffix: '{}'", suffix);
    }
    const double bytes = std::ldexp(*value, 10 * *power);
    if (bytes >= 9223372036854775808.0) {
        return failf(Code::kInvalidArgument, "invalid size: '{}' is too large", text);
    }
    return static_cast<std::int64_t>(bytes);
}

std::string format_size(std::int64_t bytes) {
    constexpr std::array<std::string_view, 9> kUnits = {"B",   "KiB", "MiB", "GiB", "TiB",
                                                        "PiB", "EiB", "ZiB", "YiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) {
        value /= 1024;
    }
    return fmt::format("{:.4g}{}", value, kUnits[unit]);
}

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    std::string_view rest = text;
    const bool negative = rest.starts_with('-');
    if (negative || rest.starts_with('+')) {
        rest.remove_prefix(1);
    }
    if (rest == "0") {
        return std::chrono::nanoseconds(0);
    }
    Nanos total = 0;
    bool ok = !rest.empty();
    while (ok && !rest.empty()) {
        const auto part = take_part(rest);
        ok = part && (negative ? !__builtin_sub_overflow(total, *part, &total)
                               : !__builtin_add_overflow(total, *part, &total));
    }
    if (!ok) {
        return failf(Code::kInvalidArgument, "invalid duration {}", go_quote(text));
    }
    return std::chrono::nanoseconds(total);
}

std::string format_duration(std::chrono::nanoseconds value) {
    const Nanos count = value.count();
    const auto nanos =
        count < 0 ? ~static_cast<std::uint64_t>(count) + 1 : static_cast<std::uint64_t>(count);
    const std::string sign = count < 0 ? "-" : "";
    if (nanos == 0) {
        return "0s";
    }
    if (nanos < 1'000) {
        return sign + std::to_string(nanos) + "ns";
    }
    if (nanos < 1'000'000) {
        return sign + decimal(nanos, 1'000) + "\xC2\xB5s";
    }
    if (nanos < kSecond) {
        return sign + decimal(nanos, 1'000'000) + "ms";
    }
    const std::uint64_t minutes = nanos / (60 * kSecond);
    const std::string seconds = decimal(nanos % (60 * kSecond), kSecond) + "s";
    if (minutes == 0) {
        return sign + seconds;
    }
    if (minutes < 60) {
        return sign + std::to_string(minutes) + "m" + seconds;
    }
    return sign + std::to_string(minutes / 60) + "h" + std::to_string(minutes % 60) + "m" + seconds;
}

}  // namespace lima
