// The host agent's log lines, said again by limactl: JSON records keep their level and fields and
// get "[hostagent] " in front; what is no JSON (output of children) is relayed at info.
#pragma once

#include "core/base/log.hpp"
#include "core/base/time.hpp"

#include <functional>
#include <optional>
#include <string>

namespace lima::hostapi {

struct RelayedRecord {
    log::Level level = log::Level::kInfo;
    std::string message;
    log::Fields fields;
    std::optional<SystemTime> time;
};
/// fatal and panic become error, with the original level as a field.
RelayedRecord parse_record(const std::string& line);

class LogRelay {
public:
    /// Records of more than a second before `begin` belong to an earlier run. (They carry whole
    /// seconds.)
    explicit LogRelay(SystemTime begin, std::function<void()> before_showing = {});
    void take(const std::string& line, bool show, log::Level from = log::Level::kTrace);
    /// The latest record at error, "" when there was none.
    const std::string& last_error() const { return last_error_; }

private:
    SystemTime oldest_;
    std::function<void()> before_showing_;
    std::string last_error_;
};

}  // namespace lima::hostapi
