#include "check/host.hpp"

#include <algorithm>
#include <cstring>
#include <thread>

namespace lima::check {

PlayedHost::PlayedHost(const Target& target, const Path& instance_dir, Faults faults)
    : away_(target.way != kModule), faults_(faults) {
    table_ = {LIMA_DRIVER_ABI, this,     "lima-check-driver", "v0.0.0",
              on_log,          on_event, find_extension};
    remote_.name = target.name;
    remote_.executable = (target.way == kVia ? target.run_driver : target.path).string();
    remote_.module = target.way == kVia ? target.path.string() : "";
    remote_.owner = "cli";
    remote_.instance_dir = instance_dir.string();
    remote_.table = {remote_.name.c_str(), remote_.executable.c_str(),
                     remote_.module.empty() ? nullptr : remote_.module.c_str(),
                     remote_.owner.c_str(),
                     remote_.instance_dir.empty() ? nullptr : remote_.instance_dir.c_str()};
}

void PlayedHost::came_late(const std::string& what) {
    if (closed_) {
        const std::lock_guard guard(mutex_);
        late_calls_.push_back(what);
    }
}

void LIMA_CALL PlayedHost::on_log(const lima_host* raw, lima_level level, const char* message,
                                  const char* fields) {
    PlayedHost& host = of(raw);
    const std::string text = message != nullptr ? message : "";
    host.came_late("log \"" + shorten(text) + "\"");
    const std::lock_guard guard(host.mutex_);
    if (message == nullptr) {
        host.bad_records_.push_back("a log record without a message");
    }
    if (level < LIMA_TRACE || level > LIMA_ERROR) {
        host.bad_records_.push_back("a log record of level " + std::to_string(level));
    }
    if (fields != nullptr && !Json::parse(fields, nullptr, false).is_object()) {
        host.bad_records_.push_back("log fields that are no JSON object: " + shorten(fields));
    }
}

void LIMA_CALL PlayedHost::on_event(const lima_host* raw, const char* type, const char* json) {
    PlayedHost& host = of(raw);
    Event event{type != nullptr ? type : "", json != nullptr ? json : "{}", {}, Clock::now()};
    event.json = Json::parse(event.text, nullptr, false);
    host.came_late("the event " + event.type);
    const std::lock_guard guard(host.mutex_);
    if (type == nullptr || !event.json.is_object()) {
        host.bad_records_.push_back("the event \"" + event.type +
                                    "\" with what is no JSON object: " + shorten(event.text));
    }
    host.events_.push_back(std::move(event));
    host.changed_.notify_all();
}

const void* LIMA_CALL PlayedHost::find_extension(const lima_host* raw, const char* id) {
    PlayedHost& host = of(raw);
    host.came_late("get_extension");
    const std::string wanted = id != nullptr ? id : "";
    if (wanted == LIMA_HOST_EXT_REMOTE && host.away_) {
        return &host.remote_.table;
    }
    if (host.faults_.none) {
        return nullptr;
    }
    if (wanted == LIMA_HOST_EXT_PROCESS) {
        return &kProcessService;
    }
    if (wanted == LIMA_HOST_EXT_DISK) {
        return &kDiskService;
    }
    return wanted == LIMA_HOST_EXT_NETWORK ? &kNetworkService : nullptr;
}

void PlayedHost::closing() {
    const std::lock_guard guard(callbacks_);
    silent_ = true;
}

std::vector<std::string> PlayedHost::late_calls() const {
    const std::lock_guard guard(mutex_);
    return late_calls_;
}

std::vector<Event> PlayedHost::events() const {
    const std::lock_guard guard(mutex_);
    return events_;
}

std::size_t PlayedHost::count(const std::string& type) const {
    const std::lock_guard guard(mutex_);
    return static_cast<std::size_t>(std::count_if(
        events_.begin(), events_.end(), [&](const Event& event) { return event.type == type; }));
}

bool PlayedHost::await(const std::string& type, std::size_t count, int timeout_ms) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] {
        return static_cast<std::size_t>(
                   std::count_if(events_.begin(), events_.end(),
                                 [&](const Event& event) { return event.type == type; })) >= count;
    });
}

std::vector<std::string> PlayedHost::bad_records() const {
    const std::lock_guard guard(mutex_);
    return bad_records_;
}

std::string PlayedHost::refused() const {
    const std::lock_guard guard(mutex_);
    return refused_;
}

std::int64_t PlayedHost::child_pid() const {
    const std::lock_guard guard(mutex_);
    const auto last = children_.rbegin();
    return last == children_.rend() ? -1 : last->second->pid();
}

void PlayedHost::settle() {
    std::map<std::int64_t, std::shared_ptr<Child>> ended;
    {
        const std::lock_guard guard(mutex_);
        for (auto it = children_.begin(); it != children_.end();) {
            it = it->second->pid() < 0 ? (ended.insert(*it), children_.erase(it)) : std::next(it);
        }
    }
    // their threads are joined here
}

lima_status PlayedHost::enter(const char* service, const lima_call* call) {
    came_late(service);
    const int number = ++service_calls_;
    std::this_thread::sleep_for(std::chrono::milliseconds(faults_.delay_ms));
    if (number != faults_.refuse) {
        return LIMA_OK;
    }
    const std::lock_guard guard(mutex_);
    refused_ = service;
    if (call != nullptr) {
        call->fail(call, (std::string("the kit refuses ") + service).c_str());
    }
    return LIMA_UNAVAILABLE;
}

lima_status PlayedHost::spawn(const lima_call* call, const lima_host_process_spec& spec,
                              std::int64_t& id) {
    Launch launch;
    for (const char* const* word = spec.argv; *word != nullptr; ++word) {
        launch.argv.emplace_back(*word);
    }
    for (const char* const* entry = spec.env; entry != nullptr && *entry != nullptr; ++entry) {
        launch.env.emplace_back(*entry);
    }
    launch.cwd = spec.cwd != nullptr ? spec.cwd : "";
    launch.pid_file = spec.pid_file != nullptr ? spec.pid_file : "";
    for (std::size_t i = 0; i < spec.inherit_count; ++i) {
        launch.inherit.push_back(static_cast<int>(spec.inherit[i]));
    }
    if (spec.line != nullptr) {
        launch.on_line = [this, line = spec.line, ctx = spec.ctx](int stream,
                                                                  const std::string& text) {
            const std::lock_guard guard(callbacks_);
            if (!silent_) {
                line(ctx, stream, text.c_str());
            }
        };
    }
    if (spec.exited != nullptr) {
        launch.on_exit = [this, exited = spec.exited, ctx = spec.ctx](const Exit& exit) {
            const std::lock_guard guard(callbacks_);
            if (!silent_) {
                exited(ctx, exit.code, exit.signal);
            }
        };
    }
    std::string error;
    std::shared_ptr<Child> child = start(launch, error);
    if (!child) {
        call->fail(call, error.c_str());
        return LIMA_NOT_FOUND;
    }
    const std::lock_guard guard(mutex_);
    id = ++last_id_;
    children_[id] = std::move(child);
    return LIMA_OK;
}

std::shared_ptr<Child> PlayedHost::child(std::int64_t id) const {
    const std::lock_guard guard(mutex_);
    const auto found = children_.find(id);
    return found == children_.end() ? nullptr : found->second;
}

PlayedCall::PlayedCall(Size size) {
    lima_call& call = room_.call;
    call.struct_size = sizeof call;
    call.cancel_fd = cancel_.fd();
    call.ctx = this;
    call.cancelled = [](const lima_call* c) -> std::int32_t { return of(c).cancelled_ ? 1 : 0; };
    call.fail = [](const lima_call* c, const char* message) {
        const std::lock_guard guard(of(c).mutex_);
        of(c).text_ = message != nullptr ? message : "";
    };
    call.progress = [](const lima_call*, std::uint64_t, std::uint64_t, const char*) {};
    call.hint = [](const lima_call* c, const char* text) {
        const std::lock_guard guard(of(c).mutex_);
        of(c).hint_ = text != nullptr ? text : "";
    };
    if (size == Size::kOlder) {
        call.struct_size = offsetof(lima_call, hint);
        call.hint = [](const lima_call* c, const char*) { of(c).asked_too_much_ = true; };
    } else if (size == Size::kNewer) {
        std::memset(room_.later, 0xa5, sizeof room_.later);
        call.struct_size = sizeof room_;
    }
}

void PlayedCall::cancel() {
    cancelled_ = true;
    cancel_.set();
}

std::string PlayedCall::text() const {
    const std::lock_guard guard(mutex_);
    return text_;
}

std::string PlayedCall::hint() const {
    const std::lock_guard guard(mutex_);
    return hint_;
}

void LIMA_CALL PlayedSink::put(void* ctx, const char* key, const void* data, std::size_t size) {
    static_cast<PlayedSink*>(ctx)->values_.emplace(
        key != nullptr ? key : "", std::string(static_cast<const char*>(data), size));
}

}  // namespace lima::check
