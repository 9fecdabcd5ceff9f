// The host's face of one driver object: the lima_host that the driver gets, with its logging,
// events and services. Owner: the Driver; outlives the C object. Thread: the table from any.
#pragma once

#include "core/driver/driver.hpp"
#include "core/driver/host_process.hpp"

#include <lima/driver.h>

#include <filesystem>
#include <map>
#include <string>

namespace lima::driver {

class HostContext {
public:
    explicit HostContext(OpenOptions options);
    HostContext(const HostContext&) = delete;
    HostContext& operator=(const HostContext&) = delete;
    ~HostContext() = default;

    const lima_host* table() const { return &table_; }
    const OpenOptions& options() const { return options_; }
    Processes& processes() { return processes_; }
    static HostContext& of(const lima_host* host) { return *static_cast<HostContext*>(host->ctx); }

private:
    OpenOptions options_;
    std::string version_;
    lima_host table_{};
    Processes processes_;
};

/// $LIMA_HOME as the opener of this host's driver gave it: for services that are implemented
/// elsewhere.
const std::filesystem::path& lima_home_of(const lima_host* host);

/// Runs a service's body: its error becomes a status with text and hint, an exception
/// LIMA_INTERNAL.
template <class Body>
lima_status serve(const lima_call* call, Body&& body) noexcept {
    try {
        const Result<void> result = body();
        if (result) {
            return LIMA_OK;
        }
        if (call != nullptr) {
            call->fail(call, result.error().text().c_str());
            if (!result.error().hint().empty()) {
                call->hint(call, result.error().hint().c_str());
            }
        }
        return static_cast<lima_status>(result.error().code());
    } catch (...) {
        if (call != nullptr) {
            call->fail(call, "a service of the host threw an exception");
        }
        return LIMA_INTERNAL;
    }
}

/// lima.host.process/1 and lima.host.network/1, which every host has.
const lima_host_process& process_service();
const lima_host_network& network_service();

}  // namespace lima::driver
