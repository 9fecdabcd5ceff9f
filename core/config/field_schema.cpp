#include "core/config/field_schema.hpp"

#include "core/config/fields.hpp"
#include "core/config/format.hpp"

#include <fmt/format.h>

#include <limits>

namespace lima::config {
namespace {

/// A key without a value is an absent one, so null fits everywhere but where a value is needed.
template <class F>
Json type_of(const F& f, std::initializer_list<const char*> types) {
    Json out = Json::array();
    for (const char* type : types) {
        out.push_back(type);
    }
    if (!f.required) {
        out.push_back("null");
    }
    return out.size() == 1 ? out.front() : out;
}

template <HasTable T>
Json struct_schema(bool nullable);

template <class T, class F>
Json text_schema(const F& f, bool empty_is_absent) {
    const bool empty_fits = empty_is_absent || f.unset.contains("");
    Json out = Json::object();
    if (!f.allowed.empty()) {
        out["enum"] = Json::array({nullptr});
        if (empty_fits && !f.allowed.contains("")) {
            out["enum"].push_back("");
        }
        for (const WordList* words : {&f.unset, &f.allowed}) {
            for (const char* word : *words) {
                if (*word != '\0' || words == &f.allowed) {
                    out["enum"].push_back(word);
                }
            }
        }
        return out;
    }
    out["type"] =
        f.format == Format::kOctal ? type_of(f, {"string", "integer"}) : type_of(f, {"string"});
    if (const std::string pattern(pattern_of(f.format)); !pattern.empty()) {
        out["pattern"] = (empty_fits ? "^$|" : "") + pattern;
    }
    return out;
}

/// Digits in quotes are numbers too, as the decoder has it.
template <class T, class F>
Json number_schema(const F& f) {
    Json out = {{"type", type_of(f, {"integer", "string"})}, {"pattern", "^[-+]?[0-9]+$"}};
    if (f.format == Format::kPort) {
        out["minimum"] = 0;
        out["maximum"] = 65535;
        out["not"] = {{"const", 22}};
    } else if (std::is_unsigned_v<T>) {
        out["minimum"] = 0;
        out["maximum"] = std::numeric_limits<T>::max();
    }
    return out;
}

template <class F>
Json range_schema(const F& f) {
    return {{"type", type_of(f, {"array"})},
            {"items",
             {{"type", Json::array({"integer", "string"})},
              {"pattern", "^[0-9]+$"},
              {"minimum", 0},
              {"maximum", 65535}}},
            {"minItems", 2},
            {"maxItems", 2}};
}

template <class F>
Json map_schema(const F& f) {
    Json out = {
        {"type", type_of(f, {"object"})},
        {"additionalProperties", {{"type", Json::array({"string", "number", "boolean", "null"})}}}};
    if (const std::string pattern(pattern_of(f.key_format)); !pattern.empty()) {
        out["propertyNames"] = {{"pattern", pattern}};
    }
    return out;
}

template <class F>
Json open_map_schema(const F& f) {
    Json out = {{"type", type_of(f, {"object"})}};
    if constexpr (HasTable<typename F::Shape>) {
        Json known = struct_schema<typename F::Shape>(true);
        out["properties"] = std::move(known["properties"]);
    }
    return out;
}

/// Of the text that may stand for the struct.
template <HasShortForm T>
Json short_schema() {
    Json out;
    for_each_field<T>([&out](const auto& f) {
        if constexpr (std::is_same_v<decltype(f.member), decltype(T::short_form())>) {
            if (f.member == T::short_form()) {
                out = text_schema<std::string>(f, false);
            }
        }
    });
    return out;
}

template <class T, class F>
Json value_schema(const F& f) {
    if constexpr (is_optional<T>::value) {
        return value_schema<typename is_optional<T>::Value>(f);
    } else if constexpr (is_vector<T>::value) {
        Json list = {{"type", type_of(f, {"array"})},
                     {"items", value_schema<typename T::value_type>(f)}};
        if (!f.one_or_many) {
            return list;
        }
        return {{"anyOf", Json::array({{{"type", "string"}}, std::move(list)})}};
    } else if constexpr (HasShortForm<T>) {
        return {{"anyOf", Json::array({short_schema<T>(), struct_schema<T>(true)})}};
    } else if constexpr (HasTable<T>) {
        return struct_schema<T>(true);
    } else if constexpr (std::is_same_v<T, StringMap>) {
        return map_schema(f);
    } else if constexpr (std::is_same_v<T, JsonMap>) {
        return open_map_schema(f);
    } else if constexpr (std::is_same_v<T, PortRange>) {
        return range_schema(f);
    } else if constexpr (std::is_same_v<T, bool>) {
        return {{"type", type_of(f, {"boolean"})}};
    } else if constexpr (std::is_integral_v<T>) {
        return number_schema<T>(f);
    } else {
        using Member = typename F::MemberType;
        return text_schema<T>(f, std::is_same_v<Member, std::string> && !f.required);
    }
}

void add_default(const Default& fallback, Json& out, std::string& words) {
    switch (fallback.type) {
        case Default::Type::kNone:
            break;
        case Default::Type::kBool:
            out["default"] = fallback.boolean;
            break;
        case Default::Type::kInt:
            out["default"] = fallback.integer;
            break;
        case Default::Type::kString:
            out["default"] = fallback.text;
            break;
        case Default::Type::kWords:
            words += fmt::format(" Default: {}.", fallback.text);
            break;
    }
}

template <class F>
Json property(const F& f) {
    std::string words = f.doc;
    Json out = {{"description", ""}};
    out.update(value_schema<typename F::MemberType>(f));
    add_default(f.fallback, out, words);
    if (*f.instead != '\0') {
        out["deprecated"] = true;
        words += fmt::format(" Deprecated: use {}.", f.instead);
    }
    if (!f.usual.empty()) {
        out["examples"] = Json::array();
        for (const char* word : f.usual) {
            out["examples"].push_back(word);
        }
    }
    out["description"] = std::move(words);
    return out;
}

template <HasTable T>
Json struct_schema(bool nullable) {
    Json properties = Json::object();
    Json required = Json::array();
    for_each_field<T>([&](const auto& f) {
        properties[f.key] = property(f);
        if (f.required) {
            required.push_back(f.key);
        }
    });
    Json out = {{"type", nullable ? Json::array({"object", "null"}) : Json("object")},
                {"properties", std::move(properties)},
                {"additionalProperties", false}};
    if (!required.empty()) {
        out["required"] = std::move(required);
    }
    return out;
}

/// The schema of a driver, with null for "absent" as everywhere in lima.yaml.
Json with_null(Json schema) {
    if (!schema.is_object()) {
        return schema;
    }
    if (const auto type = schema.find("type"); type != schema.end()) {
        Json types = type->is_array() ? *type : Json::array({*type});
        types.push_back("null");
        *type = std::move(types);
    }
    if (const auto words = schema.find("enum"); words != schema.end() && words->is_array()) {
        words->push_back(nullptr);
    }
    for (const char* one : {"items", "additionalProperties"}) {
        if (const auto below = schema.find(one); below != schema.end()) {
            *below = with_null(std::move(*below));
        }
    }
    if (const auto below = schema.find("properties"); below != schema.end()) {
        for (auto& [key, property] : below->items()) {
            property = with_null(std::move(property));
        }
    }
    schema.erase("$schema");
    return schema;
}

}  // namespace

Json field_schema(const std::map<std::string, Json>& drivers) {
    Json out = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                {"title", "lima.yaml"},
                {"description", "A virtual machine of Lima, or a template for one."}};
    out.update(struct_schema<Config>(true));
    Json& vm_opts = out["properties"]["vmOpts"];
    vm_opts["properties"] = Json::object();
    for (const auto& [name, schema] : drivers) {
        vm_opts["properties"][name] = with_null(schema);
    }
    vm_opts["additionalProperties"] = {{"type", Json::array({"object", "null"})}};
    return out;
}

Json os_opts_schema() {
    Json out = Json::object();
    for_each_field<Config>([&out](const auto& f) {
        if (std::string_view(f.key) == "osOpts") {
            out = property(f);
        }
    });
    return out;
}

}  // namespace lima::config
