#include "plugins/qemu/launch.hpp"

#include "core/base/fs.hpp"
#include "core/base/lock.hpp"
#include "core/base/text.hpp"
#include "plugins/qemu/swtpm.hpp"
#include "plugins/qemu/virtiofsd.hpp"

#include <csignal>

namespace lima::qemu {

namespace {

using std::chrono::milliseconds;

constexpr int kFirstInherited = 3;
constexpr milliseconds kRetryStep{4};
constexpr milliseconds kMonitorLimit{60000};
constexpr milliseconds kHelperLimit{5000};
constexpr milliseconds kHelperGrace{2000};
constexpr milliseconds kSameTime{1000};
constexpr milliseconds kKillLimit{10000};

}  // namespace

std::vector<std::string> qemu_process_names() {
    std::vector<std::string> names;
    for (const Arch& arch : all_arches()) {
        names.push_back(fmt::format("qemu-system-{}", arch.qemu));
    }
    return names;
}

milliseconds power_button_limit(const Config& config, bool firmware, bool kernel) {
    constexpr milliseconds kPatient = std::chrono::minutes(3);
    constexpr milliseconds kHopeless = std::chrono::seconds(20);
    const Arch* arch = find_arch(config.arch);
    // Without firmware an ARM machine that got its kernel directly has no ACPI that could carry the
    // button.
    const bool bare_arm =
        (config.arch == "aarch64" || config.arch == "armv7l") && !firmware && kernel;
    return arch != nullptr && arch->power_button && !bare_arm ? kPatient : kHopeless;
}

Helper::Role helper_role(const Config& config, const std::string& file) {
    if (file == kTpmState) {
        return {.title = "swtpm", .loss = "the guest's TPM does not answer any more", .file = file};
    }
    Helper::Role role{.title = file,
                      .loss = "this mount hangs in the guest until the instance is restarted",
                      .file = file};
    for (std::size_t i = 0; i < config.mounts.size(); ++i) {
        if (file == virtiofsd_file(i)) {
            role.title = "virtiofsd for " + config.mounts[i].location;
        }
    }
    return role;
}

void clean_up(const Config& config, const std::vector<std::string>& locked_disks,
              Services& services, const sdk::Call& call) {
    end_helpers(config.dir, kHelperGrace, services.host);
    std::vector<std::string> names = {"vncdisplay", "vncpassword", kTpmSocket};
    for (std::string& name : runtime_files(config)) {
        if (name.ends_with(".sock")) {
            names.push_back(std::move(name));
        }
    }
    for (const std::string& name : names) {
        if (const auto removed = fs::remove_if_exists(config.dir / name); !removed) {
            services.host.warn(removed.error().text());
        }
    }
    const auto pid_file = read_pid_file(config.dir / kPidFile, qemu_process_names());
    if (pid_file && pid_file->pid == 0 && !pid_file->held) {
        static_cast<void>(fs::remove_if_exists(config.dir / kPidFile));
    }
    for (const std::string& disk : locked_disks) {
        if (const auto done = services.disks.unlock(call, disk, config.dir.string()); !done) {
            services.host.warn(
                fmt::format("cannot unlock the disk {}: {}", disk, done.error().text()));
        }
    }
}

void serve(Vm& vm, std::vector<std::shared_ptr<Helper>> helpers) {
    for (const std::shared_ptr<Helper>& helper : helpers) {
        // All of them end with QEMU, and perhaps that is not seen yet.
        helper->serve([weak = vm.weak_from_this()] {
            const std::shared_ptr<Vm> served = weak.lock();
            return served && served->wait(-1, kSameTime) != Vm::Wait::kEnded;
        });
    }
    vm.helpers = std::move(helpers);
}

Launch::Launch(const Config& config, Services& services, const sdk::Call& call)
    : config_(config), services_(services), call_(call) {}

Launch::~Launch() {
    if (done_) {
        return;
    }
    for (const std::shared_ptr<Helper>& helper : helpers_) {
        helper->detach();
    }
    if (vm_) {
        if (vm_->signal && vm_->running()) {
            vm_->signal(SIGKILL);
            vm_->wait(-1, kKillLimit);
        }
        vm_->detach();
    }
    if (owns_files_) {
        end_helpers(config_.dir, milliseconds(0), services_.host);
        clean_up(config_, locked_, services_, call_);
    }
}

Result<std::shared_ptr<Vm>> Launch::run() {
    LIMA_TRY(survey_, survey_host(config_));
    LIMA_DO(check_instance(config_));
    for (const std::string& warning : survey_.warnings) {
        services_.host.warn(warning);
    }
    if (!survey_.accel.warning.empty()) {
        const std::string& hint = survey_.accel.hint;
        services_.host.warn(survey_.accel.warning + (hint.empty() ? "" : " (" + hint + ")"));
    }
    host_ = host_for_argv(survey_);
    LIMA_DO(clear_stale_files());
    LIMA_DO(prepare_disks());
    LIMA_DO(lock_disks());
    LIMA_DO(prepare_mounts());
    LIMA_DO(connect_networks());
    LIMA_DO(call_.check());
    LIMA_DO(start_virtiofsd());
    LIMA_DO(start_swtpm());
    LIMA_DO(start_qemu());
    LIMA_DO(wait_for_monitor());
    LIMA_DO(expose_ssh());
    serve(*vm_, helpers_);
    vm_->locked_disks = std::move(locked_);
    vm_->power_button_limit = power_button_limit(config_, !host_.firmware.empty(), host_.kernel);
    done_ = true;
    return vm_;
}

Result<void> Launch::clear_stale_files() {
    LIMA_TRY(const PidFileState state, read_pid_file(config_.dir / kPidFile, qemu_process_names()));
    if (state.pid != 0 || state.held) {
        return fail(Error(Code::kAlreadyExists,
                          fmt::format("the VM runs already (QEMU has pid {})", state.pid))
                        .with_hint("stop the instance first"));
    }
    owns_files_ = true;
    end_helpers(config_.dir, milliseconds(0), services_.host);
    for (const std::string& name : runtime_files(config_)) {
        LIMA_DO(fs::remove_if_exists(config_.dir / name));
    }
    return {};
}

Result<void> Launch::prepare_disks() {
    const auto& dir = config_.dir;
    if (fs::exists(dir / "disk")) {
        const std::string path = (dir / "disk").string();
        LIMA_TRY(const sdk::DiskInfo info, services_.disks.inspect(call_, path),
                 "cannot inspect {}", path);
        // The host's record of how the disk was made counts more than its content, which is the
        // guest's.
        LIMA_TRY(const auto recorded, fs::read_file_if_exists(dir / "disk.format"));
        host_.disk = DiskFile{path, recorded ? std::string(trim(*recorded)) : info.format};
    }
    host_.iso = fs::exists(dir / "iso");
    host_.kernel = fs::exists(dir / "kernel");
    host_.initrd = fs::exists(dir / "initrd");
    host_.cidata = fs::exists(dir / "cidata.iso");
    host_.windows_installed = fs::exists(dir / "win-done-installation");
    LIMA_TRY(host_.cmdline, fs::read_file_if_exists(dir / "kernel.cmdline"));
    if (host_.cmdline) {
        host_.cmdline = std::string(trim(*host_.cmdline));
    }
    return {};
}

Result<void> Launch::lock_disks() {
    for (const std::string& disk : config_.additional_disks) {
        LIMA_TRY(const sdk::LockedDisk locked,
                 services_.disks.lock(call_, disk, config_.dir.string()),
                 "cannot use the additional disk {}", disk);
        locked_.push_back(disk);
        host_.additional_disks.push_back(DiskFile{locked.path, locked.format});
    }
    return {};
}

Result<void> Launch::prepare_mounts() {
    if (config_.mount_type != "9p" && config_.mount_type != "virtiofs") {
        return {};
    }
    for (const Mount& mount : config_.mounts) {
        LIMA_DO(fs::make_dirs(mount.location, 0755), "cannot make the mount location {}",
                mount.location);
    }
    return {};
}

Result<NetLink> Launch::inherit_socket(const std::string& path) {
    LIMA_TRY(Fd socket, connect_unix(path));
    NetLink link;
    link.kind = NetLink::Kind::kFd;
    link.fd = kFirstInherited + static_cast<int>(sockets_.size());
    sockets_.push_back(std::move(socket));
    return link;
}

/// The first user-v2 network is net0; it also carries ssh.
Result<NetLink> Launch::connect_network(const Network& network) {
    if (network.lima.empty()) {
        LIMA_TRY(NetLink link, inherit_socket(network.socket));
        return link;
    }
    LIMA_TRY(const sdk::NetworkPaths paths, services_.networks.lookup(call_, network.lima));
    if (paths.mode == "user-v2") {
        LIMA_TRY(NetLink link, inherit_socket(paths.qemu_socket));
        if (network_.empty()) {
            network_ = network.lima;
            host_.net0 = link;
            link.kind = NetLink::Kind::kSkipped;
        }
        return link;
    }
    if (paths.socket.empty()) {
        return failf(Code::kFailedPrecondition,
                     "a network of mode \"{}\" is not possible on this host", paths.mode);
    }
    NetLink link;
    link.kind = NetLink::Kind::kStream;
    link.path = paths.socket;
    return link;
}

Result<void> Launch::connect_networks() {
    for (std::size_t i = 0; i < config_.networks.size(); ++i) {
        LIMA_TRY(NetLink link, connect_network(config_.networks[i]),
                 "cannot connect `networks[{}]`", i);
        host_.networks.push_back(std::move(link));
    }
    return {};
}

Result<void> Launch::start_helper(Helper::Role role, std::vector<std::string> argv) {
    LIMA_TRY(const std::shared_ptr<Helper> helper, Helper::create(role, services_.host));
    sdk::ProcessSpec spec;
    spec.argv = std::move(argv);
    spec.pid_file = (config_.dir / (role.file + ".pid")).string();
    // The callbacks hold the helper: they may come after the driver let go of it.
    spec.line = [helper](int, std::string_view text) { helper->line(text); };
    spec.exited = [helper](int code, int signal) { helper->ended(ExitStatus{code, signal}); };
    LIMA_DO(services_.processes.spawn(call_, std::move(spec)), "cannot start {}", role.title);
    helpers_.push_back(helper);
    const auto socket = config_.dir / (role.file + ".sock");
    const auto deadline = std::chrono::steady_clock::now() + kHelperLimit;
    while (!fs::exists(socket)) {
        LIMA_DO(helper->wait(call_.cancel_fd(), kRetryStep));
        if (std::chrono::steady_clock::now() > deadline) {
            return failf(Code::kDeadlineExceeded, "{}: {} did not appear in time", role.title,
                         socket.string());
        }
    }
    return {};
}

Result<void> Launch::start_virtiofsd() {
    if (config_.mount_type != "virtiofs" || config_.mounts.empty()) {
        return {};
    }
    const Virtiofsd& program = survey_.virtiofsd;
    for (std::size_t i = 0; i < config_.mounts.size(); ++i) {
        const Mount& mount = config_.mounts[i];
        const std::string file = virtiofsd_file(i);
        if (!mount.writable && !program.can_read_only) {
            services_.host.warn(fmt::format(
                "{} cannot share {} read-only: the guest mounts it so, but its root user could "
                "write to it",
                program.binary.string(), mount.location));
        }
        auto started =
            start_helper(helper_role(config_, file),
                         virtiofsd_argv(program, (config_.dir / (file + ".sock")).string(), mount));
        if (!started) {
            return fail(std::move(started.error()).with_hint(virtiofsd_hint(program)));
        }
    }
    return {};
}

Result<void> Launch::start_swtpm() {
    if (!config_.tpm) {
        return {};
    }
    LIMA_DO(prepare_swtpm(config_.dir), "cannot prepare the TPM's state");
    return start_helper(helper_role(config_, kTpmState), swtpm_argv(survey_.swtpm, config_.dir));
}

Result<void> Launch::start_qemu() {
    LIMA_TRY(CommandLine line, build_argv(config_, host_));
    for (const std::string& warning : line.warnings) {
        services_.host.warn(warning);
    }
    services_.host.debug("starting " + join(line.words, " "));
    LIMA_TRY(vm_, Vm::create(config_, services_.host));
    sdk::ProcessSpec spec;
    spec.argv = std::move(line.words);
    spec.pid_file = (config_.dir / kPidFile).string();
    for (const Fd& socket : sockets_) {
        spec.inherit.push_back(socket.get());
    }
    // As with helpers.
    const std::shared_ptr<Vm> vm = vm_;
    spec.line = [vm](int stream, std::string_view text) { vm->line(stream, text); };
    spec.exited = [vm](int code, int signal) { vm->ended(Vm::End{ExitStatus{code, signal}}); };
    LIMA_TRY(const std::int64_t id, services_.processes.spawn(call_, std::move(spec)),
             "cannot start QEMU");
    vm->pid = services_.processes.pid(id);
    vm->signal = [processes = &services_.processes, id](int number) {
        static_cast<void>(processes->signal(id, number));
    };
    return {};
}

Result<void> Launch::wait_for_monitor() {
    const std::string path = (config_.dir / "qmp.sock").string();
    const auto deadline = std::chrono::steady_clock::now() + kMonitorLimit;
    Fd socket;
    while (!socket) {
        if (auto connected = connect_unix(path)) {
            socket = std::move(*connected);
            break;
        }
        switch (vm_->wait(call_.cancel_fd(), kRetryStep)) {
            case Vm::Wait::kEnded:
                return fail(vm_->early_exit());
            case Vm::Wait::kCancelled:
                return failf(Code::kCancelled, "cancelled while QEMU was starting");
            case Vm::Wait::kTimeout:
                break;
        }
        if (std::chrono::steady_clock::now() > deadline) {
            return failf(Code::kDeadlineExceeded, "QEMU did not open its monitor within {} s",
                         kMonitorLimit.count() / 1000);
        }
    }
    auto opened = vm_->open_monitor(std::move(socket), kMonitorLimit);
    if (!opened) {
        // It hangs up when it ends: then its own words tell more.
        const bool gone = opened.error().code() == Code::kUnavailable &&
                          vm_->wait(-1, kHelperLimit) == Vm::Wait::kEnded;
        return gone ? fail(vm_->early_exit()) : fail(std::move(opened.error()));
    }
    return {};
}

Result<void> Launch::expose_ssh() {
    if (network_.empty() || config_.ssh_port == 0) {
        return {};
    }
    const std::string mac = mac_address(host_.machine_id, config_.dir.string());
    LIMA_DO(services_.networks.expose(call_, network_, mac, config_.ssh_port, 22),
            "cannot forward port {} to the guest's ssh on the network {}", config_.ssh_port,
            network_);
    vm_->network = network_;
    return {};
}

}  // namespace lima::qemu
