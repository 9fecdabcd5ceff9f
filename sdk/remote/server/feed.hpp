// What the driver tells unasked - logs, events, progress -, numbered, for everybody who watches.
// Thread: any. Nothing in here logs, because logs come in.
#pragma once

#include "sdk/remote/proto/driver_service.pb.h"

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace lima::remote {

namespace v1 = ::lima::driver::v1;

class Watcher {
public:
    virtual ~Watcher() = default;
    /// Does not block, and does not call the feed.
    virtual void hear(const v1::WatchItem& item) = 0;
    /// Nothing more will come.
    virtual void feed_ended() = 0;
};

class Feed {
public:
    void log(int level, std::string_view message, std::string fields_json);
    void event(const std::string& type, const std::string& json);
    void progress(std::uint64_t call, std::uint64_t done, std::uint64_t total,
                  const std::string& what);

    /// It hears `ready` at once, and from then on everything.
    void watch(Watcher& watcher);
    /// It hears nothing more once this returns.
    void unwatch(Watcher& watcher);
    /// Ends all watchers, and those that come later at once.
    void end();

    std::uint64_t last_seq() const;
    std::size_t watchers() const;

private:
    void tell(v1::WatchItem item);

    mutable std::mutex mutex_;
    std::vector<Watcher*> watchers_;
    std::uint64_t seq_ = 0;
    bool ended_ = false;
};

}  // namespace lima::remote
