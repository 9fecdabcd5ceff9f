#include "core/config/validate.hpp"

#include "core/base/text.hpp"
#include "core/base/units.hpp"
#include "core/base/utf8.hpp"
#include "core/base/version.hpp"
#include "core/config/checks.hpp"
#include "core/config/field_schema.hpp"
#include "core/config/fill.hpp"
#include "core/config/format.hpp"
#include "core/config/locate.hpp"
#include "core/config/schema.hpp"

#include <algorithm>
#include <array>

namespace lima::config {

namespace {

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

}  // namespace

void check_versions(const Config& config, const ValidateInput& input, Problems& out) {
    if (!config.base.empty() && input.whole) {
        out.add("base",
                "field `base` must be empty: the templates that it names were not embedded");
    }
    if (!config.minimum_lima_version) {
        return;
    }
    const std::string& minimum = *config.minimum_lima_version;
    if (is_plain_version(minimum) && !version_at_least(version(), minimum)) {
        out.add("minimumLimaVersion", "template requires Lima version {}; this is only {}",
                name_quote(minimum), name_quote(version()));
    }
}

void check_machine(const Config& config, const ValidateInput& input, Problems& out) {
    const std::string os = config.os.value_or("");
    const std::string arch = config.arch.value_or("");
    const std::string vm_type = resolve_vm_type(config, input.host);
    if (input.whole && !contains({"qemu", "vz", "wsl2"}, vm_type) &&
        !(input.driver_known && input.driver_known(vm_type))) {
        out.add("vmType",
                "field `vmType` must be qemu, vz, wsl2 or the name of an installed driver, got {}",
                name_quote(vm_type));
    }
    if (os == "Windows") {
        if (vm_type != "qemu") {
            out.add("vmType", "field `os` is `Windows`: field `vmType` must be `qemu`, got {}",
                    name_quote(vm_type))
                .needs = {"os"};
        }
        if (arch != "x86_64" && arch != "aarch64") {
            out.add("arch",
                    "field `os` is `Windows`: field `arch` must be one of [x86_64 aarch64], got {}",
                    name_quote(arch))
                .needs = {"os"};
        }
    }
}

void check_dns(const Config& config, Problems& out) {
    if (!config.dns.empty() && config.host_resolver.enabled.value_or(true)) {
        out.add("dns",
                "field `dns` must be empty when field `hostResolver.enabled` is true: write "
                "`hostResolver: {{enabled: false}}` to use it")
            .needs = {"hostResolver.enabled"};
    }
}

void check_params(const Config& config, Problems& out) {
    for (const auto& [name, value] : config.param) {
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
                name_quote(config.arch.value_or("")))
            .needs = {"arch"};
    }
}

void check_options(const Config& config, const ValidateInput& input, Problems& out) {
    const auto options = config.vm_opts.find(config.vm_type.value_or(""));
    if (input.vm_opts_schema != nullptr && options != config.vm_opts.end()) {
        check_schema(*input.vm_opts_schema, options->second, "vmOpts." + options->first, out);
    }
    if (!config.os_opts.empty()) {
        check_schema(os_opts_schema(), Json(config.os_opts), "osOpts", out);
    }
}

namespace {

/// Problems are told in the order of the original's checks (spec/config.md 1.11), so that the first
/// one is the same. It stops at the first of these; we do not.
constexpr std::array kOrder = {
    "audio.interface",
    "base",
    "minimumLimaVersion",
    "os",
    "vmType",
    "arch",
    "user.shell",
    "images",
    "cpus",
    "memory",
    "disk",
    "additionalDisks",
    "mounts",
    "ssh",
    "mountType",
    "provision",
    "containerd",
    "probes",
    "portForwards",
    "copyToHost",
    "dns",
    "networks",
    "vmOpts",
    "osOpts",
    "param",
    "user",
    "tpm",
};

/// All that is wrong, with places: what was when the text was loaded, and the problems that do not
/// only follow from that.
std::vector<Mistake> all_mistakes(Problems& problems, const Draft& draft,
                                  const ValidateInput& input) {
    std::vector<Mistake> all = draft.mistakes;
    for (const Mistake& mistake : draft.mistakes) {
        if (mistake.fatal) {
            problems.forget_all();
        }
        if (!mistake.path.empty()) {
            problems.forget_about(mistake.path);
        }
    }
    const std::optional<Places> places =
        input.source == nullptr ? std::nullopt : std::optional<Places>(*input.source);
    for (const Problem& problem : problems.list()) {
        all.push_back(places ? places->with_place(problem.path, problem.message)
                             : Mistake{problem.path, problem.message});
    }
    if (!input.whole) {
        all.insert(all.end(), draft.unknown.begin(), draft.unknown.end());
    }
    return all;
}

}  // namespace

Result<Loaded> decode_template(const Source& source, const HostFacts& host) {
    auto decoded = decode(source);
    if (decoded) {
        return decoded;
    }
    LoadInput input;
    input.instance = source;
    input.instance_dir = "/";  // for templates in values
    input.host = host;
    const Draft draft = load_draft(input);
    ValidateInput check;
    check.host = host;
    check.whole = false;
    check.source = &input;
    check.draft = &draft;
    if (auto all = validate(draft.config, check); !all) {
        return fail(std::move(all.error()));
    }
    return decoded;
}

Result<std::vector<std::string>> validate(const Config& config, const ValidateInput& input) {
    Problems out;
    check_facts(config, out);
    check_versions(config, input, out);
    check_machine(config, input, out);
    check_user(config, input, out);
    check_images(config, input, out);
    check_mounts(config, input, out);
    check_mount_type(config, input, out);
    check_provision(config, input, out);
    check_containerd(config, out);
    check_probes(config, input, out);
    check_port_forwards(config, input, out);
    check_dns(config, out);
    check_networks(config, input, out);
    check_options(config, input, out);
    warn_experimental(config, input, out);
    check_params(config, out);
    check_devices(config, out);
    const Draft none;
    const Draft& draft = input.draft == nullptr ? none : *input.draft;
    if (out.list().empty() && draft.mistakes.empty()) {
        return std::move(out.warnings());
    }
    out.sort(kOrder);
    return fail(mistakes_error(all_mistakes(out, draft, input), draft.decoded));
}

}  // namespace lima::config
