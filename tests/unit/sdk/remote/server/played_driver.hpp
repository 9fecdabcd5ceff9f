// A driver that offers everything and does what a test says, linked in. The object of the latest
// test is reached by Played::current().
#pragma once

#include "core/base/fd.hpp"

#include <lima/driver.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <poll.h>
#include <string>
#include <thread>
#include <vector>

namespace lima::remote {

/// What a test sets and reads; the driver's threads are gRPC's.
class Played {
public:
    using Verb = std::function<Result<void>(const lima::sdk::Call&)>;

    static Played& current() {
        static Played played;
        return played;
    }
    void reset() {
        const std::lock_guard lock(mutex_);
        verbs_.clear();
        called_.clear();
        configured_.clear();
        over_ssh = false;
        guest_end.reset();
        host = nullptr;
    }
    void on(const std::string& name, Verb verb) {
        const std::lock_guard lock(mutex_);
        verbs_[name] = std::move(verb);
    }
    std::vector<std::string> called() const {
        const std::lock_guard lock(mutex_);
        return called_;
    }
    bool was_called(const std::string& name) const {
        const auto all = called();
        return std::find(all.begin(), all.end(), name) != all.end();
    }
    Result<void> play(const std::string& name, const lima::sdk::Call& call) {
        Verb verb;
        {
            const std::lock_guard lock(mutex_);
            called_.push_back(name);
            if (const auto found = verbs_.find(name); found != verbs_.end()) {
                verb = found->second;
            }
        }
        return verb ? verb(call) : Result<void>();
    }
    void configured(std::string json) {
        const std::lock_guard lock(mutex_);
        configured_ = std::move(json);
    }
    std::string last_configured() const {
        const std::lock_guard lock(mutex_);
        return configured_;
    }

    std::atomic<bool> over_ssh = false;
    Fd guest_end;  // the guest's end of the last connection; set in an op
    const lima::sdk::Host* host = nullptr;

private:
    mutable std::mutex mutex_;
    std::map<std::string, Verb> verbs_;
    std::vector<std::string> called_;
    std::string configured_;
};

/// Waits for the call to be cancelled, as a driver that takes long does.
inline Result<void> wait_for_cancel(const lima::sdk::Call& call) {
    pollfd polled{call.cancel_fd(), POLLIN, 0};
    poll(&polled, 1, 20'000);
    return call.check();
}

class PlayedDriver final : public lima::sdk::Driver,
                           public lima::sdk::GuestAgent,
                           public lima::sdk::GuestChannels,
                           public lima::sdk::BootScripts,
                           public lima::sdk::Ssh,
                           public lima::sdk::Status,
                           public lima::sdk::Adopt,
                           public lima::sdk::Snapshot,
                           public lima::sdk::Gui,
                           public lima::sdk::Display,
                           public lima::sdk::Screenshot,
                           public lima::sdk::ConfigSchema {
public:
    using Call = lima::sdk::Call;

    explicit PlayedDriver(const lima::sdk::Host& its_host) : Driver(its_host) {
        played().host = &host();
    }

    Result<std::string> configure(const Call& call, std::string_view json) override {
        played().configured(std::string(json));
        return told("configure", call, std::string(json));
    }
    Result<> validate(const Call& call) override { return played().play("validate", call); }
    Result<> create(const Call& call) override { return played().play("create", call); }
    Result<> create_disk(const Call& call) override { return played().play("create_disk", call); }
    Result<> start(const Call& call) override {
        const Result<void> result = played().play("start", call);
        if (result) {
            host().started();
        }
        return result;
    }
    Result<> stop(const Call& call) override { return played().play("stop", call); }
    Result<> remove(const Call& call) override { return played().play("remove", call); }
    Result<std::string> info() const override {
        return std::string(R"({"name":"played","features":{"canRunGui":true,)"
                           R"("dynamicSSHAddress":true}})");
    }
    bool forward_over_ssh() const override { return played().over_ssh; }
    Result<lima_handle> connect(const Call& call) override { return connected("connect", call); }
    Result<lima_handle> connect_channel(const Call& call, std::string_view name) override {
        return connected("connect " + std::string(name), call);
    }
    Result<std::map<std::string, std::string>> boot_scripts(const Call& call) override {
        return told("boot_scripts", call,
                    std::map<std::string, std::string>{
                        {"boot.Linux/05-x.sh", std::string("#!/bin/sh\n\0x", 12)}});
    }
    Result<lima::sdk::SshAddress> ssh_address(const Call& call) override {
        return told("ssh_address", call, lima::sdk::SshAddress{"192.0.2.7", 2222});
    }
    Result<std::string> status(const Call& call) override {
        return told("status", call, std::string("Installing"));
    }
    Result<> adopt(const Call& call) override {
        const Result<void> result = played().play("adopt", call);
        if (result) {
            host().started();
        }
        return result;
    }
    Result<> create_snapshot(const Call& call, const std::string& tag) override {
        return played().play("create_snapshot " + tag, call);
    }
    Result<> apply_snapshot(const Call& call, const std::string& tag) override {
        return played().play("apply_snapshot " + tag, call);
    }
    Result<> delete_snapshot(const Call& call, const std::string& tag) override {
        return played().play("delete_snapshot " + tag, call);
    }
    Result<std::string> list_snapshots(const Call& call) override {
        return told("list_snapshots", call, std::string("ID TAG\n1  a\n"));
    }
    Result<> run_gui(const Call& call) override { return played().play("run_gui", call); }
    Result<> change_display_password(const Call& call, const std::string& password) override {
        return played().play("change_display_password " + password, call);
    }
    Result<std::string> display_connection(const Call& call) override {
        return told("display_connection", call, std::string("5901"));
    }
    Result<lima::sdk::Picture> capture_screenshot(const Call& call,
                                                  std::string_view format) override {
        return told("screenshot " + std::string(format), call,
                    lima::sdk::Picture{"png", std::string(5'000'000, 'p')});
    }
    Result<std::string> config_schema() const override {
        return std::string(R"({"type":"object"})");
    }

private:
    static Played& played() { return Played::current(); }

    template <class T>
    Result<T> told(const std::string& name, const Call& call, T value) {
        if (const Result<void> played_out = played().play(name, call); !played_out) {
            return fail(played_out.error());
        }
        return value;
    }
    Result<lima_handle> connected(const std::string& name, const Call& call) {
        if (const Result<void> played_out = played().play(name, call); !played_out) {
            return fail(played_out.error());
        }
        auto ends = make_socket_pair();
        if (!ends) {
            return fail(ends.error());
        }
        played().guest_end = std::move(ends->second);
        return ends->first.release();
    }
};

}  // namespace lima::remote
