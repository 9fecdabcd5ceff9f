#include "core/hostagent/guest_shell.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/hostagent/banner.hpp"

#include <charconv>

namespace lima::hostagent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A guest without hardware help needs seconds for a key exchange.
constexpr seconds kLogin(60);
constexpr seconds kBanner(30);
constexpr seconds kExit(10);
constexpr seconds kNewMaster(30);

}  // namespace

GuestShell::GuestShell(ssh::Client client, ssh::Target target, driver::Cancel cancel)
    : client_(std::move(client)), target_(std::move(target)), cancel_(std::move(cancel)) {}

void GuestShell::use(const driver::Cancel& cancel) {
    const std::lock_guard lock(mutex_);
    cancel_ = cancel;
}

Result<void> GuestShell::connect(milliseconds timeout) {
    LIMA_DO(wait_for_banner(target_.address, target_.port, std::min<milliseconds>(kBanner, timeout),
                            cancel_.fd()));
    const ssh::SessionTarget target{.address = target_.address,
                                    .port = target_.port,
                                    .user = target_.user,
                                    .identity = target_.identity};
    logging_in_ = true;
    auto session = ssh::Session::connect(target, kLogin, cancel_.fd());
    logging_in_ = false;
    if (!session) {
        return fail(std::move(session.error()));
    }
    const std::lock_guard lock(mutex_);
    session_.emplace(std::move(*session));
    if (cancel_.triggered()) {
        return fail(Code::kCancelled, "stopped while logging in");
    }
    return {};
}

Result<ssh::CommandResult> GuestShell::run(const std::string& command, std::string_view input,
                                           milliseconds timeout) {
    if (cancel_.triggered()) {
        return fail(Code::kCancelled, "stopped");
    }
    if (!session_) {
        LIMA_DO(connect(timeout));
    }
    auto result = session_->run(command, input, timeout);
    if (!result) {
        // Whatever went wrong, the connection's state is unknown: the next call makes another.
        const std::lock_guard lock(mutex_);
        session_.reset();
    }
    return result;
}

std::vector<std::string> GuestShell::ssh_argv(const std::vector<std::string>& flags) const {
    std::vector<std::string> argv = ssh::command_line(client_, ssh::options(client_, target_));
    argv.insert(argv.end(), flags.begin(), flags.end());
    argv.insert(argv.end(), {"-p", std::to_string(target_.port), target_.address});
    return argv;
}

Result<ssh::CommandResult> GuestShell::run_over_master(const std::string& command,
                                                       std::string_view input,
                                                       milliseconds timeout) {
    if (cancel_.triggered()) {
        return fail(Code::kCancelled, "stopped");
    }
    SpawnOptions options;
    options.argv = shell_argv(command);
    LIMA_TRY(Output output, lima::run(std::move(options), input, timeout));
    if (output.status.code == 255 || output.status.signal != 0) {
        const bool refused = output.err.find("Permission denied (") != std::string::npos;
        return failf(refused ? Code::kPermissionDenied : Code::kUnavailable, "ssh: {}: {}",
                     output.status.text(), trim(output.err));
    }
    return ssh::CommandResult{.exit_code = output.status.code,
                              .out = std::move(output.out),
                              .err = std::move(output.err)};
}

void GuestShell::exit_master() {
    if (!fs::exists_nofollow(target_.control_path)) {
        return;
    }
    SpawnOptions options;
    options.argv = ssh_argv({"-O", "exit"});
    if (const auto output = lima::run(std::move(options), {}, kExit); !output) {
        log::warn("cannot end the ssh ControlMaster: {}", output.error().text());
    } else if (!output->status.ok()) {
        log::debug("ssh -O exit: {}: {}", output->status.text(), output->err);
    }
}

Result<pid_t> GuestShell::master_pid() const {
    SpawnOptions options;
    options.argv = ssh_argv({"-O", "check"});
    LIMA_TRY(const Output output, lima::run(std::move(options), {}, kExit));
    // "Master running (pid=123)", on stderr
    constexpr std::string_view kBefore = "(pid=";
    const std::size_t at = output.err.find(kBefore);
    pid_t pid = 0;
    if (output.status.ok() && at != std::string::npos) {
        const char* begin = output.err.data() + at + kBefore.size();
        std::from_chars(begin, output.err.data() + output.err.size(), pid);
    }
    if (pid <= 0) {
        return failf(Code::kUnavailable, "ssh -O check: {}", trim(output.err));
    }
    return pid;
}

std::vector<std::string> GuestShell::shell_argv(const std::string& command) const {
    std::vector<std::string> argv = ssh_argv({});
    argv.insert(argv.end(), {"--", command});
    return argv;
}

Result<void> GuestShell::forward_socket(const std::filesystem::path& local,
                                        const std::string& remote) {
    const auto master = [&](const char* what) {
        SpawnOptions options;
        options.argv =
            ssh_argv({"-T", "-O", what, "-L", local.string() + ":" + remote, "-N", "-f"});
        options.argv.emplace_back("--");
        return lima::run(std::move(options), {}, kExit);
    };
    // What an earlier one left is of no use; that there was none is no failure.
    LIMA_TRY(const Output cancelled, master("cancel"));
    log::trace("ssh -O cancel: {}", cancelled.status.text());
    LIMA_DO(fs::remove_if_exists(local));
    LIMA_TRY(const Output done, master("forward"));
    if (!done.status.ok()) {
        return failf(Code::kUnavailable, "ssh cannot forward {}: {}", remote, trim(done.err));
    }
    return {};
}

/// Any command does.
Result<void> GuestShell::make_master() {
    LIMA_DO(run_over_master("true", {}, kNewMaster));
    return {};
}

Result<Fd> GuestShell::dial_socket(const std::filesystem::path& local, const std::string& remote) {
    if (!forward_socket(local, remote)) {
        LIMA_DO(make_master());
        LIMA_DO(forward_socket(local, remote));
    }
    return connect_unix(local.string());
}

void GuestShell::disconnect() {
    const std::lock_guard lock(mutex_);
    session_.reset();
}

void GuestShell::interrupt() {
    const std::lock_guard lock(mutex_);
    if (session_) {
        session_->interrupt();
    }
}

}  // namespace lima::hostagent
