#include "core/instance/load.hpp"

#include "core/base/fs.hpp"
#include "core/base/units.hpp"
#include "core/config/validate.hpp"
#include "core/driver/config_schema.hpp"
#include "core/driver/remote.hpp"
#include "core/instance/open_driver.hpp"
#include "core/network/networks.hpp"

#include <algorithm>
#include <cstdlib>

namespace lima::instance {
namespace {

Result<std::optional<config::Source>> read_source(const std::filesystem::path& path) {
    LIMA_TRY(auto text, fs::read_file_if_exists(path));
    if (!text) {
        return std::nullopt;
    }
    return config::Source{std::move(*text), path.string()};
}

/// The original's names are known on every host, whether or not the driver is installed.
bool is_driver_known(const std::string& name) {
    if (name == "qemu" || name == "vz" || name == "wsl2") {
        return true;
    }
    const auto discovery = driver::discover(driver::default_search_path());
    return std::any_of(discovery.drivers.begin(), discovery.drivers.end(),
                       [&](const driver::Found& found) { return found.name == name; });
}

Result<driver::Found> find_driver(const std::string& name) {
    LIMA_TRY(driver::Found found, driver::find(driver::default_search_path(), name));
    return driver::as_isolated(std::move(found));
}

bool may_ask(const driver::Found& found, Ask ask) {
    return ask == Ask::kEveryDriver || !driver::is_remote(found);
}

bool has_content(const Json& options) {
    return std::any_of(options.begin(), options.end(),
                       [](const Json& option) { return !option.is_null(); });
}

/// Asked for only where something is to be checked. Without the driver there is no schema: who
/// opens it says that it is missing.
std::optional<Json> vm_opts_schema(const config::Config& config, Ask ask,
                                   std::vector<std::string>& warnings) {
    const auto options = config.vm_opts.find(config.vm_type.value_or(""));
    if (options == config.vm_opts.end() || !has_content(options->second)) {
        return std::nullopt;
    }
    const auto found = find_driver(options->first);
    if (!found || !may_ask(*found, ask)) {
        return std::nullopt;
    }
    auto schema = driver::config_schema(*found);
    if (!schema) {
        warnings.push_back(
            fmt::format("cannot check `vmOpts.{}`: {}", options->first, schema.error().text()));
        return std::nullopt;
    }
    return std::move(*schema);
}

std::int64_t bytes(const std::optional<std::string>& text) {
    return text ? parse_size(*text).value_or(0) : 0;
}

}  // namespace

Result<config::LoadInput> load_input(const Context& context, const std::string& name,
                                     config::Source source) {
    config::LoadInput input;
    const std::filesystem::path config_dir = context.home.config_dir();
    LIMA_TRY(input.defaults, read_source(config_dir / "default.yaml"));
    LIMA_TRY(input.overrides, read_source(config_dir / "override.yaml"));
    // A text that belongs to no instance stands in LIMA_HOME itself, as far as it can be told.
    input.instance_dir = name.empty() ? context.home.root() : context.home.instance_dir(name);
    input.instance = std::move(source);
    input.lima_home = context.home.root();
    input.host = context.host;
    input.created_by_version = store::created_by_version(input.instance_dir);
    if (const char* value = std::getenv("LIMA_SSH_OVER_VSOCK"); value != nullptr) {
        input.ssh_over_vsock_env = value;
    }
    return input;
}

namespace {

/// Returns the warnings.
Result<std::vector<std::string>> check(const Context& context, const config::Draft& draft,
                                       const config::LoadInput& input, Ask ask) {
    const config::Config& config = draft.config;
    config::ValidateInput validate;
    validate.draft = &draft;
    validate.host = context.host;
    validate.driver_known = is_driver_known;
    validate.source = &input;
    const std::string vm_type = config.vm_type.value_or("");
    validate.images_required = !config.images.empty();
    if (const auto found = find_driver(vm_type);
        config.images.empty() && found && may_ask(*found, ask)) {
        validate.images_required = driver_needs_image(context, vm_type);
    }
    std::vector<std::string> warnings;
    const std::optional<Json> schema = vm_opts_schema(config, ask, warnings);
    validate.vm_opts_schema = schema ? &*schema : nullptr;
    if (!config.networks.empty()) {
        LIMA_TRY(const network::Networks networks, network::load(context.home));
        validate.networks = network::modes(networks);
        warnings.insert(warnings.end(), networks.warnings.begin(), networks.warnings.end());
    }
    LIMA_TRY(const std::vector<std::string> more, config::validate(config, validate));
    warnings.insert(warnings.end(), more.begin(), more.end());
    return warnings;
}

}  // namespace

Result<config::Config> load_checked(const Context& context, const config::LoadInput& input,
                                    std::vector<std::string>& warnings, Ask ask) {
    config::Draft draft = config::load_draft(input);
    warnings.insert(warnings.end(), draft.warnings.begin(), draft.warnings.end());
    draft.config.vm_type = config::resolve_vm_type(draft.config, context.host);
    LIMA_TRY(const std::vector<std::string> more, check(context, draft, input, ask));
    warnings.insert(warnings.end(), more.begin(), more.end());
    return std::move(draft.config);
}

store::Instance make_instance(const Context& context, const std::string& name,
                              const config::Config& config) {
    store::Instance instance;
    instance.name = name;
    instance.hostname = config::hostname_of(name);
    const std::filesystem::path dir = context.home.instance_dir(name);
    instance.dir = dir.string();
    instance.vm_type = config.vm_type.value_or("");
    instance.arch = config.arch.value_or("");
    // WSL has one memory and disk for all distributions.
    if (instance.vm_type != "wsl2") {
        instance.cpus = config.cpus.value_or(0);
        instance.memory = bytes(config.memory);
        instance.disk = bytes(config.disk);
    }
    instance.additional_disks = config.additional_disks;
    instance.networks = config.networks;
    instance.ssh_local_port = config.ssh.local_port.value_or(0);
    instance.ssh_config_file = (dir / store::file::kSshConfig).string();
    instance.ssh_address = "127.0.0.1";
    instance.lima_version = store::created_by_version(dir);
    instance.param = config.param;
    instance.config = config;
    return instance;
}

bool driver_needs_image(const Context& context, const std::string& vm_type) {
    const auto driver = open_driver(context, vm_type);
    if (!driver) {
        return false;
    }
    const auto info = (*driver)->info();
    return !info || info->needs_image;
}

}  // namespace lima::instance
