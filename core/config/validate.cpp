#include "core/config/validate.hpp"

#include "core/base/text.hpp"
#include "core/base/units.hpp"
#include "core/base/utf8.hpp"
#include "core/base/version.hpp"
#include "core/config/checks.hpp"
#include "core/config/fill.hpp"
#include "core/config/locate.hpp"
#include "core/config/schema.hpp"

#include <algorithm>
#include <charconv>

namespace lima::config {

const std::vector<std::string>& known_archs() {
    static const std::vector<std::string> kArchs = {"x86_64",  "aarch64", "armv7l",
                                                    "ppc64le", "riscv64", "s390x"};
    return kArchs;
}

std::string go_list(const std::vector<std::string>& items) { return "[" + join(items, " ") + "]"; }

bool contains(const std::vector<std::string>& items, const std::string& item) {
    return std::find(items.begin(), items.end(), item) != items.end();
}

namespace {

const std::vector<std::string> kOses = {"Linux", "Darwin", "FreeBSD", "Windows"};

/// X.Y.Z, after cutting a leading v, everything from the first "-" and the suffix ".m".
bool is_plain_version(std::string_view text) {
    if (text.starts_with('v')) {
        text.remove_prefix(1);
    }
    text = text.substr(0, text.find('-'));
    if (text.ends_with(".m")) {
        text.remove_suffix(2);
    }
    const auto parts = split(text, '.');
    return parts.size() == 3 &&
           std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
               int number = 0;
               const auto [end, error] =
                   std::from_chars(part.data(), part.data() + part.size(), number);
               return error == std::errc() && end == part.data() + part.size() && number >= 0;
           });
}

/// The first character that has no place in an environment variable of one line, quoted.
std::optional<std::string> first_unprintable(std::string_view text) {
    while (!text.empty()) {
        const utf8::Rune rune = utf8::decode(text);
        const std::string_view bytes = text.substr(0, rune.size);
        if (bytes != "\t" && (!rune.valid || !utf8::is_printable(rune.value))) {
            return go_quote(bytes);
        }
        text.remove_prefix(rune.size);
    }
    return std::nullopt;
}

void check_one_size(const char* key, const std::optional<std::string>& size, Problems& out) {
    if (!size) {
        return;
    }
    if (auto bytes = parse_size(*size); !bytes) {
        out.add(key,
                "field `{}` has an invalid size {}: {} (sizes are numbers with a unit, such as "
                "4GiB or 512MiB)",
                key, name_quote(*size), bytes.error().text());
    }
}

}  // namespace

void check_versions(const Config& config, Problems& out) {
    if (!config.base.empty()) {
        out.add("base",
                "field `base` must be empty: the templates that it names were not embedded");
    }
    if (!config.minimum_lima_version) {
        return;
    }
    const std::string& minimum = *config.minimum_lima_version;
    if (!is_plain_version(minimum)) {
        out.add("minimumLimaVersion",
                "field `minimumLimaVersion` must be a version such as 2.0.0, got {}",
                name_quote(minimum));
    } else if (!version_at_least(version(), minimum)) {
        out.add("minimumLimaVersion", "template requires Lima version {}; this is only {}",
                name_quote(minimum), name_quote(version()));
    }
}

void check_machine(const Config& config, const ValidateInput& input, Problems& out) {
    const std::string os = config.os.value_or("");
    const std::string arch = config.arch.value_or("");
    const std::string vm_type = resolve_vm_type(config, input.host);
    if (!contains({"qemu", "vz", "wsl2"}, vm_type) &&
        !(input.driver_known && input.driver_known(vm_type))) {
        out.add("vmType",
                "field `vmType` must be qemu, vz, wsl2 or the name of an installed driver, got {}",
                name_quote(vm_type));
    }
    if (!contains(kOses, os)) {
        const auto same = std::find_if(kOses.begin(), kOses.end(), [&os](const std::string& known) {
            return to_lower(known) == to_lower(os);
        });
        out.add("os", "field `os` must be one of {}, got {}{}", go_list(kOses), name_quote(os),
                same == kOses.end() ? "" : fmt::format(", did you mean {}?", name_quote(*same)));
    }
    if (os == "Windows") {
        if (vm_type != "qemu") {
            out.add("vmType", "field `os` is `Windows`: field `vmType` must be `qemu`, got {}",
                    name_quote(vm_type));
        }
        if (arch != "x86_64" && arch != "aarch64") {
            out.add("arch",
                    "field `os` is `Windows`: field `arch` must be one of [x86_64 aarch64], got {}",
                    name_quote(arch));
        }
    }
    if (!contains(known_archs(), arch)) {
        out.add("arch", "field `arch` must be one of {}, got {}", go_list(known_archs()),
                name_quote(arch));
    }
}

void check_sizes(const Config& config, Problems& out) {
    check_one_size("memory", config.memory, out);
    check_one_size("disk", config.disk, out);
}

void check_disks(const Config& config, Problems& out) {
    for (std::size_t i = 0; i < config.additional_disks.size(); ++i) {
        const std::string& name = config.additional_disks[i].name;
        if (!is_identifier(name)) {
            const std::string path = fmt::format("additionalDisks[{}].name", i);
            out.add(path,
                    "field `{}` is invalid: {} is no identifier (letters and digits, with single . "
                    "_ - between)",
                    path, name_quote(name));
        }
    }
}

void check_dns(const Config& config, Problems& out) {
    if (!config.dns.empty() && config.host_resolver.enabled.value_or(true)) {
        out.add("dns", "field `dns` must be empty when field `hostResolver.enabled` is true");
    }
}

void check_params(const Config& config, Problems& out) {
    for (const auto& [name, value] : config.param) {
        const auto alpha = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
        const bool named = !name.empty() && alpha(name.front()) &&
                           std::all_of(name.begin(), name.end(), [alpha](char c) {
                               return alpha(c) || (c >= '0' && c <= '9') || c == '_';
                           });
        if (!named) {
            out.add("param." + name,
                    "param {}: a name begins with a letter and has only letters, digits and "
                    "underscores",
                    name_quote(name));
        }
        if (const auto bad = first_unprintable(value)) {
            out.add("param." + name, "param {}: the value {} contains the unprintable character {}",
                    name_quote(name), name_quote(value), *bad);
        }
    }
}

void check_devices(const Config& config, Problems& out) {
    if (config.tpm.value_or(false) &&
        !contains({"x86_64", "aarch64", "armv7l", "riscv64"}, config.arch.value_or(""))) {
        out.add("tpm", "field `tpm` is true, but there is no TPM for arch {}",
                name_quote(config.arch.value_or("")));
    }
    const std::string interface = config.audio.interface.value_or("");
    if (!contains({"", "hda", "virtio"}, interface)) {
        // The original stops at this one: it has to come first.
        out.add_first("audio.interface", "field `audio.interface` must be hda or virtio, got {}",
                      name_quote(interface));
    }
}

void check_vm_opts(const Config& config, const ValidateInput& input, Problems& out) {
    const auto options = config.vm_opts.find(config.vm_type.value_or(""));
    if (input.vm_opts_schema != nullptr && options != config.vm_opts.end()) {
        check_schema(*input.vm_opts_schema, options->second, "vmOpts." + options->first, out);
    }
}

Result<std::vector<std::string>> validate(const Config& config, const ValidateInput& input) {
    Problems out;
    check_versions(config, out);
    check_machine(config, input, out);
    check_user(config, input, out);
    check_images(config, input, out);
    check_sizes(config, out);
    check_disks(config, out);
    check_mounts(config, input, out);
    check_ssh(config, out);
    check_mount_type(config, input, out);
    check_provision(config, out);
    check_containerd(config, input, out);
    check_probes(config, out);
    check_port_forwards(config, input, out);
    check_copy_to_host(config, out);
    check_dns(config, out);
    check_networks(config, input, out);
    check_vm_opts(config, input, out);
    warn_experimental(config, input, out);
    check_params(config, out);
    check_devices(config, out);
    if (out.list().empty()) {
        return std::move(out.warnings());
    }
    std::vector<std::string> messages;
    for (const Problem& problem : out.list()) {
        messages.push_back(input.source == nullptr
                               ? problem.message
                               : with_place(*input.source, problem.path, problem.message));
    }
    return fail(Code::kInvalidArgument, join(messages, "\n"));
}

}  // namespace lima::config
