// A process beside QEMU that serves its VM: virtiofsd for a mount, swtpm for the TPM. It has a PID
// file in the instance directory, locked for its life, so that whoever cleans up finds it. It ends
// by itself when QEMU hangs up; when it ends before, the host hears of it.
//
// Owner: the VM, and the callbacks of the process (shared). Thread: all functions from any; no host
// function is called after detach().
#pragma once

#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "core/base/process.hpp"
#include "plugins/qemu/diagnose.hpp"
#include "plugins/qemu/end_watch.hpp"

#include <lima/call.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace lima::qemu {

class Helper {
public:
    struct Role {
        std::string title;  // "virtiofsd for /home/me"
        std::string loss;   // what its end means to the guest
        std::string file;   // the stem of its PID file and socket
    };

    static Result<std::shared_ptr<Helper>> create(Role role, const sdk::Host& host);

    /// A line of its output.
    void line(std::string_view text);
    /// It has ended; unknown how, where it is not our child.
    void ended(std::optional<ExitStatus> status);
    /// From now on its end is an event, while the function says that the VM runs.
    void serve(std::function<bool()> vm_runs);
    /// Follows a process that another host started.
    Result<void> watch(ForeignProcess process);
    void detach();

    bool running() const;
    /// Until its end or the call's cancellation; kOk after the time.
    Result<void> wait(int cancel_fd, std::chrono::milliseconds time) const;
    const Role& role() const { return role_; }

private:
    Helper(Role role, const sdk::Host& host, Pipe end_pipe);
    void tell_loss();
    std::string end_text() const;

    const Role role_;
    Pipe end_pipe_;
    LineRing lines_{20};

    mutable std::recursive_mutex mutex_;  // guards what follows
    const sdk::Host host_;
    bool attached_ = true;
    bool ended_ = false;
    std::optional<ExitStatus> status_;
    std::function<bool()> vm_runs_;
    std::unique_ptr<EndWatch> watch_;
};

/// Ends those that still live in the directory, after they had the time to end by themselves, and
/// removes their files.
void end_helpers(const std::filesystem::path& instance_dir, std::chrono::milliseconds grace,
                 const sdk::Host& host);
/// The stems of helpers that live.
std::vector<std::pair<std::string, pid_t>> living_helpers(const std::filesystem::path& dir);

}  // namespace lima::qemu
