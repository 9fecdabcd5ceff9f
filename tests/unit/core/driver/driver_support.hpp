// What the tests of core/driver share: the modules that were built for them, a directory each, and
// a log of events.
#pragma once

#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/driver/driver.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace lima::driver {

/// A module that misbehaves (tests/unit/core/driver/modules).
inline Found bad_module(const std::string& name) {
    return {name, std::filesystem::path(LIMA_TEST_DRIVERS) / ("lima-driver-" + name + ".so"),
            Origin::kModule};
}

inline Found null_module() { return {"null", LIMA_NULL_DRIVER, Origin::kModule}; }

class Events {
public:
    using Event = std::pair<std::string, std::string>;

    EventHandler handler() {
        return [this](const std::string& type, const std::string& json) {
            const std::lock_guard lock(mutex_);
            events_.emplace_back(type, json);
            changed_.notify_all();
        };
    }
    /// The JSON of the first event of the type, once it has come.
    Json wait(const std::string& type) {
        std::unique_lock lock(mutex_);
        const Event* found = nullptr;
        const bool came = changed_.wait_for(lock, std::chrono::seconds(10), [&] {
            for (const Event& event : events_) {
                found = event.first == type ? &event : found;
            }
            return found != nullptr;
        });
        EXPECT_TRUE(came) << "no event " << type;
        return came ? parse_json(found->second).value_or(Json()) : Json();
    }
    std::vector<std::string> types() {
        const std::lock_guard lock(mutex_);
        std::vector<std::string> out;
        for (const Event& event : events_) {
            out.push_back(event.first);
        }
        return out;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Event> events_;
};

/// What a Result failed with; a success fails the test.
template <class T>
std::string error_text(const Result<T>& result) {
    EXPECT_FALSE(result.has_value());
    return result ? "" : result.error().text();
}

}  // namespace lima::driver
