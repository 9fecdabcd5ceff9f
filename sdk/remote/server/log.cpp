#include "sdk/remote/server/log.hpp"

#include "core/base/json.hpp"
#include "core/base/log_format.hpp"

#include <lima/driver.h>

#include <mutex>
#include <unistd.h>

namespace lima::remote {
namespace {

int lima_level_of(log::Level level) {
    switch (level) {
        case log::Level::kTrace:
            return LIMA_TRACE;
        case log::Level::kDebug:
            return LIMA_DEBUG;
        case log::Level::kInfo:
            return LIMA_INFO;
        case log::Level::kWarning:
            return LIMA_WARN;
        default:
            return LIMA_ERROR;
    }
}

std::string to_json(const log::Fields& fields) {
    if (fields.empty()) {
        return {};
    }
    Json object = Json::object();
    for (const auto& [key, value] : fields) {
        object[key] = value;
    }
    return dump_json(object);
}

class ProcessLog final : public log::Sink {
public:
    void follow(Feed* feed) {
        const std::lock_guard lock(mutex_);
        feed_ = feed;
    }

    void write(log::Level level, std::string_view message, const log::Fields& fields) override {
        const log::Record record{level, message, fields, std::chrono::system_clock::now(),
                                 std::chrono::seconds(0)};
        const std::string line = log::encode(log::Format::kText, record);
        // Where stderr does not take it there is no better place to say so.
        [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
        const std::lock_guard lock(mutex_);
        if (feed_ != nullptr) {
            feed_->log(lima_level_of(level), message, to_json(fields));
        }
    }

private:
    std::mutex mutex_;
    Feed* feed_ = nullptr;
};

ProcessLog& process_log() {
    // Leaked, so that destructors of statics can still log.
    static auto* log = new ProcessLog;
    return *log;
}

}  // namespace

void install_log() {
    log::set_sink(&process_log());
    log::set_level(log::Level::kDebug);
}

void log_to(Feed* feed) { process_log().follow(feed); }

}  // namespace lima::remote
