#include "plugins/qemu/firmware.hpp"

#include "core/base/text.hpp"

namespace lima::qemu {

namespace {

namespace stdfs = std::filesystem;

std::string firmware_hint(const Arch& arch, const std::string& file) {
    std::string hint = fmt::format(
        "install it, as with `apt-get install {}`, or copy one to "
        "~/.local/share/qemu/{}",
        arch.debian_firmware, file);
    if (arch.name == "x86_64") {
        hint += ", or set firmware.legacyBIOS to true";
    }
    return hint;
}

/// A firmware image that is a file of this host; what lies elsewhere was fetched into the instance
/// by the host, or not.
stdfs::path local_image(const Config& config, const Arch& arch, const FirmwareSearch& search,
                        std::vector<std::string>& warnings) {
    constexpr std::string_view kScheme = "file://";
    for (const FirmwareImage& image : config.firmware_images) {
        if ((!image.vm_type.empty() && image.vm_type != "qemu") || image.arch != arch.name) {
            continue;
        }
        std::string_view location = image.location;
        if (location.starts_with(kScheme)) {
            location.remove_prefix(kScheme.size());
        }
        const stdfs::path path(location);
        if (path.is_absolute() && search.exists(path)) {
            return path;
        }
        warnings.push_back(
            fmt::format("the firmware image {} is not used: it is not in the "
                        "instance directory as {}, and no file of this host",
                        image.location, kFirmwareFile));
    }
    return {};
}

}  // namespace

std::vector<stdfs::path> firmware_candidates(const Arch& arch, const FirmwareSearch& search) {
    const std::string file = fmt::format("edk2-{}-code.fd", arch.edk2);
    std::vector<stdfs::path> out;
    if (!search.home.empty()) {
        out.push_back(search.home / ".local/share/qemu" / file);
    }
    const stdfs::path bin = search.exe.parent_path();
    out.push_back((bin / "../share/qemu" / file).lexically_normal());
    if (search.host_os == "windows") {
        out.push_back(bin / "share" / file);
    }
    out.insert(out.end(), arch.firmware.begin(), arch.firmware.end());
    return out;
}

Result<FirmwareChoice> find_firmware(const Config& config, const Arch& arch,
                                     const FirmwareSearch& search) {
    FirmwareChoice choice;
    if (arch.edk2.empty() || (config.legacy_bios && arch.legacy_bios)) {
        return choice;
    }
    if (config.legacy_bios) {
        choice.warnings.push_back(
            fmt::format("firmware.legacyBIOS is ignored for arch {}", arch.name));
    }
    const stdfs::path own = config.dir / kFirmwareFile;
    if (search.exists(own)) {
        choice.path = own.string();
        return choice;
    }
    choice.path = local_image(config, arch, search, choice.warnings).string();
    if (!choice.path.empty()) {
        return choice;
    }
    std::vector<std::string> tried;
    for (const stdfs::path& path : firmware_candidates(arch, search)) {
        if (search.exists(path)) {
            choice.path = path.string();
            return choice;
        }
        tried.push_back(path.string());
    }
    return fail(Error(Code::kNotFound, fmt::format("cannot find a UEFI firmware for {} guests "
                                                   "(tried {})",
                                                   arch.name, join(tried, ", ")))
                    .with_hint(firmware_hint(arch, fmt::format("edk2-{}-code.fd", arch.edk2))));
}

}  // namespace lima::qemu
