#include "plugins/qemu/driver.hpp"

#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/lock.hpp"
#include "plugins/qemu/power_off.hpp"

namespace lima::qemu {

namespace {

constexpr std::chrono::milliseconds kAdoptLimit{10000};

Result<> open_monitor_of(Vm& vm) {
    const std::string path = (vm.config().dir / "qmp.sock").string();
    LIMA_TRY(Fd socket, connect_unix(path), "its monitor cannot be reached");
    LIMA_DO(vm.open_monitor(std::move(socket), kAdoptLimit), "its monitor does not answer");
    return {};
}

Failure no_image(const Config& config) {
    return fail(Error(Code::kNotFound, fmt::format("there is neither a disk nor an image in {}",
                                                   config.dir.string()))
                    .with_hint("start the instance again, which fetches its image"));
}

}  // namespace

QemuDriver::QemuDriver(const sdk::Host& host) : Driver(host), services_(host) {}

QemuDriver::~QemuDriver() {
    if (vm_) {
        vm_->detach();
    }
}

Result<Config> QemuDriver::configured() const {
    const std::lock_guard lock(mutex_);
    if (!config_) {
        return failf(Code::kFailedPrecondition, "the driver is not configured");
    }
    return *config_;
}

Result<std::string> QemuDriver::configure(const sdk::Call&, std::string_view instance_json) {
    LIMA_TRY(Json instance, parse_json(instance_json), "the instance's JSON");
    LIMA_TRY(const HostFacts facts, host_facts());
    ConfigureFacts known;
    known.host_os = facts.os;
    known.created_before_1_0 = created_before_1_0(json_string(instance, "dir"));
    LIMA_TRY(const std::vector<std::string> warnings, fill_defaults(instance, known));
    for (const std::string& warning : warnings) {
        host().warn(warning);
    }
    LIMA_TRY(Config config, read_config(instance, known));
    const std::lock_guard lock(mutex_);
    // The port of a VM that runs is a fact, whatever a second caller knows of it.
    if (running() && config.ssh_port == 0) {
        config.ssh_port = vm_->config().ssh_port;
    }
    config_ = std::move(config);
    return dump_json(instance);
}

Result<> QemuDriver::validate(const sdk::Call&) {
    LIMA_TRY(const Config config, configured());
    LIMA_TRY(const Survey survey, survey_host(config));
    for (const std::string& warning : survey.warnings) {
        host().warn(warning);
    }
    return check_instance(config);
}

Result<> QemuDriver::create_disk(const sdk::Call& call) {
    LIMA_TRY(const Config config, configured());
    if (fs::exists(config.dir / "disk")) {
        return {};
    }
    if (fs::exists_nofollow(config.dir / "image")) {
        return disk_from_image(call, config);
    }
    if (fs::exists(config.dir / "iso")) {
        return disk_for_iso(call, config);
    }
    return no_image(config);
}

Result<> QemuDriver::disk_from_image(const sdk::Call& call, const Config& config) {
    const auto image = config.dir / "image";
    LIMA_TRY(const sdk::DiskInfo info, services_.disks.inspect(call, image.string()),
             "cannot inspect {}", image.string());
    if (info.iso) {
        LIMA_DO(fs::rename(image, config.dir / "iso"));
        auto made = disk_for_iso(call, config);
        if (!made) {
            static_cast<void>(fs::rename(config.dir / "iso", image));
        }
        return made;
    }
    if (!info.backing_file.empty()) {
        return failf(Code::kInvalidArgument,
                     "the image {} needs another file ({}); only images that stand alone can be "
                     "used",
                     image.string(), info.backing_file);
    }
    if (info.format.empty()) {
        return failf(Code::kInvalidArgument, "the format of {} is unknown", image.string());
    }
    if (info.format != "qcow2" && info.format != "raw") {
        host().warn(fmt::format("the format {} of the image is not well tested", info.format));
    }
    return fs::rename(image, config.dir / "disk");
}

Result<> QemuDriver::disk_for_iso(const sdk::Call& call, const Config& config) {
    call.progress(0, 0, "creating the disk");
    return services_.disks.create(call, (config.dir / "disk").string(), "qcow2", config.disk);
}

Result<> QemuDriver::start(const sdk::Call& call) {
    LIMA_TRY(const Config config, configured());
    if (running()) {
        return failf(Code::kAlreadyExists, "the VM runs already (QEMU has pid {})", vm_->pid);
    }
    let_go(call);
    if (config.ssh_over_vsock) {
        host().warn("field `ssh.overVsock` is not implemented for vmType qemu");
    }
    call.progress(0, 0, "starting QEMU");
    std::string accel;
    {
        Launch launch(config, services_, call);
        LIMA_TRY(auto vm, launch.run());
        accel = launch.accel();
        vm_ = std::move(vm);
    }
    if (!vm_->announce(accel)) {
        Error why = vm_->early_exit();
        let_go(call);
        return fail(std::move(why));
    }
    return {};
}

Result<std::shared_ptr<Vm>> QemuDriver::follow(const Config& config) {
    LIMA_TRY(const PidFileState state, read_pid_file(config.dir / kPidFile, qemu_process_names()));
    if (state.pid == 0) {
        return failf(Code::kNotFound, "no QEMU runs for the instance {}", config.name);
    }
    LIMA_TRY(ForeignProcess watched, ForeignProcess::open(state.pid));
    LIMA_TRY(ForeignProcess target, ForeignProcess::open(state.pid));
    LIMA_TRY(auto vm, Vm::create(config, host()));
    vm->pid = state.pid;
    vm->adopted = true;
    vm->locked_disks = config.additional_disks;
    // With which firmware it was started is not known any more; the usual case is with one.
    vm->power_button_limit =
        power_button_limit(config, !config.legacy_bios, fs::exists(config.dir / "kernel"));
    const auto shared = std::make_shared<ForeignProcess>(std::move(target));
    vm->signal = [shared](int number) { static_cast<void>(shared->signal(number)); };
    vm->watch(std::move(watched));
    watch_helpers(*vm, config);
    return vm;
}

/// Those that an earlier host started for the VM.
void QemuDriver::watch_helpers(Vm& vm, const Config& config) {
    std::vector<std::shared_ptr<Helper>> helpers;
    for (const auto& [file, pid] : living_helpers(config.dir)) {
        auto helper = Helper::create(helper_role(config, file), host());
        auto process = ForeignProcess::open(pid);
        if (helper && process && (*helper)->watch(std::move(*process))) {
            helpers.push_back(std::move(*helper));
        }
    }
    serve(vm, std::move(helpers));
}

Result<> QemuDriver::adopt(const sdk::Call& call) {
    if (running()) {
        return {};
    }
    LIMA_TRY(const Config config, configured());
    LIMA_TRY(auto vm, follow(config));
    LIMA_DO(open_monitor_of(*vm), "cannot adopt QEMU (pid {})", vm->pid);
    let_go(call);
    if (!vm->announce({})) {
        return failf(Code::kNotFound, "QEMU (pid {}) ended meanwhile", vm->pid);
    }
    vm_ = std::move(vm);
    return {};
}

Result<> QemuDriver::stop(const sdk::Call& call) {
    LIMA_TRY(const Config config, configured());
    if (!vm_) {
        // A QEMU that an earlier host left behind is ours to stop too, with its monitor or without.
        auto found = follow(config);
        if (!found && found.error().code() != Code::kNotFound) {
            return fail(std::move(found.error()));
        }
        if (!found) {
            clean_up(config, {}, services_, call);
            return {};
        }
        vm_ = std::move(*found);
        if (auto opened = open_monitor_of(*vm_); !opened) {
            host().warn(opened.error().text());
        }
    }
    if (!vm_->network.empty()) {
        const auto done = services_.networks.unexpose(call, vm_->network, vm_->config().ssh_port);
        if (!done) {
            host().warn(done.error().text());
        }
    }
    for (const std::shared_ptr<Helper>& helper : vm_->helpers) {
        helper->detach();  // from now on they may end
    }
    Result<> result = vm_->running() ? power_off(host(), call, *vm_) : Result<>();
    if (result) {
        let_go(call);
    }
    return result;
}

/// Forgets a VM that is gone, with all that it left.
void QemuDriver::let_go(const sdk::Call& call) {
    if (!vm_) {
        return;
    }
    const std::shared_ptr<Vm> vm = std::move(vm_);
    vm->detach();
    clean_up(vm->config(), vm->locked_disks, services_, call);
}

Result<lima_handle> QemuDriver::connect(const sdk::Call&) {
    LIMA_TRY(const Config config, configured());
    LIMA_TRY(Fd socket, connect_unix((config.dir / "ga.sock").string()),
             "cannot reach the guest agent's port");
    return socket.release();
}

Result<lima_handle> QemuDriver::connect_channel(const sdk::Call&, std::string_view name) {
    LIMA_TRY(const Config config, configured());
    if (name != "forward") {
        return failf(Code::kNotFound, "there is no channel {} to the guest", name);
    }
    LIMA_TRY(Fd socket, connect_unix((config.dir / "fwd.sock").string()),
             "cannot reach the guest's port for forwards");
    return socket.release();
}

Result<std::string> QemuDriver::info() const {
    Json features = Json::object();
    for (const char* name : {"dynamicSSHAddress", "staticSSHPort", "skipSocketForwarding",
                             "noCloudInit", "rosettaEnabled", "rosettaBinFmt"}) {
        features[name] = false;
    }
    features["supportedImageFormats"] = {"qcow2", "raw", "vmdk", "vhdx"};
    Json info = Json::object();
    info["name"] = "qemu";
    info["vsockPort"] = 0;
    info["virtioPort"] = kGuestAgentPort;
    {
        const std::lock_guard lock(mutex_);
        if (config_) {
            info["instanceDir"] = config_->dir.string();
        }
    }
    info["features"] = std::move(features);
    return dump_json(info);
}

Result<std::string> QemuDriver::config_schema() const { return std::string(kVmOptsSchema); }

}  // namespace lima::qemu
