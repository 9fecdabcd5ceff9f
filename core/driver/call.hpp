// The lima_call of one call into a driver, and what the driver said through it. Lives on the
// caller's stack.
#pragma once

#include "core/driver/driver.hpp"

#include <lima/driver.h>

#include <mutex>
#include <string>

namespace lima::driver {

class CallContext {
public:
    CallContext(const Cancel* cancel, const ProgressHandler* progress);
    CallContext(const CallContext&) = delete;
    CallContext& operator=(const CallContext&) = delete;
    ~CallContext() = default;

    const lima_call* raw() const { return &raw_; }
    /// The driver's text and hint; where it gave none, "the driver NAME failed to WHAT".
    Result<void> result(lima_status status, const std::string& driver, const char* what) const;

private:
    static CallContext& of(const lima_call* call) { return *static_cast<CallContext*>(call->ctx); }

    const Cancel* cancel_;
    const ProgressHandler* progress_;
    lima_call raw_{};
    mutable std::mutex mutex_;  // a driver's own thread may speak for the call
    std::string message_;
    std::string hint_;
};

/// The number as a Code; kUnknown for one that the ABI does not have.
Code code_of(lima_status status);

/// A sink into a map.
class MapSink {
public:
    MapSink();
    MapSink(const MapSink&) = delete;
    MapSink& operator=(const MapSink&) = delete;
    ~MapSink() = default;
    const lima_sink* raw() const { return &raw_; }
    std::map<std::string, std::string>& values() { return values_; }

private:
    lima_sink raw_{};
    std::map<std::string, std::string> values_;
};

}  // namespace lima::driver
