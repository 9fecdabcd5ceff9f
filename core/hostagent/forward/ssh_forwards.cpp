#include "core/hostagent/forward/ssh_forwards.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <chrono>
#include <sys/stat.h>

namespace lima::hostagent {
namespace {

constexpr std::chrono::seconds kTimeout{30};

std::vector<std::string> with_target(std::vector<std::string> argv, const ssh::Target& target) {
    argv.insert(argv.end(), {"-p", std::to_string(target.port), target.address, "--"});
    return argv;
}

/// Only ever a socket, and only when it is there.
void remove_host_socket(const std::string& path) {
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0) {
        return;
    }
    if (!S_ISSOCK(info.st_mode)) {
        log::warn("{} is not a socket, and stays", path);
        return;
    }
    if (const auto removed = fs::remove_if_exists(path); !removed) {
        log::warn("cannot remove {}: {}", path, removed.error().text());
    }
}

}  // namespace

std::vector<std::string> ssh_forward_argv(const ssh::Client& client, const ssh::Target& target,
                                          SshVerb verb, const SshForward& forward) {
    std::vector<std::string> argv = ssh::command_line(client, ssh::options(client, target));
    argv.insert(argv.end(), {"-T", "-O", verb == SshVerb::kForward ? "forward" : "cancel",
                             forward.reverse ? "-R" : "-L",
                             forward.reverse ? forward.remote + ":" + forward.local
                                             : forward.local + ":" + forward.remote,
                             "-N", "-f"});
    return with_target(std::move(argv), target);
}

Result<void> run_ssh(const std::vector<std::string>& argv) {
    SpawnOptions options;
    options.argv = argv;
    LIMA_TRY(const Output output, lima::run(std::move(options), {}, kTimeout));
    if (!output.status.ok()) {
        return failf(Code::kUnavailable, "ssh: {}: {}", output.status.text(), trim(output.err));
    }
    return {};
}

SshForwards::SshForwards(asio::any_io_executor executor, asio::thread_pool& pool,
                         ssh::Client client, ssh::Target target, Runner runner)
    : pool_(pool),
      client_(std::move(client)),
      target_(std::move(target)),
      runner_(std::move(runner)),
      scope_(std::move(executor)) {}

void SshForwards::add(SshForward forward) {
    push(SshVerb::kForward, forward);
    forwards_.push_back(std::move(forward));
}

void SshForwards::cancel(const std::string& local) {
    const auto found = std::find_if(forwards_.begin(), forwards_.end(),
                                    [&](const SshForward& it) { return it.local == local; });
    if (found != forwards_.end()) {
        push(SshVerb::kCancel, *found);
        forwards_.erase(found);
    }
}

void SshForwards::make_all() {
    has_master_ = true;
    for (const SshForward& forward : forwards_) {
        push(SshVerb::kForward, forward);
    }
}

void SshForwards::push(SshVerb verb, const SshForward& forward) {
    if (!has_master_) {
        return;
    }
    Task task;
    task.verb = verb;
    task.forward = forward;
    tasks_.push_back(std::move(task));
    if (!std::exchange(working_, true)) {
        scope_.spawn(work(), "ssh forwards");
    }
}

asio::awaitable<void> SshForwards::work() {
    while (!tasks_.empty()) {
        const Task task = tasks_.front();
        tasks_.pop_front();
        std::function<Result<void>()> job = [this, &task] { return perform(task); };
        const auto done = co_await aio::on_pool(pool_, std::move(job));
        if (!done && task.verb == SshVerb::kForward) {
            log::warn(
                "cannot forward {} to {} of the guest over ssh (no harm if that was done "
                "before): {}",
                task.forward.local, task.forward.remote, done.error().text());
        } else if (!done) {
            log::debug("cannot end the forward of {}: {}", task.forward.local, done.error().text());
        }
    }
    working_ = false;
}

Result<void> SshForwards::perform(const Task& task) const {
    const SshForward& forward = task.forward;
    const auto argv = ssh_forward_argv(client_, target_, task.verb, forward);
    const bool guest_socket = forward.reverse && forward.remote.starts_with('/');
    const bool host_socket = !forward.reverse && forward.local.starts_with('/');
    if (task.verb == SshVerb::kForward && (guest_socket || host_socket)) {
        // A master that has it from before would leave it at that, without a socket.
        const auto cancelled =
            runner_(ssh_forward_argv(client_, target_, SshVerb::kCancel, forward));
        log::trace("ssh -O cancel: {}", cancelled ? "done" : cancelled.error().text());
    }
    if (guest_socket) {
        LIMA_DO(remove_guest_socket(forward.remote));
    }
    if (task.verb == SshVerb::kCancel) {
        auto done = runner_(argv);
        if (host_socket) {
            remove_host_socket(forward.local);
        }
        return done;
    }
    if (host_socket) {
        remove_host_socket(forward.local);
        LIMA_DO(fs::make_dirs(fs::Path(forward.local).parent_path(), 0750));
    }
    auto done = runner_(argv);
    if (!done && host_socket) {
        remove_host_socket(forward.local);
    } else if (!done && guest_socket) {
        (void)remove_guest_socket(forward.remote);
    }
    return done;
}

Result<void> SshForwards::remove_guest_socket(const std::string& path) const {
    std::vector<std::string> argv =
        with_target(ssh::command_line(client_, ssh::options(client_, target_)), target_);
    argv.insert(argv.end(), {"rm", "-f", shell_quote(path)});
    return runner_(argv);
}

asio::awaitable<void> SshForwards::settle() { co_await scope_.join(); }

asio::awaitable<void> SshForwards::close() {
    tasks_.clear();
    for (const SshForward& forward : std::exchange(forwards_, {})) {
        push(SshVerb::kCancel, forward);
    }
    co_await scope_.join();
}

}  // namespace lima::hostagent
