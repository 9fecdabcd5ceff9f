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
                const bool classic = output->out.find("FUSE kernel interface") != std::string::npos;
                return Virtiofsd{binary, classic};
            }
        }
    }
    return fail(Error(Code::kNotFound, tried.empty()
                                           ? "cannot find virtiofsd"
                                           : "no virtiofsd runs (tried " + join(tried, ", ") + ")")
                    .with_hint("install virtiofsd, or set mountType to 9p or reverse-sshfs"));
}

std::vector<std::string> virtiofsd_argv(const Virtiofsd& program, const std::string& socket,
                                        const std::string& directory) {
    if (program.classic) {
        return {program.binary.string(), "--socket-path=" + socket, "-o", "source=" + directory};
    }
    return {program.binary.string(), "--socket-path", socket, "--shared-dir", directory};
}

}  // namespace lima::qemu
