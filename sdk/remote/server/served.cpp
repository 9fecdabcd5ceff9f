#include "sdk/remote/server/served.hpp"

#include "core/base/json.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"

#include <utility>

namespace lima::remote {
namespace {

/// The call that the thread works for.
thread_local std::uint64_t current_call = 0;

}  // namespace

std::optional<std::string> reason_of_exit(const std::string& json) {
    const auto parsed = parse_json(json);
    if (!parsed || !parsed->is_object()) {
        return "the VM has ended";
    }
    const std::int64_t code = json_int(*parsed, "code");
    const std::int64_t signal = json_int(*parsed, "signal");
    if (code == 0 && signal == 0) {
        return std::nullopt;
    }
    std::string text = signal != 0 ? fmt::format("the VM was ended by signal {}", signal)
                       : code < 0  ? std::string("the VM has ended")
                                   : fmt::format("the VM has ended with exit code {}", code);
    if (const std::string said(trim(json_string(*parsed, "stderr"))); !said.empty()) {
        text += ": " + said;
    }
    return text;
}

Result<std::unique_ptr<Served>> Served::create(const Open& open, driver::OpenOptions options,
                                               std::function<void()> on_idle) {
    auto served = std::unique_ptr<Served>(new Served(std::move(on_idle)));
    options.on_event = [raw = served.get()](const std::string& type, const std::string& json) {
        raw->on_event(type, json);
    };
    options.on_progress = [raw = served.get()](std::uint64_t done, std::uint64_t total,
                                               const std::string& what) {
        raw->on_progress(done, total, what);
    };
    LIMA_TRY(served->driver_, open(std::move(options)));
    served->op_thread_ = std::thread([raw = served.get()] { raw->ops_.run(); });
    return served;
}

Served::~Served() {
    ops_.close();
    main_.close();
    if (op_thread_.joinable()) {
        op_thread_.join();
    }
}

bool Served::op(std::shared_ptr<Call> call, std::function<void(Call&)> body) {
    return ops_.push([this, call = std::move(call), body = std::move(body)]() mutable {
        within(*call, [&] { body(*call); });
        body = nullptr;
        call.reset();
        consider_leaving();
    });
}

void Served::within(const Call& call, const std::function<void()>& body) {
    current_call = call.number;
    body();
    current_call = 0;
}

Result<Json> Served::configure(Json instance) {
    if (!instance.is_object()) {
        return fail(Code::kInvalidArgument, "the instance is no JSON object");
    }
    {
        const std::lock_guard lock(mutex_);
        if (const std::int64_t port = json_int(instance, "sshLocalPort"); port != 0) {
            vm_.ssh_local_port = static_cast<int>(port);
        } else if (vm_.running && vm_.ssh_local_port != 0) {
            // A command that only looks at the instance does not know the port that it runs with.
            instance["sshLocalPort"] = vm_.ssh_local_port;
        }
        if (std::string dir = json_string(instance, "dir"); !dir.empty()) {
            vm_.instance_dir = std::move(dir);
        }
    }
    return driver_->configure(instance);
}

Result<void> Served::start(const Call& call, std::shared_ptr<Tie> tie) {
    {
        const std::lock_guard lock(mutex_);
        if (vm_.tie || vm_.running) {
            return fail(Code::kFailedPrecondition, "the VM runs already");
        }
        vm_.tie = std::move(tie);
        vm_.stopping = false;
    }
    Result<void> started = driver_->start(&call.cancel);
    const std::lock_guard lock(mutex_);
    if (!started) {
        vm_.tie.reset();
        vm_.running = false;
    }
    return started;
}

Result<void> Served::adopt(const Call& call) {
    {
        const std::lock_guard lock(mutex_);
        vm_.stopping = false;
    }
    return driver_->adopt(&call.cancel);
}

Result<void> Served::stop(const Call& call) {
    {
        const std::lock_guard lock(mutex_);
        vm_.stopping = true;
    }
    Result<void> stopped = driver_->stop(&call.cancel);
    if (stopped) {
        end_vm(std::nullopt);
    }
    const std::lock_guard lock(mutex_);
    vm_.stopping = false;
    return stopped;
}

void Served::cut(const Tie& tie) {
    {
        const std::lock_guard lock(mutex_);
        if (vm_.tie.get() != &tie) {
            return;
        }
        vm_.tie.reset();
    }
    log::warn("the host that started the VM is gone; the VM is stopped");
    const auto call = calls_.begin(0);
    call->cancel.trigger();
    op(call, [this](Call& stopping) {
        if (const auto stopped = stop(stopping); !stopped) {
            log::error("cannot stop the VM: {}", stopped.error().text());
        }
    });
}

std::string Served::instance_dir() const {
    const std::lock_guard lock(mutex_);
    return vm_.instance_dir;
}

void Served::set_instance_dir(std::string dir) {
    const std::lock_guard lock(mutex_);
    vm_.instance_dir = std::move(dir);
}

void Served::on_event(const std::string& type, const std::string& json) {
    feed_.event(type, json);
    if (type == "started") {
        const std::lock_guard lock(mutex_);
        vm_.running = true;
    } else if (type == "exited") {
        end_vm(reason_of_exit(json));
    }
}

void Served::end_vm(const std::optional<std::string>& reason) {
    std::shared_ptr<Tie> tie;
    bool stopping = false;
    {
        const std::lock_guard lock(mutex_);
        vm_.running = false;
        stopping = vm_.stopping;
        tie = std::move(vm_.tie);
        vm_.tie.reset();
    }
    if (tie) {
        tie->vm_ended(stopping ? std::nullopt : reason);
    }
    consider_leaving();
}

void Served::on_progress(std::uint64_t done, std::uint64_t total, const std::string& what) {
    if (current_call != 0) {
        feed_.progress(current_call, done, total, what);
    }
}

void Served::watched(Watcher& watcher) {
    may_leave_ = true;
    feed_.watch(watcher);
}

void Served::unwatched(Watcher& watcher) {
    feed_.unwatch(watcher);
    consider_leaving();
}

void Served::out_of_reach() {
    may_leave_ = true;
    consider_leaving();
}

void Served::consider_leaving() {
    if (!may_leave_ || leaving_ || feed_.watchers() != 0 || calls_.count() != 0) {
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        if (vm_.tie) {
            return;
        }
    }
    if (!idle_told_.exchange(true)) {
        on_idle_();
    }
}

void Served::leave() {
    leaving_ = true;
    calls_.cancel_all();
    std::shared_ptr<Tie> tie;
    {
        const std::lock_guard lock(mutex_);
        tie = vm_.tie;
    }
    if (tie) {
        const auto call = calls_.begin(0);
        call->cancel.trigger();
        op(call, [this](Call& stopping) {
            if (const auto stopped = stop(stopping); !stopped) {
                log::error("cannot stop the VM: {}", stopped.error().text());
            }
        });
    }
    ops_.close();
    op_thread_.join();
    feed_.end();
    main_.close();
}

}  // namespace lima::remote
