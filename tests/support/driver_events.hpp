// The events of a driver as they come, and waiting for one.
#pragma once

#include "core/base/json.hpp"
#include "core/driver/driver.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace lima::driver {

class Events {
public:
    EventHandler handler() {
        return [this](const std::string& type, const std::string& json) {
            const std::lock_guard lock(mutex_);
            events_.emplace_back(type, json);
            changed_.notify_all();
        };
    }
    /// The JSON of the first one of the type, once it has come.
    Json wait(const std::string& type) {
        std::unique_lock lock(mutex_);
        const auto find = [&] {
            auto at = events_.begin();
            while (at != events_.end() && at->first != type) {
                ++at;
            }
            return at;
        };
        const bool came = changed_.wait_for(lock, std::chrono::seconds(10),
                                            [&] { return find() != events_.end(); });
        EXPECT_TRUE(came) << "no event " << type;
        return came ? parse_json(find()->second).value_or(Json()) : Json();
    }
    std::vector<std::string> types() {
        const std::lock_guard lock(mutex_);
        std::vector<std::string> out;
        for (const auto& [type, json] : events_) {
            out.push_back(type);
        }
        return out;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::pair<std::string, std::string>> events_;
};

}  // namespace lima::driver
