#include "core/instance/driver_processes.hpp"

#include "core/base/fs.hpp"
#include "core/base/lock.hpp"
#include "core/base/log.hpp"
#include "core/base/posix/platform.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

namespace lima::instance {
namespace {

using Path = std::filesystem::path;

constexpr std::chrono::seconds kGrace(10);
constexpr std::string_view kOurs = "lima-driver-";
constexpr std::string_view kTheirs = ".drv.pid";

/// What a PID file says.
struct Record {
    pid_t pid = 0;
    std::uint64_t start_ticks = 0;  // 0 where the file has a pid only, as the original writes it
    std::string executable;
};

template <class T>
T number(std::string_view text) {
    T value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? value : T{0};
}

Record read_record(const Path& path) {
    const std::string text = fs::read_file(path).value_or(std::string());
    const std::vector<std::string_view> all = lines(text);
    Record record;
    record.pid = all.empty() ? 0 : number<pid_t>(trim(all[0]));
    record.start_ticks = all.size() < 2 ? 0 : number<std::uint64_t>(trim(all[1]));
    record.executable = all.size() < 3 ? "" : std::string(all[2]);
    return record;
}

/// "qemu" of lima-driver-qemu-ha.pid and of qemu.drv.pid; empty for a file of another kind.
std::string driver_of(std::string_view file) {
    if (file.ends_with(kTheirs)) {
        return std::string(file.substr(0, file.size() - kTheirs.size()));
    }
    for (const std::string_view owner : {"-cli.pid", "-ha.pid"}) {
        if (file.starts_with(kOurs) && file.ends_with(owner) &&
            file.size() > kOurs.size() + owner.size()) {
            return std::string(
                file.substr(kOurs.size(), file.size() - kOurs.size() - owner.size()));
        }
    }
    return {};
}

/// Whether one of its words is the program that the file names, or has the name of a driver.
bool runs_a_driver(pid_t pid, const std::string& executable) {
    const auto text = fs::read_file("/proc/" + std::to_string(pid) + "/cmdline");
    if (!text) {
        return false;
    }
    const std::vector<std::string> words = split(*text, '\0');
    return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
        const std::string name = Path(word).filename().string();
        return (!executable.empty() && word == executable) || name.starts_with(kOurs) ||
               name == "lima-run-driver";
    });
}

/// Whatever it has become since, by exec: it has the lock that the driver was given.
bool holds(const Path& file, pid_t pid) {
    const auto state = read_pid_file(file);
    return state && state->held && state->pid == pid;
}

/// It started before the file was written: a pid that was used again did not.
bool is_older(const ProcessId& id, const Path& file) {
    struct stat status{};
    if (stat(file.c_str(), &status) != 0) {
        return false;
    }
    constexpr std::chrono::seconds kSlack(1);
    return platform::start_time(id) <=
           std::chrono::system_clock::from_time_t(status.st_mtim.tv_sec) + kSlack;
}

/// Pinned first and looked at then, so that what is signalled is what was looked at.
std::optional<ForeignProcess> pin(const Path& file, const Record& record) {
    if (record.pid <= 1) {
        return std::nullopt;
    }
    auto process = ForeignProcess::open(record.pid);
    if (!process) {
        return std::nullopt;
    }
    const bool same = record.start_ticks != 0 ? process->id().start_ticks == record.start_ticks
                                              : is_older(process->id(), file);
    if (!same || !(holds(file, record.pid) || runs_a_driver(record.pid, record.executable))) {
        log::debug("{} names process {}, which is another program now", file.string(), record.pid);
        return std::nullopt;
    }
    return std::optional<ForeignProcess>(std::move(*process));
}

/// False when it lives on.
bool end(const ForeignProcess& process, const std::string& driver) {
    log::info("Ending the process of the driver {} (process {})", driver, process.pid());
    for (const int number : {SIGTERM, SIGKILL}) {
        if (const auto sent = process.signal(number);
            !sent && sent.error().code() != Code::kNotFound) {
            log::warn("cannot end the process of the driver {}: {}", driver, sent.error().text());
            return false;
        }
        if (const auto gone = process.wait_for(kGrace); gone && *gone) {
            return true;
        }
    }
    log::warn("the process of the driver {} (process {}) does not end", driver, process.pid());
    return false;
}

void drop(const Path& file) {
    if (const auto removed = fs::remove_if_exists(file); !removed) {
        log::warn("{}", removed.error().text());
    }
}

}  // namespace

void end_driver_processes(const Path& dir, pid_t spared) {
    for (const std::string& name : fs::list_names(dir).value_or(std::vector<std::string>())) {
        const std::string driver = driver_of(name);
        if (driver.empty()) {
            continue;
        }
        const Record record = read_record(dir / name);
        if (record.pid != 0 && record.pid == spared) {
            continue;
        }
        const auto process = pin(dir / name, record);
        if (process && !end(*process, driver)) {
            continue;
        }
        drop(dir / name);
        const Path socket = dir / (driver + ".drv.sock");
        if (!connect_unix(socket.string())) {
            drop(socket);
        }
    }
}

}  // namespace lima::instance
