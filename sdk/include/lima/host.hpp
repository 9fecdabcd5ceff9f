// lima/host.hpp - the host's services (lima/ext/host.h) as C++ for drivers: DiskService,
// NetworkService and ProcessService. Each is made from the Host and costs nothing to make; where
// the host lacks the service every call answers kUnimplemented. Failures carry the host's text and
// hint. Owner: a ProcessService owns the callbacks of its children, so it lives as long as the
// driver object. Thread: any.
#pragma once

#include <lima/call.hpp>
#include <lima/ext/host.h>

#include <charconv>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lima::sdk {

namespace detail {
inline Failure missing_service(const char* id) {
    return fail(Code::kUnimplemented, std::string("the host does not offer ") + id);
}
}  // namespace detail

struct DiskInfo {
    std::string format;              // qcow2 raw vmdk vhdx vdi parallels vpc asif
    std::int64_t virtual_size = -1;  // bytes; -1 when the format does not tell
    std::string backing_file;        // empty when none
    bool iso = false;
};

struct LockedDisk {
    std::string path;
    std::string format;
};

/// lima.host.disk/1. Paths are absolute.
class DiskService {
public:
    explicit DiskService(const Host& host)
        : host_(host), table_(host.extension<lima_host_disk>(LIMA_HOST_EXT_DISK)) {}

    Result<DiskInfo> inspect(const Call& call, const std::string& path) const {
        Outputs out;
        const Result<> done = with(call, [&](const lima_host* host, const lima_call* inner) {
            return table_->inspect(host, inner, path.c_str(), out.sink());
        });
        if (!done) {
            return fail(done.error());
        }
        DiskInfo info{out.get("format"), -1, out.get("backing_file"), out.get("iso") == "true"};
        const std::string size = out.get("virtual_size");
        std::from_chars(size.data(), size.data() + size.size(), info.virtual_size);
        return info;
    }
    Result<> create(const Call& call, const std::string& path, const std::string& format,
                    std::int64_t size) const {
        return with(call, [&](const lima_host* host, const lima_call* inner) {
            return table_->create(host, inner, path.c_str(), format.c_str(), size);
        });
    }
    /// Grows only.
    Result<> resize(const Call& call, const std::string& path, std::int64_t size) const {
        return with(call, [&](const lima_host* host, const lima_call* inner) {
            return table_->resize(host, inner, path.c_str(), size);
        });
    }
    Result<> convert(const Call& call, const std::string& from, const std::string& to,
                     const std::string& format) const {
        return with(call, [&](const lima_host* host, const lima_call* inner) {
            return table_->convert(host, inner, from.c_str(), to.c_str(), format.c_str());
        });
    }
    /// An additional disk, for the instance alone until unlock.
    Result<LockedDisk> lock(const Call& call, const std::string& disk,
                            const std::string& instance_dir) const {
        Outputs out;
        const Result<> done = with(call, [&](const lima_host* host, const lima_call* inner) {
            return table_->lock(host, inner, disk.c_str(), instance_dir.c_str(), out.sink());
        });
        if (!done) {
            return fail(done.error());
        }
        return LockedDisk{out.get("path"), out.get("format")};
    }
    Result<> unlock(const Call& call, const std::string& disk,
                    const std::string& instance_dir) const {
        return with(call, [&](const lima_host* host, const lima_call* inner) {
            return table_->unlock(host, inner, disk.c_str(), instance_dir.c_str());
        });
    }

private:
    template <class Body>
    Result<> with(const Call& call, Body&& body) const {
        if (table_ == nullptr) {
            return detail::missing_service(LIMA_HOST_EXT_DISK);
        }
        const CapturedCall inner(call);
        return inner.result(body(host_.raw(), inner.raw()));
    }

    Host host_;
    const lima_host_disk* table_;
};

struct NetworkPaths {
    std::string mode;         // user-v2 shared bridged host
    std::string qemu_socket;  // of a user-v2 network, like the next two
    std::string fd_socket;
    std::string endpoint_socket;
    std::string socket;  // of a socket_vmnet one
};

/// lima.host.network/1
class NetworkService {
public:
    explicit NetworkService(const Host& host)
        : host_(host), table_(host.extension<lima_host_network>(LIMA_HOST_EXT_NETWORK)) {}

    /// kNotFound when networks.yaml does not name it.
    Result<NetworkPaths> lookup(const Call& call, const std::string& network) const {
        Outputs out;
        const Result<> done = with(call, [&](const lima_host* host, const lima_call* inner) {
            return table_->lookup(host, inner, network.c_str(), out.sink());
        });
        if (!done) {
            return fail(done.error());
        }
        return NetworkPaths{out.get("mode"), out.get("qemu_socket"), out.get("fd_socket"),
                            out.get("endpoint_socket"), out.get("socket")};
    }
    Result<> expose(const Call& call, const std::string& network, const std::string& mac,
                    int host_port, int guest_port) const {
        return with(call, [&](const lima_host* host, const lima_call* inner) {
            return table_->expose(host, inner, network.c_str(), mac.c_str(), host_port, guest_port);
        });
    }
    Result<> unexpose(const Call& call, const std::string& network, int host_port) const {
        return with(call, [&](const lima_host* host, const lima_call* inner) {
            return table_->unexpose(host, inner, network.c_str(), host_port);
        });
    }

private:
    template <class Body>
    Result<> with(const Call& call, Body&& body) const {
        if (table_ == nullptr) {
            return detail::missing_service(LIMA_HOST_EXT_NETWORK);
        }
        const CapturedCall inner(call);
        return inner.result(body(host_.raw(), inner.raw()));
    }

    Host host_;
    const lima_host_network* table_;
};

struct ProcessSpec {
    std::vector<std::string> argv;  // argv[0] is looked up in PATH unless it has a slash
    std::vector<std::string> env;   // "K=V", added to the host's environment
    std::string cwd;                // empty: the host's
    std::string pid_file;           // locked while the child lives, removed at its end; empty: none
    std::vector<lima_handle> inherit;  // 3, 4, 5 … in the child; stay the caller's
    /// Each whole line of stream 1 or 2. On a thread of the host.
    std::function<void(int stream, std::string_view text)> line;
    /// Once, after the last line; also before spawn has returned, when the child is quick. On a
    /// thread of the host.
    std::function<void(int code, int signal)> exited;
};

/// lima.host.process/1: supervised children. A child that is alone at destroy goes on, and keeps
/// its PID file locked.
class ProcessService {
public:
    explicit ProcessService(const Host& host)
        : host_(host),
          table_(host.extension<lima_host_process>(LIMA_HOST_EXT_PROCESS)),
          callbacks_(std::make_unique<Registry>()) {}
    ProcessService(const ProcessService&) = delete;
    ProcessService& operator=(const ProcessService&) = delete;
    ~ProcessService() = default;

    /// The child's id. Its pid is pid(id).
    Result<std::int64_t> spawn(const Call& call, ProcessSpec spec) {
        if (table_ == nullptr) {
            return detail::missing_service(LIMA_HOST_EXT_PROCESS);
        }
        const std::vector<const char*> argv = pointers(spec.argv);
        const std::vector<const char*> env = pointers(spec.env);
        const Callbacks* callbacks =
            callbacks_->add({callbacks_.get(), std::move(spec.line), std::move(spec.exited)});
        lima_host_process_spec raw{};
        raw.struct_size = sizeof raw;
        raw.argv = argv.data();
        raw.env = env.data();
        raw.cwd = spec.cwd.empty() ? nullptr : spec.cwd.c_str();
        raw.pid_file = spec.pid_file.empty() ? nullptr : spec.pid_file.c_str();
        raw.inherit = spec.inherit.data();
        raw.inherit_count = spec.inherit.size();
        raw.line = &on_line;
        raw.exited = &on_exited;
        raw.ctx = const_cast<Callbacks*>(callbacks);
        const CapturedCall inner(call);
        std::int64_t id = 0;
        const Result<> done = inner.result(table_->spawn(host_.raw(), inner.raw(), &raw, &id));
        if (!done) {
            callbacks_->drop(callbacks);
            return fail(done.error());
        }
        return id;
    }
    /// No effect once it has ended.
    Result<> signal(std::int64_t id, int number) const {
        if (table_ == nullptr) {
            return detail::missing_service(LIMA_HOST_EXT_PROCESS);
        }
        const lima_status status = table_->signal(host_.raw(), id, number);
        if (status != LIMA_OK) {
            return fail(static_cast<Code>(status), "cannot signal the child process");
        }
        return {};
    }
    /// Until it has ended; a negative time waits until the call is cancelled. kDeadlineExceeded: it
    /// still runs.
    Result<> wait(const Call& call, std::int64_t id, std::int64_t timeout_ms) const {
        if (table_ == nullptr) {
            return detail::missing_service(LIMA_HOST_EXT_PROCESS);
        }
        const CapturedCall inner(call);
        return inner.result(table_->wait(host_.raw(), inner.raw(), id, timeout_ms));
    }
    /// -1 once it has ended.
    std::int64_t pid(std::int64_t id) const {
        return table_ == nullptr ? -1 : table_->pid(host_.raw(), id);
    }

private:
    struct Registry;
    struct Callbacks {
        Registry* registry;
        std::function<void(int, std::string_view)> line;
        std::function<void(int, int)> exited;
    };
    /// The callbacks of the children that live.
    struct Registry {
        std::mutex mutex;
        std::unordered_map<const Callbacks*, std::unique_ptr<Callbacks>> live;

        const Callbacks* add(Callbacks callbacks) {
            auto owned = std::make_unique<Callbacks>(std::move(callbacks));
            const Callbacks* key = owned.get();
            const std::lock_guard lock(mutex);
            live.emplace(key, std::move(owned));
            return key;
        }
        void drop(const Callbacks* key) {
            const std::lock_guard lock(mutex);
            live.erase(key);
        }
    };

    // noexcept: an exception must not run into the host; here it ends the process with its own
    // message.
    static void LIMA_CALL on_line(void* ctx, std::int32_t stream, const char* text) noexcept {
        const auto* callbacks = static_cast<const Callbacks*>(ctx);
        if (callbacks->line) {
            callbacks->line(stream, text);
        }
    }
    static void LIMA_CALL on_exited(void* ctx, std::int32_t code, std::int32_t signal) noexcept {
        const auto* callbacks = static_cast<const Callbacks*>(ctx);
        if (callbacks->exited) {
            callbacks->exited(code, signal);
        }
        callbacks->registry->drop(callbacks);
    }
    static std::vector<const char*> pointers(const std::vector<std::string>& texts) {
        std::vector<const char*> out;
        for (const std::string& text : texts) {
            out.push_back(text.c_str());
        }
        out.push_back(nullptr);
        return out;
    }

    Host host_;
    const lima_host_process* table_;
    std::unique_ptr<Registry> callbacks_;
};

}  // namespace lima::sdk
