#include "core/hostagent/machine.hpp"

#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/lock.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/cidata/cidata.hpp"
#include "core/config/load.hpp"
#include "core/hostagent/port.hpp"
#include "core/instance/instance.hpp"
#include "core/instance/open_driver.hpp"
#include "core/instance/ssh_target.hpp"
#include "core/network/networks.hpp"
#include "core/ssh/keys.hpp"
#include "core/store/status.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace lima::hostagent {
namespace {

/// Beside cidata.iso: the id in it, for an agent that takes over a VM which booted from it.
constexpr const char* kIdFile = "cidata.iid";

Result<void> refuse_broken(const store::Instance& instance) {
    if (instance.config) {
        return {};
    }
    return fail(Error(Code::kInvalidArgument,
                      "instance " + go_quote(instance.name) +
                          " has configuration errors: " + join(instance.errors, "; "))
                    .with_hint("correct `" +
                               (std::filesystem::path(instance.dir) / store::file::kYaml).string() +
                               "`"));
}

/// An agent that died at the wrong moment left its own number in there instead of the VM's.
Result<void> correct_pid_file(const std::filesystem::path& path, pid_t pid) {
    const std::string text = std::to_string(pid) + "\n";
    LIMA_TRY(const std::string now, fs::read_file(path));
    if (now == text) {
        return {};
    }
    // In place: the VM holds the lock of this very file.
    const Fd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file || ftruncate(file.get(), 0) != 0) {
        return fail_errno(errno, "cannot correct " + path.string());
    }
    return write_all(file.get(), text);
}

/// Whether the VM of an earlier agent still runs, and can be taken over.
Result<bool> must_adopt(const Machine& machine) {
    const auto pid_file = machine.dir() / store::driver_pid_file(machine.instance.vm_type);
    LIMA_TRY(const PidFileState state, read_pid_file(pid_file));
    if (!state.held) {
        return false;
    }
    if (!machine.driver->has_extension(LIMA_EXT_ADOPT)) {
        return fail(Error(Code::kFailedPrecondition,
                          fmt::format("the VM still runs (pid {}) without a host agent, and the "
                                      "driver {} cannot take it over",
                                      state.pid, machine.instance.vm_type))
                        .with_hint("run `limactl stop -f " + machine.instance.name + "`"));
    }
    LIMA_DO(correct_pid_file(pid_file, state.pid));
    return true;
}

Result<int> ssh_port_of(const Machine& machine) {
    if (machine.info.static_ssh_port) {
        return 22;
    }
    const config::Config& config = *machine.instance.config;
    if (machine.adopt) {
        LIMA_TRY(const std::string text, fs::read_file(machine.dir() / store::file::kSshConfig),
                 "the port of the VM that runs");
        if (const int port = ssh::port_of_config(text); port > 0) {
            return port;
        }
    }
    return choose_ssh_port(config.ssh.local_port.value_or(0), machine.instance.name,
                           machine.instance.lima_version);
}

Result<void> configure(Machine& machine) {
    LIMA_TRY(const Json reply, machine.driver->configure(store::to_json(machine.instance)));
    if (const auto it = reply.find("config"); it != reply.end()) {
        LIMA_DO(config::apply_json(*it, *machine.instance.config), "the driver's defaults");
    }
    return {};
}

config::StringMap proxy_environment(const config::Config& config) {
    config::StringMap out;
    if (!config.propagate_proxy_env.value_or(true)) {
        return out;
    }
    for (const char* name : {"ftp_proxy", "http_proxy", "https_proxy", "no_proxy", "FTP_PROXY",
                             "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}) {
        if (const char* value = std::getenv(name); value != nullptr) {
            out[name] = value;
        }
    }
    return out;
}

Result<cidata::Input> cidata_input(const Machine& machine, const Options& options,
                                   const HostFacts& host) {
    const config::Config& config = *machine.instance.config;
    cidata::Input input;
    input.name = machine.instance.name;
    input.instance_id = machine.instance_id;
    input.instance_dir = machine.dir();
    input.config = config;
    input.vm_type = machine.instance.vm_type;
    LIMA_TRY(input.public_keys,
             ssh::public_keys(machine.home.config_dir(),
                              config.ssh.load_dot_ssh_pub_keys.value_or(false), host.home));
    input.host_home = host.home.string();
    input.machine_id = host.machine_id;
    LIMA_TRY(input.user_v2_names, network::user_v2_names(machine.home));
    input.vsock_port = machine.info.vsock_port;
    input.virtio_port = machine.info.virtio_port;
    input.no_cloud_init = machine.info.no_cloud_init;
    const bool plain = config.plain.value_or(false);
    input.rosetta_enabled = machine.info.rosetta_enabled && !plain;
    input.rosetta_bin_fmt = machine.info.rosetta_bin_fmt && !plain;
    LIMA_TRY(input.driver_boot_scripts, machine.driver->boot_scripts());
    input.debug = options.debug;
    input.proxy_env = proxy_environment(config);
    input.guest_agent = options.guest_agent;
    input.nerdctl_archive = options.nerdctl_archive;
    return input;
}

Result<void> write_cidata(const Machine& machine, const Options& options, const HostFacts& host,
                          std::int64_t now) {
    LIMA_TRY(const cidata::Input input, cidata_input(machine, options, host));
    LIMA_TRY(const std::vector<cidata::Entry> tree, cidata::build_tree(input));
    LIMA_TRY(const std::string reference, cidata::cloud_config(input));
    LIMA_DO(fs::write_file_atomic(machine.dir() / store::file::kCloudConfig, reference, 0444));
    const cidata::IsoOptions iso{.label = "cidata", .time = now};
    LIMA_DO(cidata::write_iso(machine.dir() / store::file::kCidata, tree, iso));
    return fs::write_file_atomic(machine.dir() / kIdFile, machine.instance_id + "\n");
}

Result<void> make_cidata(Machine& machine, const Options& options, const HostFacts& host) {
    if (machine.adopt) {
        // The guest has this very file in its drive.
        LIMA_TRY(const std::string id, fs::read_file(machine.dir() / kIdFile));
        machine.instance_id = trim(id);
        return {};
    }
    const std::int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                                 std::chrono::system_clock::now().time_since_epoch())
                                 .count();
    machine.instance_id = "iid-" + std::to_string(now);
    return write_cidata(machine, options, host, now);
}

Result<void> write_ssh_config(Machine& machine, const HostFacts& host) {
    LIMA_TRY(machine.client, ssh::detect_client());
    machine.target = instance::ssh_target(machine.home, host, machine.instance);
    LIMA_TRY(const std::string text, ssh::render_config(machine.client, machine.target));
    const auto path = machine.dir() / store::file::kSshConfig;
    // A VM is taken over on a full disk too.
    if (machine.adopt && fs::read_file(path) == text) {
        return {};
    }
    return fs::write_file_atomic(path, text, 0600);
}

Result<void> set_up_guest(Machine& machine, const Options& options, const HostFacts& host) {
    LIMA_DO(ssh::ensure_identity(machine.home.config_dir()));
    LIMA_DO(make_cidata(machine, options, host), "cannot make the cloud-init seed");
    LIMA_DO(write_ssh_config(machine, host), "cannot write ssh.config");
    machine.containerd_archive = !options.nerdctl_archive.empty();
    return {};
}

}  // namespace

Result<std::unique_ptr<Machine>> set_up(const Options& options, driver::EventHandler on_event) {
    LIMA_TRY(const instance::Context context, instance::make_context());
    LIMA_TRY(store::Instance instance, instance::inspect(context, options.name));
    LIMA_DO(refuse_broken(instance));
    auto machine = std::unique_ptr<Machine>(
        new Machine{.home = context.home, .instance = std::move(instance)});

    driver::OpenOptions open;
    open.host_name = "lima-hostagent";
    open.owner = "ha";
    open.instance_dir = machine->instance.dir;
    open.on_event = std::move(on_event);
    LIMA_TRY(machine->driver,
             instance::open_driver(context, machine->instance.vm_type, std::move(open)));
    LIMA_TRY(machine->info, machine->driver->info());
    LIMA_TRY(machine->adopt, must_adopt(*machine));
    if (machine->info.has_guest) {
        LIMA_TRY(machine->instance.ssh_local_port, ssh_port_of(*machine));
    }
    LIMA_DO(configure(*machine));
    LIMA_TRY(machine->info, machine->driver->info());
    if (machine->info.has_guest) {
        LIMA_DO(set_up_guest(*machine, options, context.host));
    }
    return machine;
}

}  // namespace lima::hostagent
