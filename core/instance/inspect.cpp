// What an instance is and how it fares: reads only. Troubles are told in Instance::errors; only an
// instance that is not there is an error.
#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/hostapi/client.hpp"
#include "core/instance/instance.hpp"
#include "core/instance/load.hpp"
#include "core/instance/message.hpp"
#include "core/instance/open_driver.hpp"
#include "core/instance/unfinished.hpp"
#include "core/ssh/options.hpp"
#include "core/store/status.hpp"

#include <unistd.h>

namespace lima::instance {
namespace {

Failure not_there(const std::string& name) {
    return fail(
        Error(Code::kNotFound, fmt::format("instance {} does not exist", name_quote(name)))
            .with_hint(fmt::format("create it by `limactl create --name={} TEMPLATE`, or see "
                                   "`limactl list`",
                                   name)));
}

Result<std::string> read_yaml(const std::filesystem::path& dir, const std::string& name) {
    if (!fs::exists(dir)) {
        return not_there(name);
    }
    if (is_abandoned(dir)) {
        return fail(
            Error(Code::kNotFound,
                  fmt::format("instance {} is not complete: the command that made or "
                              "deleted it was interrupted",
                              name_quote(name)))
                .with_hint(fmt::format("create it again, or run `limactl delete {}`", name)));
    }
    const std::filesystem::path file = dir / store::file::kYaml;
    LIMA_TRY(auto text, fs::read_file_if_exists(file));
    if (!text) {
        return fail(
            Error(Code::kNotFound,
                  fmt::format("instance {} has no {}", name_quote(name), file.string()))
                .with_hint(fmt::format("if it is nothing that you need, remove {}", dir.string())));
    }
    return std::move(*text);
}

Result<store::Instance> load_instance(const Context& context, const std::string& name,
                                      std::string text) {
    const std::filesystem::path dir = context.home.instance_dir(name);
    LIMA_TRY(const config::LoadInput input,
             load_input(context, name, {std::move(text), (dir / store::file::kYaml).string()}));
    std::vector<std::string> warnings;
    const auto config = load_checked(context, input, warnings, Ask::kModules);
    for (const std::string& warning : warnings) {
        log::debug("{}", warning);
    }
    if (!config) {
        return fail(config.error());
    }
    return make_instance(context, name, *config);
}

/// PID files tell about these; others may have something to say of their own.
bool tells_by_pid_file(const std::string& vm_type) {
    return vm_type == "qemu" || vm_type == "vz" || vm_type == "krunkit";
}

void break_with(store::Instance& instance, std::string error) {
    instance.status = store::status::kBroken;
    instance.errors.push_back(std::move(error));
}

/// One of the two PID files is held: broken, unless the driver knows better.
bool is_half_alive(const store::Liveness& liveness) {
    return (liveness.host_agent_pid != 0) != (liveness.driver_pid != 0) &&
           liveness.errors.size() == 1;
}

/// True when the driver's word on the status counts more.
bool add_liveness(store::Instance& instance) {
    store::Liveness liveness = store::liveness(instance.dir, instance.vm_type);
    instance.status = liveness.status;
    instance.host_agent_pid = liveness.host_agent_pid;
    instance.driver_pid = liveness.driver_pid;
    instance.errors.insert(instance.errors.end(), liveness.errors.begin(), liveness.errors.end());
    return instance.status != store::status::kBroken || is_half_alive(liveness);
}

/// What the agent knows better than the file. The agent itself inspects before it has its socket.
/// False: it does not answer, whatever the driver says.
bool ask_host_agent(store::Instance& instance) {
    if (instance.host_agent_pid == 0 || instance.host_agent_pid == getpid()) {
        return true;
    }
    const auto info = hostapi::get_info(std::filesystem::path(instance.dir) / store::file::kHaSock);
    if (!info) {
        break_with(instance, fmt::format("cannot ask the host agent (process {}): {}",
                                         instance.host_agent_pid, info.error().text()));
        return false;
    }
    instance.ssh_local_port = info->ssh_local_port;
    instance.auto_started_identifier = info->auto_started_identifier;
    return true;
}

void read_ssh_port(store::Instance& instance) {
    if (instance.ssh_local_port != 0) {
        return;
    }
    const auto text = fs::read_file_if_exists(instance.ssh_config_file);
    if (!text) {
        instance.errors.push_back(text.error().text());
    } else if (*text) {
        instance.ssh_local_port = ssh::port_of_config(**text);
    }
}

/// What a driver says, or "" when it leaves it to the PID files.
Result<std::string> status_by_driver(const Context& context, store::Instance& instance) {
    LIMA_TRY(const auto driver, open_driver(context, instance.vm_type));
    if (driver->is_remote()) {
        // Each look at the instances would start a process that stays, so one is asked that ends.
        LIMA_TRY(const Json answer, driver->inspect(store::to_json(instance)));
        if (const std::string address = json_string(answer, "sshAddress"); !address.empty()) {
            instance.ssh_address = address;
        }
        if (const auto port = json_int(answer, "sshLocalPort"); port > 0) {
            instance.ssh_local_port = static_cast<int>(port);
        }
        return json_string(answer, "status");
    }
    if (!driver->has_extension(LIMA_EXT_STATUS)) {
        return std::string();
    }
    LIMA_DO(driver->configure(store::to_json(instance)));
    return driver->status();
}

void ask_driver(const Context& context, store::Instance& instance, bool driver_knows_better) {
    if (tells_by_pid_file(instance.vm_type)) {
        return;
    }
    const auto status = status_by_driver(context, instance);
    if (!status) {
        break_with(instance, "failed to inspect status: " + status.error().text());
        return;
    }
    if (status->empty() || !driver_knows_better) {
        return;
    }
    if (instance.status == store::status::kBroken) {
        instance.errors.clear();  // the PID files were not the whole story
    }
    instance.status = *status;
}

void add_message(const Context& context, store::Instance& instance) {
    auto message = render_message(context, instance);
    if (!message) {
        break_with(instance, "field `message` cannot be rendered: " + message.error().text());
        return;
    }
    instance.message = std::move(*message);
}

}  // namespace

Result<store::Instance> inspect(const Context& context, const std::string& name) {
    LIMA_DO(store::check_instance_name(name));
    const std::filesystem::path dir = context.home.instance_dir(name);
    LIMA_TRY(std::string text, read_yaml(dir, name));
    auto loaded = load_instance(context, name, std::move(text));
    const bool is_protected = fs::exists_nofollow(dir / store::file::kProtected);
    if (!loaded) {
        store::Instance instance;
        instance.name = name;
        instance.hostname = config::hostname_of(name);
        instance.dir = dir.string();
        instance.errors.push_back(loaded.error().text());
        instance.is_protected = is_protected;
        // Without the driver's name only the agent can be found; that much is needed to stop it.
        instance.host_agent_pid = store::liveness(dir, "").host_agent_pid;
        return instance;
    }
    store::Instance instance = std::move(*loaded);
    instance.is_protected = is_protected;
    bool driver_knows_better = add_liveness(instance);
    driver_knows_better = ask_host_agent(instance) && driver_knows_better;
    read_ssh_port(instance);
    ask_driver(context, instance, driver_knows_better);
    add_message(context, instance);
    return instance;
}

}  // namespace lima::instance
