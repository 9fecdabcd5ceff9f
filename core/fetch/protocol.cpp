#include "core/fetch/protocol.hpp"

#include "core/base/json.hpp"

#include <array>
#include <utility>

namespace lima::fetch {
namespace {

constexpr std::array<std::pair<Outcome, const char*>, 4> kOutcomes = {
    {{Outcome::kDownloaded, "downloaded"},
     {Outcome::kUsedCache, "used-cache"},
     {Outcome::kSkipped, "skipped"},
     {Outcome::kCopied, "copied"}}};

Json to_json(const Progress& progress) {
    return {{"progress",
             {{"what", progress.what}, {"done", progress.done}, {"total", progress.total}}}};
}

Json to_json(const LogLine& line) {
    return {{"log", {{"level", log::level_name(line.level)}, {"message", line.message}}}};
}

Json to_json(const Fetched& fetched) {
    const char* word = "";
    for (const auto& [outcome, name] : kOutcomes) {
        if (outcome == fetched.outcome) {
            word = name;
        }
    }
    return {{"result", {{"outcome", word}, {"cachePath", fetched.cache_path.string()}}}};
}

Json to_json(const Error& error) {
    return {{"error",
             {{"code", static_cast<int>(error.code())},
              {"text", error.text()},
              {"hint", error.hint()},
              {"phase", error.phase()}}}};
}

Error to_error(const Json& json) {
    Error error(static_cast<Code>(json_int(json, "code", static_cast<int>(Code::kUnknown))),
                json_string(json, "text", "lima-fetch failed without a reason"));
    if (std::string hint = json_string(json, "hint"); !hint.empty()) {
        error = std::move(error).with_hint(std::move(hint));
    }
    if (std::string phase = json_string(json, "phase"); !phase.empty()) {
        error = std::move(error).with_phase(std::move(phase));
    }
    return error;
}

Result<Fetched> to_fetched(const Json& json) {
    const std::string word = json_string(json, "outcome");
    for (const auto& [outcome, name] : kOutcomes) {
        if (word == name) {
            return Fetched{outcome, json_string(json, "cachePath")};
        }
    }
    return failf(Code::kInternal, "unknown outcome {} of lima-fetch", word);
}

std::vector<std::string> strings_at(const Json& object, const char* key) {
    std::vector<std::string> out;
    if (object.contains(key) && object[key].is_array()) {
        for (const Json& item : object[key]) {
            if (item.is_string()) {
                out.push_back(item.get<std::string>());
            }
        }
    }
    return out;
}

std::uint64_t json_size(const Json& object, const char* key) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(json_int(object, key), 0));
}

}  // namespace

std::string encode(const Order& order) {
    const Request& request = order.request;
    Json out = Json::object();
    out["cacheDir"] = order.cache_dir.string();
    out["parent"] = order.parent;
    out["location"] = request.location;
    out["digest"] = request.digest;
    if (!request.headers.empty()) {
        out["headers"] = request.headers;
    }
    out["decompress"] = request.decompress;
    out["description"] = request.description;
    if (request.target) {
        out["target"] = request.target->string();
    }
    out["sparse"] = request.sparse;
    out["imageFormats"] = request.image_formats;
    return dump_json(out);
}

Result<Order> decode_order(std::string_view text) {
    LIMA_TRY(const Json in, parse_json(text), "cannot read the request");
    Order order;
    order.cache_dir = json_string(in, "cacheDir");
    order.parent = static_cast<pid_t>(json_int(in, "parent"));
    order.request.location = json_string(in, "location");
    order.request.digest = json_string(in, "digest");
    order.request.decompress = json_bool(in, "decompress");
    order.request.description = json_string(in, "description");
    if (in.contains("target")) {
        order.request.target = json_string(in, "target");
    }
    order.request.sparse = json_bool(in, "sparse");
    order.request.headers = strings_at(in, "headers");
    order.request.image_formats = strings_at(in, "imageFormats");
    if (order.request.location.empty() || order.cache_dir.empty()) {
        return failf(Code::kInvalidArgument, "the request has no location or no cache directory");
    }
    return order;
}

std::string encode(const Reply& reply) {
    return std::visit([](const auto& value) { return dump_json(to_json(value)); }, reply);
}

Result<Reply> decode_reply(std::string_view line) {
    LIMA_TRY(const Json json, parse_json(line), "cannot read what lima-fetch says");
    if (!json.is_object()) {
        return failf(Code::kInternal, "lima-fetch says no object: {}", line);
    }
    if (json.contains("progress")) {
        const Json& value = json["progress"];
        return Reply(Progress{json_string(value, "what"), json_size(value, "done"),
                              json_size(value, "total")});
    }
    if (json.contains("log")) {
        LogLine out;
        log::parse_level(json_string(json["log"], "level"), out.level);
        out.message = json_string(json["log"], "message");
        return Reply(std::move(out));
    }
    if (json.contains("result")) {
        LIMA_TRY(Fetched fetched, to_fetched(json["result"]));
        return Reply(std::move(fetched));
    }
    if (json.contains("error")) {
        return Reply(to_error(json["error"]));
    }
    return failf(Code::kInternal, "lima-fetch says something unknown: {}", line);
}

}  // namespace lima::fetch
