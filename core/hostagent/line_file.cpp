#include "core/hostagent/line_file.hpp"

#include "core/base/fd.hpp"
#include "core/base/log_format.hpp"

namespace lima::hostagent {
namespace {

std::string encoded(log::Level level, std::string_view message, const log::Fields& fields) {
    const log::Record record{level, message, fields, std::chrono::system_clock::now(),
                             std::chrono::seconds(0)};
    return log::encode(log::Format::kJson, record);
}

}  // namespace

Result<void> LineFile::append(const std::string& line) {
    auto written = write_all(fd_, cut_ ? "\n" + line : line);
    cut_ = !written;
    return written;
}

void LogFile::write(log::Level level, std::string_view message, const log::Fields& fields) {
    if (lost_ > 0) {
        const std::string note = fmt::format("{} lines of this log were lost: {}", lost_, why_);
        if (!file_.append(encoded(log::Level::kWarning, note, {}))) {
            ++lost_;
            return;
        }
        lost_ = 0;
    }
    if (const auto written = file_.append(encoded(level, message, fields)); !written) {
        ++lost_;
        why_ = written.error().text();
    }
}

}  // namespace lima::hostagent
