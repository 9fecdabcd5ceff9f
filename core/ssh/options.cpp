#include "core/ssh/options.hpp"

#include "core/base/log.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <mutex>
#include <optional>

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace lima::ssh {
namespace {

constexpr int kCiphersOption = 80100;  // the first OpenSSH that we tell our ciphers

bool cpu_has_aes() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    return __builtin_cpu_supports("aes") != 0;
#elif defined(__aarch64__)
    return (getauxval(AT_HWCAP) & HWCAP_AES) != 0;
#else
    return false;
#endif
}

std::vector<std::string> command_words() {
    const char* text = std::getenv("SSH");
    if (text == nullptr || *text == '\0') {
        return {"ssh"};
    }
    auto words = split_shell_words(text);
    if (!words || words->empty()) {
        log::warn("cannot split $SSH ({}) into words; using ssh", text);
        return {"ssh"};
    }
    return std::move(*words);
}

Result<Client> detect() {
    Client client;
    client.command = command_words();
    client.aes = cpu_has_aes();
    SpawnOptions spawn;
    spawn.argv = client.command;
    for (const char* word : {"-o", "GSSAPIAuthentication=no", "-V"}) {
        spawn.argv.emplace_back(word);
    }
    auto output = run(std::move(spawn), {}, std::chrono::seconds(10));
    if (!output) {
        return fail(std::move(output.error())
                        .wrap("cannot ask " + client.command.front() + " for its version")
                        .with_hint("install the OpenSSH client"));
    }
    client.version = parse_version(output->err);
    client.gssapi = to_lower(output->err).find("unsupported option \"gssapiauthentication\"") ==
                    std::string::npos;
    return client;
}

/// A path inside the double quotes of an option: ssh expands % there and unescapes backslashes.
std::string quoted_path(const std::filesystem::path& path) {
    std::string out = "\"";
    for (char c : path.native()) {
        if (c == '%') {
            out += "%%";
        } else {
            if (c == '"' || c == '\\') {
                out += '\\';
            }
            out += c;
        }
    }
    return out + '"';
}

Result<void> check_lines(const std::vector<std::string>& options) {
    for (const std::string& option : options) {
        if (option.find_first_of("\r\n") != std::string::npos) {
            return failf(Code::kInvalidArgument, "ssh option {} has a line break",
                         go_quote(option));
        }
    }
    return {};
}

std::string config_lines(const std::vector<std::string>& options) {
    std::string out;
    for (const std::string& option : options) {
        const auto equals = option.find('=');
        out += "  " + option.substr(0, equals) + " " + option.substr(equals + 1) + "\n";
    }
    return out;
}

std::vector<std::string> with_address(const Client& client, const Target& target) {
    std::vector<std::string> out = options(client, target);
    out.push_back("Hostname=" + target.address);
    out.push_back("Port=" + std::to_string(target.port));
    return out;
}

}  // namespace

int parse_version(std::string_view text) {
    const auto at = text.find("OpenSSH_");
    if (at == std::string_view::npos) {
        return 0;
    }
    text.remove_prefix(at + std::string_view("OpenSSH_").size());
    constexpr std::string_view kWindows = "for_Windows";
    if (text.substr(0, kWindows.size()) == kWindows) {
        text.remove_prefix(std::min(text.size(), kWindows.size() + 1));
    }
    int numbers[3] = {0, 0, 0};
    const char separators[3] = {'.', 'p', '\0'};
    for (int i = 0; i < 3; ++i) {
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), numbers[i]);
        if (error != std::errc() || numbers[i] < 0 || numbers[i] > 999) {
            return 0;
        }
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        if (i < 2) {
            if (text.empty() || text.front() != separators[i]) {
                return 0;
            }
            text.remove_prefix(1);
        }
    }
    return numbers[0] * 10000 + numbers[1] * 100 + numbers[2];
}

Result<Client> detect_client() {
    static std::mutex mutex;
    static std::optional<Client> known;
    const std::lock_guard lock(mutex);
    if (!known) {
        LIMA_TRY(Client client, detect());
        known = std::move(client);
    }
    return *known;
}

std::vector<std::string> options(const Client& client, const Target& target, Master master) {
    std::vector<std::string> out;
    const bool control = !target.control_path.empty();
    if (master == Master::kNone) {
        out = {"ControlMaster=no", "ControlPath=none", "ControlPersist=no"};
    }
    if (!target.identity.empty()) {
        out.push_back("IdentityFile=" + quoted_path(target.identity));
    }
    for (const auto& identity : target.extra_identities) {
        out.push_back("IdentityFile=" + quoted_path(identity));
    }
    for (const char* option :
         {"StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null",
          "NoHostAuthenticationForLocalhost=yes", "PreferredAuthentications=publickey",
          "Compression=no", "BatchMode=yes", "IdentitiesOnly=yes"}) {
        out.emplace_back(option);
    }
    if (client.gssapi) {
        out.emplace_back("GSSAPIAuthentication=no");
    }
    if (client.version >= kCiphersOption) {
        out.emplace_back(client.aes ? R"(Ciphers="^aes128-gcm@openssh.com,aes256-gcm@openssh.com")"
                                    : R"(Ciphers="^chacha20-poly1305@openssh.com")");
    }
    if (!target.user.empty()) {
        out.push_back("User=" + target.user);
    }
    if (control && master == Master::kAuto) {
        out.emplace_back("ControlMaster=auto");
        out.push_back("ControlPath=" + quoted_path(target.control_path));
        out.emplace_back("ControlPersist=yes");
    }
    if (target.forward_agent) {
        out.emplace_back("ForwardAgent=yes");
    }
    if (target.forward_x11) {
        out.emplace_back("ForwardX11=yes");
    }
    if (target.forward_x11_trusted) {
        out.emplace_back("ForwardX11Trusted=yes");
    }
    return out;
}

std::vector<std::string> command_line(const Client& client,
                                      const std::vector<std::string>& options) {
    std::vector<std::string> out = client.command;
    out.insert(out.end(), {"-F", "/dev/null"});
    for (const std::string& option : options) {
        out.insert(out.end(), {"-o", option});
    }
    return out;
}

Result<std::string> render_config(const Client& client, const Target& target) {
    const auto all = with_address(client, target);
    LIMA_DO(check_lines(all), "cannot write the ssh config of {}", target.hostname);
    return "# How to reach the instance with OpenSSH: ssh -F <this file> " + target.hostname +
           "\n"
           "# Written at every start of the instance; changes made here are lost.\n"
           "# Lima itself does not read it back, but for the port of a stopped instance.\n"
           "Host " +
           target.hostname + "\n" + config_lines(all);
}

Result<std::string> render(const Client& client, const Target& target, const std::string& format) {
    const auto all = with_address(client, target);
    LIMA_DO(check_lines(all));
    if (format == "options") {
        return join(all, "\n") + "\n";
    }
    if (format == "config") {
        return "Host " + target.hostname + "\n" + config_lines(all);
    }
    if (format != "cmd" && format != "args") {
        return fail(Error(Code::kInvalidArgument, "unknown format " + go_quote(format))
                        .with_hint("use cmd, args, options or config"));
    }
    std::vector<std::string> words;
    for (const std::string& option : all) {
        words.emplace_back("-o");
        words.push_back(option.find('"') == std::string::npos
                            ? option
                            : "'" + replace_all(option, "'", R"('"'"')") + "'");
    }
    if (format == "cmd") {
        words.insert(words.begin(), "ssh");
        words.push_back(target.hostname);
    }
    return join(words, " ") + "\n";
}

int port_of_config(const std::string& text) {
    for (std::string_view line : lines(text)) {
        line = trim(line);
        constexpr std::string_view kKey = "Port ";
        if (line.substr(0, kKey.size()) != kKey) {
            continue;
        }
        line = trim(line.substr(kKey.size()));
        int port = 0;
        const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), port);
        const bool whole = error == std::errc() && end == line.data() + line.size();
        return whole && port > 0 && port < 65536 ? port : 0;
    }
    return 0;
}

}  // namespace lima::ssh
