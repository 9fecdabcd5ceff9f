#include "plugins/qemu/qmp_client.hpp"

#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>

namespace lima::qemu {

namespace {
// Without it a QEMU that just died would end the whole process by SIGPIPE.
#ifdef MSG_NOSIGNAL
constexpr int kSendFlags = MSG_NOSIGNAL;
#else
constexpr int kSendFlags = 0;
#endif

Result<void> send_all(int fd, std::string_view data) {
    while (!data.empty()) {
        const ssize_t count = ::send(fd, data.data(), data.size(), kSendFlags);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return fail(Error(Code::kUnavailable, "QEMU's monitor hung up"));
        }
        data.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

}  // namespace

QmpClient::QmpClient(Fd socket, EventHandler on_event)
    : socket_(std::move(socket)), on_event_(std::move(on_event)) {}

QmpClient::~QmpClient() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    if (reader_.joinable()) {
        reader_.join();
    }
}

Result<std::unique_ptr<QmpClient>> QmpClient::open(Fd socket, EventHandler on_event,
                                                   std::chrono::milliseconds timeout) {
    std::unique_ptr<QmpClient> client(new QmpClient(std::move(socket), std::move(on_event)));
    client->reader_ = std::thread([self = client.get()] { self->read_loop(); });
    LIMA_DO(client->wait_greeting(timeout));
    LIMA_DO(client->execute("qmp_capabilities", nullptr, timeout));
    return client;
}

Result<void> QmpClient::wait_greeting(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, timeout, [this] { return greeted_ || closed_; })) {
        return failf(Code::kDeadlineExceeded, "QEMU's monitor did not greet within {} ms",
                     timeout.count());
    }
    if (!greeted_) {
        return failf(Code::kUnavailable, "QEMU's monitor hung up");
    }
    return {};
}

Result<Json> QmpClient::execute(std::string_view command, const Json& arguments,
                                std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    if (closed_) {
        return failf(Code::kUnavailable, "{}: QEMU's monitor hung up", command);
    }
    const std::int64_t id = ++last_id_;
    pending_.emplace(id, std::nullopt);
    const std::string line = qmp::format_command(command, arguments, id);
    if (auto sent = send_all(socket_.get(), line); !sent) {
        pending_.erase(id);
        return fail(std::move(sent.error()).wrap(command));
    }
    const bool answered =
        changed_.wait_for(lock, timeout, [&] { return closed_ || pending_.at(id).has_value(); });
    std::optional<qmp::Reply> reply = std::move(pending_.at(id));
    pending_.erase(id);
    if (!reply) {
        return answered ? failf(Code::kUnavailable, "{}: QEMU's monitor hung up", command)
                        : failf(Code::kDeadlineExceeded, "{}: no answer of QEMU within {} ms",
                                command, timeout.count());
    }
    if (reply->error) {
        return failf(reply->error_class == "CommandNotFound" ? Code::kUnimplemented
                                                             : Code::kFailedPrecondition,
                     "{}: {}", command, *reply->error);
    }
    return std::move(reply->value);
}

void QmpClient::handle(qmp::Message message) {
    if (auto* event = std::get_if<qmp::Event>(&message)) {
        if (on_event_) {
            on_event_(*event);
        }
        return;
    }
    const std::lock_guard lock(mutex_);
    if (auto* greeting = std::get_if<qmp::Greeting>(&message)) {
        greeted_ = true;
        version_ = greeting->version;
    } else if (auto* reply = std::get_if<qmp::Reply>(&message)) {
        // An answer that nobody waits for any more is dropped.
        if (const auto found = pending_.find(reply->id); found != pending_.end()) {
            found->second = std::move(*reply);
        }
    }
    changed_.notify_all();
}

void QmpClient::read_loop() {
    qmp::LineReader reader;
    std::array<char, 8192> buffer;
    for (;;) {
        const ssize_t count = ::read(socket_.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            break;
        }
        auto lines = reader.feed(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
        if (!lines) {
            break;
        }
        for (const std::string& line : *lines) {
            if (auto message = qmp::parse_message(line)) {
                handle(std::move(*message));
            }
        }
    }
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
}

}  // namespace lima::qemu
