// A connection to a running QEMU's monitor. QEMU serves one at a time.
//
// Owner: the driver's run state. Thread: one reader thread of its own, which calls on_event and
// on_closed; execute() from any thread but that one. The destructor closes the connection and joins
// the reader.
#pragma once

#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "plugins/qemu/qmp.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace lima::qemu {

class QmpClient {
public:
    using EventHandler = std::function<void(const qmp::Event&)>;

    /// Takes a connected socket, waits for the greeting and negotiates. After it QEMU's main loop
    /// has answered once, so the machine with all its devices exists. kUnavailable when QEMU hangs
    /// up meanwhile.
    static Result<std::unique_ptr<QmpClient>> open(Fd socket, EventHandler on_event,
                                                   std::chrono::milliseconds timeout);
    ~QmpClient();
    QmpClient(const QmpClient&) = delete;
    QmpClient& operator=(const QmpClient&) = delete;

    /// kUnavailable when the connection is gone, kDeadlineExceeded without an answer in time.
    Result<Json> execute(std::string_view command, const Json& arguments = nullptr,
                         std::chrono::milliseconds timeout = kDefaultTimeout);
    /// As the greeting told: "7.2.22".
    const std::string& version() const { return version_; }

    static constexpr std::chrono::milliseconds kDefaultTimeout{5000};

private:
    QmpClient(Fd socket, EventHandler on_event);
    void read_loop();
    void handle(qmp::Message message);
    Result<void> wait_greeting(std::chrono::milliseconds timeout);

    Fd socket_;
    EventHandler on_event_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool greeted_ = false;
    bool closed_ = false;
    std::string version_;
    std::int64_t last_id_ = 0;
    std::map<std::int64_t, std::optional<qmp::Reply>> pending_;
    std::thread reader_;
};

}  // namespace lima::qemu
