#include "core/config/format.hpp"

#include "core/base/digest.hpp"
#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/base/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

namespace lima::config {
namespace {

constexpr std::size_t kInterfaceMax = 16;
constexpr std::size_t kOctalMax = 21;

std::optional<std::string> must_be(bool right, std::string_view what, const std::string& text) {
    if (right) {
        return std::nullopt;
    }
    return fmt::format("must be {}, got {}", what, name_quote(text));
}

std::optional<std::string> mistake_in_size(const std::string& text) {
    const auto bytes = parse_size(text);
    if (bytes) {
        return std::nullopt;
    }
    return fmt::format(
        "has an invalid size {}: {} (sizes are numbers with a unit, such as 4GiB or 512MiB)",
        name_quote(text), bytes.error().text());
}

std::optional<std::string> mistake_in_identifier(const std::string& text) {
    if (is_identifier(text)) {
        return std::nullopt;
    }
    return fmt::format(
        "is invalid: {} is no identifier (letters and digits, with single . _ - between)",
        name_quote(text));
}

std::optional<std::string> mistake_in_digest(const std::string& text) {
    const auto digest = parse_digest(text);
    if (digest) {
        return std::nullopt;
    }
    return fmt::format("is invalid: {}: {}", name_quote(text), digest.error().text());
}

std::optional<std::string> mistake_in_location(const std::string& text) {
    if (text.find("://") != std::string::npos) {
        return std::nullopt;
    }
    const auto local = fs::expand(text, "/");
    if (!text.empty() && local) {
        return std::nullopt;
    }
    return fmt::format("refers to an invalid local file path {}{}", name_quote(text),
                       text.empty() ? ": it is empty" : ": " + local.error().text());
}

bool is_octal(const std::string& text) {
    return !text.empty() && text.size() <= kOctalMax &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '7'; });
}

bool is_mac_address(const std::string& text) {
    const auto parts = split(text, text.find('-') != std::string::npos ? '-' : ':');
    return parts.size() == 6 &&
           std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
               return part.size() == 2 &&
                      part.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
           });
}

std::optional<std::string> mistake_in_interface(const std::string& name) {
    if (name.size() >= kInterfaceMax) {
        return fmt::format("must be shorter than {} bytes, but is {}: {}", kInterfaceMax,
                           name.size(), name_quote(name));
    }
    if (name.find_first_of(" \t\n/") != std::string::npos) {
        return fmt::format("must not contain white space or slashes, got {}", name_quote(name));
    }
    if (name == "eth0") {
        return fmt::format("must not be {}: that is the first interface", name_quote(name));
    }
    return std::nullopt;
}

bool is_param_name(const std::string& name) {
    const auto alpha = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return !name.empty() && alpha(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [alpha](char c) { return alpha(c) || (c >= '0' && c <= '9') || c == '_'; });
}

}  // namespace

std::optional<std::string> mistake_in(Format format, const std::string& text) {
    switch (format) {
        case Format::kAny:
        case Format::kPort:
            return std::nullopt;
        case Format::kIp:
            return must_be(canonical_ip(text).has_value(), "an IP address", text);
        case Format::kSize:
            return mistake_in_size(text);
        case Format::kVersion:
            return must_be(is_plain_version(text), "a version such as 2.0.0", text);
        case Format::kIdentifier:
            return mistake_in_identifier(text);
        case Format::kParamName:
            return must_be(is_param_name(text),
                           "a name that begins with a letter and has only letters, digits and "
                           "underscores",
                           text);
        case Format::kDigest:
            return mistake_in_digest(text);
        case Format::kLocation:
            return mistake_in_location(text);
        case Format::kAbsolute:
            return must_be(text.starts_with('/'), "an absolute path", text);
        case Format::kOctal:
            return must_be(is_octal(text), "an octal number such as 0644", text);
        case Format::kMac:
            return must_be(is_mac_address(text), "a MAC address of 6 bytes", text);
        case Format::kInterface:
            return mistake_in_interface(text);
    }
    return std::nullopt;
}

std::optional<std::string> mistake_in_port(int port) {
    if (port < 1 || port > 65535) {
        return fmt::format("must be a port from 1 to 65535, got {}", port);
    }
    if (port == 22) {
        return "must not be 22: that port is forwarded for ssh";
    }
    return std::nullopt;
}

std::optional<std::string> mistake_in_word(const WordList& allowed, const std::string& text) {
    if (allowed.contains(text)) {
        return std::nullopt;
    }
    std::vector<std::string> shown;
    for (const char* word : allowed) {
        if (*word != '\0') {
            shown.emplace_back(word);
        }
    }
    const std::string guess = closest_word({allowed.begin(), allowed.end()}, text);
    return fmt::format("must be one of [{}], got {}{}", join(shown, " "), name_quote(text),
                       guess.empty() ? "" : fmt::format(", did you mean {}?", name_quote(guess)));
}

std::string_view pattern_of(Format format) {
    switch (format) {
        case Format::kAny:
        case Format::kPort:
        case Format::kLocation:
            return "";
        case Format::kIp:
            return "^[0-9A-Fa-f:.]*$";
        case Format::kSize:
            return "^([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)? ?"
                   "([bB]|[kKmMgGtTpP]([iI]?[bB])?)?$";
        case Format::kVersion:
            return "^v?[0-9]+[.][0-9]+[.][0-9]+([.]m)?(-.*)?$";
        case Format::kIdentifier:
            return "^([A-Za-z0-9]+([._-][A-Za-z0-9]+)*|[*])$";
        case Format::kParamName:
            return "^[A-Za-z][A-Za-z0-9_]*$";
        case Format::kDigest:
            return "^(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$";
        case Format::kAbsolute:
            return "^(/|[{][{])";
        case Format::kOctal:
            return "^[0-7]+$";
        case Format::kMac:
            return "^(([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}|([0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2})$";
        case Format::kInterface:
            return "^(?!eth0$)[^ \\t\\n/]{0,15}$";
    }
    return "";
}

std::string_view words_of(Format format) {
    switch (format) {
        case Format::kAny:
        case Format::kLocation:
            return "";
        case Format::kIp:
            return "an IP address";
        case Format::kSize:
            return "a size, such as `4GiB` or `512MiB`";
        case Format::kPort:
            return "1 to 65535, not 22";
        case Format::kVersion:
            return "X.Y.Z";
        case Format::kIdentifier:
            return "letters and digits, with single `.` `_` `-` between";
        case Format::kParamName:
            return "names of letters, digits and `_`, the first a letter";
        case Format::kDigest:
            return "`sha256:`, `sha384:` or `sha512:` and hex digits";
        case Format::kAbsolute:
            return "an absolute path";
        case Format::kOctal:
            return "octal digits";
        case Format::kMac:
            return "six bytes in hex, as `52:55:55:12:34:56`";
        case Format::kInterface:
            return "up to 15 characters without white space and `/`";
    }
    return "";
}

bool is_plain_version(std::string_view text) {
    if (text.starts_with('v')) {
        text.remove_prefix(1);
    }
    text = text.substr(0, text.find('-'));
    if (text.ends_with(".m")) {
        text.remove_suffix(2);
    }
    const auto parts = split(text, '.');
    return parts.size() == 3 &&
           std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
               int number = 0;
               const auto [end, error] =
                   std::from_chars(part.data(), part.data() + part.size(), number);
               return error == std::errc() && end == part.data() + part.size() && number >= 0;
           });
}

std::optional<std::string> canonical_ip(const std::string& text) {
    char shown[INET6_ADDRSTRLEN];
    in_addr four{};
    if (inet_pton(AF_INET, text.c_str(), &four) == 1) {
        return inet_ntop(AF_INET, &four, shown, sizeof shown);
    }
    in6_addr six{};
    if (inet_pton(AF_INET6, text.c_str(), &six) != 1) {
        return std::nullopt;
    }
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
        return inet_ntop(AF_INET, &six.s6_addr[12], shown, sizeof shown);
    }
    return inet_ntop(AF_INET6, &six, shown, sizeof shown);
}

std::string closest_word(const std::vector<std::string_view>& words, std::string_view text) {
    std::string best;
    // A short word is nearly as far from any other as it is long.
    std::size_t best_distance = std::min<std::size_t>(3, text.size() / 3) + 1;
    for (const std::string_view word : words) {
        if (word.empty()) {
            continue;
        }
        const std::size_t distance =
            to_lower(word) == to_lower(text) ? 0 : edit_distance(word, text);
        if (distance < best_distance) {
            best_distance = distance;
            best = word;
        }
    }
    return best;
}

}  // namespace lima::config
