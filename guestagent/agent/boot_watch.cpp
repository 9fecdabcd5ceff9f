#include "guestagent/agent/boot_watch.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "guestagent/agent/clock.hpp"
#include "guestagent/agent/dial.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace lima::guestagent {
namespace {

constexpr std::string_view kSteps = "run/lima-boot-steps";
constexpr std::string_view kStatus = "run/cloud-init/status.json";
constexpr std::string_view kResult = "run/cloud-init/result.json";
constexpr std::string_view kOutput = "var/log/cloud-init-output.log";
constexpr std::size_t kTail = 64 * 1024;
constexpr std::size_t kLargest = 1024 * 1024;  // of the other files: no boot writes more
constexpr int kOutputTries = 5;
constexpr int kSshdTries = 30;
constexpr std::chrono::seconds kSshdPatience{10};
constexpr std::chrono::seconds kSshdPause{1};

struct Marker {
    std::string_view kind;
    std::string_view file;
};
constexpr std::string_view kBootMarker = "boot";
constexpr std::array<Marker, 3> kMarkers{{{"session", "run/lima-ssh-ready"},
                                          {"fuse", "run/lima-fuse-ready"},
                                          {kBootMarker, "run/lima-boot-done"}}};

// cloud-init's files in /run are links into /var/lib/cloud/data; each of the directories may come
// later than we do, and then its parent tells.
constexpr std::array<std::string_view, 5> kDirectories{"run", "run/cloud-init", "var/lib",
                                                       "var/lib/cloud", "var/lib/cloud/data"};

/// Whether a change of this name in one of the directories is of interest.
bool interesting(std::string_view name) {
    return name.starts_with("lima-") || name == "cloud-init" || name == "cloud" || name == "data" ||
           name == "status.json" || name == "result.json";
}

/// At most so many bytes of the end of a file.
Result<LogTail> read_tail(const std::filesystem::path& path, std::size_t most) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat info{};
    if (!file || ::fstat(file.get(), &info) != 0) {
        return fail_errno(errno, path.native());
    }
    const auto size = static_cast<std::size_t>(std::max<off_t>(info.st_size, 0));
    LogTail out{.text = std::string(std::min(size, most), '\0'), .whole = size <= most};
    const ssize_t got = ::pread(file.get(), out.text.data(), out.text.size(),
                                static_cast<off_t>(size - out.text.size()));
    out.text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return out;
}

std::string read_small(const std::filesystem::path& path) {
    auto tail = read_tail(path, kLargest);
    return tail && tail->whole ? std::move(tail->text) : std::string();
}

}  // namespace

/// A question to the ssh server: does it answer with its banner?
struct BootWatch::Sshd {
    explicit Sshd(const asio::any_io_executor& executor) : socket(executor), timer(executor) {}
    asio::posix::stream_descriptor socket;
    asio::steady_timer timer;
    std::function<void()> cancel_dial;
};

std::string read_boot_id() {
    const auto text = fs::read_file("/proc/sys/kernel/random/boot_id");
    return text ? std::string(trim(*text)) : "";
}

bool file_system_full(const std::filesystem::path& path) {
    constexpr std::uint64_t kLeast = 1024 * 1024;
    constexpr std::uint64_t kPart = 1000;
    struct statvfs info{};
    if (::statvfs(path.c_str(), &info) != 0 || info.f_blocks == 0) {
        return false;
    }
    const std::uint64_t free = std::uint64_t{info.f_bavail} * info.f_frsize;
    const std::uint64_t all = std::uint64_t{info.f_blocks} * info.f_frsize;
    return free < kLeast || free < all / kPart || (info.f_files != 0 && info.f_favail == 0);
}

BootWatch::BootWatch(asio::any_io_executor executor, PortWatch& ports, BootWatchOptions options)
    : executor_(std::move(executor)),
      ports_(ports),
      options_(std::move(options)),
      log_({.uptime_ms = uptime_ms,
            .disk_full = [this] { return file_system_full(options_.root); },
            .output =
                [this](const std::string& name, std::size_t count) {
                    const auto tail = read_tail(at(kOutput), kTail);
                    return tail ? script_output(*tail, name, count) : ScriptOutput{};
                }},
           [this] { on_step(); }),
      inotify_(executor_),
      output_timer_(executor_),
      refresh_timer_(executor_) {}

BootWatch::~BootWatch() { *alive_ = false; }

std::filesystem::path BootWatch::at(std::string_view path) const { return options_.root / path; }

Result<void> BootWatch::start() {
    Fd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!inotify) {
        return fail_errno(errno, "cannot watch files");
    }
    inotify_.assign(inotify.release());
    log_.agent(BootStep::BEGIN, read_boot_id());
    add_directories();
    wait_for_files();
    read_files();
    if (options_.network) {
        network_ = std::make_unique<NetworkWatch>(
            executor_, [this](const std::string& address) { log_.network(address); });
        if (const auto started = network_->start(); !started) {
            log::warn("cannot watch the network: {}", started.error().text());
        }
    }
    if (options_.sshd) {
        subscription_ = ports_.subscribe([this](const std::vector<Port>& now) { on_ports(now); });
        on_ports(ports_.ports());
    }
    return {};
}

void BootWatch::ready() { log_.agent(BootStep::DONE, read_boot_id()); }

void BootWatch::add_directories() {
    constexpr std::uint32_t kMask =
        IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR;
    for (const std::string_view directory : kDirectories) {
        const std::string name(directory);
        if (!watched_.contains(name) &&
            ::inotify_add_watch(inotify_.native_handle(), at(directory).c_str(), kMask) >= 0) {
            watched_.insert(name);
        }
    }
}

void BootWatch::wait_for_files() {
    inotify_.async_wait(asio::posix::stream_descriptor::wait_read,
                        [this, alive = alive_](const boost::system::error_code& error) {
                            if (error || !*alive) {
                                return;
                            }
                            alignas(inotify_event) std::array<char, 8192> buffer{};
                            bool any = false;
                            for (;;) {
                                const ssize_t got =
                                    ::read(inotify_.native_handle(), buffer.data(), buffer.size());
                                if (got <= 0) {
                                    break;
                                }
                                for (const char* p = buffer.data(); p < buffer.data() + got;) {
                                    const auto* event = reinterpret_cast<const inotify_event*>(p);
                                    any = any || (event->mask & IN_Q_OVERFLOW) != 0 ||
                                          (event->len > 0 && interesting(event->name));
                                    p += sizeof(inotify_event) + event->len;
                                }
                            }
                            wait_for_files();
                            if (any) {
                                read_files();
                            }
                        });
}

void BootWatch::read_files() {
    add_directories();
    // Read in the opposite order of their being written, so that nothing is told before what led
    // to it: whoever hears that the boot is done has heard of every script that failed.
    const std::string result = read_small(at(kResult));
    std::array<std::string, kMarkers.size()> markers;
    for (std::size_t i = kMarkers.size(); i-- > 0;) {
        markers[i] = read_small(at(kMarkers[i].file));
    }
    if (const std::string text = read_small(at(kStatus)); !text.empty()) {
        log_.cloud_init_status(text);
    }
    const bool scripts_told = read_scripts();
    for (std::size_t i = 0; i < kMarkers.size(); ++i) {
        if (scripts_told || kMarkers[i].kind != kBootMarker) {
            log_.marker(std::string(kMarkers[i].kind), markers[i]);
        }
    }
    if (scripts_told && !result.empty()) {
        log_.cloud_init_result(result);
    }
    finish_when_done();
}

/// False: a script that failed is still to be told, and the files are read again soon.
bool BootWatch::read_scripts() {
    const std::string text = read_small(at(kSteps));
    if (log_.scripts(text, output_tries_ >= kOutputTries)) {
        output_tries_ = 0;
        return true;
    }
    ++output_tries_;
    output_timer_.expires_after(options_.moment);
    output_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
        if (!error && *alive) {
            read_files();
        }
    });
    return false;
}

/// No change of a file is of interest any more.
void BootWatch::finish_when_done() {
    if (log_.boot_done() && log_.cloud_init_done() && output_tries_ == 0) {
        asio::post(executor_, [this, alive = alive_] {
            if (*alive) {
                boost::system::error_code ignored;
                inotify_.close(ignored);
            }
        });
    }
}

std::list<BootWatch::Watcher>::iterator BootWatch::watch(Watcher watcher) {
    const auto place = watchers_.insert(watchers_.end(), std::move(watcher));
    if (!log_.boot_done()) {
        log_.refresh_running();
    }
    keep_fresh();
    return place;
}

void BootWatch::unwatch(std::list<Watcher>::iterator watcher) {
    watchers_.erase(watcher);
    if (watchers_.empty()) {
        refresh_timer_.cancel();
        refreshing_ = false;
    }
}

void BootWatch::keep_fresh() {
    if (refreshing_ || watchers_.empty() || log_.boot_done() || !log_.running()) {
        return;
    }
    refreshing_ = true;
    refresh_timer_.expires_after(options_.refresh);
    refresh_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
        if (error || !*alive) {
            return;
        }
        refreshing_ = false;
        log_.refresh_running();
        keep_fresh();
    });
}

void BootWatch::on_step() {
    for (auto place = watchers_.begin(); place != watchers_.end();) {
        const auto current = place++;
        (*current)();
    }
    keep_fresh();
}

void BootWatch::on_ports(const std::vector<Port>& ports) {
    const auto found = std::ranges::find_if(
        ports, [](const Port& port) { return port.protocol == "tcp" && port.number == 22; });
    if (found != ports.end() && !sshd_ && !log_.sshd_seen()) {
        ask_sshd(found->ip);
    }
}

/// A listener alone may be systemd's, or sit behind a server that cannot start.
void BootWatch::ask_sshd(const std::string& ip) {
    const bool six = ip.find(':') != std::string::npos;
    const auto target = parse_dial_target("tcp", six ? "[" + ip + "]:22" : ip + ":22");
    if (!target || ++sshd_tries_ > kSshdTries) {
        return;
    }
    sshd_ = std::make_shared<Sshd>(executor_);
    sshd_->cancel_dial =
        dial(executor_, *target, [this, sshd = sshd_, alive = alive_](Result<Fd> connection) {
            if (!*alive) {
                return;
            }
            if (!connection) {
                sshd_again();
                return;
            }
            sshd->socket.assign(connection->release());
            sshd->socket.async_wait(asio::posix::stream_descriptor::wait_read,
                                    [this, sshd, alive](const boost::system::error_code& error) {
                                        if (*alive) {
                                            error ? sshd_again() : sshd_answered();
                                        }
                                    });
        });
    sshd_->timer.expires_after(kSshdPatience);
    sshd_->timer.async_wait([sshd = sshd_](const boost::system::error_code& error) {
        boost::system::error_code ignored;
        if (!error && sshd->socket.is_open()) {
            sshd->socket.cancel(ignored);
        }
    });
}

void BootWatch::sshd_answered() {
    std::array<char, 4> banner{};
    const ssize_t got =
        ::recv(sshd_->socket.native_handle(), banner.data(), banner.size(), MSG_DONTWAIT);
    if (got != 4 || std::string_view(banner.data(), banner.size()) != "SSH-") {
        sshd_again();
        return;
    }
    sshd_->timer.cancel();
    boost::system::error_code ignored;
    sshd_->socket.close(ignored);
    log_.sshd();
    subscription_.reset();
}

void BootWatch::sshd_again() {
    sshd_->timer.expires_after(kSshdPause);
    sshd_->timer.async_wait([this, alive = alive_](const boost::system::error_code& error) {
        if (!error && *alive) {
            sshd_.reset();
            on_ports(ports_.ports());
        }
    });
}

}  // namespace lima::guestagent
