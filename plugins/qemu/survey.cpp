#include "plugins/qemu/survey.hpp"

#include "core/base/fs.hpp"

#include <cerrno>
#include <sys/un.h>
#include <unistd.h>

namespace lima::qemu {

namespace {

/// The longest socket path that the system takes, its final zero not counted.
constexpr std::size_t kLongestSocket = sizeof(sockaddr_un::sun_path) - 1;

Result<void> check_sockets(const Config& config) {
    for (const std::string& name : runtime_files(config)) {
        const std::string path = (config.dir / name).string();
        if (name.ends_with(".sock") && path.size() > kLongestSocket) {
            return fail(Error(Code::kInvalidArgument,
                              fmt::format("the socket path {} has {} bytes, {} are possible", path,
                                          path.size(), kLongestSocket))
                            .with_hint("choose a shorter instance name or $LIMA_HOME"));
        }
    }
    return {};
}

Result<void> check_mounts(const Config& config) {
    if (config.mount_type != "9p" && config.mount_type != "virtiofs") {
        return {};
    }
    for (const Mount& mount : config.mounts) {
        std::error_code error;
        const auto status = std::filesystem::status(mount.location, error);
        if (std::filesystem::exists(status) && !std::filesystem::is_directory(status)) {
            return failf(Code::kInvalidArgument,
                         "the mount location {} is not a directory of this host", mount.location);
        }
        if (std::filesystem::exists(status) && ::access(mount.location.c_str(), R_OK | X_OK) != 0) {
            return failf(Code::kPermissionDenied, "the mount location {} cannot be read",
                         mount.location);
        }
    }
    return {};
}

Result<void> check_files(const Config& config) {
    for (const char* name : {"disk", "iso", "kernel", "initrd"}) {
        const std::filesystem::path path = config.dir / name;
        const int mode = std::string_view(name) == "disk" ? R_OK | W_OK : R_OK;
        if (fs::exists_nofollow(path) && ::access(path.c_str(), mode) != 0) {
            return fail(
                Error(code_from_errno(errno), fmt::format("{} cannot be opened", path.string()))
                    .with_hint("check its owner and mode, and that it is no broken link"));
        }
    }
    return {};
}

/// Programs that are needed beside QEMU.
Result<void> find_helpers(const Config& config, Survey& survey) {
    if (config.tpm) {
        LIMA_DO(check_tpm(*survey.arch));
        LIMA_TRY(survey.swtpm, find_swtpm());
    }
    if (config.mount_type == "virtiofs" && !config.mounts.empty()) {
        LIMA_TRY(survey.virtiofsd, find_virtiofsd(survey.host.home, survey.program.exe));
    }
    return {};
}

}  // namespace

Result<Survey> survey_host(const Config& config) {
    Survey survey;
    survey.arch = find_arch(config.arch);
    if (survey.arch == nullptr) {
        return failf(Code::kInvalidArgument, "unknown architecture \"{}\"", config.arch);
    }
    LIMA_TRY(survey.host, host_facts());
    LIMA_TRY(survey.program, find_qemu(*survey.arch));
    LIMA_TRY(survey.features, probe_features(survey.program, *survey.arch, false));
    LIMA_TRY(std::string warning, check_version(survey.program, survey.features.version,
                                                minimum_versions(survey.host.os, survey.host.arch),
                                                config.minimum_version));
    if (!warning.empty()) {
        survey.warnings.push_back(std::move(warning));
    }
    const bool native = config.arch == survey.host.arch;
    const KvmState kvm = native && survey.host.os == "linux" ? probe_kvm() : KvmState{};
    survey.accel = choose_accelerator(config.arch, survey.host.arch, survey.host.os, kvm);
    // "max" is the one model that every QEMU has; only for others the long list is asked for.
    if (native && survey.accel.name != "tcg" ? true : config.cpu_type.contains(config.arch)) {
        LIMA_TRY(survey.features, probe_features(survey.program, *survey.arch, true));
    }
    LIMA_DO(find_helpers(config, survey));
    FirmwareSearch search;
    search.home = survey.host.home;
    search.exe = survey.program.exe;
    search.host_os = survey.host.os;
    search.exists = [](const std::filesystem::path& path) { return fs::exists(path); };
    LIMA_TRY(survey.firmware, find_firmware(config, *survey.arch, search));
    survey.warnings.insert(survey.warnings.end(), survey.firmware.warnings.begin(),
                           survey.firmware.warnings.end());
    const Host host = host_for_argv(survey);
    LIMA_DO(check_accel(host));
    LIMA_TRY([[maybe_unused]] const std::string model, cpu_model(config, host));
    return survey;
}

Host host_for_argv(const Survey& survey) {
    Host host;
    host.os = survey.host.os;
    host.arch = survey.host.arch;
    host.accel = survey.accel.name;
    host.cpu_passthrough = survey.host.os == "linux" || survey.host.os == "darwin";
    host.exe = survey.program.exe.string();
    host.extra_args = survey.program.extra_args;
    host.version = survey.features.version;
    host.accel_help = survey.features.accel_help;
    host.cpu_help = survey.features.cpu_help;
    host.machine_id = survey.host.machine_id;
    host.firmware = survey.firmware.path;
    return host;
}

Result<void> check_instance(const Config& config) {
    LIMA_DO(check_sockets(config));
    LIMA_DO(check_mounts(config));
    LIMA_DO(check_files(config));
    for (std::size_t i = 0; i < config.networks.size(); ++i) {
        const Network& network = config.networks[i];
        if (network.lima.empty() && network.socket.empty()) {
            return failf(Code::kInvalidArgument,
                         "`networks[{}]` needs `lima` or `socket` for vmType qemu", i);
        }
    }
    return {};
}

}  // namespace lima::qemu
