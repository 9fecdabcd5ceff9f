#include "core/instance/message.hpp"

#include "core/base/json.hpp"
#include "core/text/go_template.hpp"

#include <array>
#include <utility>

namespace lima::instance {
namespace {

enum class Zero { kText, kNumber, kFalse, kList, kObject };
struct Field {
    const char* name;  // as templates say it
    const char* key;   // as JSON says it
    Zero zero;         // what is there when JSON omits it
};
constexpr std::array<Field, 23> kFields = {{
    {"Name", "name", Zero::kText},
    {"Hostname", "hostname", Zero::kText},
    {"Status", "status", Zero::kText},
    {"Dir", "dir", Zero::kText},
    {"VMType", "vmType", Zero::kText},
    {"Arch", "arch", Zero::kText},
    {"CPUs", "cpus", Zero::kNumber},
    {"Memory", "memory", Zero::kNumber},
    {"Disk", "disk", Zero::kNumber},
    {"Message", "message", Zero::kText},
    {"AdditionalDisks", "additionalDisks", Zero::kList},
    {"Networks", "network", Zero::kList},
    {"SSHLocalPort", "sshLocalPort", Zero::kNumber},
    {"SSHConfigFile", "sshConfigFile", Zero::kText},
    {"HostAgentPID", "hostAgentPID", Zero::kNumber},
    {"DriverPID", "driverPID", Zero::kNumber},
    {"Errors", "errors", Zero::kList},
    {"Config", "config", Zero::kObject},
    {"SSHAddress", "sshAddress", Zero::kText},
    {"Protected", "protected", Zero::kFalse},
    {"LimaVersion", "limaVersion", Zero::kText},
    {"Param", "param", Zero::kObject},
    {"AutoStartedIdentifier", "autoStartedIdentifier", Zero::kText},
}};

Json zero_value(Zero zero) {
    switch (zero) {
        case Zero::kText:
            return "";
        case Zero::kNumber:
            return 0;
        case Zero::kFalse:
            return false;
        case Zero::kList:
            return Json::array();
        case Zero::kObject:
            break;
    }
    return Json::object();
}

Json template_data(const Context& context, const store::Instance& instance) {
    const Json record = store::to_json(instance);
    Json data = Json::object();
    for (const Field& field : kFields) {
        const auto found = record.find(field.key);
        data[field.name] = found == record.end() ? zero_value(field.zero) : *found;
    }
    data["Instance"] = Json(data);
    data["HostOS"] = context.host.os;
    data["HostArch"] = context.host.arch;
    data["LimaHome"] = context.home.root().string();
    data["IdentityFile"] = context.home.identity_file().string();
    return data;
}

}  // namespace

Result<std::string> render_message(const Context& context, const store::Instance& instance) {
    if (!instance.config || instance.config->message.empty()) {
        return std::string();
    }
    text::TemplateOptions options;
    options.strict_fields = true;
    options.name = "message";
    return text::expand_template(instance.config->message, template_data(context, instance),
                                 std::move(options));
}

}  // namespace lima::instance
