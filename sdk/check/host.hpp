// The host as the kit plays it: it keeps all that a driver says, gives it processes that really run
// and small files as disks, knows no network, and can refuse or delay every one of these services.
// Owner: the Object that was created with it; it is never freed, because a bad driver may call it
// after its end. Thread: any.
#pragma once

#include "check/bench.hpp"

#include <lima/ext/host.h>
#include <lima/ext/remote.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>

namespace lima::check {

struct Event {
    std::string type;
    std::string text;
    Json json;  // null when the text is no JSON
    Clock::time_point at = Clock::now();
};

/// What goes wrong with the host's services.
struct Faults {
    int refuse = 0;     // the one that is refused, counted from 1; 0: none
    int delay_ms = 0;   // of each
    bool none = false;  // the host offers no service
};

/// What lima-remote.so is told: texts that live as long as the host.
struct RemoteTexts {
    std::string name, executable, module, owner, instance_dir;
    lima_host_remote table{};
};

class PlayedHost {
public:
    PlayedHost(const Target& target, const Path& instance_dir, Faults faults = {});
    PlayedHost(const PlayedHost&) = delete;
    PlayedHost& operator=(const PlayedHost&) = delete;
    ~PlayedHost() = default;

    const lima_host* raw() const { return &table_; }
    void set_abi(std::uint32_t abi) { table_.abi = abi; }

    /// The driver is about to be destroyed: the children's callbacks cease.
    void closing();
    /// It has been: every further call is one too many.
    void closed() { closed_ = true; }
    std::vector<std::string> late_calls() const;

    std::vector<Event> events() const;
    std::size_t count(const std::string& type) const;
    /// True once there are so many of the type.
    bool await(const std::string& type, std::size_t count, int timeout_ms);
    /// What is wrong with the log records: bad levels, broken JSON. Empty: nothing.
    std::vector<std::string> bad_records() const;

    int service_calls() const { return service_calls_; }
    std::string refused() const;  // which service that was; empty: none yet
    /// The PID of the child that was spawned last and still runs; -1.
    std::int64_t child_pid() const;
    /// Waits until the callbacks of all children that have ended are through.
    void settle();

    // For the services themselves (services.cpp).
    static PlayedHost& of(const lima_host* host) { return *static_cast<PlayedHost*>(host->ctx); }
    /// LIMA_OK, or what the service shall refuse with.
    lima_status enter(const char* service, const lima_call* call);
    lima_status spawn(const lima_call* call, const lima_host_process_spec& spec, std::int64_t& id);
    std::shared_ptr<Child> child(std::int64_t id) const;

private:
    static void LIMA_CALL on_log(const lima_host*, lima_level, const char*, const char*);
    static void LIMA_CALL on_event(const lima_host*, const char*, const char*);
    static const void* LIMA_CALL find_extension(const lima_host*, const char*);
    void came_late(const std::string& what);

    lima_host table_{};
    RemoteTexts remote_;
    bool away_;
    const Faults faults_;
    std::atomic<int> service_calls_{0};
    std::atomic<bool> closed_{false};

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Event> events_;
    std::vector<std::string> late_calls_;
    std::vector<std::string> bad_records_;
    std::string refused_;
    std::map<std::int64_t, std::shared_ptr<Child>> children_;
    std::int64_t last_id_ = 0;

    std::mutex callbacks_;  // held while a child's callback is in the driver
    bool silent_ = false;   // behind callbacks_
};

extern const lima_host_process kProcessService;
extern const lima_host_disk kDiskService;
extern const lima_host_network kNetworkService;

/// What the host of one call sees: the text, the hint, whether it is cancelled.
class PlayedCall {
public:
    /// A host of the frozen 1.0, one from before the field hint, one with fields that do not exist
    /// yet.
    enum class Size { kNow, kOlder, kNewer };
    explicit PlayedCall(Size size = Size::kNow);
    PlayedCall(const PlayedCall&) = delete;
    PlayedCall& operator=(const PlayedCall&) = delete;
    ~PlayedCall() = default;

    const lima_call* raw() const { return &room_.call; }
    void cancel();
    std::string text() const;
    std::string hint() const;
    bool asked_too_much() const { return asked_too_much_; }

private:
    static PlayedCall& of(const lima_call* call) { return *static_cast<PlayedCall*>(call->ctx); }

    struct Room {
        lima_call call;
        unsigned char later[64];
    } room_{};
    mutable std::mutex mutex_;
    std::string text_;
    std::string hint_;
    std::atomic<bool> asked_too_much_{false};
    std::atomic<bool> cancelled_{false};
    Flag cancel_;
};

/// A sink that keeps everything.
class PlayedSink {
public:
    PlayedSink() : sink_{this, &PlayedSink::put} {}
    PlayedSink(const PlayedSink&) = delete;
    PlayedSink& operator=(const PlayedSink&) = delete;
    ~PlayedSink() = default;
    const lima_sink* raw() const { return &sink_; }
    const std::multimap<std::string, std::string>& values() const { return values_; }

private:
    static void LIMA_CALL put(void* ctx, const char* key, const void* data, std::size_t size);
    lima_sink sink_;
    std::multimap<std::string, std::string> values_;
};

}  // namespace lima::check
