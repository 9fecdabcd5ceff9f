// The C++ face of a loaded driver object: the C table with Results, JSON and callbacks. Owns the
// lima_driver and its host context. Thread: [op] calls one at a time (a mutex inside sees to it),
// info() and extensions from any thread.
#pragma once

#include "core/base/error.hpp"
#include "core/base/json_fwd.hpp"
#include "core/driver/registry.hpp"

#include <lima/driver.h>
#include <lima/ext/driver.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lima::driver {

/// Features and facts, with the keys of spec/drivers.md 2.9 and our two (needsImage, hasGuest).
struct Info {
    std::string name;
    int vsock_port = 0;
    std::string virtio_port;
    std::string instance_dir;
    bool can_run_gui = false;
    bool dynamic_ssh_address = false;
    bool static_ssh_port = false;
    bool skip_socket_forwarding = false;
    bool no_cloud_init = false;
    bool rosetta_enabled = false;
    bool rosetta_bin_fmt = false;
    std::vector<std::string> supported_image_formats;
    bool needs_image = true;
    bool has_guest = true;
};

/// Cancels calls that run: any thread.
class Cancel {
public:
    Cancel();
    ~Cancel();
    void trigger();
    bool triggered() const;
    int fd() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

struct SshAddress {
    std::string address;
    int port = 0;
};

struct Picture {
    std::string format;  // "png" or "bmp"
    std::string bytes;
};

using EventHandler = std::function<void(const std::string& type, const std::string& json)>;
using ProgressHandler =
    std::function<void(std::uint64_t done, std::uint64_t total, const std::string& what)>;

struct OpenOptions {
    std::string host_name = "limactl";
    EventHandler on_event;        // called on any thread
    ProgressHandler on_progress;  // called on the calling thread of an [op]
    std::filesystem::path lima_home;
    /// Services beside lima.host.process/1 and lima.host.network/1, which every driver gets: id ->
    /// table, both living longer than the driver. instance::host_extensions() makes those that the
    /// rest of the core implements.
    std::map<std::string, const void*> host_extensions = {};
    /// For a driver that is a process: who starts it ("cli" or "ha"), for which instance (empty:
    /// none yet), and where lima-remote.so is looked for (empty: beside this program).
    std::string owner = "cli";
    std::filesystem::path instance_dir = {};
    std::vector<std::filesystem::path> prefixes = {};
};

/// What the process of a driver is.
struct RemoteIdentity {
    std::string generation;  // "own", or "1" and "2" of the original's protocol
    std::string version;     // empty where it does not say
    std::uint32_t abi = 0;   // 0 where it does not say
    int pid = 0;             // 0 where another program has started it
};

class Driver {
public:
    /// Loads the module (once per process; it is never unloaded) and creates an object. A program,
    /// or an isolated module, is spoken to through lima-remote.so and launched when it is needed.
    /// Refusals say what was tried and why: no such symbol, other major, world-writable, wrong
    /// architecture …
    static Result<std::unique_ptr<Driver>> open(const Found& found, OpenOptions options);
    /// A driver that is linked in: tests.
    static Result<std::unique_ptr<Driver>> open_static(lima_driver_entry_fn entry,
                                                       OpenOptions options);
    /// Joins everything; a VM that runs goes on. Not from within an event handler.
    ~Driver();
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;

    Result<Json> configure(const Json& instance);
    Result<void> validate(const Cancel* cancel = nullptr);
    Result<void> create(const Cancel* cancel = nullptr);
    Result<void> create_disk(const Cancel* cancel = nullptr);
    Result<void> start(const Cancel* cancel = nullptr);
    Result<void> stop(const Cancel* cancel = nullptr);
    Result<void> remove(const Cancel* cancel = nullptr);
    Result<Info> info() const;
    /// What info() is read from, as the driver said it.
    Result<std::string> info_json() const;
    /// lima.config-schema/1 as the driver said it, "" where it gives none.
    Result<std::string> config_schema() const;

    /// lima.status/1, else "".
    Result<std::string> status();
    /// lima.boot-scripts/1, else empty: "boot.Linux/NAME" -> content.
    Result<std::map<std::string, std::string>> boot_scripts();
    bool forward_guest_agent_over_ssh() const;
    Result<int> connect_guest_agent();  // the caller owns the descriptor
    /// lima.guest-channel/1: another way to the agent ("forward"); the caller owns the descriptor.
    Result<int> connect_guest_channel(const std::string& channel);
    bool has_extension(const char* id) const;
    Result<void> adopt(const Cancel* cancel = nullptr);

    // Each is kUnimplemented where the driver does not offer the extension that it belongs to.

    /// lima.ssh/1: where ssh is, known only after start.
    Result<SshAddress> ssh_address();
    /// lima.snapshot/1
    Result<void> create_snapshot(const std::string& tag, const Cancel* cancel = nullptr);
    Result<void> apply_snapshot(const std::string& tag, const Cancel* cancel = nullptr);
    Result<void> delete_snapshot(const std::string& tag, const Cancel* cancel = nullptr);
    /// A table as text; its first line has TAG as the second word.
    Result<std::string> list_snapshots(const Cancel* cancel = nullptr);
    /// lima.display/1
    Result<void> change_display_password(const std::string& password);
    /// The TCP port in decimal.
    Result<std::string> display_connection();
    /// lima.screenshot/1: format "png", "bmp" or "" for the driver's choice.
    Result<Picture> screenshot(const std::string& format);
    /// lima.gui/1. Thread: the main one. Other calls go on meanwhile.
    Result<void> run_gui(const Cancel* cancel = nullptr);

    /// Runs in another process.
    bool is_remote() const;
    /// nullopt for a driver in this process. Launches one that is not.
    Result<std::optional<RemoteIdentity>> identify();
    /// lima.remote/1: the instance as the program of the driver sees it, without launching it for
    /// longer. kUnimplemented for a driver in this process.
    Result<Json> inspect(const Json& instance);

    const std::string& name() const;
    const std::string& version() const;

private:
    struct Impl;
    explicit Driver(std::unique_ptr<Impl> impl);
    static Result<std::unique_ptr<Driver>> open_module(const lima_driver_module& module,
                                                       OpenOptions options);
    static Result<std::unique_ptr<Driver>> open_remote(const Found& found, OpenOptions options);
    std::unique_ptr<Impl> impl_;
};

/// find() and open() by name, isolated where the environment says so.
Result<std::unique_ptr<Driver>> open_driver(const std::string& name, OpenOptions options);

}  // namespace lima::driver
