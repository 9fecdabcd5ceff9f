#include "plugins/qemu/vm.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "plugins/qemu/argv.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <unistd.h>

namespace lima::qemu {

namespace {

constexpr std::size_t kStderrLines = 20;
constexpr std::size_t kSerialLines = 20;
constexpr int kUnknownCode = -1;
constexpr std::string_view kJobPrefix = "lima-";

/// As one text.
std::string last(const std::vector<std::string>& lines, std::size_t most) {
    const std::size_t from = lines.size() > most ? lines.size() - most : 0;
    return join({lines.begin() + static_cast<std::ptrdiff_t>(from), lines.end()}, "\n");
}

/// The console that said something last: firmware and kernel on the serial port, or the virtio
/// console.
std::vector<std::string> serial_tail(const std::filesystem::path& dir) {
    for (const char* name : {"serial.log", "serialp.log", "serialv.log"}) {
        std::vector<std::string> lines = tail_of_file(dir / name, kSerialLines);
        if (!lines.empty()) {
            return lines;
        }
    }
    return {};
}

}  // namespace

Result<std::shared_ptr<Vm>> Vm::create(Config config, const sdk::Host& host) {
    LIMA_TRY(Pipe end_pipe, make_pipe());
    return std::shared_ptr<Vm>(new Vm(std::move(config), host, std::move(end_pipe)));
}

Vm::Vm(Config config, const sdk::Host& host, Pipe end_pipe)
    : config_(std::move(config)), end_pipe_(std::move(end_pipe)), host_(host) {}

Vm::~Vm() { detach(); }

void Vm::line(int stream, std::string_view text) {
    if (stream == 2) {
        stderr_lines_.add(text);
    }
    const std::lock_guard lock(mutex_);
    if (attached_) {
        host_.debug(fmt::format("qemu[{}]: {}", stream == 2 ? "stderr" : "stdout", text));
    }
}

void Vm::ended(const End& end) {
    const std::lock_guard lock(mutex_);
    if (end_) {
        return;
    }
    end_ = end;
    end_seen_ = true;
    if (announced_ && attached_) {
        host_.event("exited", exited_json());
    }
    end_pipe_.write.reset();
}

bool Vm::announce(const std::string& accel) {
    const std::lock_guard lock(mutex_);
    if (end_) {
        return false;
    }
    announced_ = true;
    since_ = std::chrono::steady_clock::now();
    Json data = Json::object();
    data["pid"] = pid;
    if (!accel.empty()) {
        data["accel"] = accel;
    }
    data["adopted"] = adopted;
    emit("started", data);
    watch_serial();
    return true;
}

void Vm::watch_serial() {
    auto watch = SerialWatch::start(config_.dir / "serial.log", adopted, [this](const Finding& f) {
        Json data = Json::object();
        data["message"] = f.message;
        data["phase"] = f.phase;
        data["hint"] = f.hint;
        emit(f.event, data);
    });
    if (watch) {
        serial_ = std::move(*watch);
    } else {
        host_.debug("the serial console is not watched: " + watch.error().text());
    }
}

void Vm::detach() {
    {
        const std::lock_guard lock(mutex_);
        attached_ = false;
    }
    serial_.reset();
    watcher_.reset();
    for (const std::shared_ptr<Helper>& helper : helpers) {
        helper->detach();
    }
    close_monitor();
}

void Vm::watch(ForeignProcess process) {
    // detach() joins the thread before the object can go.
    auto watch = EndWatch::start(std::move(process), [this] { ended(End{}); });
    if (watch) {
        watcher_ = std::move(*watch);
    } else {
        host_.warn("the end of the VM will not be noticed: " + watch.error().text());
    }
}

std::chrono::steady_clock::duration Vm::age() const {
    const std::lock_guard lock(mutex_);
    return std::chrono::steady_clock::now() - since_;
}

std::optional<Vm::End> Vm::end() const {
    const std::lock_guard lock(mutex_);
    return end_;
}

Vm::Wait Vm::wait(int cancel_fd, std::chrono::milliseconds timeout) const {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        std::array<pollfd, 2> polled{{{end_fd(), POLLIN, 0}, {cancel_fd, POLLIN, 0}}};
        const int count = ::poll(polled.data(), polled.size(),
                                 static_cast<int>(std::max<std::int64_t>(0, left.count())));
        if (polled[0].revents != 0) {
            return Wait::kEnded;
        }
        if (polled[1].revents != 0) {
            return Wait::kCancelled;
        }
        if (count == 0) {
            return Wait::kTimeout;
        }
    }
}

Result<void> Vm::open_monitor(Fd socket, std::chrono::milliseconds timeout) {
    // Events come on a thread that close_monitor() joins before this object can go.
    LIMA_TRY(
        auto client,
        QmpClient::open(std::move(socket), [this](const qmp::Event& e) { on_event(e); }, timeout));
    const std::lock_guard lock(monitor_mutex_);
    monitor_ = std::move(client);
    return {};
}

Result<Json> Vm::monitor(std::string_view command, const Json& arguments,
                         std::chrono::milliseconds timeout) {
    const std::lock_guard lock(monitor_mutex_);
    if (!monitor_) {
        return failf(Code::kUnavailable, "{}: QEMU's monitor is not connected", command);
    }
    return monitor_->execute(command, arguments, timeout);
}

/// Those that nobody waited for to their end.
void Vm::dismiss_old_jobs() {
    const auto jobs = monitor("query-jobs");
    for (const Json& job : jobs && jobs->is_array() ? *jobs : Json::array()) {
        const std::string id = json_string(job, "id");
        if (id.starts_with(kJobPrefix) && json_string(job, "status") == "concluded") {
            static_cast<void>(monitor("job-dismiss", {{"id", id}}));
        }
    }
}

Result<void> Vm::run_job(std::string_view command, Json arguments, int cancel_fd) {
    dismiss_old_jobs();
    LIMA_TRY(Pipe pipe, make_pipe());
    std::string id;
    {
        const std::lock_guard lock(mutex_);
        // An adopted VM may have jobs of another host.
        id = fmt::format("{}{}-{}", kJobPrefix, ::getpid(), ++last_job_);
        jobs_[id] = std::move(pipe.write);
    }
    arguments["job-id"] = id;
    auto started = monitor(command, arguments);
    Result<void> done;
    // The answer may be late, because QEMU is at the job already.
    if (started || started.error().code() == Code::kDeadlineExceeded) {
        done = wait_for_job(id, pipe.read.get(), cancel_fd);
    } else {
        done = fail(std::move(started.error()));
    }
    const std::lock_guard lock(mutex_);
    jobs_.erase(id);
    return done.map_error([&](Error error) { return std::move(error).wrap(command); });
}

Result<void> Vm::wait_for_job(const std::string& id, int job_fd, int cancel_fd) {
    std::array<pollfd, 3> polled{
        {{job_fd, POLLIN, 0}, {end_fd(), POLLIN, 0}, {cancel_fd, POLLIN, 0}}};
    while (::poll(polled.data(), polled.size(), -1) < 0 && errno == EINTR) {
    }
    if (polled[0].revents == 0) {
        return polled[1].revents != 0
                   ? failf(Code::kUnavailable, "QEMU has ended meanwhile")
                   : failf(Code::kCancelled, "cancelled; QEMU goes on with it nevertheless");
    }
    LIMA_TRY(const Json jobs, monitor("query-jobs"));
    std::string error;
    for (const Json& job : jobs.is_array() ? jobs : Json::array()) {
        if (json_string(job, "id") == id) {
            error = json_string(job, "error");
        }
    }
    static_cast<void>(monitor("job-dismiss", {{"id", id}}));
    if (!error.empty()) {
        return fail(Code::kFailedPrecondition, error);
    }
    return {};
}

void Vm::close_monitor() {
    std::unique_ptr<QmpClient> client;
    {
        const std::lock_guard lock(monitor_mutex_);
        client = std::move(monitor_);
    }
}

Error Vm::early_exit() const {
    const auto end = this->end();
    const std::string status =
        end && end->status ? end->status->text() : std::string("unknown exit status");
    return explain_early_exit(status, stderr_lines_.snapshot());
}

void Vm::emit(const std::string& type, const Json& data) const {
    const std::lock_guard lock(mutex_);
    if (attached_) {
        host_.event(type, dump_json(data));
    }
}

std::string Vm::exited_json() const {
    Json data = Json::object();
    // Of a process that is not our child the code is not to be had; a shutdown by QMP was an
    // orderly one.
    const bool orderly = !shutdown_reason_.empty();
    data["code"] = end_->status ? end_->status->code : (orderly ? 0 : kUnknownCode);
    data["signal"] = end_->status ? end_->status->signal : 0;
    data["stderr"] = last(stderr_lines_.snapshot(), kStderrLines);
    data["serial"] = last(serial_tail(config_.dir), kSerialLines);
    if (orderly) {
        data["reason"] = shutdown_reason_;
    }
    return dump_json(data);
}

void Vm::on_event(const qmp::Event& event) {
    const std::lock_guard lock(mutex_);
    if (!attached_) {
        return;
    }
    host_.debug(fmt::format("qmp event {}: {}", event.name, dump_json(event.data)));
    if (event.name == "SHUTDOWN") {
        shutdown_reason_ = json_string(event.data, "reason", "unknown");
        emit("shutdown", event.data);
    } else if (event.name == "RESET") {
        emit("reset", event.data);
        if (serial_) {
            serial_->new_boot();
        }
    } else if (event.name == "POWERDOWN") {
        emit("powerdown", event.data);
    } else if (event.name == "STOP") {
        emit("paused", event.data);
    } else if (event.name == "RESUME") {
        emit("resumed", event.data);
    } else if (event.name == "GUEST_PANICKED") {
        Json data = Json::object();
        data["message"] = "the guest's kernel has panicked (" +
                          json_string(event.data, "action", "unknown action") + ")";
        emit("panic", data);
    } else if (event.name == "VSERPORT_CHANGE") {
        if (json_string(event.data, "id") == kGuestAgentDevice) {
            const bool open = json_bool(event.data, "open");
            guest_spoke_ = guest_spoke_ || open;
            Json data = Json::object();
            data["open"] = open;
            emit("guest-agent-port", data);
        }
    } else if (event.name == "BLOCK_IO_ERROR") {
        disk_error(event.data);
    } else if (event.name == "JOB_STATUS_CHANGE" &&
               json_string(event.data, "status") == "concluded") {
        if (const auto job = jobs_.find(json_string(event.data, "id")); job != jobs_.end()) {
            job->second.reset();
        }
    }
}

void Vm::disk_error(const Json& data) {
    std::string device = json_string(data, "device");
    if (device.empty()) {
        device = json_string(data, "node-name", "a disk");
    }
    const std::string reason = json_string(data, "reason", "unknown reason");
    // A failing disk says it for each request; once is enough for the user.
    if (!disk_errors_.insert(device + "\n" + reason).second) {
        return;
    }
    const std::string operation = json_string(data, "operation", "access");
    Json out = Json::object();
    out["message"] =
        json_bool(data, "nospace")
            ? fmt::format(
                  "the host's disk is full: writing {} failed, the VM is paused; free some "
                  "space and restart the instance",
                  device)
            : fmt::format("{} of {} failed: {}", operation, device, reason);
    emit("warning", out);
}

}  // namespace lima::qemu
