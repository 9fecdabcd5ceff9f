#include "null/knobs.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>

namespace null_driver {
namespace {

using Json = nlohmann::json;
using lima::Code;
using lima::fail;
using lima::Result;

constexpr std::int64_t kLongestMs = std::int64_t{24} * 60 * 60 * 1000;

/// The object at the key, or an empty one.
Json object_at(const Json& parent, const char* key) {
    const auto found = parent.find(key);
    return found != parent.end() && found->is_object() ? *found : Json::object();
}

lima::Failure wrong(const std::string& key, const std::string& wanted, const Json& got) {
    return fail(Code::kInvalidArgument,
                "field `vmOpts.null." + key + "` must be " + wanted + ", got " + got.dump());
}

Result<int> read_int(const std::string& key, const Json& value, std::int64_t largest) {
    if (!value.is_number_integer() || value < 0 || value > largest) {
        return wrong(key, "a number from 0 to " + std::to_string(largest), value);
    }
    return value.get<int>();
}

Result<> read_knob(const std::string& key, const Json& value, Knobs& knobs) {
    if (value.is_null()) {
        return {};  // as if it were not there
    }
    if (key == "hangStop" || key == "gui") {
        if (!value.is_boolean()) {
            return wrong(key, "true or false", value);
        }
        (key == "gui" ? knobs.gui : knobs.hang_stop) = value.get<bool>();
        return {};
    }
    if (key == "failStart") {
        if (!value.is_string()) {
            return wrong(key, "a text", value);
        }
        knobs.fail_start = value.get<std::string>();
        return {};
    }
    if (key != "startDelay" && key != "exitAfter" && key != "exitCode") {
        return fail(Code::kInvalidArgument, "field `vmOpts.null." + key + "` is unknown");
    }
    const Result<int> number = read_int(key, value, key == "exitCode" ? 255 : kLongestMs);
    if (!number) {
        return fail(number.error());
    }
    if (key == "startDelay") {
        knobs.start_delay_ms = *number;
    } else if (key == "exitAfter") {
        knobs.exit_after_ms = *number;
    } else {
        knobs.exit_code = *number;
    }
    return {};
}

}  // namespace

const std::string_view kKnobsSchema = R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "properties": {
    "startDelay": {
      "type": "integer", "minimum": 0, "maximum": 86400000,
      "description": "milliseconds that start takes"
    },
    "failStart": {"type": "string", "description": "start fails with this text"},
    "hangStop": {
      "type": "boolean",
      "description": "stop does not end the process until it is cancelled"
    },
    "gui": {
      "type": "boolean",
      "description": "has a window, of which there is no more to be seen than a line in the log"
    },
    "exitAfter": {
      "type": "integer", "minimum": 0, "maximum": 86400000,
      "description": "the process ends by itself after so many milliseconds"
    },
    "exitCode": {
      "type": "integer", "minimum": 0, "maximum": 255,
      "description": "the code with which it ends by itself"
    }
  },
  "additionalProperties": false
})json";

Result<Knobs> read_knobs(std::string_view instance_json) {
    const Json instance = Json::parse(instance_json, nullptr, /*allow_exceptions=*/false);
    if (!instance.is_object()) {
        return fail(Code::kInvalidArgument, "the instance is no JSON object");
    }
    Knobs knobs;
    if (const auto dir = instance.find("dir"); dir != instance.end() && dir->is_string()) {
        knobs.instance_dir = dir->get<std::string>();
    }
    const Json options = object_at(object_at(object_at(instance, "config"), "vmOpts"), "null");
    for (const auto& [key, value] : options.items()) {
        if (const Result<> done = read_knob(key, value, knobs); !done) {
            return fail(done.error());
        }
    }
    return knobs;
}

}  // namespace null_driver
