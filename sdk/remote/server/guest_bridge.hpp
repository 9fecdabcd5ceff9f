// ga.sock in the instance directory, for hosts of the original, which dial it themselves
// (spec/drivers.md 2.6). Where the driver's own VM listens there (QEMU does), or ssh will, nothing
// is done. Else this listens, and joins each connection with one that the driver makes. Owner: one
// per process. Thread: ensure() from any.
#pragma once

#include "sdk/remote/server/door.hpp"
#include "sdk/remote/server/poller.hpp"
#include "sdk/remote/server/served.hpp"

#include <list>
#include <mutex>
#include <optional>
#include <thread>

namespace lima::remote {

class GuestBridge {
public:
    GuestBridge(Served& served, Poller& poller);
    ~GuestBridge();
    GuestBridge(const GuestBridge&) = delete;
    GuestBridge& operator=(const GuestBridge&) = delete;

    Result<void> ensure();
    /// No more connections. Thread: the poller's.
    void close();

private:
    struct Joint;

    void accept();
    void sweep();

    Served& served_;
    Poller& poller_;
    std::mutex mutex_;
    std::optional<Door> door_;  // behind the mutex
    Fd stop_;
    std::list<Joint> joints_;  // on the poller's thread
};

/// Whether a process listens on a unix socket of that path, without connecting.
bool somebody_listens(const std::filesystem::path& path);

}  // namespace lima::remote
