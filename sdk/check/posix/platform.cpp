#include "check/platform.hpp"

#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif

extern char** environ;

namespace lima::check {
namespace {

/// The numbers in a directory such as /proc/self/fd, without that of the directory itself.
std::vector<int> numbers_in(const char* directory) {
    std::vector<int> numbers;
    DIR* dir = opendir(directory);
    if (dir == nullptr) {
        return numbers;
    }
    while (const dirent* entry = readdir(dir)) {
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') {
            const int number = std::atoi(entry->d_name);
            if (number != dirfd(dir)) {
                numbers.push_back(number);
            }
        }
    }
    closedir(dir);
    return numbers;
}

/// The parent of a process, by /proc/PID/stat; 0 where that is not known.
int parent_of(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(file, line);
    const auto name_end = line.rfind(')');
    if (name_end == std::string::npos || name_end + 4 >= line.size()) {
        return 0;
    }
    return std::atoi(line.c_str() + name_end + 4);
}

std::string signal_state(int number) {
    struct sigaction action{};
    if (sigaction(number, nullptr, &action) != 0) {
        return "unknown";
    }
    if ((action.sa_flags & SA_SIGINFO) != 0) {
        return "a handler";
    }
    return action.sa_handler == SIG_DFL   ? "default"
           : action.sa_handler == SIG_IGN ? "ignored"
                                          : "a handler";
}

sockaddr_un address_of(const Path& socket) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::snprintf(address.sun_path, sizeof address.sun_path, "%s", socket.c_str());
    return address;
}

}  // namespace

Path self() {
    std::error_code ignored;
    return std::filesystem::read_symlink("/proc/self/exe", ignored);
}

std::string host_arch() {
    utsname name{};
    uname(&name);
    const std::string machine = name.machine;
    return machine == "arm64"                        ? "aarch64"
           : machine.rfind("armv", 0) == 0           ? "armv7l"
           : machine == "amd64" || machine == "i686" ? "x86_64"
                                                     : machine;
}

Path make_directory() {
    const char* base = std::getenv("TMPDIR");
    std::string name =
        std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/lima-check-XXXXXX";
    return mkdtemp(name.data()) != nullptr ? Path(name) : Path();
}

Loaded load_module(const Path& path) {
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        const char* why = dlerror();
        return {nullptr, why != nullptr ? why : "unknown error"};
    }
    void* symbol = dlsym(library, LIMA_DRIVER_ENTRY_SYMBOL);
    if (symbol == nullptr) {
        return {nullptr, "it does not export " LIMA_DRIVER_ENTRY_SYMBOL};
    }
    lima_driver_entry_fn entry = nullptr;
    std::memcpy(&entry, &symbol, sizeof entry);
    return {entry, {}};
}

Flag::Flag() {
    if (pipe(ends_) == 0) {
        keep_private(ends_[0]);
        keep_private(ends_[1]);
    }
}

Flag::~Flag() {
    close(ends_[0]);
    close(ends_[1]);
}

void Flag::set() { write_all(ends_[1], "x"); }

std::string Exit::text() const {
    return signal == 0
               ? "exit status " + std::to_string(code)
               : "signal " + std::to_string(signal) + " (" + std::string(strsignal(signal)) + ")";
}

Answer::Answer() {
    if (pipe(ends_) == 0) {
        keep_private(ends_[0]);
        keep_private(ends_[1]);
    }
}

Answer::~Answer() {
    close(ends_[0]);
    if (ends_[1] >= 0) {
        close(ends_[1]);
    }
}

std::string Answer::take(int timeout_ms) {
    close(ends_[1]);
    ends_[1] = -1;
    timespec begin{};
    clock_gettime(CLOCK_MONOTONIC, &begin);
    std::string text;
    for (;;) {
        timespec now{};
        clock_gettime(CLOCK_MONOTONIC, &now);
        const long passed =
            (now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1'000'000;
        pollfd polled{ends_[0], POLLIN, 0};
        if (passed >= timeout_ms ||
            (poll(&polled, 1, static_cast<int>(timeout_ms - passed)) <= 0 && errno != EINTR)) {
            return text;
        }
        char buffer[4096];
        const ssize_t size = read(ends_[0], buffer, sizeof buffer);
        if (size <= 0) {
            return text;
        }
        text.append(buffer, static_cast<std::size_t>(size));
    }
}

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t size = write(fd, text.data(), text.size());
        if (size < 0 && errno != EINTR) {
            return;
        }
        text.remove_prefix(size > 0 ? static_cast<std::size_t>(size) : 0);
    }
}

void keep_private(int fd) { fcntl(fd, F_SETFD, FD_CLOEXEC); }

void adopt_orphans() {
#if defined(__linux__)
    prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
#endif
}

void end_orphans() {
    for (bool found = true; found;) {
        found = false;
        for (const int pid : numbers_in("/proc")) {
            if (parent_of(pid) == getpid()) {
                found = true;
                kill(pid, SIGKILL);
                waitpid(pid, nullptr, 0);
            }
        }
    }
}

void leave_at_once(int code) { _exit(code); }

std::map<std::string, std::string> process_state() {
    std::map<std::string, std::string> state;
    std::error_code ignored;
    state["the working directory"] = std::filesystem::current_path(ignored).string();
    const mode_t mask = umask(0);
    umask(mask);
    state["the umask"] = std::to_string(mask);
    const char* locale = std::setlocale(LC_ALL, nullptr);
    state["the locale"] = locale != nullptr ? locale : "";
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        state["the environment"] += std::string(*entry) + '\n';
    }
    // 32 and 33 are the C library's own
    for (int number = 1; number < 32; ++number) {
        state["the handling of signal " + std::to_string(number) + " (" + strsignal(number) + ")"] =
            signal_state(number);
    }
    sigset_t blocked;
    sigprocmask(SIG_SETMASK, nullptr, &blocked);
    for (int number = 1; number < 32; ++number) {
        state["the blocked signals"] += sigismember(&blocked, number) == 1 ? '1' : '0';
    }
    for (const int fd : {0, 1, 2}) {
        state["the flags of descriptor " + std::to_string(fd)] = std::to_string(fcntl(fd, F_GETFL));
    }
    state["the priority"] = std::to_string(getpriority(PRIO_PROCESS, 0));
    return state;
}

std::map<int, std::string> open_descriptors() {
    std::map<int, std::string> found;
    for (const int number : numbers_in("/proc/self/fd")) {
        std::error_code ignored;
        found[number] =
            std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(number), ignored)
                .string();
    }
    return found;
}

int thread_count() { return static_cast<int>(numbers_in("/proc/self/task").size()); }

void close_handle(lima_handle handle) { close(static_cast<int>(handle)); }

std::size_t written_to(int fd) {
    struct stat status{};
    return fstat(fd, &status) == 0 ? static_cast<std::size_t>(status.st_size) : 0;
}

long memory_kib() {
    std::ifstream file("/proc/self/statm");
    long all = 0;
    long resident = 0;
    file >> all >> resident;
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

void kill_process(std::int64_t pid) { kill(static_cast<pid_t>(pid), SIGKILL); }

std::optional<std::int64_t> locked_pid(const Path& file) {
    const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return std::nullopt;
    }
    const bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    char text[32] = "";
    const ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    const long pid = size > 0 ? std::strtol(text, nullptr, 10) : 0;
    return held && pid > 0 ? std::optional<std::int64_t>(pid) : std::nullopt;
}

Peer::~Peer() { close(fd_); }

std::unique_ptr<Peer> Peer::connect(const Path& socket) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const sockaddr_un address = address_of(socket);
    if (fd < 0) {
        return nullptr;
    }
    keep_private(fd);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        close(fd);
        return nullptr;
    }
    return std::unique_ptr<Peer>(new Peer(fd));
}

bool Peer::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t size = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size < 0 && errno != EINTR) {
            pollfd polled{fd_, POLLOUT, 0};
            if (errno != EAGAIN || poll(&polled, 1, 2000) <= 0) {
                return false;
            }
        }
        bytes.remove_prefix(size > 0 ? static_cast<std::size_t>(size) : 0);
    }
    return true;
}

std::string Peer::receive(int timeout_ms) {
    pollfd polled{fd_, POLLIN, 0};
    if (poll(&polled, 1, timeout_ms) <= 0) {
        return {};
    }
    char buffer[65536];
    const ssize_t size = recv(fd_, buffer, sizeof buffer, 0);
    return size > 0 ? std::string(buffer, static_cast<std::size_t>(size)) : std::string();
}

void leave_stale_socket(const Path& socket) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const sockaddr_un address = address_of(socket);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        std::perror(socket.c_str());
    }
    close(fd);
}

bool socket_exists(const Path& path) {
    std::error_code ignored;
    return std::filesystem::is_socket(path, ignored);
}

}  // namespace lima::check
