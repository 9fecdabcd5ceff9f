#include "sdk/remote/client/remote.hpp"

#include "core/base/signals_blocked.hpp"
#include "sdk/remote/client/one_shot.hpp"

#include <thread>
#include <unistd.h>

namespace lima::remote::client {
namespace {

using std::chrono::milliseconds;

/// A process that is leaving still listens for a moment.
constexpr int kLeavingTries = 30;
constexpr milliseconds kLeavingPause(100);
/// A driver that loses its process more often than so within a minute is left alone.
constexpr std::size_t kRecoveries = 3;
constexpr std::chrono::minutes kShortTime(1);

Program program_of(const sdk::Host& host) {
    Program out;
    const auto* told = host.extension<lima_host_remote>(LIMA_HOST_EXT_REMOTE);
    if (told == nullptr) {
        return out;
    }
    const auto text = [](const char* value) { return std::string(value == nullptr ? "" : value); };
    out.name = text(told->name);
    out.executable = text(told->executable);
    out.module = text(told->module);
    out.owner = text(told->owner);
    out.instance_dir = text(told->instance_dir);
    out.client = std::string(host.name()) + " " + host.version();
    return out;
}

std::string refusal_of(const Program& program) {
    if (program.name.empty() || !program.executable.is_absolute()) {
        return "the host does not say which program is to be run (" LIMA_HOST_EXT_REMOTE ")";
    }
    return {};
}

bool is_unavailable(const Error& error) { return error.code() == Code::kUnavailable; }

}  // namespace

RemoteDriver::RemoteDriver(const sdk::Host& host)
    : Driver(host), program_(program_of(host)), refusal_(refusal_of(program_)) {}

RemoteDriver::~RemoteDriver() {
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
    }
    changed_.notify_all();
    recovery_call_.cancel();
    if (recovery_.joinable()) {
        recovery_.join();
    }
    if (session_) {
        session_->close();
    }
}

Result<RemoteDriver::SessionPtr> RemoteDriver::open_in(const Path& dir,
                                                       const sdk::Call* call) const {
    for (int tries = 0;; ++tries) {
        LIMA_TRY(Launched launched, launch(program_, dir, tries < kLeavingTries, call));
        const bool found = launched.process == nullptr;
        Connected connected{.host = host(),
                            .program = program_,
                            .dir = dir,
                            .process = std::move(launched.process),
                            .wire = std::make_unique<Wire>(std::move(launched.socket)),
                            .generation = launched.generation};
        connected.on_lost = [this](std::string exited) { lose(std::move(exited)); };
        auto opened = open_session(std::move(connected));
        if (opened) {
            host().debug("the driver process of " + program_.name + " speaks generation " +
                         (*opened)->identity().generation + (found ? " and ran already" : ""));
            return SessionPtr(std::move(*opened));
        }
        if (!found || !is_unavailable(opened.error()) || tries == kLeavingTries) {
            return fail(std::move(opened.error()));
        }
        // Two that listen at one place would take away each other's socket.
        std::this_thread::sleep_for(kLeavingPause);
    }
}

Result<RemoteDriver::SessionPtr> RemoteDriver::open(const sdk::Call* call) const {
    if (!refusal_.empty()) {
        return fail(Code::kFailedPrecondition, refusal_);
    }
    if (!program_.instance_dir.empty()) {
        return open_in(program_.instance_dir, call);
    }
    if (!temp_) {
        LIMA_TRY(fs::TempDir made, fs::TempDir::create("lima-driver"));
        temp_.emplace(std::move(made));
    }
    return open_in(temp_->path(), call);
}

Result<> RemoteDriver::reconfigure(Session& session, const sdk::Call& call) const {
    std::string instance;
    {
        const std::lock_guard lock(mutex_);
        instance = configured_;
    }
    if (instance.empty()) {
        return {};
    }
    LIMA_DO(session.configure(call, instance), "cannot configure the driver's process again");
    return {};
}

void RemoteDriver::tell_lost() const {
    std::string exited;
    {
        const std::lock_guard lock(mutex_);
        if (!lost_ || std::exchange(lost_->told, true)) {
            return;
        }
        exited = lost_->exited;
    }
    host().event("exited", exited);
}

Result<> RemoteDriver::take_over(Session& session, const sdk::Call& call) const {
    {
        const std::lock_guard lock(mutex_);
        if (!lost_) {
            return {};
        }
    }
    if (session.identity().extensions.count(LIMA_EXT_ADOPT) == 0) {
        tell_lost();
    } else if (const Result<> adopted = session.adopt(call); adopted) {
        host().warning("the driver " + program_.name +
                       " had lost its process; a new one has taken the VM over");
    } else if (adopted.error().code() == Code::kNotFound) {
        tell_lost();
    } else {
        return fail(Error(adopted.error()).wrap("cannot take the VM over"));
    }
    const std::lock_guard lock(mutex_);
    lost_.reset();
    return {};
}

void RemoteDriver::lose(std::string exited) const {
    const auto now = std::chrono::steady_clock::now();
    {
        const std::lock_guard lock(mutex_);
        if (closing_) {
            return;
        }
        lost_ = Lost{.exited = std::move(exited)};
        std::erase_if(losses_, [&](const auto& then) { return now - then > kShortTime; });
        losses_.push_back(now);
        recover_ = losses_.size() <= kRecoveries;
        if (recover_ && !recovery_.joinable()) {
            const SignalsBlocked blocked;
            recovery_ = std::thread([this] { recover(); });
        }
        if (recover_) {
            changed_.notify_all();
            return;
        }
    }
    tell_lost();
}

void RemoteDriver::recover() const {
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return recover_ || closing_; });
            recover_ = false;
            if (closing_) {
                return;
            }
        }
        const sdk::Call call = recovery_call_.call();
        if (const auto found = session(&call); !found && !call.cancelled()) {
            host().error("the driver " + program_.name +
                         " cannot have another process: " + found.error().text());
            tell_lost();
        }
    }
}

Result<RemoteDriver::SessionPtr> RemoteDriver::living(bool patient) const {
    const std::lock_guard lock(mutex_);
    if (session_ && !session_->is_dead()) {
        return session_;
    }
    if (!patient && (session_ || failure_)) {
        return fail(failure_ ? *failure_
                             : Error(Code::kUnavailable, "the driver's process has ended"));
    }
    return SessionPtr();
}

Result<RemoteDriver::SessionPtr> RemoteDriver::session(const sdk::Call* call) const {
    LIMA_TRY(SessionPtr found, living(call != nullptr));
    if (found) {
        return found;
    }
    const std::lock_guard launching(launch_);
    LIMA_TRY(found, living(call != nullptr));
    if (found) {
        return found;
    }
    SessionPtr dead;
    {
        const std::lock_guard lock(mutex_);
        dead = std::move(session_);
        if (dead) {
            failure_ = Error(Code::kUnavailable, "the driver's process has ended");
        }
    }
    if (dead) {
        dead->close();
    }
    auto opened = launch_anew(call);
    const std::lock_guard lock(mutex_);
    if (!opened) {
        failure_ = opened.error();
        return fail(std::move(opened.error()));
    }
    failure_.reset();
    session_ = std::move(*opened);
    return session_;
}

Result<RemoteDriver::SessionPtr> RemoteDriver::launch_anew(const sdk::Call* call) const {
    LIMA_TRY(SessionPtr opened, open(call));
    if (call != nullptr) {
        auto ready = reconfigure(*opened, *call);
        if (ready) {
            ready = take_over(*opened, *call);
        }
        if (!ready) {
            opened->close();
            return fail(std::move(ready.error()));
        }
    }
    return opened;
}

template <class T>
Result<T> RemoteDriver::noted(Result<T> result) const {
    if (!result) {
        const std::lock_guard lock(mutex_);
        quiet_ = result.error();
    }
    return result;
}

bool RemoteDriver::offers(std::string_view id) {
    const auto found = noted(session(nullptr));
    return found && (*found)->identity().extensions.count(std::string(id)) > 0;
}

Result<> RemoteDriver::identify(const lima_sink& out, const sdk::Call& call) {
    LIMA_TRY(const SessionPtr found, session(&call));
    const Identity& identity = found->identity();
    sdk::detail::put(&out, "generation", identity.generation);
    sdk::detail::put(&out, "version", identity.version);
    sdk::detail::put(&out, "abi", std::to_string(identity.abi));
    sdk::detail::put(&out, "pid", std::to_string(found->pid()));
    return {};
}

Result<std::string> RemoteDriver::inspect(const std::string& instance) {
    if (!refusal_.empty()) {
        return fail(Code::kFailedPrecondition, refusal_);
    }
    return inspect_status(program_, instance);
}

void RemoteDriver::last_failure(const lima_sink& out) const {
    const std::lock_guard lock(mutex_);
    if (quiet_) {
        sdk::detail::put(&out, "text", quiet_->text());
        sdk::detail::put(&out, "hint", quiet_->hint());
    }
}

Result<std::string> RemoteDriver::configure(const sdk::Call& call, std::string_view instance_json) {
    LIMA_TRY(const SessionPtr found, session(&call));
    const std::string instance(instance_json);
    LIMA_TRY(std::string answer, found->configure(call, instance));
    const std::lock_guard lock(mutex_);
    configured_ = instance;
    return answer;
}

Result<> RemoteDriver::validate(const sdk::Call& call) {
    LIMA_TRY(const SessionPtr found, session(&call));
    return found->validate(call);
}

Result<> RemoteDriver::create(const sdk::Call& call) {
    LIMA_TRY(const SessionPtr found, session(&call));
    return found->verb(&OriginalStub::Create, call);
}

Result<> RemoteDriver::create_disk(const sdk::Call& call) {
    LIMA_TRY(const SessionPtr found, session(&call));
    return found->verb(&OriginalStub::CreateDisk, call);
}

Result<> RemoteDriver::start(const sdk::Call& call) {
    LIMA_TRY(const SessionPtr found, session(&call));
    return found->start(call);
}

Result<> RemoteDriver::stop(const sdk::Call& call) {
    LIMA_TRY(const SessionPtr found, session(&call));
    return found->stop(call);
}

Result<> RemoteDriver::remove(const sdk::Call& call) {
    LIMA_TRY(const SessionPtr found, session(&call));
    return found->verb(&OriginalStub::Delete, call);
}

Result<std::string> RemoteDriver::info() const {
    auto found = noted(session(nullptr));
    if (!found) {
        return fail(std::move(found.error()));
    }
    return noted((*found)->info());
}

bool RemoteDriver::forward_over_ssh() const {
    const auto found = noted(session(nullptr));
    return found && (*found)->forward_over_ssh();
}

Result<lima_handle> RemoteDriver::connect(const sdk::Call& call) {
    LIMA_TRY(const SessionPtr found, session(&call));
    return found->connect(call, "");
}

Result<lima_handle> RemoteDriver::connect_channel(const sdk::Call& call, std::string_view name) {
    LIMA_TRY(const SessionPtr found, session(&call));
    return found->connect(call, std::string(name));
}

Result<std::map<std::string, std::string>> RemoteDriver::boot_scripts(const sdk::Call& call) {
    LIMA_TRY(const SessionPtr found, session(&call));
    return found->boot_scripts(call);
}

Result<sdk::SshAddress> RemoteDriver::ssh_address(const sdk::Call& call) {
    LIMA_TRY(const SessionPtr found, session(&call));
    return found->ssh_address(call);
}

Result<std::string> RemoteDriver::status(const sdk::Call& call) {
    LIMA_TRY(const SessionPtr found, session(&call));
    std::string instance;
    {
        const std::lock_guard lock(mutex_);
        instance = configured_;
    }
    return found->status(call, instance);
}

Result<> RemoteDriver::adopt(const sdk::Call& call) {
    LIMA_TRY(const SessionPtr found, session(&call));
    return found->adopt(call);
}

Result<> RemoteDriver::create_snapshot(const sdk::Call& call, const std::string& tag) {
    LIMA_TRY(const SessionPtr found, session(&call));
    return found->create_snapshot(call, tag);
}

Result<> RemoteDriver::apply_snapshot(const sdk::Call& call, const std::string& tag) {
    LIMA_TRY(const SessionPtr found, session(&call));
    return found->apply_snapshot(call, tag);
}

Result<> RemoteDriver::delete_snapshot(const sdk::Call& call, const std::string& tag) {
    LIMA_TRY(const SessionPtr found, session(&call));
    return found->delete_snapshot(call, tag);
}

Result<std::string> RemoteDriver::list_snapshots(const sdk::Call& call) {
    LIMA_TRY(const SessionPtr found, session(&call));
    return found->list_snapshots(call);
}

Result<> RemoteDriver::run_gui(const sdk::Call& call) {
    LIMA_TRY(const SessionPtr found, session(&call));
    return found->verb(&OriginalStub::RunGUI, call);
}

Result<> RemoteDriver::change_display_password(const sdk::Call& call, const std::string& password) {
    LIMA_TRY(const SessionPtr found, session(&call));
    return found->change_display_password(call, password);
}

Result<std::string> RemoteDriver::display_connection(const sdk::Call& call) {
    LIMA_TRY(const SessionPtr found, session(&call));
    return found->display_connection(call);
}

Result<sdk::Picture> RemoteDriver::capture_screenshot(const sdk::Call& call,
                                                      std::string_view format) {
    LIMA_TRY(const SessionPtr found, session(&call));
    return found->screenshot(call, std::string(format));
}

Result<std::string> RemoteDriver::config_schema() const {
    auto found = noted(session(nullptr));
    if (!found) {
        return fail(std::move(found.error()));
    }
    return noted((*found)->config_schema());
}

}  // namespace lima::remote::client
