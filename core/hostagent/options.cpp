#include "core/hostagent/options.hpp"

#include "core/base/text.hpp"

#include <optional>
#include <string_view>

namespace lima::hostagent {
namespace {

bool* switch_of(Options& options, std::string_view name) {
    if (name == "--run-gui") {
        return &options.run_gui;
    }
    if (name == "--progress") {
        return &options.progress;
    }
    if (name == "--debug") {
        return &options.debug;
    }
    if (name == "--help" || name == "-h") {
        return &options.help;
    }
    return nullptr;
}

std::filesystem::path* path_of(Options& options, std::string_view name) {
    if (name == "--pidfile" || name == "-p") {
        return &options.pid_file;
    }
    if (name == "--socket") {
        return &options.socket;
    }
    if (name == "--guestagent") {
        return &options.guest_agent;
    }
    if (name == "--nerdctl-archive") {
        return &options.nerdctl_archive;
    }
    return nullptr;
}

Result<bool> parse_bool(std::string_view flag, const std::optional<std::string>& value) {
    if (!value || *value == "true" || *value == "1") {
        return true;
    }
    if (*value == "false" || *value == "0") {
        return false;
    }
    return failf(Code::kInvalidArgument, "invalid argument {} for {}", go_quote(*value), flag);
}

}  // namespace

Result<Options> parse_options(const std::vector<std::string>& arguments) {
    Options options;
    std::vector<std::string> names;
    bool flags_end = false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        if (flags_end || argument.size() < 2 || argument.front() != '-') {
            names.push_back(argument);
            continue;
        }
        if (argument == "--") {
            flags_end = true;
            continue;
        }
        const std::size_t equals = argument.find('=');
        const std::string flag = argument.substr(0, equals);
        std::optional<std::string> value;
        if (equals != std::string::npos) {
            value = argument.substr(equals + 1);
        }
        if (bool* target = switch_of(options, flag)) {
            LIMA_TRY(*target, parse_bool(flag, value));
        } else if (std::filesystem::path* path = path_of(options, flag)) {
            if (!value && i + 1 == arguments.size()) {
                return failf(Code::kInvalidArgument, "flag needs an argument: {}", flag);
            }
            *path = value ? *value : arguments[++i];
        } else {
            return failf(Code::kInvalidArgument, "unknown flag: {}", flag);
        }
    }
    if (options.help) {
        return options;
    }
    if (names.size() != 1) {
        return failf(Code::kInvalidArgument, "accepts 1 arg(s), received {}", names.size());
    }
    if (options.socket.empty()) {
        return fail(Error(Code::kInvalidArgument, "no --socket given")
                        .with_hint("limactl and lima-hostagent must be of the same version"));
    }
    options.name = names.front();
    return options;
}

std::string usage() {
    return "Run the host agent of an instance; started by limactl start\n\n"
           "Usage:\n"
           "  lima-hostagent [--debug] [--pidfile FILE] --socket FILE [--run-gui] [--guestagent "
           "FILE]\n"
           "                 [--nerdctl-archive FILE] [--progress] INSTANCE\n";
}

}  // namespace lima::hostagent
