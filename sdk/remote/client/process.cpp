#include "sdk/remote/client/process.hpp"

#include "core/base/fs.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace lima::remote::client {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kGrace = std::chrono::seconds(10);
constexpr std::size_t kLastLines = 10;
constexpr std::size_t kLastBytes = 8192;
/// Where the child finds the lock of its PID file.
constexpr int kLockNumber = 3;

Result<Fd> open_log(const Path& path) {
    Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!fd) {
        return fail_errno(errno, "cannot open " + path.string());
    }
    return fd;
}

std::uintmax_t size_of(const Path& path) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    return error ? 0 : size;
}

/// Not what a logger writes while all is well.
bool is_telling(std::string_view line) {
    return !trim(line).empty() && line.find(" level=debug ") == std::string_view::npos &&
           line.find(" level=info ") == std::string_view::npos;
}

/// The file may be locked by a grandchild of a driver that is dead: then it says nothing any more.
bool names_the_dead(const Path& path) {
    const auto text = fs::read_file(path);
    if (!text) {
        return false;
    }
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), pid);
    return error == std::errc() && pid > 0 && !process_id(pid);
}

Result<PidFile> make_pid_file(const Program& program, const Path& dir) {
    const Path path = dir / ("lima-driver-" + program.name + "-" + program.owner + ".pid");
    auto file = PidFile::create(path);
    if (!file && file.error().code() == Code::kAlreadyExists && names_the_dead(path)) {
        LIMA_DO(fs::remove_if_exists(path));
        file = PidFile::create(path);
    }
    if (!file) {
        return fail(std::move(file.error())
                        .with_hint("run `limactl stop -f " + dir.filename().string() + "`"));
    }
    return file;
}

/// Pid, start time and program, a line each: whoever ends it can be sure that it is the same.
Result<void> write_identity(PidFile& file, pid_t pid, const Path& executable) {
    const auto id = process_id(pid);
    if (!id) {
        return {};  // over already: nobody will look for it
    }
    const std::string text = fmt::format("{}\n{}\n{}\n", pid, id->start_ticks, executable.string());
    if (pwrite(file.fd(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()) ||
        ftruncate(file.fd(), static_cast<off_t>(text.size())) != 0) {
        return fail_errno(errno, "cannot write " + file.path().string());
    }
    return {};
}

}  // namespace

std::vector<std::string> command_of(const Program& program) {
    std::vector<std::string> words{program.executable.string()};
    if (!program.module.empty()) {
        words.insert(words.end(), {"--module", program.module.string()});
    }
    return words;
}

Path socket_of(const Program& program, const Path& dir) {
    return dir / (program.name + ".drv.sock");
}

void remove_stale_socket(const Path& socket) {
    if (const auto served = connect_unix(socket.string());
        !served && served.error().code() == Code::kUnavailable) {
        static_cast<void>(fs::remove_if_exists(socket));
    }
}

DriverProcess::DriverProcess(Child child, std::optional<PidFile> pid_file, Path log,
                             std::uintmax_t log_begin, std::string title)
    : child_(std::move(child)),
      pid_file_(std::move(pid_file)),
      log_(std::move(log)),
      log_begin_(log_begin),
      title_(std::move(title)) {}

DriverProcess::~DriverProcess() { end(milliseconds(0)); }

Result<std::unique_ptr<DriverProcess>> DriverProcess::start(const Program& program,
                                                            const Start& how) {
    const Path log = how.dir / "driver.stderr.log";
    const std::uintmax_t log_begin = size_of(log);
    LIMA_TRY(const Fd log_fd, open_log(log));
    SpawnOptions options;
    options.argv = command_of(program);
    if (!how.first_generation) {
        options.argv.insert(options.argv.end(), {"--inst-dir", how.dir.string()});
    }
    options.stdout_fd = how.stdout_fd;
    options.stderr_fd = log_fd.get();
    std::optional<PidFile> pid_file;
    if (how.has_pid_file) {
        LIMA_TRY(pid_file, make_pid_file(program, how.dir));
        options.inherit.emplace_back(pid_file->fd(), kLockNumber);
    }
    auto child = spawn(options);
    if (!child) {
        if (pid_file) {
            pid_file->remove();
        }
        return fail(std::move(child.error())
                        .wrap("cannot start the driver program " + program.executable.string()));
    }
    auto process = std::unique_ptr<DriverProcess>(
        new DriverProcess(std::move(*child), std::move(pid_file), log, log_begin,
                          program.executable.filename().string()));
    if (process->pid_file_) {
        LIMA_DO(write_identity(*process->pid_file_, process->pid(), program.executable));
    }
    return process;
}

std::optional<ExitStatus> DriverProcess::wait(milliseconds time) {
    // Not under the mutex: it may take long. The descriptor stays as long as we do.
    if (const auto ready = wait_readable(child_.pidfd(), time); !ready || !*ready) {
        return std::nullopt;
    }
    const std::lock_guard lock(mutex_);
    if (!status_) {
        const auto status = child_.wait();
        status_ = status ? *status : ExitStatus{-1, 0};
        if (pid_file_) {
            pid_file_->remove();
            pid_file_.reset();
        }
    }
    return status_;
}

void DriverProcess::end(milliseconds patience) {
    if (wait(patience)) {
        return;
    }
    static_cast<void>(child_.signal(SIGTERM));
    if (wait(kGrace)) {
        return;
    }
    static_cast<void>(child_.signal(SIGKILL));
    wait(kGrace);
}

std::string DriverProcess::last_lines() const {
    const auto text = fs::read_file(log_);
    if (!text || text->size() <= log_begin_) {
        return {};
    }
    std::string_view tail(*text);
    tail.remove_prefix(static_cast<std::size_t>(log_begin_));
    if (tail.size() > kLastBytes) {
        tail.remove_prefix(tail.size() - kLastBytes);
    }
    std::vector<std::string> kept;
    for (const std::string_view line : lines(tail)) {
        if (is_telling(line)) {
            kept.emplace_back(line);
        }
    }
    if (kept.size() > kLastLines) {
        kept.erase(kept.begin(), kept.end() - kLastLines);
    }
    return join(kept, "\n");
}

std::string DriverProcess::obituary() {
    const auto status = wait(milliseconds(0));
    std::string text = fmt::format("the driver process {} (process {}) ", title_, pid());
    text += status ? "has ended (" + status->text() + ")" : "still runs";
    if (const std::string said = last_lines(); !said.empty()) {
        text += ": " + said;
    }
    return text;
}

}  // namespace lima::remote::client
