#include "plugins/qemu/virtiofsd.hpp"

#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"

#include <algorithm>

namespace lima::qemu {

namespace stdfs = std::filesystem;

std::vector<stdfs::path> vhost_user_directories(const stdfs::path& home, const stdfs::path& exe) {
    std::vector<stdfs::path> out;
    if (!home.empty()) {
        out.push_back(home / ".local/share/qemu/vhost-user");
    }
    out.push_back((exe.parent_path() / "../share/qemu/vhost-user").lexically_normal());
    const stdfs::path usual = "/usr/share/qemu/vhost-user";
    if (std::find(out.begin(), out.end(), usual) == out.end()) {
        out.push_back(usual);
    }
    return out;
}

std::string announced_virtiofsd(const std::string& json) {
    const auto object = parse_json(json);
    if (!object || json_string(*object, "type") != "fs") {
        return {};
    }
    return json_string(*object, "binary");
}

Result<Virtiofsd> find_virtiofsd(const stdfs::path& home, const stdfs::path& exe) {
    constexpr std::chrono::milliseconds kTimeout{5000};
    std::vector<std::string> tried;
    for (const stdfs::path& directory : vhost_user_directories(home, exe)) {
        const auto names = fs::list_names(directory);
        for (const std::string& name : names.value_or(std::vector<std::string>{})) {
            if (!name.ends_with(".json")) {
                continue;
            }
            const auto text = fs::read_file(directory / name);
            const std::string binary = text ? announced_virtiofsd(*text) : std::string();
            if (binary.empty()) {
                continue;
            }
            tried.push_back(binary);
            SpawnOptions options;
            options.argv = {binary, "--version"};
            const auto output = run(std::move(options), {}, kTimeout);
            if (output && output->status.ok()) {
                Virtiofsd program;
                program.binary = binary;
                program.classic = output->out.find("FUSE kernel interface") != std::string::npos;
                SpawnOptions help;
                help.argv = {binary, "--help"};
                const auto words = run(std::move(help), {}, kTimeout);
                program.can_read_only = words && words->out.find("--readonly") != std::string::npos;
                return program;
            }
        }
    }
    return fail(
        Error(Code::kNotFound, tried.empty()
                                   ? "cannot find virtiofsd"
                                   : "no virtiofsd runs (tried " + join(tried, ", ") + ")")
            .with_hint("install virtiofsd, as with `apt-get install virtiofsd` (on Debian 12: "
                       "qemu-system-common, which has it), or set mountType to 9p or "
                       "reverse-sshfs"));
}

std::vector<std::string> virtiofsd_argv(const Virtiofsd& program, const std::string& socket,
                                        const Mount& mount) {
    if (program.classic) {
        // A comma would begin another option.
        const std::string source =
            replace_all(replace_all(mount.location, "\\", "\\\\"), ",", "\\,");
        return {program.binary.string(), "--socket-path=" + socket, "-o", "source=" + source};
    }
    std::vector<std::string> argv = {program.binary.string(), "--socket-path", socket,
                                     "--shared-dir", mount.location};
    if (!mount.writable && program.can_read_only) {
        argv.emplace_back("--readonly");
    }
    return argv;
}

std::string virtiofsd_hint(const Virtiofsd& program) {
    return program.classic ? "this virtiofsd is the old one of QEMU 7, which only root can use; "
                             "install the newer one, or set mountType to 9p or reverse-sshfs"
                           : "set mountType to 9p or reverse-sshfs";
}

std::string virtiofsd_file(std::size_t mount) { return fmt::format("virtiofsd-{}", mount); }

}  // namespace lima::qemu
