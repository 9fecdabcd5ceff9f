// What the guest's boot leaves in files, read: the steps of boot.sh, cloud-init's status, and what
// a script has said. Pure functions.
#pragma once

#include "core/base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lima::guestagent {

/// A line of /run/lima-boot-steps: "UPTIME begin NAME" or "UPTIME end NAME STATUS".
struct ScriptLine {
    std::uint64_t uptime_ms = 0;
    bool begin = false;
    std::string name{};
    int status = 0;
    bool operator==(const ScriptLine&) const = default;
};
/// Whole lines only; what cannot be read is passed over.
std::vector<ScriptLine> parse_script_lines(std::string_view text);

/// A stage of /run/cloud-init/status.json that has begun.
struct CloudInitStage {
    std::string name{};
    bool finished = false;
    std::vector<std::string> errors{};
    bool operator==(const CloudInitStage&) const = default;
};
/// In the order of the boot.
Result<std::vector<CloudInitStage>> parse_cloud_init_status(std::string_view text);
/// The errors in /run/cloud-init/result.json.
Result<std::vector<std::string>> parse_cloud_init_result(std::string_view text);

/// The end of cloud-init's output log.
struct LogTail {
    std::string text{};
    bool whole = true;  // it is all of it
};

struct ScriptOutput {
    std::vector<std::string> lines{};
    bool complete = false;  // what follows the script's own output has been seen
};
/// The last lines that a script has said: those after the line that ends with "executing NAME".
ScriptOutput script_output(const LogTail& log, std::string_view name, std::size_t count);

/// A line as it may be shown and sent: valid UTF-8, no control characters or terminal sequences, of
/// bounded length.
std::string printable_line(std::string_view line);

bool says_disk_full(const std::vector<std::string>& lines);

}  // namespace lima::guestagent
