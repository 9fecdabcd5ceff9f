#include "core/instance/unfinished.hpp"

#include "core/base/fs.hpp"
#include "core/store/lock.hpp"

#include <algorithm>

namespace lima::instance {
namespace {

constexpr const char* kMark = ".unfinished";

}  // namespace

Result<void> mark_unfinished(const store::Path& dir) {
    // Empty, so that there is no half of it; and a command that is killed here leaves no other
    // file.
    return fs::append_file(dir / kMark, "");
}

Result<void> mark_finished(const store::Path& dir) {
    LIMA_DO(fs::remove_if_exists(dir / kMark));
    return {};
}

bool is_marked(const store::Path& dir) { return fs::exists_nofollow(dir / kMark); }

bool is_abandoned(const store::Path& dir) {
    return (is_marked(dir) || is_blank(dir)) && !store::is_locked(dir);
}

bool is_blank(const store::Path& dir) {
    const auto names = fs::list_names(dir);
    return names && std::all_of(names->begin(), names->end(), [](const std::string& name) {
               return name == store::file::kLock || name == kMark;
           });
}

Result<void> empty_out(const store::Path& dir) {
    LIMA_TRY(const std::vector<std::string> names, fs::list_names(dir));
    for (const std::string& name : names) {
        if (name != kMark && name != store::file::kLock) {
            LIMA_DO(fs::remove_tree(dir / name));
        }
    }
    return mark_finished(dir);
}

Result<void> remove_dir(const store::Path& dir) {
    LIMA_DO(mark_unfinished(dir));
    LIMA_DO(empty_out(dir));
    return fs::remove_tree(dir);
}

}  // namespace lima::instance
