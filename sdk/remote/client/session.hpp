// One connection to one driver process, and the process itself where it is ours: the verbs of the
// original's service, which every process has. What differs between makes of processes is virtual:
// own.hpp is a process that serves lima.driver.v1 too, foreign.hpp one that does not. Owner: the
// driver object; a session that has broken is thrown away and never mended. Thread: as the driver.
#pragma once

#include "sdk/remote/client/launch.hpp"
#include "sdk/remote/client/wire.hpp"

#include <lima/driver.hpp>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace lima::remote::client {

using sdk::Call;
using sdk::Host;

/// What is known of the other side once the connection stands.
struct Identity {
    std::string generation;  // "1", "2" or "own"
    std::string version;     // empty where it does not say
    std::uint32_t abi = 0;   // of what it serves; 0 where it does not say
    std::set<std::string> extensions;
};

/// A process that was connected to, before it is known what it is.
struct Connected {
    Host host;
    Program program;
    Path dir;                                // where its socket and log are
    std::unique_ptr<DriverProcess> process;  // none: it is somebody else's
    std::unique_ptr<Wire> wire;
    Generation generation = Generation::kSecond;
    /// Told the event "exited" of a VM that may run on although its process is gone. From a thread
    /// of the session, which it must not close.
    std::function<void(std::string exited)> on_lost = {};
};

class Session {
public:
    virtual ~Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    const Identity& identity() const { return identity_; }
    /// Of its process; 0 where that is somebody else's.
    pid_t pid() const { return process_ ? process_->pid() : 0; }
    /// Over: the next call needs another session.
    virtual bool is_dead() const { return wire_->is_broken(); }
    /// Ends the connection, and the process where it is ours. No event comes after it.
    virtual void close() = 0;

    virtual Result<std::string> info() = 0;
    virtual Result<std::string> configure(const Call& call, const std::string& instance) = 0;
    virtual Result<> start(const Call& call) = 0;
    virtual Result<> stop(const Call& call) = 0;
    virtual Result<> adopt(const Call& call) = 0;
    virtual Result<std::string> status(const Call& call, const std::string& instance) = 0;
    virtual Result<sdk::SshAddress> ssh_address(const Call& call) = 0;
    virtual Result<lima_handle> connect(const Call& call, const std::string& channel) = 0;
    virtual Result<sdk::Picture> screenshot(const Call& call, const std::string& format) = 0;
    virtual Result<std::string> config_schema() = 0;

    using Verb = grpc::Status (OriginalStub::*)(grpc::ClientContext*, const DriverEmpty&,
                                                DriverEmpty*);
    Result<> verb(Verb method, const Call& call);
    Result<> validate(const Call& call);
    Result<std::map<std::string, std::string>> boot_scripts(const Call& call);
    bool forward_over_ssh();
    Result<> create_snapshot(const Call& call, const std::string& tag);
    Result<> apply_snapshot(const Call& call, const std::string& tag);
    Result<> delete_snapshot(const Call& call, const std::string& tag);
    Result<std::string> list_snapshots(const Call& call);
    Result<> change_display_password(const Call& call, const std::string& password);
    Result<std::string> display_connection(const Call& call);

protected:
    explicit Session(Connected connected);

    /// unary() with an error that tells of the process's end, where that is the reason.
    template <class Stub, class Request, class Reply>
    Result<> call(Stub& stub,
                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                  const Request& request, Reply* reply, const Terms& terms) {
        return explained(wire_->unary(stub, method, request, reply, terms));
    }
    Result<> explained(Result<> result) const;
    /// Before what a driver does one way while its VM runs and another way while not.
    virtual Result<> tell_status(const Call&) { return {}; }
    Result<std::string> original_info();
    Result<std::string> original_configure(const Call& call, const std::string& instance);
    /// The JSON of the event "exited" of a process that is gone, or whose stream has ended.
    std::string lost(const std::string& fallback) const;

    const Host host_;
    const Program program_;
    const Path dir_;
    const Generation generation_;
    Identity identity_;
    std::unique_ptr<DriverProcess> process_;
    std::unique_ptr<Wire> wire_;
};

/// Finds out what it is.
Result<std::unique_ptr<Session>> open_session(Connected connected);

}  // namespace lima::remote::client
