// A driver that does everything as it should; each file beside this one breaks one promise of it.
// Its VM is a process that sleeps.
#pragma once

#include <lima/driver.hpp>
#include <lima/host.hpp>

#include <nlohmann/json.hpp>

#include <csignal>
#include <mutex>
#include <poll.h>

namespace lima::test {

using lima::sdk::Call;
using lima::sdk::Code;
using lima::sdk::fail;
using lima::sdk::Result;
using Json = nlohmann::json;

class GoodDriver : public lima::sdk::Driver {
public:
    explicit GoodDriver(const lima::sdk::Host& host, std::string name = "broken")
        : Driver(host), name_(std::move(name)), processes_(host) {}

    Result<std::string> configure(const Call&, std::string_view text) override {
        const Json instance = Json::parse(text, nullptr, false);
        if (!instance.is_object()) {
            return fail(Code::kInvalidArgument, "the instance is no JSON object");
        }
        const std::lock_guard lock(mutex_);
        dir_ = instance.value("dir", "");
        return std::string(text);
    }

    Result<> start(const Call& call) override {
        const std::string dir = directory();
        if (dir.empty()) {
            return fail(Code::kFailedPrecondition, "the driver is not configured");
        }
        if (running()) {
            return fail(Code::kFailedPrecondition, "the VM runs already");
        }
        return spawn(call, dir);
    }

    Result<> stop(const Call& call) override {
        if (!running()) {
            return {};
        }
        if (const Result<> asked = processes_.signal(child_, SIGTERM); !asked) {
            return asked;
        }
        if (processes_.wait(call, child_, -1)) {
            return {};
        }
        if (const Result<> killed = processes_.signal(child_, SIGKILL); !killed) {
            return killed;
        }
        return processes_.wait(call, child_, 10'000);
    }

    Result<std::string> info() const override {
        return Json{{"name", name_}, {"needsImage", false}, {"hasGuest", false}}.dump();
    }

protected:
    std::string directory() const {
        const std::lock_guard lock(mutex_);
        return dir_;
    }
    bool running() const { return child_ != 0 && processes_.pid(child_) > 0; }

    virtual Result<> spawn(const Call& call, const std::string& dir) {
        lima::sdk::ProcessSpec spec;
        spec.argv = {"sleep", "infinity"};
        spec.pid_file = dir + "/" + name_ + ".pid";
        spec.exited = [this](int code, int signal) {
            const std::lock_guard after_started(order_);
            host().exited(code, signal);
        };
        const std::lock_guard lock(order_);
        const Result<std::int64_t> child = processes_.spawn(call, std::move(spec));
        if (!child) {
            return fail(child.error());
        }
        child_ = *child;
        host().started();
        return {};
    }

    const std::string name_;
    lima::sdk::ProcessService processes_;
    std::mutex order_;
    mutable std::mutex mutex_;
    std::string dir_;  // behind the mutex
    std::int64_t child_ = 0;
};

}  // namespace lima::test

/// The name of a file here is that of its driver.
#define LIMA_BROKEN_DRIVER(Class, name) \
    LIMA_EXPORT_DRIVER(Class, "org.example.broken." name, name, "1.0.0")
