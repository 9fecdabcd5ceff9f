#include "core/instance/launch.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"

#include <cerrno>
#include <fcntl.h>

namespace lima::instance {
namespace {

std::filesystem::path find_guest_agent(const Context& context, const config::Config& config) {
    const std::string os = config.os.value_or("Linux");
    const bool wanted = os == "Darwin" || (os == "Linux" && !config.plain.value_or(false));
    if (!wanted) {
        return {};
    }
    const auto share = context.self.parent_path().parent_path() / "share" / "lima";
    const std::string name =
        "lima-guestagent." + os + "-" + config.arch.value_or(context.host.arch);
    for (const auto& path : {share / (name + ".gz"), share / name}) {
        if (fs::exists(path)) {
            return path;
        }
    }
    log::debug("no guest agent in {}", share.string());
    return {};
}

std::filesystem::path find_nerdctl_archive(const config::Config& config, const std::string& arch) {
    if (!config.containerd.system.value_or(false) && !config.containerd.user.value_or(false)) {
        return {};
    }
    const auto cache = fetch::default_cache_dir();
    for (const config::File& archive : config.containerd.archives) {
        if (!cache || archive.arch != config.arch.value_or(arch)) {
            continue;
        }
        const std::filesystem::path local = archive.location;
        if (local.is_absolute() && fs::exists(local)) {
            return local;
        }
        const auto data = fetch::cache_entry(*cache, archive.location) / "data";
        if (fs::exists(data)) {
            return data;
        }
    }
    return {};
}

/// Room for what the host agent says until it is ready, should the disk get full meanwhile.
constexpr off_t kLogRoom = off_t{256} << 10U;

Result<Fd> fresh_file(const std::filesystem::path& path) {
    LIMA_DO(fs::remove_if_exists(path));
    Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644));
    if (!fd) {
        return fail_errno(errno, "cannot create `" + path.string() + "`");
    }
    // Where the file system cannot, writing shows it.
    if (fallocate(fd.get(), FALLOC_FL_KEEP_SIZE, 0, kLogRoom) != 0 &&
        (errno == ENOSPC || errno == EDQUOT)) {
        Error full = fail_errno(errno, "no room for `" + path.string() + "`").value();
        return fail(std::move(full).with_phase("setup"));
    }
    return fd;
}

}  // namespace

LaunchFiles find_launch_files(const Context& context, const store::Instance& instance) {
    if (!instance.config) {
        return {};
    }
    LaunchFiles files;
    files.guest_agent = find_guest_agent(context, *instance.config);
    files.nerdctl_archive = find_nerdctl_archive(*instance.config, context.host.arch);
    return files;
}

std::vector<std::string> hostagent_argv(const Context& context, const store::Instance& instance,
                                        const LaunchFiles& files, bool progress) {
    const std::filesystem::path dir = instance.dir;
    std::vector<std::string> argv = {context.hostagent.string()};
    if (context.debug) {
        argv.emplace_back("--debug");
    }
    argv.insert(argv.end(), {"--pidfile", (dir / store::file::kHaPid).string(), "--socket",
                             (dir / store::file::kHaSock).string()});
    if (!files.guest_agent.empty()) {
        argv.insert(argv.end(), {"--guestagent", files.guest_agent.string()});
    }
    if (!files.nerdctl_archive.empty()) {
        argv.insert(argv.end(), {"--nerdctl-archive", files.nerdctl_archive.string()});
    }
    if (progress) {
        argv.emplace_back("--progress");
    }
    argv.push_back(instance.name);
    return argv;
}

Result<LaunchLogs> fresh_logs(const std::filesystem::path& instance_dir) {
    LaunchLogs logs;
    LIMA_TRY(logs.out, fresh_file(instance_dir / store::file::kHaStdout));
    LIMA_TRY(logs.err, fresh_file(instance_dir / store::file::kHaStderr));
    return logs;
}

}  // namespace lima::instance
