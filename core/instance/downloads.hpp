// Which files an instance needs, and getting them into its directory or the cache.
#pragma once

#include "core/base/error.hpp"
#include "core/config/fields.hpp"
#include "core/fetch/cache.hpp"
#include "core/instance/instance.hpp"

#include <string>
#include <vector>

namespace lima::instance {

/// The images that may be tried: of the arch, and of the same variants as the first of them.
/// kNotFound when there is none, with why each was passed over.
Result<std::vector<config::Image>> candidate_images(const config::Config& config);

/// image, and kernel, kernel.cmdline and initrd where they are given. The first entry that succeeds
/// as a whole wins; what an entry that fails has brought is removed. image comes last: where it is,
/// everything is.
Result<void> download_image_set(const Context& context, const store::Instance& instance,
                                const std::vector<std::string>& formats);

/// Drivers for Windows guests, into virtio-win.
Result<void> download_virtio_win(const Context& context, const store::Instance& instance);

/// Into the cache, when containerd is wanted.
Result<void> download_nerdctl(const Context& context, const store::Instance& instance);

}  // namespace lima::instance
