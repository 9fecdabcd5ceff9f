#include "sdk/remote/server/options.hpp"

#include "core/base/text.hpp"

#include <optional>

namespace lima::remote {
namespace {

using Path = std::filesystem::path;

Path absolute(const std::string& text) {
    std::error_code ec;
    Path path = std::filesystem::absolute(text, ec).lexically_normal();
    // "/x/" is the directory x.
    return ec ? Path(text) : path.has_filename() ? path : path.parent_path();
}

/// One flag of the command line.
struct Flag {
    std::string name;
    std::optional<std::string> value;
};

/// nullopt: the word is no flag.
std::optional<Flag> read_flag(const std::string& word) {
    if (word.size() < 2 || word[0] != '-') {
        return std::nullopt;
    }
    const std::string body = word.substr(word.starts_with("--") ? 2 : 1);
    if (body.empty() || body[0] == '-' || body[0] == '=') {
        return std::nullopt;
    }
    const std::size_t equals = body.find('=');
    if (equals == std::string::npos) {
        return Flag{body, std::nullopt};
    }
    return Flag{body.substr(0, equals), body.substr(equals + 1)};
}

Result<bool> switch_value(const Flag& flag) {
    if (!flag.value) {
        return true;
    }
    if (const auto value = parse_go_bool(*flag.value)) {
        return *value;
    }
    return failf(Code::kInvalidArgument, "flag --{} is true or false, not {}", flag.name,
                 go_quote(*flag.value));
}

/// What stands in the command line, before it is known to make sense.
struct Words {
    bool help = false;
    bool inspect_status = false;
    bool pre_driver_action = false;
    std::string inst_dir;
    std::string module;
};

Result<void> take(Flag flag, const std::vector<std::string>& argv, std::size_t& at, Words& words) {
    bool* const target = flag.name == "inspect-status"             ? &words.inspect_status
                         : flag.name == "pre-driver-action"        ? &words.pre_driver_action
                         : flag.name == "help" || flag.name == "h" ? &words.help
                                                                   : nullptr;
    if (target != nullptr) {
        LIMA_TRY(*target, switch_value(flag));
        return {};
    }
    std::string* const text = flag.name == "inst-dir" ? &words.inst_dir
                              : flag.name == "module" ? &words.module
                                                      : nullptr;
    if (text == nullptr) {
        return failf(Code::kInvalidArgument, "unknown flag --{}", flag.name);
    }
    if (!flag.value) {
        if (at + 1 == argv.size()) {
            return failf(Code::kInvalidArgument, "flag --{} needs a value", flag.name);
        }
        flag.value = argv[++at];
    }
    if (flag.value->empty()) {
        return failf(Code::kInvalidArgument, "flag --{} needs a value", flag.name);
    }
    *text = *flag.value;
    return {};
}

}  // namespace

Result<Options> parse_options(const std::vector<std::string>& argv) {
    Words words;
    for (std::size_t at = 1; at < argv.size(); ++at) {
        auto flag = read_flag(argv[at]);
        if (!flag) {
            return failf(Code::kInvalidArgument, "unexpected argument {}", go_quote(argv[at]));
        }
        LIMA_DO(take(std::move(*flag), argv, at, words));
    }
    Options options;
    options.argv0 = argv.empty() ? std::string() : argv[0];
    options.action = words.help                ? Action::kHelp
                     : words.inspect_status    ? Action::kInspectStatus
                     : words.pre_driver_action ? Action::kPreDriverAction
                     : !words.inst_dir.empty() ? Action::kServe
                                               : Action::kServeFirst;
    if (!words.inst_dir.empty()) {
        options.inst_dir = absolute(words.inst_dir);
    }
    if (!words.module.empty()) {
        options.module = absolute(words.module);
    } else if (options.action != Action::kHelp && driver_name_of(options.argv0).empty()) {
        return failf(Code::kInvalidArgument,
                     "which driver? give --module, or call the program lima-driver-NAME");
    }
    return options;
}

std::string help(const std::string& program) {
    return "Serves a driver module as a process of its own, for Lima's hosts of both generations\n"
           "and for ours. Started by them, not by hand.\n"
           "\n"
           "Usage: " +
           program +
           " [flags]\n"
           "\n"
           "Flags:\n"
           "  --inst-dir DIR        serve on DIR/NAME.drv.sock, where DIR is an instance's\n"
           "  --module PATH         the module to serve; without it, a program (or link) called\n"
           "                        lima-driver-NAME serves lima-driver-NAME.so, which is looked\n"
           "                        for beside it and where limactl looks for drivers\n"
           "  --inspect-status      read an instance from stdin, write it with its status\n"
           "  --pre-driver-action   read a configuration from stdin, write it filled\n"
           "  --help                print this\n"
           "\n"
           "Without --inst-dir it serves on a socket of its own, which it tells by one line on\n"
           "stdout. It ends by SIGTERM, when the last host that watched has gone, or when no host\n"
           "has called within a minute. Logs go to stderr.\n";
}

std::string driver_name_of(const Path& program) {
    constexpr std::string_view kPrefix = "lima-driver-";
    std::string name = program.filename().string();
    if (!name.starts_with(kPrefix)) {
        return {};
    }
    name.erase(0, kPrefix.size());
    for (const std::string_view suffix : {".exe", ".so"}) {
        if (name.ends_with(suffix)) {
            name.resize(name.size() - suffix.size());
        }
    }
    return name;
}

}  // namespace lima::remote
