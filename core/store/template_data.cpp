#include "core/store/template_data.hpp"

#include "core/base/json.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>

namespace lima::store {
namespace {

struct FieldName {
    const char* go;
    const char* json;
};

// The fields of Go's struct, and the keys they have in JSON.
constexpr std::array kFields{FieldName{"AdditionalDisks", "additionalDisks"},
                             FieldName{"Arch", "arch"},
                             FieldName{"AutoStartedIdentifier", "autoStartedIdentifier"},
                             FieldName{"CPUs", "cpus"},
                             FieldName{"Config", "config"},
                             FieldName{"Dir", "dir"},
                             FieldName{"Disk", "disk"},
                             FieldName{"DriverPID", "driverPID"},
                             FieldName{"Errors", "errors"},
                             FieldName{"HostAgentPID", "hostAgentPID"},
                             FieldName{"Hostname", "hostname"},
                             FieldName{"LimaVersion", "limaVersion"},
                             FieldName{"Memory", "memory"},
                             FieldName{"Message", "message"},
                             FieldName{"Name", "name"},
                             FieldName{"Networks", "network"},
                             FieldName{"Param", "param"},
                             FieldName{"Protected", "protected"},
                             FieldName{"SSHAddress", "sshAddress"},
                             FieldName{"SSHConfigFile", "sshConfigFile"},
                             FieldName{"SSHLocalPort", "sshLocalPort"},
                             FieldName{"Status", "status"},
                             FieldName{"VMType", "vmType"}};

Json zero_of(const std::string& field) {
    static const std::set<std::string> kNumbers{"CPUs",         "Disk",   "DriverPID",
                                                "HostAgentPID", "Memory", "SSHLocalPort"};
    static const std::set<std::string> kArrays{"AdditionalDisks", "Errors", "Networks"};
    static const std::set<std::string> kObjects{"Config", "Param"};
    if (kNumbers.contains(field)) {
        return 0;
    }
    if (kArrays.contains(field)) {
        return Json::array();
    }
    return kObjects.contains(field) ? Json(Json::object()) : Json("");
}

/// "localPort" as Go spells the field: "LocalPort"; initialisms upper case.
std::string go_field_name(const std::string& key) {
    static const std::map<std::string, std::string> kWords{{"cpus", "CPUs"},
                                                           {"ssh", "SSH"},
                                                           {"os", "OS"},
                                                           {"vmType", "VMType"},
                                                           {"vmOpts", "VMOpts"},
                                                           {"cpuType", "CPUType"},
                                                           {"osOpts", "OSOpts"},
                                                           {"tpm", "TPM"},
                                                           {"dns", "DNS"},
                                                           {"caCerts", "CACertificates"},
                                                           {"url", "URL"},
                                                           {"uid", "UID"},
                                                           {"9p", "NineP"},
                                                           {"vnc", "VNC"},
                                                           {"ipv6", "IPv6"},
                                                           {"fsType", "FSType"},
                                                           {"fsArgs", "FSArgs"},
                                                           {"guestIP", "GuestIP"},
                                                           {"hostIP", "HostIP"},
                                                           {"vzNAT", "VZNAT"},
                                                           {"macAddress", "MACAddress"},
                                                           {"legacyBIOS", "LegacyBIOS"},
                                                           {"forwardX11", "ForwardX11"},
                                                           {"sshfs", "SSHFS"},
                                                           {"virtiofs", "Virtiofs"},
                                                           {"sftpDriver", "SFTPDriver"}};
    const auto found = kWords.find(key);
    if (found != kWords.end()) {
        return found->second;
    }
    std::string name = key;
    if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') {
        name[0] = static_cast<char>(name[0] - 'a' + 'A');
    }
    return name;
}

/// The configuration with Go's field names; what a user named (params, env, driver options) keeps
/// its keys.
Json go_names(const Json& value) {
    static const std::set<std::string> kUserMaps{"env",    "param",  "hosts",
                                                 "vmOpts", "osOpts", "cpuType"};
    if (value.is_array()) {
        Json out = Json::array();
        for (const auto& item : value) {
            out.push_back(go_names(item));
        }
        return out;
    }
    if (!value.is_object()) {
        return value;
    }
    Json out = Json::object();
    for (const auto& [key, item] : value.items()) {
        out[go_field_name(key)] = kUserMaps.contains(key) ? item : go_names(item);
    }
    return out;
}

}  // namespace

Json template_data(const Instance& instance, const HostFacts& host, const std::string& lima_home,
                   const std::string& identity_file) {
    const Json record = to_json(instance);
    Json data = Json::object();
    for (const auto& field : kFields) {
        const auto it = record.find(field.json);
        Json value = it == record.end() ? zero_of(field.go) : *it;
        const bool nested = std::string_view(field.go) == "Config" || value.is_array();
        data[field.go] = nested ? go_names(value) : value;
    }
    data["Instance"] = Json(data);
    data["HostOS"] = host.os;
    data["HostArch"] = host.arch;
    data["LimaHome"] = lima_home;
    data["IdentityFile"] = identity_file;
    return data;
}

std::vector<std::string> template_fields() {
    std::vector<std::string> names;
    for (const auto& field : kFields) {
        names.emplace_back(field.go);
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace lima::store
