#include "core/hostapi/event.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace lima::hostapi {
namespace {

void put(Json& object, const char* key, const std::string& value) {
    if (!value.empty()) {
        object[key] = value;
    }
}

void put(Json& object, const char* key, int value) {
    if (value != 0) {
        object[key] = value;
    }
}

void put(Json& object, const char* key, bool value) {
    if (value) {
        object[key] = true;
    }
}

Json to_json(const CloudInitProgress& value) {
    Json out = Json::object();
    put(out, "logLine", value.log_line);
    put(out, "completed", value.completed);
    put(out, "active", value.active);
    return out;
}

Json to_json(const PortForwardEvent& value) {
    Json out = Json::object();
    out["type"] = value.type;
    put(out, "protocol", value.protocol);
    put(out, "guestAddr", value.guest_addr);
    put(out, "hostAddr", value.host_addr);
    put(out, "error", value.error);
    return out;
}

Json to_json(const VsockEvent& value) {
    Json out = Json::object();
    out["type"] = value.type;
    put(out, "hostAddr", value.host_addr);
    put(out, "vsockPort", value.vsock_port);
    put(out, "reason", value.reason);
    return out;
}

Json to_json(const PhaseEvent& value) {
    Json out = Json::object();
    out["name"] = value.name;
    out["state"] = value.state;
    put(out, "detail", value.detail);
    put(out, "hint", value.hint);
    if (!value.lines.empty()) {
        out["lines"] = value.lines;
    }
    put(out, "seconds", value.seconds);
    return out;
}

Json to_json(const Status& status) {
    Json out = Json::object();
    put(out, "running", status.running);
    put(out, "degraded", status.degraded);
    put(out, "exiting", status.exiting);
    if (!status.errors.empty()) {
        out["errors"] = status.errors;
    }
    put(out, "sshLocalPort", status.ssh_local_port);
    if (status.cloud_init) {
        out["cloudInitProgress"] = to_json(*status.cloud_init);
    }
    if (status.port_forward) {
        out["portForward"] = to_json(*status.port_forward);
    }
    if (status.vsock) {
        out["vsock"] = to_json(*status.vsock);
    }
    if (status.phase) {
        out["phase"] = to_json(*status.phase);
    }
    return out;
}

std::vector<std::string> strings_at(const Json& object, const char* key) {
    std::vector<std::string> out;
    if (const auto it = object.find(key); it != object.end() && it->is_array()) {
        for (const Json& entry : *it) {
            if (entry.is_string()) {
                out.push_back(entry.get<std::string>());
            }
        }
    }
    return out;
}

/// The object at the key; nullptr when it is absent or no object.
const Json* object_at(const Json& object, const char* key) {
    const auto it = object.find(key);
    return it != object.end() && it->is_object() ? &*it : nullptr;
}

Status status_from(const Json& in) {
    Status status;
    status.running = json_bool(in, "running");
    status.degraded = json_bool(in, "degraded");
    status.exiting = json_bool(in, "exiting");
    status.errors = strings_at(in, "errors");
    status.ssh_local_port = static_cast<int>(json_int(in, "sshLocalPort"));
    if (const Json* value = object_at(in, "cloudInitProgress")) {
        status.cloud_init = CloudInitProgress{.log_line = json_string(*value, "logLine"),
                                              .completed = json_bool(*value, "completed"),
                                              .active = json_bool(*value, "active")};
    }
    if (const Json* value = object_at(in, "portForward")) {
        status.port_forward = PortForwardEvent{.type = json_string(*value, "type"),
                                               .protocol = json_string(*value, "protocol"),
                                               .guest_addr = json_string(*value, "guestAddr"),
                                               .host_addr = json_string(*value, "hostAddr"),
                                               .error = json_string(*value, "error")};
    }
    if (const Json* value = object_at(in, "vsock")) {
        status.vsock = VsockEvent{.type = json_string(*value, "type"),
                                  .host_addr = json_string(*value, "hostAddr"),
                                  .vsock_port = static_cast<int>(json_int(*value, "vsockPort")),
                                  .reason = json_string(*value, "reason")};
    }
    if (const Json* value = object_at(in, "phase")) {
        status.phase = PhaseEvent{.name = json_string(*value, "name"),
                                  .state = json_string(*value, "state"),
                                  .detail = json_string(*value, "detail"),
                                  .hint = json_string(*value, "hint"),
                                  .lines = strings_at(*value, "lines"),
                                  .seconds = static_cast<int>(json_int(*value, "seconds"))};
    }
    return status;
}

}  // namespace

std::string encode(const Event& event) {
    Json out = Json::object();
    out["time"] = format_rfc3339_nano(event.time);
    out["status"] = to_json(event.status);
    return html_escape_json(dump_json(out));
}

Result<Event> decode(const std::string& line) {
    LIMA_TRY(const Json value, parse_json(line), "not a host agent event");
    if (!value.is_object()) {
        return failf(Code::kInvalidArgument, "not a host agent event: {} is no object", line);
    }
    Event event;
    LIMA_TRY(event.time, parse_rfc3339(json_string(value, "time")), "event without a time");
    if (const Json* status = object_at(value, "status")) {
        event.status = status_from(*status);
    }
    return event;
}

}  // namespace lima::hostapi
