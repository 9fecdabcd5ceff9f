// A driver that tells what it is, checks and completes its options on every host, and refuses to
// run with the reason. vz, wsl2 and krunkit are made from it until they can run guests.
//
// Owner: the host's driver object. Thread: one [op] call at a time; info() may run beside it.
#pragma once

#include "core/base/error.hpp"
#include "core/base/host.hpp"
#include "core/base/json.hpp"

#include <lima/driver.hpp>

#include <mutex>
#include <string>
#include <string_view>

namespace lima::described {

/// Lives as long as the process.
struct Description {
    /// Why no VM of this driver can run on that host, and what to do instead.
    Error (*refusal)(const HostFacts& host);
    /// Applies the driver's defaults in place.
    void (*fill_defaults)(Json& instance);
    /// What the driver says about itself, but for instanceDir; the instance is null before
    /// configure.
    Result<Json> (*info)(const Json& instance);
    /// The JSON schema of its options.
    const char* schema;
};

class Driver : public sdk::Driver, public sdk::ConfigSchema {
public:
    Driver(const sdk::Host& host, const Description& description)
        : sdk::Driver(host), description_(description) {}

    Result<std::string> configure(const sdk::Call& call, std::string_view instance_json) override;
    Result<> validate(const sdk::Call&) override { return refuse(); }
    Result<> start(const sdk::Call&) override { return refuse(); }
    Result<> stop(const sdk::Call&) override { return {}; }
    Result<std::string> info() const override;
    Result<std::string> config_schema() const override { return description_.schema; }

private:
    Result<> refuse() const;

    const Description& description_;
    mutable std::mutex mutex_;
    Json instance_;  // behind the mutex; null before configure
};

/// "vmType NAME needs NEEDS; this host is Linux on x86_64".
Error not_this_host(std::string_view name, std::string_view needs, const HostFacts& host);
/// The right host, and nothing that could run a guest yet.
Error not_yet(std::string_view name);

/// The object at the key, made where there is none.
Json& child(Json& object, const char* key);
void set_default(Json& object, const char* key, const Json& value);

}  // namespace lima::described
