// Drivers that are processes: which of them, and what lima-remote.so is told about them
// (sdk/include/lima/ext/remote.h). Thread: any.
#pragma once

#include "core/base/error.hpp"
#include "core/driver/driver.hpp"
#include "core/driver/registry.hpp"

#include <lima/ext/remote.h>

#include <filesystem>
#include <memory>
#include <string>

namespace lima::driver {

/// Whether it is spoken to through lima-remote.so.
bool is_remote(const Found& found);

/// What was found, to be run as LIMA_DRIVER_ISOLATION says: "process" has every module run in a
/// process of its own.
Result<Found> as_isolated(Found found);

/// Owns what the table points at. Outlives the driver object.
class RemoteHost {
public:
    /// kNotFound with the places where lima-remote.so, or lima-run-driver for a module, was looked
    /// for.
    static Result<std::unique_ptr<RemoteHost>> make(const Found& found, const OpenOptions& options);
    RemoteHost(const RemoteHost&) = delete;
    RemoteHost& operator=(const RemoteHost&) = delete;
    ~RemoteHost() = default;

    const lima_host_remote* table() const { return &table_; }
    /// lima-remote.so.
    const std::filesystem::path& module() const { return module_; }

private:
    RemoteHost() = default;

    std::filesystem::path module_;
    std::string name_;
    std::string executable_;
    std::string served_;
    std::string owner_;
    std::string instance_dir_;
    lima_host_remote table_{};
};

}  // namespace lima::driver
