// The host service lima.host.process/1: supervised children of a driver. One thread per child reads
// its lines and sees its end; the child's PID file is locked through a descriptor that it inherits,
// so the lock ends with it and not with us. Owner: the host of one driver object. Thread: every
// function from any.
#pragma once

#include "core/base/error.hpp"
#include "core/base/fd.hpp"

#include <lima/ext/host.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

namespace lima::driver {

class Processes {
public:
    Processes() = default;
    Processes(const Processes&) = delete;
    Processes& operator=(const Processes&) = delete;
    /// Children that still run go on, with their PID files locked.
    ~Processes();

    Result<std::int64_t> spawn(const lima_host_process_spec& spec);
    /// Fine and without effect once it has ended.
    Result<void> signal(std::int64_t id, int number);
    /// kDeadlineExceeded when it still runs, kCancelled when the call is. A negative time waits for
    /// ever.
    Result<void> wait(const lima_call& call, std::int64_t id, std::int64_t timeout_ms);
    /// -1 once it has ended, or when there never was one.
    std::int64_t pid(std::int64_t id);

    /// Joins the threads: no callback runs after it. signal() and wait() go on working.
    void stop_callbacks();

private:
    struct Entry;
    std::shared_ptr<Entry> find(std::int64_t id);

    std::mutex mutex_;
    bool stopped_ = false;
    std::int64_t last_id_ = 0;
    std::map<std::int64_t, std::shared_ptr<Entry>> entries_;
};

}  // namespace lima::driver
