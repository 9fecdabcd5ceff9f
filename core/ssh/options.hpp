// The ssh command line and ssh.config, as pure functions of values (spec/host-guest.md 6.3, 6.4).
#pragma once

#include "core/base/error.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lima::ssh {

/// What the ssh in use can do.
struct Client {
    std::vector<std::string> command;  // $SSH split, or {"ssh"}
    int version = 0;                   // major * 10000 + minor * 100 + patch; 0 unknown
    bool gssapi = true;
    bool aes = true;  // AES instructions on this CPU
};
/// Asks ssh -V once per process.
Result<Client> detect_client();
/// The version in what `ssh -V` says, as in Client; 0 when it is not OpenSSH's.
int parse_version(std::string_view text);

struct Target {
    std::string hostname;  // "lima-NAME"
    std::string address = "127.0.0.1";
    int port = 0;
    std::string user;  // this and the next two: left out of the options when empty
    std::filesystem::path identity;
    std::filesystem::path control_path;  // instance dir / ssh.sock
    std::vector<std::filesystem::path> extra_identities;
    bool forward_agent = false;
    bool forward_x11 = false;
    bool forward_x11_trusted = false;
};

enum class Master { kAuto, kNone };

/// "Key=value" texts in the specified order, without "-o".
std::vector<std::string> options(const Client& client, const Target& target,
                                 Master master = Master::kAuto);
/// command -F /dev/null -o … ; the caller appends -p PORT ADDRESS -- ….
std::vector<std::string> command_line(const Client& client,
                                      const std::vector<std::string>& options);
/// The text of <instance>/ssh.config.
Result<std::string> render_config(const Client& client, const Target& target);
/// show-ssh: cmd, args, options, config.
Result<std::string> render(const Client& client, const Target& target, const std::string& format);
/// The port of the first "Port N" line; 0 when there is none.
int port_of_config(const std::string& text);

}  // namespace lima::ssh
