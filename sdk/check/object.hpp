// The driver under test as the tests hold it: the module, one object of it with a host of its own,
// and each verb as a call that is watched: it runs on a worker, and one that does not come back
// fails the test. Owner: the test. Thread: the object's functions may be used from several.
#pragma once

#include "check/host.hpp"

#include <lima/ext/config_schema.h>
#include <lima/ext/display.h>
#include <lima/ext/driver.h>
#include <lima/ext/screenshot.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lima::check {

/// The record that the module's entry gives; needs it to be there.
const lima_driver_module* module_of(Bench& bench);
/// The module as a program of its own would be called: what the record or the file says.
std::string driver_name(Bench& bench);

/// What one call came to.
struct Outcome {
    lima_status status = LIMA_OK;
    std::string text;
    std::string hint;
    std::multimap<std::string, std::string> out;
    long took_ms = 0;
    bool thrown = false;
    bool asked_too_much = false;

    bool ok() const { return status == LIMA_OK && !thrown; }
    /// "success", "status 9: the VM runs already", for messages.
    std::string says() const;
    /// The one value under the key; empty when there is none or there are several.
    std::string value(const std::string& key) const;
};

/// A failure must say why, in one line, with a code that exists.
void expect_explained(Bench& bench, const std::string& what, const Outcome& outcome);

struct CallOptions {
    int cancel_after_ms = -1;  // 0: cancelled before it begins; negative: never
    int limit_ms = 0;          // 0: the bench's
    PlayedCall::Size size = PlayedCall::Size::kNow;
};

using Verb = lima_status (LIMA_CALL* lima_driver::*)(lima_driver*, const lima_call*);
using Body = std::function<lima_status(const lima_call*, const lima_sink*)>;

class Object {
public:
    explicit Object(Bench& bench, Faults faults = {}, std::uint32_t host_abi = LIMA_DRIVER_ABI);
    ~Object() { close(); }
    Object(const Object&) = delete;
    Object& operator=(const Object&) = delete;

    lima_driver* raw() const { return driver_; }
    PlayedHost& host() const { return *host_; }

    /// Any call by its name in messages.
    Outcome call(const std::string& name, const Body& body, CallOptions options = {}) const;
    Outcome verb(const std::string& name, Verb verb, CallOptions options = {}) const;
    Outcome validate(CallOptions o = {}) const {
        return verb("validate", &lima_driver::validate, o);
    }
    Outcome create(CallOptions o = {}) const { return verb("create", &lima_driver::create, o); }
    Outcome create_disk(CallOptions o = {}) const {
        return verb("create_disk", &lima_driver::create_disk, o);
    }
    Outcome start(CallOptions o = {}) const { return verb("start", &lima_driver::start, o); }
    Outcome stop(CallOptions o) const { return verb("stop", &lima_driver::stop, o); }
    /// With the patience of the command line.
    Outcome stop() const;
    Outcome remove(CallOptions o = {}) const { return verb("remove", &lima_driver::remove, o); }
    Outcome configure(const std::string& json, CallOptions o = {}) const;
    Outcome info() const;
    Outcome schema(const lima_ext_config_schema& table) const;

    /// NULL, with a failure noted, when it throws.
    const void* extension(const char* id) const;
    template <class T>
    const T* offers(const char* id) const {
        return static_cast<const T*>(extension(id));
    }

    /// With the bench's instance; needs it to succeed, and gives the answer.
    Json configured() const;
    Json info_object() const;
    void close();

private:
    Bench& bench_;
    PlayedHost* host_;  // for ever
    lima_driver* driver_ = nullptr;
};

/// All ids that the SDK knows.
extern const std::vector<const char*> kExtensionIds;

/// The instance of this test: the one that was given, or a plain complete one in the test's
/// directory.
Json test_instance(Bench& bench);

/// An object whose VM can be started here, configured, with create and create_disk done. Skips the
/// test, with the reason, where none can.
void prepare_vm(Bench& bench, const Object& object);
/// start, and the event; needs both.
void start_vm(Bench& bench, const Object& object);
/// stop, and the event.
void stop_vm(Bench& bench, const Object& object);
/// Where the VM's PID file is.
Path pid_file(Bench& bench);

/// True once `done` is, looked at every few milliseconds.
bool eventually(int timeout_ms, const std::function<bool()>& done);

}  // namespace lima::check
