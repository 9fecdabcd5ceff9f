// krunkit: guests under libkrun on Apple silicon, with a GPU. What is here so far works on every
// host: the driver tells what it is, completes the configuration, and refuses to run with the
// reason.
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

namespace lima::krunkit {

/// Why no VM of this driver can run on that host, and what to do instead.
Error refusal(const HostFacts& host);

/// Applies the driver's defaults in place.
void fill_defaults(Json& instance);

class KrunkitDriver final : public sdk::Driver, public sdk::ConfigSchema {
public:
    using Driver::Driver;

    Result<std::string> configure(const sdk::Call& call, std::string_view instance_json) override;
    Result<> validate(const sdk::Call& call) override;
    Result<> start(const sdk::Call& call) override;
    Result<> stop(const sdk::Call&) override { return {}; }
    Result<std::string> info() const override;
    Result<std::string> config_schema() const override;

private:
    mutable std::mutex mutex_;
    Json instance_;  // behind the mutex; null before configure
};

}  // namespace lima::krunkit
