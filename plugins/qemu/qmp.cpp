#include "plugins/qemu/qmp.hpp"

#include "core/base/text.hpp"

namespace lima::qemu::qmp {

namespace {

Greeting read_greeting(const Json& body) {
    Greeting out;
    if (!body.is_object() || !body.contains("version") || !body["version"].is_object()) {
        return out;
    }
    const Json& version = body["version"];
    if (version.contains("qemu") && version["qemu"].is_object()) {
        const Json& qemu = version["qemu"];
        out.version = fmt::format("{}.{}.{}", json_int(qemu, "major"), json_int(qemu, "minor"),
                                  json_int(qemu, "micro"));
    }
    return out;
}

}  // namespace

Result<Message> parse_message(std::string_view line) {
    LIMA_TRY(Json object, parse_json(line), "cannot read what QEMU's monitor says");
    if (!object.is_object()) {
        return failf(Code::kInternal, "QEMU's monitor says something that is no object");
    }
    if (object.contains("QMP")) {
        return read_greeting(object["QMP"]);
    }
    if (object.contains("event")) {
        Event event;
        event.name = json_string(object, "event");
        event.data = object.contains("data") ? object["data"] : Json::object();
        return event;
    }
    if (object.contains("return") || object.contains("error")) {
        Reply reply;
        reply.id = json_int(object, "id", -1);
        if (object.contains("error")) {
            reply.error = json_string(object["error"], "desc", "unknown error");
            reply.error_class = json_string(object["error"], "class");
        } else {
            reply.value = object["return"];
        }
        return reply;
    }
    return failf(Code::kInternal, "QEMU's monitor says something unknown: {}", line.substr(0, 200));
}

std::string format_command(std::string_view name, const Json& arguments, std::int64_t id) {
    Json command = Json::object();
    command["execute"] = std::string(name);
    if (!arguments.is_null()) {
        command["arguments"] = arguments;
    }
    command["id"] = id;
    return dump_json(command) + "\n";
}

Result<std::vector<std::string>> LineReader::feed(std::string_view data) {
    pending_ += data;
    std::vector<std::string> out;
    std::size_t from = 0;
    for (auto end = pending_.find('\n'); end != std::string::npos;
         end = pending_.find('\n', from)) {
        const std::string_view line = trim(std::string_view(pending_).substr(from, end - from));
        if (!line.empty()) {
            out.emplace_back(line);
        }
        from = end + 1;
    }
    pending_.erase(0, from);
    if (pending_.size() > kLimit) {
        return failf(Code::kInternal, "QEMU's monitor sent a line of more than {} bytes", kLimit);
    }
    return out;
}

}  // namespace lima::qemu::qmp
