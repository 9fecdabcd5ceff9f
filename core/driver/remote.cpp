#include "core/driver/remote.hpp"

#include "core/base/fs.hpp"
#include "core/base/text.hpp"

#include <cstdlib>

namespace lima::driver {
namespace {

using Path = std::filesystem::path;

/// The first prefix that has it.
Result<Path> find_part(const std::vector<Path>& prefixes, const Path& part,
                       const std::string& what) {
    std::vector<std::string> looked;
    for (const Path& prefix : prefixes) {
        Path path = prefix / part;
        if (fs::exists(path)) {
            return path;
        }
        looked.push_back(path.string());
    }
    return fail(Error(Code::kNotFound, fmt::format("{} needs {}, which is missing (looked for {})",
                                                   what, part.filename().string(),
                                                   looked.empty() ? "nowhere" : join(looked, ", ")))
                    .with_hint("install Lima completely: " + part.string() +
                               " belongs beside bin/limactl"));
}

}  // namespace

bool is_remote(const Found& found) { return found.origin == Origin::kExecutable || found.isolated; }

Result<Found> as_isolated(Found found) {
    const char* text = std::getenv("LIMA_DRIVER_ISOLATION");
    const std::string wanted = text == nullptr ? "" : text;
    if (wanted == "process") {
        found.isolated = found.origin == Origin::kModule;
    } else if (!wanted.empty() && wanted != "none") {
        return failf(Code::kInvalidArgument,
                     "LIMA_DRIVER_ISOLATION must be `process` or `none`, got {}", go_quote(wanted));
    }
    return found;
}

Result<std::unique_ptr<RemoteHost>> RemoteHost::make(const Found& found,
                                                     const OpenOptions& options) {
    const std::vector<Path> prefixes =
        options.prefixes.empty() ? default_search_path().prefixes : options.prefixes;
    auto out = std::unique_ptr<RemoteHost>(new RemoteHost);
    LIMA_TRY(out->module_,
             find_part(prefixes, "lib/lima/lima-remote.so", "a driver in a process of its own"));
    out->name_ = found.name;
    out->owner_ = options.owner;
    out->instance_dir_ = options.instance_dir.string();
    if (found.isolated) {
        LIMA_TRY(const Path program, find_part(prefixes, "libexec/lima/lima-run-driver",
                                               "LIMA_DRIVER_ISOLATION=process"));
        out->executable_ = program.string();
        out->served_ = found.path.string();
    } else {
        out->executable_ = found.path.string();
    }
    out->table_ = {out->name_.c_str(), out->executable_.c_str(),
                   out->served_.empty() ? nullptr : out->served_.c_str(), out->owner_.c_str(),
                   out->instance_dir_.empty() ? nullptr : out->instance_dir_.c_str()};
    return out;
}

}  // namespace lima::driver
