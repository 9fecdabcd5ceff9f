#include "plugins/qemu/helper.hpp"

#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/lock.hpp"
#include "core/base/text.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <poll.h>

namespace lima::qemu {

namespace {

constexpr std::chrono::milliseconds kTermLimit{5000};
constexpr std::chrono::milliseconds kKillLimit{5000};

std::vector<std::string> helper_files(const std::filesystem::path& dir) {
    std::vector<std::string> out;
    for (const std::string& name : fs::list_names(dir).value_or(std::vector<std::string>{})) {
        const bool ours = name.starts_with("virtiofsd-") || name == "swtpm.pid";
        if (ours && name.ends_with(".pid")) {
            out.push_back(name);
        }
    }
    return out;
}

void end_process(pid_t pid, std::chrono::milliseconds grace) {
    const auto process = ForeignProcess::open(pid);
    if (!process || process->wait_for(grace).value_or(false)) {
        return;
    }
    static_cast<void>(process->signal(SIGTERM));
    if (!process->wait_for(kTermLimit).value_or(false)) {
        static_cast<void>(process->signal(SIGKILL));
        static_cast<void>(process->wait_for(kKillLimit));
    }
}

}  // namespace

Result<std::shared_ptr<Helper>> Helper::create(Role role, const sdk::Host& host) {
    LIMA_TRY(Pipe end_pipe, make_pipe());
    return std::shared_ptr<Helper>(new Helper(std::move(role), host, std::move(end_pipe)));
}

Helper::Helper(Role role, const sdk::Host& host, Pipe end_pipe)
    : role_(std::move(role)), end_pipe_(std::move(end_pipe)), host_(host) {}

void Helper::line(std::string_view text) {
    lines_.add(text);
    const std::lock_guard lock(mutex_);
    if (attached_) {
        host_.debug(fmt::format("{}: {}", role_.title, text));
    }
}

void Helper::ended(std::optional<ExitStatus> status) {
    const std::lock_guard lock(mutex_);
    if (ended_) {
        return;
    }
    ended_ = true;
    status_ = status;
    end_pipe_.write.reset();
    tell_loss();
}

void Helper::serve(std::function<bool()> vm_runs) {
    const std::lock_guard lock(mutex_);
    vm_runs_ = std::move(vm_runs);
    if (ended_) {
        tell_loss();
    }
}

/// One that ends well was hung up on by QEMU, whose own end may not be known yet.
void Helper::tell_loss() {
    if (!attached_ || !vm_runs_ || !vm_runs_() || (status_ && status_->ok())) {
        return;
    }
    Json data = Json::object();
    data["message"] =
        fmt::format("{} has ended while the VM runs ({}): {}", role_.title, end_text(), role_.loss);
    host_.event("warning", dump_json(data));
}

std::string Helper::end_text() const {
    std::string text = status_ ? status_->text() : std::string("nobody knows how");
    if (const auto lines = lines_.snapshot(); !lines.empty()) {
        text += "; " + lines.back();
    }
    return text;
}

Result<void> Helper::watch(ForeignProcess process) {
    LIMA_TRY(watch_, EndWatch::start(std::move(process), [this] { ended(std::nullopt); }));
    return {};
}

void Helper::detach() {
    {
        const std::lock_guard lock(mutex_);
        attached_ = false;
    }
    watch_.reset();
}

bool Helper::running() const {
    const std::lock_guard lock(mutex_);
    return !ended_;
}

Result<void> Helper::wait(int cancel_fd, std::chrono::milliseconds time) const {
    std::array<pollfd, 2> polled{{{end_pipe_.read.get(), POLLIN, 0}, {cancel_fd, POLLIN, 0}}};
    ::poll(polled.data(), polled.size(), static_cast<int>(time.count()));
    if (polled[0].revents != 0) {
        const std::lock_guard lock(mutex_);
        const std::vector<std::string> said = lines_.snapshot();
        return failf(Code::kFailedPrecondition, "{} ended at once ({}): {}", role_.title,
                     status_ ? status_->text() : std::string("unknown"),
                     said.empty() ? "it said nothing" : join(said, "; "));
    }
    if (polled[1].revents != 0) {
        return failf(Code::kCancelled, "cancelled while {} was starting", role_.title);
    }
    return {};
}

std::vector<std::pair<std::string, pid_t>> living_helpers(const std::filesystem::path& dir) {
    std::vector<std::pair<std::string, pid_t>> out;
    for (const std::string& name : helper_files(dir)) {
        const auto state = read_pid_file(dir / name);
        if (state && state->held && state->pid > 0) {
            out.emplace_back(name.substr(0, name.size() - 4), state->pid);
        }
    }
    return out;
}

void end_helpers(const std::filesystem::path& instance_dir, std::chrono::milliseconds grace,
                 const sdk::Host& host) {
    for (const auto& [name, pid] : living_helpers(instance_dir)) {
        end_process(pid, grace);
    }
    for (const std::string& name : helper_files(instance_dir)) {
        if (const auto removed = fs::remove_if_exists(instance_dir / name); !removed) {
            host.warn(removed.error().text());
        }
    }
}

}  // namespace lima::qemu
