// What the kit needs of the operating system, in one place: a port to another one writes these
// functions again (posix/) and nothing else. Times are milliseconds; a negative time is no limit.
#pragma once

#include <lima/driver.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lima::check {

using Path = std::filesystem::path;

/// This program's file.
Path self();
/// Lima's word for what the kit runs on: "x86_64".
std::string host_arch();
/// A new private directory; empty when there is none to be had.
Path make_directory();

/// A module, loaded with every symbol bound and none given away; it is never unloaded.
struct Loaded {
    lima_driver_entry_fn entry = nullptr;
    std::string error;  // why there is none
};
Loaded load_module(const Path& path);

/// A pipe whose reading end becomes readable once, for ever.
class Flag {
public:
    Flag();
    ~Flag();
    Flag(const Flag&) = delete;
    Flag& operator=(const Flag&) = delete;
    int fd() const { return ends_[0]; }
    void set();

private:
    int ends_[2] = {-1, -1};
};

struct Exit {
    int code = -1;
    int signal = 0;
    std::string text() const;  // "exit status 3", "signal 11 (Segmentation fault)"
};

struct Launch {
    std::vector<std::string> argv{};  // argv[0] is looked up in PATH unless it has a slash
    std::vector<std::string> env{};   // added
    std::string cwd{};
    Path in{}, out{}, err{};     // empty: /dev/null
    std::vector<int> inherit{};  // become 3, 4, 5 …
    Path pid_file{};             // locked while the child lives, removed at its end
    bool own_group = true;
    /// On a thread of the kit's, for each whole line of stream 1 or 2; out and err do not count.
    std::function<void(int stream, const std::string& line)> on_line{};
    /// On a thread of the kit's, once.
    std::function<void(const Exit&)> on_exit{};
};

/// A child. The destructor waits for its end.
class Child {
public:
    virtual ~Child() = default;
    virtual std::int64_t pid() const = 0;  // -1 once it has ended
    virtual void signal(int number) = 0;   // nothing once it has ended
    /// Nothing when the time is over, or cancel_fd (-1: none) is readable.
    virtual std::optional<Exit> wait(int timeout_ms, int cancel_fd = -1) = 0;
};
std::unique_ptr<Child> start(const Launch& launch, std::string& error);

/// A pipe for a child's answer: the child writes to `child_end`, which take_answer closes here.
class Answer {
public:
    Answer();
    ~Answer();
    Answer(const Answer&) = delete;
    Answer& operator=(const Answer&) = delete;
    int child_end() const { return ends_[1]; }
    /// All that is written until the other end is closed or the time is over.
    std::string take(int timeout_ms);

private:
    int ends_[2] = {-1, -1};
};
void write_all(int fd, std::string_view text);
/// Keeps a descriptor that was inherited from the children of this process.
void keep_private(int fd);

/// From now on what becomes an orphan below this process is its child, and end_orphans ends it.
void adopt_orphans();
void end_orphans();
[[noreturn]] void leave_at_once(int code);

/// What a driver may not change, by name: working directory, umask, locale, signal handlers …
std::map<std::string, std::string> process_state();
/// Descriptor -> what it is ("socket:[12]").
std::map<int, std::string> open_descriptors();
int thread_count();
void close_handle(lima_handle handle);
/// The size of the file behind a descriptor.
std::size_t written_to(int fd);
long memory_kib();
void kill_process(std::int64_t pid);
/// The PID in the file when somebody holds its lock.
std::optional<std::int64_t> locked_pid(const Path& file);

/// One end of a unix socket, as a peer that knows no manners.
class Peer {
public:
    ~Peer();
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    static std::unique_ptr<Peer> connect(const Path& socket);  // nothing when nobody listens
    bool send(std::string_view bytes);
    /// What has come; nothing at the end of the stream, or when the time is over.
    std::string receive(int timeout_ms);

private:
    explicit Peer(int fd) : fd_(fd) {}
    int fd_;
};
/// A socket file that nobody listens on.
void leave_stale_socket(const Path& socket);
bool socket_exists(const Path& path);

}  // namespace lima::check
