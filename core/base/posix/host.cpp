#include "core/base/host.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/posix/platform.hpp"
#include "core/base/text.hpp"

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <pwd.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <vector>

namespace lima {
namespace {

struct Arch {
    std::string_view lima;
    std::string_view go;
    std::string_view kernel;  // where it is a third word
};

constexpr std::array<Arch, 6> kArchs = {{{"x86_64", "amd64", "x86_64"},
                                         {"aarch64", "arm64", "aarch64"},
                                         {"armv7l", "arm", "armv7l"},
                                         {"ppc64le", "ppc64le", "ppc64le"},
                                         {"riscv64", "riscv64", "riscv64"},
                                         {"s390x", "s390x", "s390x"}}};

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

void add_user(HostFacts& facts) {
    facts.uid = getuid();
    facts.gid = getgid();
    passwd entry{};
    passwd* found = nullptr;
    std::vector<char> buffer(16384);
    getpwuid_r(facts.uid, &entry, buffer.data(), buffer.size(), &found);
    facts.user = found != nullptr ? found->pw_name : environment("USER");
    facts.home = environment("HOME");
    if (found != nullptr) {
        const std::string_view gecos = found->pw_gecos == nullptr ? "" : found->pw_gecos;
        facts.comment = gecos.substr(0, gecos.find(','));
        if (facts.home.empty()) {
            facts.home = found->pw_dir;
        }
    }
}

}  // namespace

std::string normalize_arch(std::string_view word) {
    for (const Arch& arch : kArchs) {
        if (word == arch.lima || word == arch.go || word == arch.kernel) {
            return std::string(arch.lima);
        }
    }
    // 32-bit ARM processors say how new they are: armv7l, or armv8l when a 64-bit one plays the
    // old.
    return word == "armv8l" || word == "armhf" ? "armv7l" : "";
}

std::string go_arch(std::string_view arch) {
    for (const Arch& entry : kArchs) {
        if (arch == entry.lima) {
            return std::string(entry.go);
        }
    }
    return std::string(arch);
}

bool zone_exists(std::string_view name, const std::filesystem::path& zones) {
    if (name == "UTC") {
        return true;
    }
    if (name.empty() || name.front() == '/' || name.find("..") != std::string_view::npos) {
        return false;
    }
    const Fd file(open((zones / name).c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 4> magic{};
    return file && read(file.get(), magic.data(), magic.size()) == 4 &&
           std::string_view(magic.data(), magic.size()) == "TZif";
}

std::string host_timezone(const TimezoneFiles& files) {
    if (const auto text = fs::read_file(files.name); text && !trim(*text).empty()) {
        const std::string name(trim(*text));
        if (zone_exists(name, files.zones)) {
            return name;
        }
        log::warn("the time zone {} in {} is not known; using {}", name_quote(name),
                  name_quote(files.name.string()), name_quote(files.link.string()));
    }
    const auto target = fs::real_path(files.link);
    if (!target) {
        log::warn("cannot tell the time zone of this machine: {}", target.error().text());
        return "";
    }
    for (fs::Path dir = target->parent_path(); dir.has_relative_path(); dir = dir.parent_path()) {
        if (fs::exists(dir / "Etc" / "UTC")) {
            return target->lexically_relative(dir).string();
        }
    }
    log::warn("cannot tell the time zone of this machine: {} is not below a directory of zones",
              name_quote(target->string()));
    return "";
}

Result<HostFacts> host_facts() {
    HostFacts facts;
    utsname names{};
    if (uname(&names) != 0) {
        return failf(Code::kInternal, "cannot ask the kernel for its name");
    }
    facts.os = to_lower(names.sysname);
    facts.arch = normalize_arch(names.machine);
    if (facts.arch.empty()) {
        return failf(Code::kUnimplemented, "unsupported host architecture \"{}\"", names.machine);
    }
    facts.cpus = platform::cpu_count();
    facts.memory = platform::memory_bytes();
    add_user(facts);
    if (facts.home.empty()) {
        return failf(Code::kFailedPrecondition, "no home directory: $HOME is not defined");
    }
    facts.timezone = host_timezone();
    facts.machine_id = platform::machine_id();
    facts.temp_dir = environment("TMPDIR");
    if (facts.temp_dir.empty()) {
        facts.temp_dir = "/tmp";
    }
    return facts;
}

}  // namespace lima
