// Formats of one string, and shell variables.
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/text/url.hpp"
#include "core/text/yaml.hpp"
#include "core/text/yq/formats.hpp"

#include <algorithm>
#include <utility>

namespace lima::text::yq {
namespace {

bool is_alnum(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// A character that a shell takes as it stands.
bool is_plain(char c) {
    return is_alnum(c) || std::string_view("_-./:,@%+=").find(c) != std::string_view::npos;
}

Result<std::string> string_of(const Node& node, std::string_view format) {
    const Node& real = follow(node);
    if (real.kind != Kind::kScalar || real.tag != "!!str") {
        return fail(Error(Code::kInvalidArgument,
                          fmt::format("{} can be written for strings alone, not for a {}", format,
                                      real.tag))
                        .with_hint("make it a string first, for instance with @json"));
    }
    return real.value;
}

int hex_digit(char c) {
    const auto at = std::string_view("0123456789abcdef").find(c >= 'A' && c <= 'F' ? c + 32 : c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

/// One word for a shell: bare if it can be, else in single quotes.
std::string quote_value(const std::string& value) {
    if (std::all_of(value.begin(), value.end(), [](char c) { return is_alnum(c) || c == '_'; })) {
        return value;
    }
    return "'" + replace_all(value, "'", R"('"'"')") + "'";
}

std::string shell_name(std::string_view key) {
    std::string out;
    while (!key.empty()) {
        const utf8::Rune rune = utf8::decode(key);
        out += rune.size == 1 && is_alnum(key.front()) ? key.front() : '_';
        key.remove_prefix(rune.size);
    }
    return out;
}

void write_variables(const Node& node, const std::string& name, const EncodeOptions& options,
                     std::string& out) {
    const auto joined = [&](const std::string& part) {
        return name.empty() ? part : name + options.shell_separator + part;
    };
    if (node.kind == Kind::kScalar) {
        const bool digit = !name.empty() && name.front() >= '0' && name.front() <= '9';
        out += (name.empty() ? "value" : (digit ? "_" : "") + name) + "=" +
               quote_value(node.value) + "\n";
        return;
    }
    for (std::size_t i = 0; i < node.content.size(); ++i) {
        if (node.kind == Kind::kSequence) {
            write_variables(*node.content[i], joined(fmt::format("{}", i)), options, out);
        } else if (i % 2 == 1) {
            write_variables(*node.content[i], joined(shell_name(node.content[i - 1]->value)),
                            options, out);
        }
    }
}

}  // namespace

Result<Documents> decode_base64(std::string_view text, std::string_view file,
                                const DecodeOptions&) {
    if (trim(text).empty()) {
        return Documents{};
    }
    auto bytes = text::decode_base64(trim(text));
    if (!bytes) {
        return fail_at(text, file, 0, bytes.error().text());
    }
    return Documents{make_string(std::move(*bytes))};
}

Result<std::string> encode_base64(const Node& node, const EncodeOptions&) {
    LIMA_TRY(const std::string value, string_of(node, "base64"));
    return text::encode_base64(value);
}

Result<Documents> decode_uri(std::string_view text, std::string_view file, const DecodeOptions&) {
    if (text.empty()) {
        return Documents{};
    }
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return fail_at(text, file, i, "% wants two hexadecimal digits behind it");
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return Documents{make_string(std::move(out))};
}

Result<std::string> encode_uri(const Node& node, const EncodeOptions&) {
    LIMA_TRY(const std::string value, string_of(node, "uri"));
    return escape_query(value);
}

Result<std::string> encode_sh(const Node& node, const EncodeOptions&) {
    LIMA_TRY(const std::string value, string_of(node, "sh"));
    std::string out;
    bool open = false;
    for (const char c : value) {
        if (c == '\'') {
            out += open ? "'\\'" : "\\'";
            open = false;
            continue;
        }
        if (!open && !is_plain(c)) {
            out += '\'';
            open = true;
        }
        out += c;
    }
    return out + (open ? "'" : "");
}

Result<std::string> encode_shell(const Node& node, const EncodeOptions& options) {
    LIMA_TRY(const NodePtr plain, plain_copy(node));
    std::string out;
    write_variables(*plain, "", options, out);
    return out;
}

}  // namespace lima::text::yq
