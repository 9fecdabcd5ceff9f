// YAML as people write it, for property tests: a value in a text with styles chosen at random -
// indentation, quotes, block scalars, flow - and with comments and empty lines. What a string looks
// like when it is safe to write it plainly is decided here on purpose without the code that is
// tested.
#pragma once

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "tests/support/random_tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace lima::test {

class YamlWriter {
public:
    explicit YamlWriter(Random& random) : random_(random) {}

    /// The map as a document. Comments are numbered: "#c0 …", "#c1 …".
    std::string document(const Json& map) {
        out_.clear();
        comments_ = 0;
        if (random_.chance(4)) {
            comment_line(0);
            out_ += random_.chance(2) ? "---\n" : "\n";
        }
        mapping(map, 0, false);
        if (random_.chance(4)) {
            comment_line(0);
        }
        return std::move(out_);
    }
    int comments() const { return comments_; }

private:
    void comment_line(std::size_t indent) {
        out_ += std::string(indent, ' ') + fmt::format("#c{} head\n", comments_++);
    }
    void between(std::size_t indent) {
        if (!kept_ && random_.chance(6)) {
            out_ += '\n';
        }
        kept_ = false;
        if (random_.chance(5)) {
            comment_line(indent);
        }
    }
    void end_line() {
        if (random_.chance(5)) {
            out_ += fmt::format(" {}#c{} tail", random_.chance(2) ? "  " : "", comments_++);
        }
        out_ += '\n';
    }

    static bool is_plain(std::string_view text) {
        const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
        static const std::vector<std::string> words = {"null", "true", "false", "yes", "no",
                                                       "on",   "off",  "y",     "n"};
        return !text.empty() && letter(text.front()) && text.back() != ' ' &&
               std::all_of(text.begin(), text.end(),
                           [&](char c) {
                               return letter(c) || (c >= '0' && c <= '9') ||
                                      std::string_view(" _./-").find(c) != std::string_view::npos;
                           }) &&
               std::find(words.begin(), words.end(), to_lower(text)) == words.end();
    }

    static bool is_one_line(std::string_view text) {
        while (!text.empty()) {
            const utf8::Rune rune = utf8::decode(text);
            if (!rune.valid || !utf8::is_printable(rune.value)) {
                return false;
            }
            text.remove_prefix(rune.size);
        }
        return true;
    }

    static bool fits_block(std::string_view text) {
        const auto all = lines(text);
        return !text.empty() && text.front() != '\n' && text.front() != ' ' &&
               text.front() != '\t' && text.find('\r') == std::string_view::npos &&
               text.find_first_not_of("\n ") != std::string_view::npos &&
               std::all_of(all.begin(), all.end(), is_one_line);
    }

    std::string quoted(const std::string& text) {
        if (is_one_line(text) && random_.chance(2)) {
            return "'" + replace_all(text, "'", "''") + "'";
        }
        if (!utf8::valid(text)) {
            return "!!binary " + base64(text);
        }
        return go_quote(text);
    }

    static std::string base64(std::string_view bytes) {
        static constexpr std::string_view kLetters =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        std::string out;
        for (std::size_t bit = 0; bit < bytes.size() * 8; bit += 6) {
            unsigned six = 0;
            for (std::size_t k = bit; k < bit + 6; ++k) {
                const unsigned byte =
                    k / 8 < bytes.size() ? static_cast<unsigned char>(bytes[k / 8]) : 0U;
                six = six << 1U | (byte >> (7 - k % 8) & 1U);
            }
            out += kLetters[six];
        }
        return out + std::string((4 - out.size() % 4) % 4, '=');
    }

    std::string key(const std::string& text) {
        return is_plain(text) && !random_.chance(8) ? text : quoted(text);
    }

    std::string number(const Json& value) {
        if (value.is_number_float()) {
            const std::string text = fmt::format("{}", value.get<double>());
            if (text.ends_with("inf")) {
                return text.front() == '-' ? "-.inf" : ".Inf";
            }
            // A float of this schema has a dot.
            const std::size_t exponent = std::min(text.find('e'), text.size());
            return text.find('.') != std::string::npos
                       ? text
                       : text.substr(0, exponent) + ".0" + text.substr(exponent);
        }
        if (value >= 0 && random_.chance(4)) {
            return random_.chance(2) ? fmt::format("0x{:x}", value.get<std::uint64_t>())
                                     : fmt::format("0o{:o}", value.get<std::uint64_t>());
        }
        return dump_json(value);
    }

    std::string one_line(const Json& value) {
        if (value.is_null()) {
            static const std::vector<std::string> words = {"null", "~", "Null"};
            return random_.of(words);
        }
        if (value.is_boolean()) {
            static const std::vector<std::string> words = {"false", "False", "true", "TRUE"};
            return words[random_.below(2) + (value.get<bool>() ? 2 : 0)];
        }
        if (value.is_number()) {
            return number(value);
        }
        if (value.is_string()) {
            const auto& text = value.get_ref<const std::string&>();
            return is_plain(text) && !random_.chance(3) ? text : quoted(text);
        }
        return flow(value);
    }

    std::string flow(const Json& value) {
        const std::string gap = random_.chance(3) ? " " : "";
        std::string out = value.is_array() ? "[" : "{";
        bool first = true;
        for (const auto& [name, item] : value.items()) {
            out += first ? gap : random_.chance(3) ? " , " : ", ";
            first = false;
            out += value.is_array() ? one_line(item) : key(name) + ": " + one_line(item);
        }
        return out + (first ? "" : gap) + (value.is_array() ? "]" : "}");
    }

    /// True when the string was written as a block.
    bool block_scalar(const Json& value, std::size_t parent) {
        if (!value.is_string() || !fits_block(value.get_ref<const std::string&>()) ||
            !random_.chance(2)) {
            return false;
        }
        const auto& text = value.get_ref<const std::string&>();
        const bool fold = text.find('\n') == std::string::npos && random_.chance(2);
        out_ += fold ? " >" : " |";
        kept_ = text.ends_with("\n\n");
        out_ += !text.ends_with('\n') ? "-" : kept_ ? "+" : "";
        end_line();
        const std::string pad(parent + 1 + random_.below(4), ' ');
        for (std::string_view line : lines(text)) {
            // A folded line may break at a single space between letters.
            const std::size_t space = fold && is_plain(line) ? line.find(' ') : std::string::npos;
            if (space != std::string_view::npos && line.find("  ") == std::string_view::npos) {
                out_ += pad + std::string(line.substr(0, space)) + "\n" + pad +
                        std::string(line.substr(space + 1)) + "\n";
            } else {
                out_ += (line.empty() ? "" : pad) + std::string(line) + "\n";
            }
        }
        return true;
    }

    void value(const Json& value, std::size_t indent, bool is_item) {
        if (value.is_structured() && !value.empty() && !random_.chance(5)) {
            nested(value, indent, is_item);
        } else if (value.is_null() && random_.chance(2)) {
            end_line();
        } else if (!block_scalar(value, indent)) {
            out_ += (random_.chance(5) ? "   " : " ") + one_line(value);
            end_line();
        }
    }

    void nested(const Json& value, std::size_t indent, bool is_item) {
        if (is_item && random_.chance(2)) {
            // "- - a", "- k: v"
            const std::size_t gap = 1 + random_.below(3);
            out_.append(gap, ' ');
            collection(value, indent + 1 + gap, true);
            return;
        }
        end_line();
        const std::size_t least = value.is_array() && !is_item ? 0 : 1;
        collection(value, indent + least + random_.below(4), false);
    }

    void collection(const Json& value, std::size_t indent, bool in_place) {
        if (value.is_object()) {
            mapping(value, indent, in_place);
            return;
        }
        for (const Json& item : value) {
            if (!in_place) {
                between(indent);
                out_.append(indent, ' ');
            }
            in_place = false;
            out_ += '-';
            this->value(item, indent, true);
        }
    }

    void mapping(const Json& map, std::size_t indent, bool in_place) {
        for (const auto& [name, item] : map.items()) {
            if (!in_place) {
                between(indent);
                out_.append(indent, ' ');
            }
            in_place = false;
            out_ += key(name) + (random_.chance(9) ? " :" : ":");
            value(item, indent, false);
        }
        if (map.empty()) {
            out_ += "{}\n";
        }
    }

    Random& random_;
    std::string out_;
    int comments_ = 0;
    bool kept_ = false;  // an empty line would belong to the block scalar before it
};

}  // namespace lima::test
