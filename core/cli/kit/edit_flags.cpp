#include "core/cli/kit/edit_flags.hpp"

#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/cli/kit/complete_set.hpp"
#include "core/text/edit.hpp"
#include "core/text/yaml.hpp"

#include <algorithm>
#include <charconv>
#include <thread>

namespace lima::cli {

namespace {

using Words = std::vector<std::string>;

Completer words_completer(Words words) {
    return [words = std::move(words)](Cli&, const std::string&) { return words; };
}

std::vector<std::string> complete_cpus(Cli&, const std::string&) {
    const unsigned host = std::max(1U, std::thread::hardware_concurrency());
    std::vector<std::string> words;
    for (unsigned n = 1; n <= host; n *= 2) {
        words.push_back(std::to_string(n));
    }
    if ((host & (host - 1)) != 0) {
        words.push_back(std::to_string(host));
    }
    return words;
}

void add_creation_flags(Flags flags, EditFlags& v) {
    flags.text("audio-device", v.audio_device, "Audio device (experimental)");
    flags
        .text("audio-interface", v.audio_interface, "Audio interface, hda or virtio (experimental)")
        .complete = words_completer({"hda", "virtio"});
    flags.text("image-variant", v.image_variant, "Use only the images of this variant");
    flags.text("arch-variant", v.arch_variant, "Use only the images of this architecture variant");
    flags
        .text("arch", v.arch,
              "Machine architecture (x86_64, aarch64, riscv64, armv7l, s390x, ppc64le)")
        .complete = words_completer({"x86_64", "aarch64", "riscv64", "armv7l", "s390x", "ppc64le"});
    flags.text("containerd", v.containerd, "containerd mode (user, system, user+system, none)")
        .complete = words_completer({"user", "system", "user+system", "none"});
    flags.boolean("plain", v.plain, "Plain mode: no mounts, forwards, containerd or guest agent");
    flags.list("port-forward", v.port_forward, "Forward a port: HOST:GUEST[,static=true]")
        .complete = words_completer({"8080:80", "3000:3000", "8080:80,static=true"});
}

/// A float32 in its shortest decimal form, as the original prints it.
std::string shortest(double value) {
    char buffer[64];
    const auto narrow = static_cast<float>(value);
    const bool large = narrow >= 1e6F || (narrow != 0 && narrow < 1e-4F);
    const auto result =
        std::to_chars(buffer, buffer + sizeof buffer, narrow,
                      large ? std::chars_format::scientific : std::chars_format::fixed);
    return {buffer, result.ptr};
}

Failure flag_error(const std::string& flag, const std::string& cause,
                   Code code = Code::kInvalidArgument) {
    return fail(code, "error while processing flag " + name_quote(flag) + ": " + cause);
}

const char* word(bool value) { return value ? "true" : "false"; }

/// "P[:w]" as {"location": P, "mountPoint": P, "writable": B}.
Result<std::string> mount_entry(const std::string& flag, const std::string& text,
                                const EditInput& input) {
    const bool writable = text.ends_with(":w");
    auto path = fs::expand(writable ? text.substr(0, text.size() - 2) : text, input.home);
    if (!path) {
        return flag_error(flag, path.error().text());
    }
    const std::string quoted = go_quote(path->lexically_normal().string());
    return fmt::format("{{\"location\": {}, \"mountPoint\": {}, \"writable\": {}}}", quoted, quoted,
                       word(writable));
}

Result<std::string> mount_entries(const std::string& flag, const Words& words,
                                  const EditInput& input) {
    Words entries;
    for (const auto& text : words) {
        LIMA_TRY(auto entry, mount_entry(flag, text, input));
        entries.push_back(std::move(entry));
    }
    return "[" + join(entries, ",") + "]";
}

Result<void> mounts(const EditFlags& v, const EditInput& input, Words& out) {
    if (v.mount && !v.mount->empty()) {
        if (v.mount_only && !v.mount_only->empty()) {
            return flag_error("mount", "cannot be used with --mount-only");
        }
        Words reversed(v.mount->rbegin(), v.mount->rend());
        LIMA_TRY(auto entries, mount_entries("mount", std::move(reversed), input));
        out.push_back(".mounts = " + entries + " + .mounts");
    }
    if (v.mount_only) {
        LIMA_TRY(auto entries, mount_entries("mount-only", *v.mount_only, input));
        out.push_back(".mounts = " + entries);
    }
    if (v.mount_none.value_or(false)) {
        if ((v.mount && !v.mount->empty()) || (v.mount_only && !v.mount_only->empty())) {
            return flag_error("mount-none", "cannot be used with --mount or --mount-only");
        }
        out.emplace_back(".mounts = null");
    }
    return {};
}

Result<void> networks(const Words& values, Words& out) {
    Words entries;
    for (const auto& value : values) {
        if (value == "vzNAT") {
            entries.emplace_back("{\"vzNAT\": true}");
        } else if (value.starts_with("lima:")) {
            entries.push_back("{\"lima\": " + go_quote(value.substr(5)) + "}");
        } else {
            return flag_error("network",
                              fmt::format("network must be \"vzNAT\" or \"lima:<name>\", got {}",
                                          go_quote(value)));
        }
    }
    out.push_back(".networks += [" + join(entries, ",") + "] | .networks |= unique_by(.lima)");
    return {};
}

Result<void> params(const Words& values, const EditInput& input, Words& out) {
    for (const auto& value : values) {
        const auto equals = value.find('=');
        if (equals == std::string::npos) {
            return flag_error("param", "expected NAME=VALUE, got " + go_quote(value));
        }
        const std::string name = value.substr(0, equals);
        if (std::find(input.params.begin(), input.params.end(), name) == input.params.end()) {
            return flag_error("param", "template does not define param " + name_quote(name));
        }
        out.push_back(
            fmt::format(".param[{}] = {}", go_quote(name), go_quote(value.substr(equals + 1))));
    }
    return {};
}

Result<void> port_forwards(const Words& values, Words& out) {
    Words entries;
    for (const auto& value : values) {
        std::string ports = value;
        bool is_static = false;
        if (const auto comma = value.find(','); comma != std::string::npos) {
            ports = value.substr(0, comma);
            const std::string option(trim(value.substr(comma + 1)));
            if (option != "static=true" && option != "static=false") {
                return flag_error("port-forward",
                                  "expected HOST:GUEST[,static=BOOL], got " + go_quote(value));
            }
            is_static = option == "static=true";
        }
        const Words pair = split(ports, ':');
        if (pair.size() != 2 || trim(pair[0]).empty() || trim(pair[1]).empty()) {
            return flag_error("port-forward",
                              "expected HOST:GUEST[,static=BOOL], got " + go_quote(value));
        }
        entries.push_back(fmt::format("{{\"guestPort\": {}, \"hostPort\": {}, \"static\": {}}}",
                                      go_quote(std::string(trim(pair[1]))),
                                      go_quote(std::string(trim(pair[0]))), word(is_static)));
    }
    out.push_back(".portForwards += [" + join(entries, ",") + "]");
    return {};
}

Result<void> containerd(const std::string& value, Words& out) {
    const bool user = value == "user" || value == "user+system" || value == "system+user";
    const bool system = value == "system" || value == "user+system" || value == "system+user";
    if (!user && !system && value != "none") {
        return flag_error("containerd",
                          "expected one of [user system user+system none], got " + go_quote(value));
    }
    out.push_back(
        fmt::format(".containerd.user = {} | .containerd.system = {}", word(user), word(system)));
    return {};
}

/// Rows 1 to 19 of the table.
Result<void> common(const EditFlags& v, const EditInput& input, Edits& edits) {
    Words& out = edits.expressions;
    if (v.cpus) {
        if (*v.cpus < 0) {
            return flag_error("cpus", fmt::format("must not be negative, got {}", *v.cpus));
        }
        out.push_back(fmt::format(".cpus = {}", *v.cpus));
    }
    if (v.dns) {
        Words quoted;
        for (const auto& ip : *v.dns) {
            quoted.push_back(go_quote(std::string(trim(ip))));
        }
        out.push_back(fmt::format(".dns += [{}] | .dns |= unique | .hostResolver.enabled=false",
                                  join(quoted, ",")));
        edits.warnings.emplace_back(
            "Disabling HostResolver, because custom DNS server is specified");
    }
    if (v.memory) {
        out.push_back(fmt::format(".memory = \"{}GiB\"", shortest(*v.memory)));
    }
    LIMA_DO(mounts(v, input, out));
    if (v.mount_type) {
        out.push_back(".mountType = " + go_quote(*v.mount_type));
    }
    if (v.vm_type) {
        out.push_back(".vmType = " + go_quote(*v.vm_type));
    }
    if (v.mount_inotify) {
        out.push_back(fmt::format(".mountInotify = {}", word(*v.mount_inotify)));
        edits.warnings.emplace_back("`--mount-inotify` is experimental");
    }
    if (v.mount_writable) {
        out.push_back(fmt::format(".mounts[].writable = {}", word(*v.mount_writable)));
    }
    if (v.network && !v.network->empty()) {
        LIMA_DO(networks(*v.network, out));
    }
    if (v.nested_virt) {
        out.push_back(fmt::format(".nestedVirtualization = {}", word(*v.nested_virt)));
    }
    if (v.rosetta) {
        out.push_back(
            fmt::format(".vmOpts.vz.rosetta.enabled = {0} | .vmOpts.vz.rosetta.binfmt = {0}",
                        word(*v.rosetta)));
    }
    out.insert(out.end(), v.set.begin(), v.set.end());
    LIMA_DO(params(v.param, input, out));
    if (v.video) {
        out.push_back(fmt::format(".video.display = \"{}\"", *v.video ? "default" : "none"));
    }
    return {};
}

/// A flag that counts only for a new instance.
bool applies(bool given, const char* flag, const EditInput& input, Edits& edits) {
    if (given && !input.new_instance) {
        edits.warnings.push_back(
            fmt::format("`--{}` is not applicable to an existing instance; ignoring", flag));
    }
    return given && input.new_instance;
}

/// Rows 17 to 27.
Result<void> creation(const EditFlags& v, const EditInput& input, Edits& edits) {
    Words& out = edits.expressions;
    if (v.audio_device) {
        out.push_back(".audio.device = " + go_quote(*v.audio_device));
        edits.warnings.emplace_back("`--audio-device` is experimental");
    }
    if (v.audio_interface) {
        out.push_back(".audio.interface = " + go_quote(*v.audio_interface));
        edits.warnings.emplace_back("`--audio-interface` is experimental");
    }
    if (v.ssh_port) {
        if (*v.ssh_port < 0 || *v.ssh_port > 65535) {
            return flag_error("ssh-port",
                              fmt::format("must be a port number, got {}", *v.ssh_port));
        }
        out.push_back(fmt::format(".ssh.localPort = {}", *v.ssh_port));
    }
    for (const auto& [value, flag, key] :
         {std::tuple{&v.image_variant, "image-variant", "variant"},
          std::tuple{&v.arch_variant, "arch-variant", "archVariant"}}) {
        if (applies(value->has_value(), flag, input, edits)) {
            if ((*value)->empty()) {
                return flag_error(flag, "must not be empty");
            }
            out.push_back(
                fmt::format(".images = [.images[] | select(.{} == {})]", key, go_quote(**value)));
        }
    }
    if (applies(v.arch.has_value(), "arch", input, edits)) {
        out.push_back(".arch = " + go_quote(*v.arch));
    }
    if (applies(v.containerd.has_value(), "containerd", input, edits)) {
        LIMA_DO(containerd(*v.containerd, out));
    }
    if (v.disk) {
        out.push_back(fmt::format(".disk= \"{}GiB\"", shortest(*v.disk)));
    }
    if (applies(v.plain.has_value(), "plain", input, edits)) {
        out.push_back(fmt::format(".plain = {}", word(*v.plain)));
    }
    if (!v.port_forward.empty()) {
        LIMA_DO(port_forwards(v.port_forward, out));
    }
    if (v.shell) {
        out.push_back(".user.shell = " + go_quote(*v.shell));
    }
    return {};
}

}  // namespace

void add_edit_flags(Flags flags, EditFlags& v, EditScope scope) {
    flags.integer("cpus", v.cpus, "Number of CPUs").complete = complete_cpus;
    flags.csv("dns", v.dns, "DNS servers of the guest, instead of the host resolver");
    flags.number("memory", v.memory, "Memory in GiB, as in 4 or 0.5").complete =
        [](Cli& cli, const std::string&) {
            const auto context = cli.context();
            return context ? memory_sizes((*context)->host.memory) : Words();
        };
    flags.csv("mount", v.mount, "Directories to mount, as in ~/src or /data:w (writable)");
    flags.csv("mount-only", v.mount_only, "As --mount, instead of the mounts that there are");
    flags.boolean("mount-none", v.mount_none, "Remove all mounts");
    flags.text("mount-type", v.mount_type, "Mount type (reverse-sshfs, 9p, virtiofs)").complete =
        words_completer({"reverse-sshfs", "9p", "virtiofs"});
    flags.text("vm-type", v.vm_type, "Virtual machine type: a driver's name").complete =
        [](Cli&, const std::string&) {
            Words names;
            for (const auto& found : driver::discover(driver::default_search_path()).drivers) {
                names.push_back(found.name);
            }
            return names;
        };
    flags.boolean("mount-inotify", v.mount_inotify, "Enable inotify for mounts (experimental)");
    flags.boolean("mount-writable", v.mount_writable, "Make all mounts writable");
    flags.csv("network", v.network, "More networks: lima:NAME or vzNAT").complete =
        words_completer({"lima:shared", "lima:bridged", "lima:host", "lima:user-v2", "vzNAT"});
    flags.boolean("nested-virt", v.nested_virt, "Enable nested virtualization");
    flags.boolean("rosetta", v.rosetta, "Enable Rosetta (for vz instances)");
    FlagInfo& set = flags.list("set", v.set, "Change anything by a yq expression: --set '.cpus=2'");
    set.complete = [](Cli&, const std::string& word) { return complete_set(word); };
    set.complete_space = false;
    flags.list("param", v.param, "Set a parameter that the template has: NAME=VALUE");
    flags.boolean("video", v.video, "Enable video output");
    flags.integer("ssh-port", v.ssh_port, "SSH port on the host; 0 for a random one").complete =
        words_completer({"60022"});
    flags.number("disk", v.disk, "Size of the disk in GiB; it can only grow").complete =
        words_completer({"10", "30", "50", "100", "200"});
    flags.text("shell", v.shell, "Login shell of the guest's user").complete =
        words_completer({"/bin/bash", "/bin/zsh", "cmd.exe", "powershell.exe", "pwsh.exe"});
    if (scope == EditScope::kCreate) {
        add_creation_flags(flags, v);
    }
}

Result<Edits> edit_expressions(const EditFlags& values, const EditInput& input) {
    Edits edits;
    LIMA_DO(common(values, input, edits));
    LIMA_DO(creation(values, input, edits));
    return edits;
}

Result<std::string> apply_edit_flags(const EditFlags& values, EditInput input,
                                     const std::string& text, const std::string& file) {
    LIMA_TRY(const auto tree, text::parse_yaml(text, file));
    if (const text::Node* param = tree.find("param")) {
        for (const auto& entry : param->entries) {
            input.params.push_back(entry.key);
        }
    }
    LIMA_TRY(const Edits edits, edit_expressions(values, input));
    for (const auto& warning : edits.warnings) {
        log::warn("{}", warning);
    }
    return text::edit(text, file, join(edits.expressions, " | "));
}

}  // namespace lima::cli
