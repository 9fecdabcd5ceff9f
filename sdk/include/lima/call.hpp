// lima/call.hpp - the two things that a host gives to a driver, as C++: Call (the context of one
// call) and Host (what outlives all calls). Both are views that are copied freely and own nothing.
// Outputs and CapturedCall are for calling the other way, from the driver into a service of the
// host. Thread: Host is usable from any thread; a Call only until the call returns.
#pragma once

#include <lima/driver.h>
#include <lima/result.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace lima::sdk {

using lima::Code;
using lima::Error;
using lima::fail;
using lima::Failure;
using lima::Result;

/// The text as a JSON string, quotes included. Bytes from 0x80 go through as they are: give it
/// UTF-8.
inline std::string json_quote(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char buffer[8];
            std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned>(c));
            out += buffer;
        } else {
            out += c;
        }
    }
    return out + '"';
}

/// One call of the host.
class Call {
public:
    explicit Call(const lima_call& raw) : raw_(&raw) {}

    bool cancelled() const { return raw_->cancelled(raw_) != 0; }
    /// Readable once cancelled, for poll(); -1 where the host has none.
    int cancel_fd() const { return raw_->cancel_fd; }
    /// kCancelled once the host has given up: `LIMA_DO(call.check())` between the steps of long
    /// work.
    Result<> check() const {
        if (cancelled()) {
            return fail(Code::kCancelled, "cancelled");
        }
        return {};
    }
    /// total 0 is unknown; what names the work: "creating the disk".
    void progress(std::uint64_t done, std::uint64_t total, const char* what) const {
        raw_->progress(raw_, done, total, what);
    }
    const lima_call& raw() const { return *raw_; }

private:
    const lima_call* raw_;
};

/// The host: logging, events and services.
class Host {
public:
    explicit Host(const lima_host& raw) : raw_(&raw) {}

    const char* name() const { return raw_->name; }
    const char* version() const { return raw_->version; }

    /// fields_json is a JSON object, or empty.
    void log(lima_level level, const std::string& message,
             const std::string& fields_json = {}) const {
        raw_->log(raw_, level, message.c_str(),
                  fields_json.empty() ? nullptr : fields_json.c_str());
    }
    void trace(const std::string& message) const { log(LIMA_TRACE, message); }
    void debug(const std::string& message) const { log(LIMA_DEBUG, message); }
    void info(const std::string& message) const { log(LIMA_INFO, message); }
    void warn(const std::string& message) const { log(LIMA_WARN, message); }
    void error(const std::string& message) const { log(LIMA_ERROR, message); }

    /// Any event by name. The functions below make those that every host knows
    /// (docs/driver-abi.md).
    void event(const std::string& type, const std::string& json = "{}") const {
        raw_->event(raw_, type.c_str(), json.c_str());
    }
    /// The VM executes.
    void started() const { event("started"); }
    /// The VM has ended. stderr_tail: the last lines of the process, which often hold the reason.
    void exited(int code, int signal, std::string_view stderr_tail = {}) const {
        event("exited", "{\"code\":" + std::to_string(code) +
                            ",\"signal\":" + std::to_string(signal) +
                            ",\"stderr\":" + json_quote(stderr_tail) + "}");
    }
    /// The guest's kernel has crashed.
    void panic(std::string_view message) const {
        event("panic", "{\"message\":" + json_quote(message) + "}");
    }
    /// The user should know, and the VM goes on.
    void warning(std::string_view message) const {
        event("warning", "{\"message\":" + json_quote(message) + "}");
    }
    /// How far the boot has come: "firmware", "kernel", "init".
    void phase(std::string_view name) const {
        event("phase", "{\"name\":" + json_quote(name) + "}");
    }

    /// A service by its id (lima/ext/host.h), or nullptr. lima/host.hpp has the C++ faces.
    template <class T>
    const T* extension(const char* id) const {
        return static_cast<const T*>(raw_->get_extension(raw_, id));
    }
    const lima_host* raw() const { return raw_; }

private:
    const lima_host* raw_;
};

/// A sink that keeps what is put into it: for calling a service that answers into one.
class Outputs {
public:
    Outputs() : sink_{this, &Outputs::put} {}
    Outputs(const Outputs&) = delete;
    Outputs& operator=(const Outputs&) = delete;
    ~Outputs() = default;

    const lima_sink* sink() const { return &sink_; }
    const std::map<std::string, std::string>& values() const { return values_; }
    std::map<std::string, std::string> take() { return std::move(values_); }
    /// Empty when nothing was put under the key.
    std::string get(const std::string& key) const {
        const auto found = values_.find(key);
        return found == values_.end() ? std::string() : found->second;
    }

private:
    static void LIMA_CALL put(void* ctx, const char* key, const void* data, std::size_t size) {
        static_cast<Outputs*>(ctx)->values_[key] =
            std::string(static_cast<const char*>(data), size);
    }

    lima_sink sink_;
    std::map<std::string, std::string> values_;
};

/// A call inside a call: what the callee says about its failure is kept here, so that the driver
/// can add to it or ignore it; cancellation and progress are the outer call's.
class CapturedCall {
public:
    explicit CapturedCall(const Call& outer) : outer_(&outer.raw()) {
        raw_.struct_size = sizeof raw_;
        raw_.cancel_fd = outer.cancel_fd();
        raw_.ctx = this;
        raw_.cancelled = [](const lima_call* call) -> std::int32_t {
            const lima_call* outer_call = self(call).outer_;
            return outer_call->cancelled(outer_call);
        };
        raw_.fail = [](const lima_call* call, const char* text) { self(call).message_ = text; };
        raw_.progress = [](const lima_call* call, std::uint64_t done, std::uint64_t total,
                           const char* what) {
            const lima_call* outer_call = self(call).outer_;
            outer_call->progress(outer_call, done, total, what);
        };
        raw_.hint = [](const lima_call* call, const char* text) { self(call).hint_ = text; };
    }
    CapturedCall(const CapturedCall&) = delete;
    CapturedCall& operator=(const CapturedCall&) = delete;
    ~CapturedCall() = default;

    const lima_call* raw() const { return &raw_; }
    /// What the call came to, with the text and hint that were given.
    Result<> result(lima_status status) const {
        if (status == LIMA_OK) {
            return {};
        }
        Error error(static_cast<Code>(status),
                    message_.empty() ? "failed with status " + std::to_string(status) : message_);
        return fail(std::move(error).with_hint(hint_));
    }

private:
    static CapturedCall& self(const lima_call* call) {
        return *static_cast<CapturedCall*>(call->ctx);
    }

    const lima_call* outer_;
    lima_call raw_{};
    std::string message_;
    std::string hint_;
};

}  // namespace lima::sdk
