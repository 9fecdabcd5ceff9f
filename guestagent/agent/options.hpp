// The command line of lima-guestagent. Pure functions.
#pragma once

#include "core/base/error.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lima::guestagent {

enum class Action { kHelp, kVersion, kDaemon, kInstallSystemd, kYq };

/// How the host reaches the agent. Zero and "" mean: not so.
struct Endpoint {
    std::uint32_t vsock_port = 0;
    std::string virtio_port;
    std::uint32_t socket_owner = 0;
    bool operator==(const Endpoint&) const = default;
};

struct Options {
    Action action = Action::kHelp;
    std::string help;  // the text, with kHelp
    bool debug = false;
    Endpoint endpoint;
    std::string runtime_dir = "/run/lima-guestagent";
    std::chrono::milliseconds tick{3000};
    bool guestagent_updated = false;
    std::vector<std::string> yq;  // with kYq: its arguments
};

/// `arguments` without the program's name, `program` as it was called: a name "yq" (or "yq.x")
/// means the yq command. kInvalidArgument with a hint for what cannot be understood.
Result<Options> parse_command_line(std::string_view program,
                                   const std::vector<std::string>& arguments);

/// "3s", "1m30s", "250ms" as Go writes durations.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace lima::guestagent
