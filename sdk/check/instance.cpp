#include "check/instance.hpp"

#include <algorithm>
#include <fstream>
#include <regex>

namespace lima::check {
namespace {

constexpr std::int64_t kGiB = std::int64_t{1} << 30;

Json plain_config(const std::string& vm_type) {
    return {{"vmType", vm_type},
            {"os", "Linux"},
            {"arch", host_arch()},
            {"images", Json::array()},
            {"cpus", 1},
            {"memory", "1GiB"},
            {"disk", "1GiB"},
            {"mounts", Json::array()},
            {"mountType", "reverse-sshfs"},
            {"mountInotify", false},
            {"ssh",
             {{"localPort", 60022},
              {"loadDotSSHPubKeys", false},
              {"forwardAgent", false},
              {"forwardX11", false},
              {"forwardX11Trusted", false}}},
            {"firmware", {{"legacyBIOS", false}}},
            {"audio", {{"device", ""}}},
            {"video", {{"display", "none"}, {"vnc", {{"display", "127.0.0.1:0,to=9"}}}}},
            {"upgradePackages", false},
            {"containerd", {{"system", false}, {"user", false}}},
            {"guestInstallPrefix", "/usr/local"},
            {"hostResolver", {{"enabled", true}, {"ipv6", false}}},
            {"propagateProxyEnv", true},
            {"caCerts", {{"removeDefaults", false}}},
            {"rosetta", {{"enabled", false}, {"binfmt", false}}},
            {"plain", false},
            {"timezone", "UTC"},
            {"nestedVirtualization", false},
            {"user",
             {{"name", "check"},
              {"comment", "Check"},
              {"home", "/home/check.guest"},
              {"shell", "/bin/bash"},
              {"uid", 1000},
              {"passwordlessSudo", true}}},
            {"tpm", false}};
}

bool has_type(const Json& value, const std::string& type) {
    return type == "object"    ? value.is_object()
           : type == "array"   ? value.is_array()
           : type == "string"  ? value.is_string()
           : type == "integer" ? value.is_number_integer()
           : type == "number"  ? value.is_number()
           : type == "boolean" ? value.is_boolean()
           : type == "null"    ? value.is_null()
                               : false;
}

bool is_type_word(const Json& word) {
    constexpr const char* kWords[] = {"object", "array",   "string", "integer",
                                      "number", "boolean", "null"};
    for (const char* known : kWords) {
        if (word == known) {
            return true;
        }
    }
    return false;
}

void check_type(const Json& schema, const Json& value, const std::string& where,
                std::vector<std::string>& out) {
    const Json types = !schema.contains("type")    ? Json::array()
                       : schema["type"].is_array() ? schema["type"]
                                                   : Json::array({schema["type"]});
    bool fits = types.empty();
    for (const Json& type : types) {
        fits = fits || (type.is_string() && has_type(value, type.get<std::string>()));
    }
    if (!fits) {
        out.push_back(where + " is not of the type " + schema["type"].dump());
    }
}

void check_scalar(const Json& schema, const Json& value, const std::string& where,
                  std::vector<std::string>& out) {
    if (schema.contains("enum") &&
        std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end()) {
        out.push_back(where + " is none of " + schema["enum"].dump());
    }
    if (value.is_number() && schema.contains("minimum") && value < schema["minimum"]) {
        out.push_back(where + " is less than " + schema["minimum"].dump());
    }
    if (value.is_number() && schema.contains("maximum") && value > schema["maximum"]) {
        out.push_back(where + " is more than " + schema["maximum"].dump());
    }
}

void check_object(const Json& schema, const Json& value, const std::string& where,
                  std::vector<std::string>& out) {
    const Json properties = schema.value("properties", Json::object());
    for (const auto& [key, member] : value.items()) {
        const std::string inner = where + "." + key;
        const Json others = schema.value("additionalProperties", Json(true));
        std::vector<std::string> found;
        if (properties.contains(key)) {
            found = schema_violations(properties[key], member, inner);
        } else if (others == false && !member.is_null()) {
            found = {inner + " is unknown"};
        } else if (others.is_object()) {
            found = schema_violations(others, member, inner);
        }
        out.insert(out.end(), found.begin(), found.end());
    }
    for (const Json& key : schema.value("required", Json::array())) {
        if (!value.contains(key.get<std::string>())) {
            out.push_back(where + "." + key.get<std::string>() + " is missing");
        }
    }
}

bool is_pattern(const Json& text) {
    if (!text.is_string()) {
        return false;
    }
    try {
        const std::regex compiled(text.get<std::string>(), std::regex::ECMAScript);
        return true;
    } catch (const std::regex_error&) {
        return false;
    }
}

}  // namespace

Json plain_instance(const std::string& vm_type, const std::string& dir) {
    return {{"name", "check"},
            {"hostname", "lima-check"},
            {"status", "Stopped"},
            {"dir", dir},
            {"vmType", vm_type},
            {"arch", host_arch()},
            {"cpus", 1},
            {"memory", kGiB},
            {"disk", kGiB},
            {"sshLocalPort", 60022},
            {"sshConfigFile", dir + "/ssh.config"},
            {"sshAddress", "127.0.0.1"},
            {"protected", false},
            {"limaVersion", "2.2.0"},
            {"config", plain_config(vm_type)}};
}

Json read_instance(const Path& file) {
    std::ifstream stream(file);
    Json json = Json::parse(stream, nullptr, false);
    return json.is_object() ? json : Json();
}

std::vector<std::string> schema_problems(const Json& schema, const std::string& where) {
    if (schema.is_boolean()) {
        return {};
    }
    if (!schema.is_object()) {
        return {where + " is no object"};
    }
    std::vector<std::string> out;
    const auto wants = [&](const char* key, bool fine) {
        if (schema.contains(key) && !fine) {
            out.push_back(where + "." + key + " is wrong: " + shorten(schema[key].dump()));
        }
    };
    const auto at = [&](const char* key) { return schema.value(key, Json()); };
    const Json types = at("type").is_array() ? at("type") : Json::array({at("type")});
    wants("type", std::all_of(types.begin(), types.end(), is_type_word));
    wants("properties", at("properties").is_object());
    wants("additionalProperties",
          at("additionalProperties").is_boolean() || at("additionalProperties").is_object());
    wants("enum", at("enum").is_array());
    wants("minimum", at("minimum").is_number());
    wants("maximum", at("maximum").is_number());
    wants("pattern", is_pattern(at("pattern")));
    wants("items", at("items").is_object() || at("items").is_boolean());
    wants("required", at("required").is_array());
    std::vector<std::pair<std::string, Json>> inner;
    if (at("properties").is_object()) {
        for (const auto& [key, value] : schema["properties"].items()) {
            inner.emplace_back(where + "." + key, value);
        }
    }
    if (schema.contains("items")) {
        inner.emplace_back(where + "[]", schema["items"]);
    }
    for (const auto& [name, value] : inner) {
        const auto found = schema_problems(value, name);
        out.insert(out.end(), found.begin(), found.end());
    }
    return out;
}

std::vector<std::string> schema_violations(const Json& schema, const Json& value,
                                           const std::string& where) {
    std::vector<std::string> out;
    if (!schema.is_object() || value.is_null()) {
        return out;  // a null is an absent value
    }
    check_type(schema, value, where, out);
    check_scalar(schema, value, where, out);
    if (value.is_string() && is_pattern(schema.value("pattern", Json())) &&
        !std::regex_search(value.get<std::string>(),
                           std::regex(schema["pattern"].get<std::string>()))) {
        out.push_back(where + " does not match " + schema["pattern"].dump());
    }
    if (value.is_object()) {
        check_object(schema, value, where, out);
    }
    if (value.is_array() && schema.contains("items")) {
        for (std::size_t i = 0; i < value.size(); ++i) {
            const auto found =
                schema_violations(schema["items"], value[i], where + "[" + std::to_string(i) + "]");
            out.insert(out.end(), found.begin(), found.end());
        }
    }
    return out;
}

}  // namespace lima::check
