#include "core/config/decode.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/config/fields.hpp"
#include "core/config/format.hpp"
#include "core/text/scalar.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>

namespace lima::config {
namespace {

using text::Kind;
using text::Node;

/// Of each kind. Who has more than that in one file does not read on.
constexpr std::size_t kMaxTold = 100;

std::string join_path(const std::string& parent, std::string_view key) {
    return parent.empty() ? std::string(key) : fmt::format("{}.{}", parent, key);
}

/// What the user wrote there, for "must be X, not …".
std::string describe(const Node& node) {
    switch (node.kind) {
        case Kind::kNull:
            return "nothing";
        case Kind::kSequence:
            return "a list";
        case Kind::kMapping:
            return "a map";
        case Kind::kScalar:
            break;
    }
    const Json value = text::to_json(node, text::Schema::kGo);
    const std::string shown = name_quote(node.value.substr(0, 60));
    return (value.is_boolean()  ? "the boolean "
            : value.is_number() ? "the number "
                                : "the text ") +
           shown;
}

/// The word for what a type takes.
template <class T>
std::string expected_kind() {
    if constexpr (std::is_same_v<T, bool>) {
        return "true or false";
    } else if constexpr (std::is_integral_v<T>) {
        return "a whole number";
    } else if constexpr (std::is_same_v<T, std::string>) {
        return "a text";
    } else if constexpr (std::is_same_v<T, PortRange>) {
        return "a list of two ports, such as [8000, 8010]";
    } else if constexpr (is_vector<T>::value) {
        return "a list";
    } else if constexpr (HasShortForm<T>) {
        return "a text or a map";
    } else {
        return "a map";
    }
}

/// Keys that Lima had once, and what took their place.
constexpr std::array<std::pair<std::string_view, const char*>, 2> kFormerKeys = {{
    {"network", "networks"},
    {"useHostResolver", "hostResolver.enabled"},
}};

/// The path of a key somewhere below T, outside of lists; empty when there is none.
template <HasTable T>
std::string path_of_key(std::string_view key, const std::string& parent) {
    std::string found;
    for_each_field<T>([&](const auto& f) {
        using Member = typename std::remove_cvref_t<decltype(f)>::MemberType;
        const std::string path = join_path(parent, f.key);
        if (found.empty() && to_lower(f.key) == to_lower(key)) {
            found = path;
        }
        if constexpr (HasTable<Member>) {
            if (found.empty()) {
                found = path_of_key<Member>(key, path);
            }
        }
    });
    return found;
}

/// What an unknown key of T could have been meant as: one of T's own, or one that stands elsewhere.
template <HasTable T>
std::string meant_key(std::string_view key, const std::string& parent) {
    for (const auto& [former, now] : kFormerKeys) {
        if (parent.empty() && key == former) {
            return now;
        }
    }
    std::vector<std::string_view> keys;
    for_each_field<T>([&](const auto& f) { keys.emplace_back(f.key); });
    if (const std::string close = closest_word(keys, key); !close.empty()) {
        return join_path(parent, close);
    }
    return path_of_key<Config>(key, "");
}

template <HasTable T>
std::string first_key() {
    std::string first;
    for_each_field<T>([&first](const auto& f) { first = first.empty() ? f.key : first; });
    return first;
}

/// How a value of the type is written, for those who wrote another one.
template <class T>
std::string how_to_write(const Node& node) {
    if constexpr (is_vector<T>::value) {
        using Item = typename T::value_type;
        if constexpr (HasTable<Item> && !HasShortForm<Item>) {
            return fmt::format(": begin each entry with `- {}: `", first_key<Item>());
        }
        constexpr std::size_t kShort = 40;
        return node.kind == Kind::kScalar && node.value.size() <= kShort
                   ? fmt::format(": write `[{}]`", node.value)
                   : ": write `- ` before each entry";
    } else if constexpr (std::is_same_v<T, std::string>) {
        return node.kind == Kind::kSequence || node.kind == Kind::kMapping
                   ? ": write it in one line, in quotes, or as a block behind `|`"
                   : "";
    } else if constexpr (HasTable<T>) {
        return fmt::format(": write `{}: …` on a line below", first_key<T>());
    } else if constexpr (is_map<T>::value) {
        return ": write `key: value` on each line below";
    } else {
        return "";
    }
}

class Decoder {
public:
    explicit Decoder(const Source& source) : source_(source) {}

    Decoded take() { return std::move(out_); }

    void root(const Node& node) {
        if (node.is_null()) {
            return;
        }
        if (node.kind != Kind::kMapping) {
            add(node.begin, "",
                fmt::format("the file must be a map of fields, not {}: write `key: value` on each "
                            "line",
                            describe(node)));
            out_.mistakes.back().fatal = true;
            return;
        }
        fields(node, "", out_.config);
    }

private:
    void add(const text::Mark& mark, const std::string& path, const std::string& message) {
        if (out_.mistakes.size() < kMaxTold) {
            out_.mistakes.push_back({path, at(mark, message), mark});
        }
    }

    std::string at(const text::Mark& mark, const std::string& message) const {
        return text::error_at(source_.text, source_.file, source_.origins, mark, message).text();
    }

    template <class T>
    void wrong_type(const Node& node, const std::string& path, std::string_view advice = "") {
        add(node.begin, path,
            fmt::format("field {} must be {}, not {}{}", name_quote(path), expected_kind<T>(),
                        describe(node), advice.empty() ? how_to_write<T>(node) : advice));
    }

    template <HasTable T>
    void fields(const Node& node, const std::string& path, T& out) {
        for (const Node::Entry& entry : node.entries) {
            bool known = false;
            for_each_field<T>([&](const auto& f) {
                if (!known && entry.key == f.key) {
                    known = true;
                    one_field(entry.value, join_path(path, entry.key), f, out);
                }
            });
            if (!known) {
                unknown_key<T>(entry, path);
            }
        }
    }

    template <class T>
    void unknown_key(const Node::Entry& entry, const std::string& path) {
        if (out_.unknown.size() >= kMaxTold) {
            return;
        }
        std::string note = fmt::format("unknown field {}", name_quote(join_path(path, entry.key)));
        if (entry.key.starts_with(utf8::kBom)) {
            note += " (the file begins with a byte order mark: remove it)";
        } else if (const std::string guess = meant_key<T>(entry.key, path); !guess.empty()) {
            note += fmt::format(", did you mean {}?", name_quote(guess));
        }
        out_.unknown.push_back(
            {join_path(path, entry.key), at(entry.key_begin, note), entry.key_begin});
    }

    template <class F, class T>
    void one_field(const Node& node, const std::string& path, const F& f, T& out) {
        using Member = typename F::MemberType;
        Member& target = out.*(f.member);
        if (node.is_null()) {
            return;  // absent, for every type
        }
        if constexpr (is_vector<Member>::value) {
            if (f.one_or_many && node.kind == Kind::kScalar) {
                target.resize(1);
                value(node, path, target.front(), f.format);
                return;
            }
        }
        value(node, path, target, f.format);
    }

    template <class T>
    void value(const Node& node, const std::string& path, std::optional<T>& out, Format format) {
        if (!node.is_null()) {
            T inner{};
            value(node, path, inner, format);
            out = std::move(inner);
            if constexpr (std::is_same_v<T, std::string>) {
                if (format == Format::kIp && out->empty()) {
                    out.reset();
                }
            }
        }
    }

    template <class T>
    void value(const Node& node, const std::string& path, std::vector<T>& out, Format format) {
        if (node.kind != Kind::kSequence) {
            wrong_type<std::vector<T>>(node, path);
            return;
        }
        out.resize(node.items.size());
        for (std::size_t i = 0; i < node.items.size(); ++i) {
            value(node.items[i], fmt::format("{}[{}]", path, i), out[i], format);
        }
    }

    template <HasTable T>
    void value(const Node& node, const std::string& path, T& out, Format format) {
        if (node.is_null()) {
            return;
        }
        if constexpr (HasShortForm<T>) {
            if (node.kind == Kind::kScalar) {
                value(node, path, out.*(T::short_form()), format);
                return;
            }
        }
        if (node.kind != Kind::kMapping) {
            wrong_type<T>(node, path);
            return;
        }
        fields(node, path, out);
    }

    void value(const Node& node, const std::string& path, StringMap& out, Format format) {
        if (node.kind != Kind::kMapping) {
            wrong_type<StringMap>(node, path);
            return;
        }
        for (const Node::Entry& entry : node.entries) {
            value(entry.value, join_path(path, entry.key), out[entry.key], format);
        }
    }

    void value(const Node& node, const std::string& path, std::map<std::string, Json>& out,
               Format) {
        if (node.kind != Kind::kMapping) {
            wrong_type<StringMap>(node, path);
            return;
        }
        for (const Node::Entry& entry : node.entries) {
            out[entry.key] = text::to_json(entry.value, text::Schema::kGo);
        }
    }

    void value(const Node& node, const std::string& path, PortRange& out, Format format) {
        if (node.kind != Kind::kSequence) {
            wrong_type<PortRange>(node, path);
            return;
        }
        if (node.items.size() > out.size()) {
            add(node.begin, path,
                fmt::format("field {} must have two elements, not {}: the first port and the last",
                            name_quote(path), node.items.size()));
            return;
        }
        for (std::size_t i = 0; i < node.items.size(); ++i) {
            value(node.items[i], fmt::format("{}[{}]", path, i), out[i], format);
        }
    }

    void value(const Node& node, const std::string& path, std::string& out, Format format) {
        if (node.kind == Kind::kNull) {
            out.clear();
            return;
        }
        if (node.kind != Kind::kScalar) {
            wrong_type<std::string>(node, path);
            return;
        }
        if (node.tag == "!!binary") {
            auto bytes = text::decode_base64(node.value);
            if (!bytes) {
                add(node.begin, path,
                    fmt::format("field {}: {}", name_quote(path), bytes.error().text()));
                return;
            }
            out = std::move(*bytes);
            return;
        }
        const Json scalar = text::to_json(node, text::Schema::kGo);
        out = scalar.is_string()         ? scalar.get<std::string>()
              : scalar.is_number_float() ? text::go_float(scalar.get<double>())
                                         : dump_json(scalar);
        if (format == Format::kIp && !out.empty()) {
            const auto address = canonical_ip(out);
            if (!address) {
                add(node.begin, path,
                    fmt::format("field {} must be an IP address, not {}", name_quote(path),
                                describe(node)));
                return;
            }
            out = *address;
        }
    }

    void value(const Node& node, const std::string& path, bool& out, Format) {
        const Json scalar =
            node.kind == Kind::kScalar ? text::to_json(node, text::Schema::kGo) : Json();
        if (scalar.is_boolean()) {
            out = scalar.get<bool>();
            return;
        }
        const std::string word = to_lower(node.value);
        const bool yes = word == "yes" || word == "on" || word == "y" || word == "true";
        const bool no = word == "no" || word == "off" || word == "n" || word == "false";
        wrong_type<bool>(node, path,
                         yes  ? ": write true (without quotes)"
                         : no ? ": write false (without quotes)"
                              : "");
    }

    void value(const Node& node, const std::string& path, int& out, Format) {
        integer(node, path, out);
    }
    void value(const Node& node, const std::string& path, std::uint32_t& out, Format) {
        integer(node, path, out);
    }

    /// Floats are cut, texts are read as a float: what Lima's decoder does.
    template <class T>
    void integer(const Node& node, const std::string& path, T& out) {
        if (node.kind == Kind::kNull) {
            return;
        }
        const Json scalar =
            node.kind == Kind::kScalar ? text::to_json(node, text::Schema::kGo) : Json();
        double number = 0;
        if (scalar.is_number()) {
            number = scalar.get<double>();
        } else if (const auto parsed = scalar.is_string()
                                           ? text::parse_float(node.value, text::Schema::kCore)
                                           : std::nullopt) {
            number = *parsed;
        } else {
            wrong_type<T>(node, path);
            return;
        }
        if (!std::isfinite(number) || std::trunc(number) < std::numeric_limits<T>::min() ||
            std::trunc(number) > std::numeric_limits<T>::max()) {
            add(node.begin, path,
                fmt::format("field {} is out of range: {}", name_quote(path), node.value));
            return;
        }
        out = static_cast<T>(number);
    }

    const Source& source_;
    Decoded out_;
};

}  // namespace

Decoded decode_tree(const text::Node& root, const Source& source) {
    Decoder decoder(source);
    decoder.root(root);
    return decoder.take();
}

}  // namespace lima::config
