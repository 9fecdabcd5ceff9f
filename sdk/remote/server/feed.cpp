#include "sdk/remote/server/feed.hpp"

#include <algorithm>

namespace lima::remote {

void Feed::tell(v1::WatchItem item) {
    const std::lock_guard lock(mutex_);
    item.set_seq(++seq_);
    for (Watcher* watcher : watchers_) {
        watcher->hear(item);
    }
}

void Feed::log(int level, std::string_view message, std::string fields_json) {
    v1::WatchItem item;
    item.mutable_log()->set_level(level);
    item.mutable_log()->set_message(std::string(message));
    item.mutable_log()->set_fields_json(std::move(fields_json));
    tell(std::move(item));
}

void Feed::event(const std::string& type, const std::string& json) {
    v1::WatchItem item;
    item.mutable_event()->set_type(type);
    item.mutable_event()->set_json(json);
    tell(std::move(item));
}

void Feed::progress(std::uint64_t call, std::uint64_t done, std::uint64_t total,
                    const std::string& what) {
    v1::WatchItem item;
    item.mutable_progress()->set_call(call);
    item.mutable_progress()->set_done(done);
    item.mutable_progress()->set_total(total);
    item.mutable_progress()->set_what(what);
    tell(std::move(item));
}

void Feed::watch(Watcher& watcher) {
    const std::lock_guard lock(mutex_);
    if (ended_) {
        watcher.feed_ended();
        return;
    }
    v1::WatchItem item;
    item.set_seq(seq_);
    item.mutable_ready();
    watcher.hear(item);
    watchers_.push_back(&watcher);
}

void Feed::unwatch(Watcher& watcher) {
    const std::lock_guard lock(mutex_);
    watchers_.erase(std::remove(watchers_.begin(), watchers_.end(), &watcher), watchers_.end());
}

void Feed::end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    for (Watcher* watcher : watchers_) {
        watcher->feed_ended();
    }
}

std::uint64_t Feed::last_seq() const {
    const std::lock_guard lock(mutex_);
    return seq_;
}

std::size_t Feed::watchers() const {
    const std::lock_guard lock(mutex_);
    return watchers_.size();
}

}  // namespace lima::remote
