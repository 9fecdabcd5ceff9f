// Checks of images, archives, mounts and the user.
#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/config/checks.hpp"
#include "core/config/fill.hpp"

#include <filesystem>

namespace lima::config {
namespace {

/// Directories of the guest that a mount would make unusable.
const std::vector<std::string> kSystemDirs = {"/",    "/bin",  "/dev", "/etc", "/home",
                                              "/opt", "/sbin", "/tmp", "/usr", "/var"};

void check_mount_location(const Mount& mount, const std::string& path, const ValidateInput& input,
                          Problems& out) {
    const std::string& location = mount.location;
    if (!location.starts_with('/') && !location.starts_with('~')) {
        out.add(path, "field `{}` must be an absolute path, got {}", path, name_quote(location));
        return;
    }
    const auto expanded = fs::expand(location, input.host.home);
    if (!expanded) {
        out.add(path, "field `{}` refers to an unexpandable path {}: {}", path,
                name_quote(location), expanded.error().text());
        return;
    }
    std::error_code error;
    const auto status = std::filesystem::status(*expanded, error);
    if (status.type() == std::filesystem::file_type::not_found) {
        out.warn("field `{}` refers to a directory that does not exist: {}", path,
                 name_quote(location));
    } else if (error) {
        out.add(path, "field `{}` refers to an inaccessible path {}: {}", path,
                name_quote(location), error.message());
    } else if (!std::filesystem::is_directory(status)) {
        out.add(path, "field `{}` refers to a non-directory path: {}", path, name_quote(location));
    }
}

void check_mount_point(const Mount& mount, const std::string& path, const Config& config,
                       Problems& out) {
    const std::string point = mount.mount_point.value_or("");
    if (contains(kSystemDirs, point)) {
        out.add(path, "field `{}` must not be a system path such as {}", path, name_quote(point));
    }
    if (config.user.home && point == *config.user.home) {
        out.add(path, "field `{}` is the reserved internal home directory {}", path,
                name_quote(point))
            .needs = {"user"};
    }
    if (point.starts_with('~')) {
        out.add(path, "field `{}` must not start with `~`, got {}", path, name_quote(point));
    }
}

bool is_windows_shell(const std::string& shell) {
    const std::size_t slash = shell.find_last_of("/\\");
    const std::string name = to_lower(shell.substr(slash == std::string::npos ? 0 : slash + 1));
    return contains({"cmd.exe", "powershell.exe", "pwsh.exe"}, name);
}

void check_sudo(const Config& config, const ValidateInput& input, Problems& out) {
    if (!config.user.passwordless_sudo) {
        return;
    }
    const char* const path = "user.passwordlessSudo";
    const bool darwin = config.os.value_or("") == "Darwin";
    if (*config.user.passwordless_sudo) {
        if (darwin) {
            out.add(path, "field `user.passwordlessSudo` must be false for a Darwin guest")
                .needs = {"os"};
        }
        return;
    }
    if (resolve_vm_type(config, input.host) == "wsl2") {
        out.add(path, "field `user.passwordlessSudo` must be true for vmType `wsl2`").needs = {
            "vmType"};
    }
    if (!darwin && !config.plain.value_or(false)) {
        out.add(path, "field `user.passwordlessSudo` is false: field `plain` must be true")
            .needs = {"os", "plain"};
    }
}

}  // namespace

void check_images(const Config& config, const ValidateInput& input, Problems& out) {
    if (config.images.empty() && input.images_required && input.whole) {
        out.add("images",
                "field `images` must be set: name a disk image, or in `base` a template that does");
    }
    for (std::size_t i = 0; i < config.images.size(); ++i) {
        const Image& image = config.images[i];
        const std::string path = fmt::format("images[{}]", i);
        const auto same_arch = [&](const std::string& arch, const char* what) {
            if (arch != image.arch) {
                out.add(fmt::format("{}.{}.arch", path, what),
                        "field `{0}.{1}.arch` has the value {2}, but field `{0}.arch` has the "
                        "value {3}",
                        path, what, name_quote(arch), name_quote(image.arch));
            }
        };
        if (image.kernel) {
            same_arch(image.kernel->arch, "kernel");
        }
        if (image.initrd) {
            same_arch(image.initrd->arch, "initrd");
        }
    }
}

void check_containerd(const Config& config, Problems& out) {
    if (!config.containerd.system.value_or(false) && !config.containerd.user.value_or(false)) {
        return;
    }
    if (config.containerd.archives.empty()) {
        out.add("containerd.archives",
                "field `containerd.archives` must be set when containerd is on");
    }
    for (std::size_t i = 0; i < config.containerd.archives.size(); ++i) {
        check_facts(config.containerd.archives[i], fmt::format("containerd.archives[{}]", i), out);
    }
}

void check_mounts(const Config& config, const ValidateInput& input, Problems& out) {
    for (std::size_t i = 0; i < config.mounts.size(); ++i) {
        const Mount& mount = config.mounts[i];
        const std::string path = fmt::format("mounts[{}]", i);
        check_mount_location(mount, path + ".location", input, out);
        check_mount_point(mount, path + ".mountPoint", config, out);
        if (mount.virtiofs.queue_size && input.host.os != "linux") {
            out.warn("field `{}.virtiofs.queueSize` is only for Linux hosts", path);
        }
    }
}

void check_mount_type(const Config& config, const ValidateInput& input, Problems& out) {
    if (!config.mount_type) {
        return;
    }
    const std::string& type = *config.mount_type;
    if (contains(config.mount_types_unsupported, type)) {
        out.add("mountType",
                "field `mountType` must not be one of {} (field `mountTypesUnsupported`), got {}",
                go_list(config.mount_types_unsupported), name_quote(type))
            .needs = {"mountTypesUnsupported"};
    }
    if (type == "virtiofs" && input.host.os == "linux") {
        out.warn("`mountType: virtiofs` on Linux is experimental");
    }
}

void check_user(const Config& config, const ValidateInput& input, Problems& out) {
    const std::string shell = config.user.shell.value_or("");
    if (config.os.value_or("") == "Windows") {
        if (!is_windows_shell(shell)) {
            out.add("user.shell",
                    "field `user.shell` must be cmd.exe, powershell.exe or pwsh.exe for a Windows "
                    "guest, got {}",
                    name_quote(shell))
                .needs = {"os"};
        }
    } else if (!shell.starts_with('/')) {
        out.add("user.shell", "field `user.shell` must be an absolute path, got {}",
                name_quote(shell))
            .needs = {"os"};
    }
    check_sudo(config, input, out);
    if (config.user.name.value_or("") == "lima" && input.host.user != "lima" &&
        !is_usable_user(input.host.user, input.host.uid)) {
        out.warn(
            "the host's user {} (uid {}) cannot be a user of the guest: `lima` is used instead",
            name_quote(input.host.user), input.host.uid);
    }
}

void warn_experimental(const Config& config, const ValidateInput&, Problems& out) {
    if (config.os.value_or("") == "Windows") {
        out.warn("`os: Windows` is experimental");
    }
    if (contains({"riscv64", "armv7l", "s390x", "ppc64le"}, config.arch.value_or(""))) {
        out.warn("`arch: {}` is experimental", *config.arch);
    }
    if (config.video.display.value_or("").find("vnc") != std::string::npos) {
        out.warn("`video.display: {}` is experimental", *config.video.display);
    }
    if (!config.audio.device.value_or("").empty()) {
        out.warn("`audio.device` is experimental");
    }
    if (!config.audio.interface.value_or("").empty()) {
        out.warn("`audio.interface` is experimental");
    }
    if (config.mount_inotify.value_or(false)) {
        out.warn("`mountInotify` is experimental");
    }
    if (!config.user.passwordless_sudo.value_or(true)) {
        if (config.os.value_or("") != "Darwin") {
            out.warn("`user.passwordlessSudo: false` is experimental");
        }
        if (!config.param.empty()) {
            out.warn("`param` does not work together with `user.passwordlessSudo: false`");
        }
    }
}

}  // namespace lima::config
