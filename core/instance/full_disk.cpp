#include "core/instance/full_disk.hpp"

#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/base/units.hpp"

#include <cerrno>
#include <cstring>

namespace lima::instance {
namespace {

/// By its text: it may have come from a driver or another process.
bool is_of_full_disk(const std::string& text) {
    const std::string lower = to_lower(text);
    for (const int number : {ENOSPC, EDQUOT}) {
        if (lower.find(to_lower(std::strerror(number))) != std::string::npos) {
            return true;
        }
    }
    return false;
}

}  // namespace

Error with_disk_hint(Error error, const std::filesystem::path& instance_dir) {
    const std::string& hint = error.hint();
    if (!is_of_full_disk(error.text()) || hint.find("make room") != std::string::npos ||
        hint.find("free some space") != std::string::npos) {
        return error;
    }
    std::string text = "make room on the disk of `" + instance_dir.string() + "`";
    if (const auto left = fs::free_space(instance_dir)) {
        text += " (" + format_size(static_cast<std::int64_t>(*left)) + " left)";
    }
    text += " and start again";
    if (!hint.empty()) {
        text += "; " + hint;
    }
    // Anew: an error keeps the hint that it has.
    return Error(error.code(), error.text()).with_phase(error.phase()).with_hint(std::move(text));
}

}  // namespace lima::instance
