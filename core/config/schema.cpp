#include "core/config/schema.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/config/format.hpp"

#include <cmath>
#include <regex>

namespace lima::config {

namespace {

/// libstdc++'s regular expressions go one call deeper for each character.
constexpr std::size_t kLongestMatched = 4096;

bool is_integral(const Json& value) {
    return value.is_number_integer() ||
           (value.is_number_float() && std::floor(value.get<double>()) == value.get<double>());
}

/// An unknown word fits anything: a later JSON schema may know it.
bool has_type(const Json& value, const std::string& type) {
    if (type == "string") {
        return value.is_string();
    }
    if (type == "integer") {
        return is_integral(value);
    }
    if (type == "number") {
        return value.is_number();
    }
    if (type == "boolean") {
        return value.is_boolean();
    }
    if (type == "object") {
        return value.is_object();
    }
    if (type == "array") {
        return value.is_array();
    }
    return type != "null";
}

std::string type_words(const std::string& type) {
    if (type == "integer") {
        return "a whole number";
    }
    if (type == "boolean") {
        return "true or false";
    }
    if (type == "object") {
        return "a map";
    }
    if (type == "array") {
        return "a list";
    }
    return "a " + type;
}

/// The member of the schema, or nullptr.
const Json* keyword(const Json& schema, const char* name) {
    const auto found = schema.find(name);
    return found == schema.end() ? nullptr : &*found;
}

/// False when no type fits: then nothing else about the value is worth telling.
bool check_type(const Json& schema, const Json& value, const std::string& path, Problems& out) {
    const Json* type = keyword(schema, "type");
    if (type == nullptr) {
        return true;
    }
    std::vector<std::string> words;
    for (const Json& one : type->is_array() ? *type : Json::array({*type})) {
        if (one.is_string() && one != "null") {
            if (has_type(value, one.get<std::string>())) {
                return true;
            }
            words.push_back(type_words(one.get<std::string>()));
        }
    }
    if (words.empty()) {
        return true;
    }
    out.add(path, "field `{}` must be {}, got {}", path, join(words, " or "), dump_json(value));
    return false;
}

void check_enum(const Json& schema, const Json& value, const std::string& path, Problems& out) {
    const Json* allowed = keyword(schema, "enum");
    if (allowed == nullptr || !allowed->is_array()) {
        return;
    }
    std::vector<std::string> words;
    for (const Json& one : *allowed) {
        if (one == value) {
            return;
        }
        if (!one.is_null()) {
            words.push_back(dump_json(one));
        }
    }
    out.add(path, "field `{}` must be one of {}, got {}", path, join(words, ", "),
            dump_json(value));
}

void check_range(const Json& schema, const Json& value, const std::string& path, Problems& out) {
    if (!value.is_number()) {
        return;
    }
    const Json* minimum = keyword(schema, "minimum");
    if (minimum != nullptr && minimum->is_number() && value < *minimum) {
        out.add(path, "field `{}` must be at least {}, got {}", path, dump_json(*minimum),
                dump_json(value));
    }
    const Json* maximum = keyword(schema, "maximum");
    if (maximum != nullptr && maximum->is_number() && *maximum < value) {
        out.add(path, "field `{}` must be at most {}, got {}", path, dump_json(*maximum),
                dump_json(value));
    }
}

void check_pattern(const Json& schema, const Json& value, const std::string& path, Problems& out) {
    const Json* pattern = keyword(schema, "pattern");
    if (pattern == nullptr || !pattern->is_string() || !value.is_string()) {
        return;
    }
    const auto& text = value.get_ref<const std::string&>();
    if (text.size() > kLongestMatched) {
        out.add(path, "field `{}` must have at most {} characters", path, kLongestMatched);
        return;
    }
    try {
        if (std::regex_search(text, std::regex(pattern->get<std::string>()))) {
            return;
        }
    } catch (const std::regex_error&) {
        out.warn("the driver's schema of `{}` has a pattern that cannot be used: {}", path,
                 dump_json(*pattern));
        return;
    }
    out.add(path, "field `{}` must match {}, got {}", path, pattern->get<std::string>(),
            dump_json(value));
}

std::string join_path(const std::string& parent, const std::string& key) {
    return parent.empty() ? key : parent + "." + key;
}

void add_unknown(const Json& known, const std::string& path, const std::string& key,
                 Problems& out) {
    constexpr std::size_t kFew = 12;
    std::vector<std::string> names;
    for (const auto& [name, schema] : known.items()) {
        names.push_back(name);
    }
    const std::string guess = closest_word({names.begin(), names.end()}, key);
    const std::string hint = names.empty()          ? " (no key is known here)"
                             : names.size() <= kFew ? " (known: " + join(names, ", ") + ")"
                                                    : "";
    out.add(path, "field `{}` is unknown{}{}", path,
            guess.empty() ? "" : fmt::format(", did you mean `{}`?", guess), hint);
}

void check_object(const Json& schema, const Json& value, const std::string& path, Problems& out) {
    const Json* given = keyword(schema, "properties");
    const Json known = given != nullptr && given->is_object() ? *given : Json::object();
    const Json* others = keyword(schema, "additionalProperties");
    for (const auto& [key, item] : value.items()) {
        const std::string below = join_path(path, key);
        if (known.contains(key)) {
            check_schema(known[key], item, below, out);
        } else if (others != nullptr && others->is_boolean() && !others->get<bool>()) {
            add_unknown(known, below, key, out);
        } else if (others != nullptr) {
            check_schema(*others, item, below, out);
        }
    }
    const Json* required = keyword(schema, "required");
    for (const Json& key : required != nullptr ? *required : Json::array()) {
        if (key.is_string() && (!value.contains(key) || value[key.get<std::string>()].is_null())) {
            out.add(path, "field `{}` must be set", join_path(path, key.get<std::string>()));
        }
    }
}

/// Of several schemas one has to fit. What is wrong is told by one that has at least the type.
void check_any(const Json& schema, const Json& value, const std::string& path, Problems& out) {
    const Json* any = keyword(schema, "anyOf");
    if (any == nullptr || !any->is_array()) {
        return;
    }
    std::vector<std::string> types;
    const Json* nearest = nullptr;
    for (const Json& one : *any) {
        Problems found;
        check_schema(one, value, path, found);
        if (found.list().empty()) {
            return;
        }
        Problems untyped;
        if (one.is_object() && check_type(one, value, path, untyped)) {
            nearest = &one;
        }
        if (const Json* type = one.is_object() ? keyword(one, "type") : nullptr) {
            for (const Json& word : type->is_array() ? *type : Json::array({*type})) {
                if (word.is_string() && word != "null") {
                    types.push_back(type_words(word.get<std::string>()));
                }
            }
        }
    }
    if (nearest != nullptr) {
        check_schema(*nearest, value, path, out);
    } else {
        out.add(path, "field `{}` must be {}, got {}", path, join(types, " or "), dump_json(value));
    }
}

void check_items(const Json& schema, const Json& value, const std::string& path, Problems& out) {
    const Json* items = keyword(schema, "items");
    if (items == nullptr) {
        return;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
        check_schema(*items, value[i], fmt::format("{}[{}]", path, i), out);
    }
}

}  // namespace

void check_schema(const Json& schema, const Json& value, const std::string& path, Problems& out) {
    if (value.is_null()) {
        return;
    }
    if (schema.is_boolean() && !schema.get<bool>()) {
        out.add(path, "field `{}` must not be set", path);
    }
    if (!schema.is_object() || !check_type(schema, value, path, out)) {
        return;
    }
    check_any(schema, value, path, out);
    check_enum(schema, value, path, out);
    check_range(schema, value, path, out);
    check_pattern(schema, value, path, out);
    if (value.is_object()) {
        check_object(schema, value, path, out);
    } else if (value.is_array()) {
        check_items(schema, value, path, out);
    }
}

}  // namespace lima::config
