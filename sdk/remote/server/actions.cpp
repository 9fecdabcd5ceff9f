#include "sdk/remote/server/actions.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/base/units.hpp"
#include "core/text/yaml.hpp"

#include <algorithm>
#include <filesystem>

namespace lima::remote {
namespace {

Result<Json> read_object(std::string_view text, const char* what) {
    LIMA_TRY(Json value, parse_json(text), "{}", what);
    if (!value.is_object()) {
        return failf(Code::kInvalidArgument, "{} is no JSON object", what);
    }
    return value;
}

Result<Json> decode_instance(std::string_view input) {
    LIMA_TRY(const Json wrapped, parse_json(input), "the input");
    if (!wrapped.is_string()) {
        return fail(Code::kInvalidArgument, "the input is no JSON string");
    }
    LIMA_TRY(const std::string text, text::decode_base64(wrapped.get<std::string>()), "the input");
    return read_object(text, "the instance");
}

void add_error(Json& instance, const std::string& error) {
    Json& errors = instance["errors"];
    if (!errors.is_array()) {
        errors = Json::array();
    }
    errors.push_back(error);
}

/// A driver that can tell needs to know which instance.
Result<std::string> ask(driver::Driver& driver, const Json& instance) {
    if (!driver.has_extension(LIMA_EXT_STATUS)) {
        return std::string();
    }
    LIMA_DO(driver.configure(instance));
    return driver.status();
}

/// The instance that the file belongs to, as far as the configuration tells.
Json instance_around(const Json& config, const std::filesystem::path& file,
                     const std::string& driver) {
    const std::filesystem::path dir = file.parent_path();
    const std::string name = dir.filename().string();
    std::string hostname = "lima-" + name;
    std::replace_if(
        hostname.begin(), hostname.end(), [](char c) { return c == '.' || c == '_'; }, '-');
    Json instance = Json::object();
    instance["name"] = name;
    instance["hostname"] = hostname;
    instance["status"] = "";
    instance["dir"] = dir.string();
    instance["vmType"] = driver;
    instance["arch"] = json_string(config, "arch");
    instance["cpus"] = json_int(config, "cpus");
    for (const char* key : {"memory", "disk"}) {
        instance[key] = parse_size(json_string(config, key)).value_or(0);
    }
    instance["sshAddress"] = "127.0.0.1";
    instance["config"] = config;
    return instance;
}

}  // namespace

Result<std::string> inspect_status(driver::Driver& driver, std::string_view input) {
    LIMA_TRY(Json instance, decode_instance(input));
    const auto status = ask(driver, instance);
    if (!status) {
        add_error(instance, status.error().text());
        instance["status"] = "Broken";
    } else if (!status->empty() || json_string(instance, "status") != "Broken") {
        instance["status"] = *status;
    }
    return encode_json_string(text::encode_base64(dump_json(instance))) + "\n";
}

Result<std::string> fill_config(driver::Driver& driver, std::string_view input) {
    LIMA_TRY(const Json request, read_object(input, "the input"));
    const auto config = request.find("config");
    if (config == request.end() || !config->is_object()) {
        return fail(Code::kInvalidArgument, "the input has no `config`");
    }
    const Json instance = instance_around(*config, json_string(request, "filePath"), driver.name());
    LIMA_TRY(const Json configured, driver.configure(instance));
    const auto filled = configured.find("config");
    return dump_json(filled != configured.end() ? *filled : *config) + "\n";
}

}  // namespace lima::remote
