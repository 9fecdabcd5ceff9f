#include "plugins/described/driver.hpp"

namespace lima::described {
namespace {

constexpr const char* kInstead =
    "use `--vm-type=qemu` (or `vmType: qemu`) on this host; `limactl driver list` shows what is "
    "installed";

std::string os_name(const std::string& os) {
    return os == "linux" ? "Linux" : os == "darwin" ? "macOS" : os == "windows" ? "Windows" : os;
}

}  // namespace

Error not_this_host(std::string_view name, std::string_view needs, const HostFacts& host) {
    return Error(Code::kFailedPrecondition, fmt::format("vmType {} needs {}; this host is {} on {}",
                                                        name, needs, os_name(host.os), host.arch))
        .with_hint(kInstead);
}

Error not_yet(std::string_view name) {
    return Error(Code::kUnimplemented,
                 fmt::format("the {} driver of this version describes itself and cannot run guests "
                             "yet",
                             name))
        .with_hint(kInstead);
}

Json& child(Json& object, const char* key) {
    Json& value = object[key];
    if (!value.is_object()) {
        value = Json::object();
    }
    return value;
}

void set_default(Json& object, const char* key, const Json& value) {
    if (!object.contains(key) || object[key].is_null()) {
        object[key] = value;
    }
}

Result<std::string> Driver::configure(const sdk::Call&, std::string_view instance_json) {
    LIMA_TRY(Json instance, parse_json(instance_json), "the instance's JSON");
    if (!instance.is_object()) {
        return failf(Code::kInvalidArgument, "the instance is not a JSON object");
    }
    description_.fill_defaults(instance);
    const std::lock_guard lock(mutex_);
    instance_ = std::move(instance);
    return dump_json(instance_);
}

Result<> Driver::refuse() const {
    LIMA_TRY(const HostFacts host, host_facts());
    return fail(description_.refusal(host));
}

Result<std::string> Driver::info() const {
    const std::lock_guard lock(mutex_);
    LIMA_TRY(Json info, description_.info(instance_));
    if (instance_.is_object()) {
        info["instanceDir"] = json_string(instance_, "dir");
    }
    return dump_json(info);
}

}  // namespace lima::described
