// Snapshots and pictures of an instance: by the host agent of one that runs, which owns its driver;
// by the driver itself, under the instance's lock, of one that is stopped.
#pragma once

#include "core/base/error.hpp"
#include "core/hostapi/client.hpp"
#include "core/instance/instance.hpp"

#include <string>

namespace lima::instance {

/// Returns when it is done. kUnimplemented: the driver has no snapshots.
Result<void> change_snapshot(const Context& context, const std::string& name,
                             hostapi::SnapshotVerb verb, const std::string& tag);
/// A table as the driver makes it; empty when there is none.
Result<std::string> list_snapshots(const Context& context, const std::string& name);
/// The bytes of a picture of the screen; format is png or bmp.
Result<std::string> screenshot(const Context& context, const std::string& name,
                               const std::string& format);

}  // namespace lima::instance
