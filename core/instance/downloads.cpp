#include "core/instance/downloads.hpp"

#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/config/load.hpp"

#include <array>
#include <optional>

namespace lima::instance {
namespace {

using Path = std::filesystem::path;

/// lima-fetch lies beside the host agent.
Result<fetch::Environment> fetch_environment(const Context& context) {
    fetch::Environment environment;
    LIMA_TRY(environment.cache_dir, fetch::default_cache_dir());
    environment.fetch_program = context.hostagent.parent_path() / "lima-fetch";
    return environment;
}

Result<fetch::Fetched> fetch_file(const Context& context, const fetch::Request& request,
                                  const std::string& arch) {
    LIMA_TRY(const fetch::Environment environment, fetch_environment(context));
    log::write(log::Level::kInfo, "Attempting to download " + request.description,
               {{"arch", arch}, {"digest", request.digest}, {"location", request.location}});
    fetch::ProgressSink progress;
    if (context.progress) {
        const std::string name = request.location.substr(request.location.rfind('/') + 1);
        progress = [&context, text = fmt::format("{} ({})", request.description, name)](
                       const fetch::Progress& step) { context.progress(step, text); };
    }
    LIMA_TRY(fetch::Fetched fetched, fetch::fetch(environment, request, progress));
    switch (fetched.outcome) {
        case fetch::Outcome::kDownloaded:
            log::info("Downloaded {} from {}", request.description, name_quote(request.location));
            break;
        case fetch::Outcome::kUsedCache:
            log::info("Using cache {}", name_quote(fetched.cache_path.string()));
            break;
        case fetch::Outcome::kCopied:
        case fetch::Outcome::kSkipped:
            break;
    }
    return fetched;
}

fetch::Request to_target(const config::File& file, const std::string& description, Path target,
                         bool decompress) {
    fetch::Request request;
    request.location = file.location;
    request.digest = file.digest;
    request.description = description;
    request.target = std::move(target);
    request.decompress = decompress;
    request.sparse = true;
    return request;
}

Result<void> remove_set(const Path& dir) {
    for (const char* name : {store::file::kImage, store::file::kKernel, store::file::kKernelCmdline,
                             store::file::kInitrd}) {
        LIMA_DO(fs::remove_if_exists(dir / name));
    }
    return {};
}

Result<void> fetch_set(const Context& context, const Path& dir, const config::Image& image,
                       const std::vector<std::string>& formats) {
    if (image.kernel) {
        const config::Kernel& kernel = *image.kernel;
        LIMA_DO(fetch_file(context,
                           to_target({kernel.location, kernel.arch, kernel.digest}, "the kernel",
                                     dir / store::file::kKernel, true),
                           kernel.arch));
        if (!kernel.cmdline.empty()) {
            LIMA_DO(fs::write_file_atomic(dir / store::file::kKernelCmdline, kernel.cmdline));
        }
    }
    if (image.initrd) {
        LIMA_DO(fetch_file(
            context, to_target(*image.initrd, "the initrd", dir / store::file::kInitrd, false),
            image.initrd->arch));
    }
    fetch::Request request = to_target({image.location, image.arch, image.digest}, "the image",
                                       dir / store::file::kImage, true);
    request.image_formats = formats;
    LIMA_DO(fetch_file(context, request, image.arch));
    return {};
}

/// One error for all candidates: of one, its own; of several, each on a line.
Error join_errors(std::vector<Error> errors) {
    if (errors.size() == 1) {
        return std::move(errors.front());
    }
    std::string text = fmt::format("none of the {} images can be had:", errors.size());
    std::string hint;
    for (const Error& error : errors) {
        text += "\n  " + error.text();
        hint = hint.empty() ? error.hint() : hint;
    }
    Error joined(errors.front().code(), std::move(text));
    return hint.empty() ? joined : std::move(joined).with_hint(std::move(hint));
}

bool same_variant(const config::Image& a, const config::Image& b) {
    return a.variant == b.variant && a.arch_variant == b.arch_variant;
}

/// The first of the files of the arch that can be had.
Result<void> fetch_first(const Context& context, const std::vector<config::File>& files,
                         const std::string& arch, const std::string& description,
                         const std::optional<Path>& target) {
    std::vector<Error> errors;
    for (const config::File& file : files) {
        if (!file.arch.empty() && file.arch != arch) {
            continue;
        }
        fetch::Request request = to_target(file, description, {}, target.has_value());
        request.target = target;
        auto fetched = fetch_file(context, request, arch);
        if (fetched) {
            return {};
        }
        errors.push_back(std::move(fetched.error()));
        if (errors.back().code() == Code::kCancelled) {
            break;
        }
    }
    if (errors.empty()) {
        return failf(Code::kNotFound, "there is no entry for {} of the arch {}", description, arch);
    }
    return fail(join_errors(std::move(errors)));
}

}  // namespace

Result<std::vector<config::Image>> candidate_images(const config::Config& config) {
    const std::string arch = config.arch.value_or("");
    std::vector<config::Image> candidates;
    std::string skipped;
    for (const config::Image& image : config.images) {
        if (image.arch != arch) {
            skipped += fmt::format("\n  {} is for {}", image.location, image.arch);
        } else if (!candidates.empty() && !same_variant(image, candidates.front())) {
            log::debug("passing over {}: another variant", image.location);
        } else {
            candidates.push_back(image);
        }
    }
    if (candidates.empty()) {
        return fail(Error(Code::kNotFound,
                          fmt::format("there is no image for the arch {}{}", name_quote(arch),
                                      skipped.empty() ? "" : ":" + skipped))
                        .with_phase("download")
                        .with_hint("add an image to `images`, or choose others by --arch, "
                                   "--image-variant or --arch-variant"));
    }
    return candidates;
}

Result<void> download_image_set(const Context& context, const store::Instance& instance,
                                const std::vector<std::string>& formats) {
    const Path dir = instance.dir;
    LIMA_TRY(const std::vector<config::Image> candidates, candidate_images(*instance.config));
    std::vector<Error> errors;
    for (const config::Image& image : candidates) {
        // An interrupted command may have left a part of another set.
        LIMA_DO(remove_set(dir));
        auto fetched = fetch_set(context, dir, image, formats);
        if (fetched) {
            return {};
        }
        LIMA_DO(remove_set(dir));
        log::debug("cannot use the image {}: {}", image.location, fetched.error().text());
        errors.push_back(std::move(fetched.error()));
        if (errors.back().code() == Code::kCancelled) {
            break;
        }
    }
    return fail(join_errors(std::move(errors)).with_phase("download"));
}

Result<void> download_virtio_win(const Context& context, const store::Instance& instance) {
    const config::Config& config = *instance.config;
    const Path target = Path(instance.dir) / "virtio-win";
    const std::vector<config::File> files = config::known_os_opts(config).windows.virtio_win;
    if (config.os != "Windows" || files.empty() || fs::exists(target)) {
        return {};
    }
    return fetch_first(context, files, config.arch.value_or(""), "the virtio-win drivers", target);
}

Result<void> download_nerdctl(const Context& context, const store::Instance& instance) {
    const config::Containerd& containerd = instance.config->containerd;
    if (!containerd.system.value_or(false) && !containerd.user.value_or(false)) {
        return {};
    }
    return fetch_first(context, containerd.archives, instance.config->arch.value_or(""),
                       "the nerdctl archive", std::nullopt);
}

}  // namespace lima::instance
