// Config to JSON and YAML, and JSON back into a Config, all driven by the field table.
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/config/fields.hpp"
#include "core/config/load.hpp"
#include "core/text/yaml.hpp"

#include <fmt/format.h>

#include <limits>

namespace lima::config {
namespace {

/// JSON prints structs that are empty, YAML leaves them out (spec/config.md 8.2).
enum class Empty { kPrint, kOmit };

template <HasTable T>
Json encode(const T& value, Empty mode);

template <class T>
Json encode_value(const T& value, Empty mode) {
    if constexpr (HasTable<T>) {
        return encode(value, mode);
    } else if constexpr (is_vector<T>::value) {
        Json out = Json::array();
        for (const auto& item : value) {
            out.push_back(encode_value(item, mode));
        }
        return out;
    } else if constexpr (is_map<T>::value) {
        Json out = Json::object();
        for (const auto& [key, item] : value) {
            out[key] = item;
        }
        return out;
    } else {
        return Json(value);
    }
}

/// Optionals are printed whatever they hold; everything else when it is not its zero value.
template <class T>
bool is_absent(const T& value) {
    if constexpr (is_optional<T>::value) {
        return !value.has_value();
    } else if constexpr (std::is_arithmetic_v<T>) {
        return value == T{};
    } else if constexpr (HasTable<T> || std::is_same_v<T, PortRange>) {
        return false;
    } else {
        return value.empty();
    }
}

template <HasTable T>
Json encode(const T& value, Empty mode) {
    Json out = Json::object();
    for_each_field<T>([&](const auto& f) {
        using Member = typename std::remove_cvref_t<decltype(f)>::MemberType;
        const Member& member = value.*(f.member);
        if (is_absent(member) && !f.always) {
            return;
        }
        if constexpr (is_optional<Member>::value) {
            out[f.key] = encode_value(*member, mode);
        } else {
            Json encoded = encode_value(member, mode);
            if (HasTable<Member> && mode == Empty::kOmit && encoded.empty()) {
                return;
            }
            out[f.key] = std::move(encoded);
        }
    });
    return out;
}

// --- JSON into a Config
// -----------------------------------------------------------------------------------------------

Failure wrong_type(const std::string& path, const char* expected, const Json& json) {
    return failf(Code::kInvalidArgument, "field {} must be {}, not {}", name_quote(path), expected,
                 json.type_name());
}

template <HasTable T>
Result<void> apply(const Json& json, const std::string& path, T& into);

template <class T>
Result<void> apply_value(const Json& json, const std::string& path, T& into) {
    if constexpr (is_optional<T>::value) {
        if (json.is_null()) {
            into.reset();
            return {};
        }
        auto inner = into.value_or(typename is_optional<T>::Value{});
        LIMA_DO(apply_value(json, path, inner));
        into = std::move(inner);
        return {};
    } else if constexpr (std::is_same_v<T, Json>) {
        into = json;
        return {};
    } else if constexpr (is_vector<T>::value) {
        if (json.is_null()) {
            into.clear();
            return {};
        }
        if (!json.is_array()) {
            return wrong_type(path, "a list", json);
        }
        into.resize(json.size());
        for (std::size_t i = 0; i < json.size(); ++i) {
            LIMA_DO(apply_value(json[i], fmt::format("{}[{}]", path, i), into[i]));
        }
        return {};
    } else if constexpr (is_map<T>::value) {
        if (json.is_null()) {
            into.clear();
            return {};
        }
        if (!json.is_object()) {
            return wrong_type(path, "a map", json);
        }
        for (const auto& [key, item] : json.items()) {
            // A map's values are replaced, not merged.
            typename T::mapped_type fresh{};
            LIMA_DO(apply_value(item, path + "." + key, fresh));
            into[key] = std::move(fresh);
        }
        return {};
    } else if (json.is_null()) {
        return {};
    } else if constexpr (HasTable<T>) {
        return apply(json, path, into);
    } else if constexpr (std::is_same_v<T, PortRange>) {
        if (!json.is_array()) {
            return wrong_type(path, "a list of two ports", json);
        }
        for (std::size_t i = 0; i < into.size(); ++i) {
            into[i] = 0;
            if (i < json.size()) {
                LIMA_DO(apply_value(json[i], fmt::format("{}[{}]", path, i), into[i]));
            }
        }
        return {};
    } else if constexpr (std::is_same_v<T, bool>) {
        if (!json.is_boolean()) {
            return wrong_type(path, "true or false", json);
        }
        into = json.get<bool>();
        return {};
    } else if constexpr (std::is_integral_v<T>) {
        if (!json.is_number_integer() || json.get<std::int64_t>() < std::numeric_limits<T>::min() ||
            json.get<std::int64_t>() > std::numeric_limits<T>::max()) {
            return wrong_type(path, "a whole number in range", json);
        }
        into = json.get<T>();
        return {};
    } else {
        if (!json.is_string()) {
            return wrong_type(path, "a text", json);
        }
        into = json.get<std::string>();
        return {};
    }
}

template <HasTable T>
Result<void> apply(const Json& json, const std::string& path, T& into) {
    if (!json.is_object()) {
        return wrong_type(path.empty() ? "config" : path, "a map", json);
    }
    for (const auto& [key, item] : json.items()) {
        Result<void> done;
        for_each_field<T>([&](const auto& f) {
            // Go matches keys of JSON without regard to case.
            if (done && to_lower(key) == to_lower(f.key)) {
                done = apply_value(item, path.empty() ? key : path + "." + key, into.*(f.member));
            }
        });
        LIMA_DO(std::move(done));
    }
    return {};
}

}  // namespace

Json to_json(const Config& config) { return encode(config, Empty::kPrint); }

std::string to_yaml(const Config& config) { return text::emit_yaml(encode(config, Empty::kOmit)); }

OsOpts known_os_opts(const Config& config) {
    OsOpts out;
    const bool whole =
        apply(encode_value(config.os_opts, Empty::kPrint), "osOpts", out).has_value();
    return whole ? out : OsOpts{};
}

Result<void> apply_json(const Json& json, Config& into) {
    Config copy = into;  // all or nothing
    LIMA_DO(apply(json, "", copy));
    into = std::move(copy);
    return {};
}

}  // namespace lima::config
