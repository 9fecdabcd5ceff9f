#include "guestagent/agent/options.hpp"

#include "core/base/text.hpp"
#include "core/text/yq/program.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <optional>

namespace lima::guestagent {
namespace {

constexpr std::string_view kGlobalHelp =
    R"(The agent of Lima in the guest: tells the host of the boot and of listening ports,
and connects the host to them.

Usage:
  lima-guestagent [command]

Available Commands:
  daemon           Run the agent
  install-systemd  Install the agent as a systemd unit and start it
  yq               Read and change YAML, JSON, INI and other files with expressions

Flags:
      --debug      Log more
  -h, --help       Help for lima-guestagent or a command
  -v, --version    Version of lima-guestagent

Use "lima-guestagent [command] --help" for the flags of a command.
)";

constexpr std::string_view kDaemonHelp =
    R"(Run the agent, as root. It listens on the first of these that is given:
a virtio port, a vsock port; else on the unix socket /run/lima-guestagent.sock.

Usage:
  lima-guestagent daemon [flags]

Flags:
      --runtime-dir string   Directory of the agent's state (default "/run/lima-guestagent")
      --socket-owner int     UID that owns the unix socket
      --tick duration        How often to look for ports where the kernel does not tell (default 3s)
      --virtio-port string   Name of the virtio port
      --vsock-port int       Number of the vsock port
      --debug                Log more
  -h, --help                 Help for daemon
)";

constexpr std::string_view kInstallHelp =
    R"(Write /etc/systemd/system/lima-guestagent.service and start it. Does nothing when the unit
is already as it shall be and the program was not updated.

Usage:
  lima-guestagent install-systemd [flags]

Flags:
      --guestagent-updated   The program is another one than before: start it anew
      --socket-owner int     UID that owns the unix socket
      --virtio-port string   Name of the virtio port
      --vsock-port int       Number of the vsock port
      --debug                Let the agent log more
  -h, --help                 Help for install-systemd
)";

constexpr unsigned kDaemon = 1;
constexpr unsigned kInstall = 2;

struct Flag {
    const char* name;
    unsigned commands;
    bool is_bool;
    std::function<Result<void>(Options&, std::string_view)> set;
};

Failure bad_value(std::string_view flag, std::string_view value, std::string_view why) {
    return failf(Code::kInvalidArgument, "invalid argument {} for \"--{}\" flag: {}",
                 go_quote(value), flag, why);
}

template <auto Member>
Flag bool_flag(const char* name, unsigned commands) {
    return {name, commands, true, [name](Options& out, std::string_view text) -> Result<void> {
                const auto value = parse_go_bool(text);
                if (!value) {
                    return bad_value(name, text, "not a truth value");
                }
                out.*Member = *value;
                return {};
            }};
}

template <auto Member>
Flag number_flag(const char* name) {
    return {name, kDaemon | kInstall, false,
            [name](Options& out, std::string_view text) -> Result<void> {
                std::uint32_t value = 0;
                const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
                const bool number =
                    parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
                if (!text.empty() && !number) {
                    return bad_value(name, text, "not a number");
                }
                out.endpoint.*Member = value;
                return {};
            }};
}

Result<void> set_tick(Options& out, std::string_view text) {
    const auto value = parse_duration(text);
    if (!value) {
        return bad_value("tick", text, value.error().text());
    }
    if (*value <= std::chrono::milliseconds(0)) {
        return fail(Code::kInvalidArgument, "tick must be longer than zero");
    }
    out.tick = *value;
    return {};
}

const std::vector<Flag>& flags() {
    static const std::vector<Flag> kFlags{
        bool_flag<&Options::debug>("debug", 0),
        bool_flag<&Options::guestagent_updated>("guestagent-updated", kInstall),
        number_flag<&Endpoint::vsock_port>("vsock-port"),
        number_flag<&Endpoint::socket_owner>("socket-owner"),
        {"virtio-port", kDaemon | kInstall, false,
         [](Options& out, std::string_view text) -> Result<void> {
             if (text.find('/') != std::string_view::npos || text == "." || text == "..") {
                 return bad_value("virtio-port", text, "not a name of a port");
             }
             out.endpoint.virtio_port = text;
             return {};
         }},
        {"runtime-dir", kDaemon, false,
         [](Options& out, std::string_view text) -> Result<void> {
             if (!text.starts_with('/')) {
                 return bad_value("runtime-dir", text, "not an absolute path");
             }
             out.runtime_dir = text;
             return {};
         }},
        {"tick", kDaemon, false, set_tick},
    };
    return kFlags;
}

unsigned bit_of(Action action) {
    return action == Action::kDaemon ? kDaemon : action == Action::kInstallSystemd ? kInstall : 0;
}

std::string_view help_of(Action action) {
    return action == Action::kDaemon           ? kDaemonHelp
           : action == Action::kInstallSystemd ? kInstallHelp
                                               : kGlobalHelp;
}

Options help_for(Action action) {
    Options out;
    out.action = Action::kHelp;
    out.help = help_of(action);
    return out;
}

struct Parser {
    explicit Parser(std::vector<std::string> all) : words(std::move(all)) {}

    std::vector<std::string> words;
    std::size_t at = 0;
    Options options;
    std::optional<Action> command;

    /// True when a flag asked for something that ends the parsing.
    Result<bool> flag(const std::string& word);
    Result<void> name(const std::string& word);
};

Result<bool> Parser::flag(const std::string& word) {
    const Action action = command.value_or(Action::kHelp);
    if (word == "-h" || word == "--help") {
        options = help_for(action);
        return true;
    }
    if (word == "-v" || word == "--version") {
        options.action = Action::kVersion;
        return true;
    }
    const std::size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    for (const Flag& known : flags()) {
        if (key != std::string("--") + known.name ||
            (known.commands != 0 && (known.commands & bit_of(action)) == 0)) {
            continue;
        }
        if (equals != std::string::npos) {
            LIMA_DO(known.set(options, std::string_view(word).substr(equals + 1)));
        } else if (known.is_bool) {
            LIMA_DO(known.set(options, "true"));
        } else if (at < words.size()) {
            LIMA_DO(known.set(options, words[at++]));
        } else {
            return failf(Code::kInvalidArgument, "flag needs an argument: {}", key);
        }
        return false;
    }
    return failf(Code::kInvalidArgument, "unknown flag: {}", key);
}

Result<void> Parser::name(const std::string& word) {
    if (command) {
        return failf(Code::kInvalidArgument, "unexpected argument {}", go_quote(word));
    }
    if (word == "daemon") {
        command = Action::kDaemon;
    } else if (word == "install-systemd") {
        command = Action::kInstallSystemd;
    } else if (word == "yq") {
        command = Action::kYq;
    } else {
        return failf(Code::kInvalidArgument, "unknown command {} for \"lima-guestagent\"",
                     go_quote(word));
    }
    options.action = *command;
    return {};
}

Result<Options> parse_words(std::vector<std::string> words) {
    Parser parser(std::move(words));
    if (!parser.words.empty() && parser.words[0] == "help") {
        parser.words.erase(parser.words.begin());
        parser.words.push_back("--help");
    }
    while (parser.at < parser.words.size()) {
        const std::string word = parser.words[parser.at++];
        if (word.starts_with('-')) {
            LIMA_TRY(const bool ended, parser.flag(word));
            if (ended) {
                return parser.options;
            }
        } else {
            LIMA_DO(parser.name(word));
        }
        if (parser.command == Action::kYq) {
            parser.options.yq.assign(parser.words.begin() + static_cast<std::ptrdiff_t>(parser.at),
                                     parser.words.end());
            return parser.options;
        }
    }
    return parser.command ? parser.options : help_for(Action::kHelp);
}

}  // namespace

Result<Options> parse_command_line(std::string_view program,
                                   const std::vector<std::string>& arguments) {
    if (text::yq::is_yq(program)) {
        Options out;
        out.action = Action::kYq;
        out.yq = arguments;
        return out;
    }
    auto parsed = parse_words(arguments);
    if (!parsed) {
        return fail(std::move(parsed.error()).with_hint("see lima-guestagent --help"));
    }
    return parsed;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    struct Unit {
        std::string_view name;
        double milliseconds;
    };
    constexpr std::array<Unit, 6> kUnits{
        {{"ms", 1}, {"us", 1e-3}, {"ns", 1e-6}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}}};
    double total = 0;
    std::string_view rest = text;
    do {
        double value = 0;
        const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), value,
                                            std::chars_format::fixed);
        if (rest.empty() || parsed.ec != std::errc() || value < 0) {
            return failf(Code::kInvalidArgument, "invalid duration {}", go_quote(text));
        }
        rest.remove_prefix(static_cast<std::size_t>(parsed.ptr - rest.data()));
        if (rest.empty() && value == 0) {
            break;
        }
        const auto unit = std::ranges::find_if(
            kUnits, [&](const Unit& known) { return rest.starts_with(known.name); });
        if (unit == kUnits.end()) {
            return failf(Code::kInvalidArgument, "missing unit in duration {}", go_quote(text));
        }
        total += value * unit->milliseconds;
        rest.remove_prefix(unit->name.size());
    } while (!rest.empty());
    if (total > 1e12) {
        return failf(Code::kInvalidArgument, "invalid duration {}", go_quote(text));
    }
    return std::chrono::milliseconds(static_cast<std::int64_t>(total));
}

}  // namespace lima::guestagent
