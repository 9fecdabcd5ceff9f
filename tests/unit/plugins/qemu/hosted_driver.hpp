// The driver inside a real host (core/driver), linked in statically, with an instance directory of
// its own and a record of its events.
#pragma once

#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/driver/driver.hpp"
#include "fake_disks.hpp"
#include "plugins/qemu/driver.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace lima::qemu::test {

namespace {
LIMA_DEFINE_DRIVER_ENTRY(linked_entry, QemuDriver, "io.lima-vm.qemu", "qemu", "0.0.1")
}  // namespace

struct Event {
    std::string type;
    Json data;
};

class Events {
public:
    void add(const std::string& type, const std::string& json) {
        const std::lock_guard lock(mutex_);
        events_.push_back({type, parse_json(json).value_or(Json())});
        changed_.notify_all();
    }
    std::optional<Event> wait_for(const std::string& type, std::chrono::milliseconds timeout) {
        std::unique_lock lock(mutex_);
        std::optional<Event> found;
        changed_.wait_for(lock, timeout, [&] {
            for (const Event& event : events_) {
                if (event.type == type) {
                    found = event;
                }
            }
            return found.has_value();
        });
        return found;
    }
    std::size_t count(const std::string& type) {
        const std::lock_guard lock(mutex_);
        std::size_t out = 0;
        for (const Event& event : events_) {
            out += event.type == type ? 1 : 0;
        }
        return out;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Event> events_;
};

class HostedDriver : public ::testing::Test {
protected:
    void SetUp() override {
        FakeDisks::instance().reset();
        auto dir = fs::TempDir::create("lq", std::filesystem::path("/tmp"));
        ASSERT_TRUE(dir) << dir.error().text();
        home_.emplace(std::move(*dir));
        inst_ = home_->path() / "i";
        ASSERT_TRUE(fs::make_dirs(inst_, 0700));
        FakeDisks::instance().directory = home_->path() / "_disks";
    }

    /// A new host object with a driver in it, as another process would have.
    std::unique_ptr<driver::Driver> open() {
        driver::OpenOptions options;
        options.host_name = "test";
        options.lima_home = home_->path();
        options.on_event = [this](const std::string& type, const std::string& json) {
            events_.add(type, json);
        };
        options.host_extensions[LIMA_HOST_EXT_DISK] = fake_disk_service();
        auto opened = driver::Driver::open_static(&linked_entry, std::move(options));
        EXPECT_TRUE(opened) << (opened ? "" : opened.error().text());
        return opened ? std::move(*opened) : nullptr;
    }

    /// The least that boots: BIOS, no network port taken by two tests at once.
    Json instance() const {
        Json config = Json::object();
        config["vmType"] = "qemu";
        config["os"] = "Linux";
        config["arch"] = "x86_64";
        config["cpus"] = 1;
        config["memory"] = "256MiB";
        config["disk"] = "64MiB";
        config["mountType"] = "reverse-sshfs";
        config["firmware"] = {{"legacyBIOS", true}, {"images", Json::array()}};
        config["video"] = {{"display", "none"}, {"vnc", Json::object()}};
        config["audio"] = {{"device", ""}, {"interface", ""}};
        Json out = Json::object();
        out["name"] = "i";
        out["dir"] = inst_.string();
        out["arch"] = "x86_64";
        out["sshLocalPort"] = 0;
        out["sshAddress"] = "127.0.0.1";
        out["config"] = std::move(config);
        return out;
    }

    std::optional<fs::TempDir> home_;
    std::filesystem::path inst_;
    Events events_;
};

}  // namespace lima::qemu::test
