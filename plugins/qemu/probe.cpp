#include "plugins/qemu/probe.hpp"

#include "core/base/fs.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"

#include <cstdlib>
#include <map>
#include <mutex>
#include <sys/stat.h>

namespace lima::qemu {

namespace {

constexpr std::chrono::milliseconds kProbeTimeout{20000};

std::string install_hint(const Arch& arch) {
    return fmt::format(
        "install QEMU: `apt-get install {}` on Debian and Ubuntu, `dnf install "
        "qemu-system-{}` on Fedora, `brew install qemu` on macOS",
        arch.debian, arch.qemu);
}

/// What a run with a help option prints, on whichever stream it prints it.
Result<std::string> help_of(const Program& program, std::vector<std::string> args) {
    SpawnOptions options;
    options.argv.push_back(program.exe.string());
    options.argv.insert(options.argv.end(), args.begin(), args.end());
    LIMA_TRY(Output output, run(std::move(options), {}, kProbeTimeout), "failed to run {}",
             program.exe.string());
    if (!output.status.ok()) {
        return failf(Code::kFailedPrecondition, "{} {}: {}: {}", program.exe.string(),
                     join(args, " "), output.status.text(), trim(output.err));
    }
    return trim(output.out).empty() ? std::move(output.err) : std::move(output.out);
}

/// What makes an answer stale: another file under the same name.
struct Stamp {
    std::int64_t size = -1;
    std::int64_t seconds = 0;
    std::int64_t inode = 0;
    bool operator==(const Stamp&) const = default;
};

Stamp stamp_of(const std::filesystem::path& path) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) {
        return {};
    }
    return {info.st_size, info.st_mtime, static_cast<std::int64_t>(info.st_ino)};
}

struct Known {
    Stamp stamp;
    Features features;
    bool has_cpu_help = false;
};

Result<Known> ask(const Program& program, const Stamp& stamp) {
    Known known;
    known.stamp = stamp;
    const auto version = help_of(program, {"--version"});
    if (version) {
        if (auto parsed = parse_version_output(*version)) {
            known.features.version = *parsed;
        } else {
            known.features.version_error = parsed.error().text();
        }
    } else {
        known.features.version_error = version.error().text();
    }
    LIMA_TRY(known.features.accel_help, help_of(program, {"-M", "none", "-accel", "help"}));
    return known;
}

std::string accelerator_of(const std::string& host_os) {
    if (host_os == "darwin") {
        return "hvf";
    }
    if (host_os == "windows") {
        return "whpx";
    }
    return host_os == "netbsd" || host_os == "dragonfly" ? "nvmm" : "tcg";
}

}  // namespace

Result<Program> find_qemu(const Arch& arch) {
    Program program;
    std::string name = fmt::format("qemu-system-{}", arch.qemu);
    const char* override_text = std::getenv(std::string(arch.env).c_str());
    if (override_text != nullptr && *override_text != '\0') {
        LIMA_TRY(std::vector<std::string> words, split_shell_words(override_text), "{}", arch.env);
        if (!words.empty()) {
            name = words.front();
            program.extra_args.assign(words.begin() + 1, words.end());
        }
    }
    auto found = find_program(name);
    if (!found) {
        return fail(Error(Code::kNotFound, fmt::format("cannot find {}, which runs {} guests: {}",
                                                       name, arch.name, found.error().text()))
                        .with_hint(install_hint(arch)));
    }
    program.exe = std::move(*found);
    return program;
}

Result<Features> probe_features(const Program& program, const Arch& arch, bool with_cpu_help) {
    // A leaked map: a module's statics have no time at which they could safely die.
    static auto& cache = *new std::map<std::string, Known>();
    static std::mutex mutex;

    const std::lock_guard lock(mutex);
    const std::string key = program.exe.string();
    const Stamp stamp = stamp_of(program.exe);
    auto found = cache.find(key);
    if (found == cache.end() || found->second.stamp != stamp) {
        LIMA_TRY(Known known, ask(program, stamp));
        found = cache.insert_or_assign(key, std::move(known)).first;
    }
    Known& known = found->second;
    if (with_cpu_help && !known.has_cpu_help) {
        known.features.cpu_help =
            help_of(program, {"-cpu", "help", "-machine", std::string(arch.cpu_probe)})
                .value_or("");
        known.has_cpu_help = true;
    }
    return known.features;
}

MinimumVersions minimum_versions(const std::string& host_os, const std::string& host_arch) {
    if (host_os == "darwin") {
        return host_arch == "aarch64" ? MinimumVersions{{8, 2, 1}, {8, 2, 1}}
                                      : MinimumVersions{{7, 0, 0}, {8, 2, 1}};
    }
    if (host_os == "windows") {
        return {{11, 0, 0}, {11, 0, 0}};
    }
    return {{4, 0, 0}, {6, 2, 0}};
}

Result<std::string> check_version(const Program& program, const std::optional<Version>& found,
                                  const MinimumVersions& minimum,
                                  const std::optional<Version>& wanted) {
    if (!found) {
        return fmt::format("cannot tell the version of {}; going on, but {} or later is needed",
                           program.exe.string(), minimum.hard.text());
    }
    if (*found < minimum.hard) {
        return fail(Error(Code::kFailedPrecondition,
                          fmt::format("{} is version {}, which is too old: {} or later is needed",
                                      program.exe.string(), found->text(), minimum.hard.text()))
                        .with_hint(fmt::format("upgrade QEMU, at best to {} or later",
                                               minimum.soft.text())));
    }
    if (wanted && *found < *wanted) {
        return fail(
            Error(Code::kFailedPrecondition,
                  fmt::format("{} is version {}, but vmOpts.qemu.minimumVersion asks for {}",
                              program.exe.string(), found->text(), wanted->text()))
                .with_hint("upgrade QEMU, or lower vmOpts.qemu.minimumVersion"));
    }
    if (*found < minimum.soft) {
        return fmt::format("{} is version {}; {} or later is recommended", program.exe.string(),
                           found->text(), minimum.soft.text());
    }
    return std::string();
}

Accelerator choose_accelerator(const std::string& guest_arch, const std::string& host_arch,
                               const std::string& host_os, const KvmState& kvm) {
    if (guest_arch != host_arch) {
        return {"tcg", {}, {}};
    }
    if (host_os != "linux") {
        return {accelerator_of(host_os), {}, {}};
    }
    if (kvm.usable) {
        return {"kvm", {}, {}};
    }
    return {"tcg",
            fmt::format("running the guest without KVM, on QEMU's emulator (tcg), which is much "
                        "slower: {}",
                        kvm.reason),
            kvm.hint};
}

}  // namespace lima::qemu
