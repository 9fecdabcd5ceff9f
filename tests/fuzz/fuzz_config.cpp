// Any text as a lima.yaml, with fixed facts of the host: decode, merge, fill, validate. A filled
// configuration survives JSON and YAML; mistakes name the file.
#include "core/base/json.hpp"
#include "core/config/load.hpp"
#include "core/config/validate.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace lima::fuzz {
namespace {

config::LoadInput load_input(std::string_view text) {
    config::LoadInput out;
    out.instance = config::Source{std::string(text), "lima.yaml"};
    out.instance_dir = "/home/jane/.lima/web";
    out.lima_home = "/home/jane/.lima";
    out.created_by_version = "2.2.0";
    out.host.os = "linux";
    out.host.arch = "x86_64";
    out.host.cpus = 8;
    out.host.memory = std::int64_t{16} << 30;
    out.host.user = "jane";
    out.host.home = "/home/jane";
    out.host.uid = 501;
    out.host.gid = 1000;
    out.host.timezone = "Europe/Berlin";
    out.host.machine_id = "0123456789abcdef";
    out.host.temp_dir = "/tmp";
    return out;
}

void survives(const config::Config& config) {
    config::Config by_json;
    const auto applied = config::apply_json(config::to_json(config), by_json);
    require(applied.has_value(), "its own JSON is refused: {}",
            applied ? "" : applied.error().text());
    require(by_json == config, "JSON changes it: {}", dump_json(config::to_json(config)));
    const std::string yaml = config::to_yaml(config);
    const auto by_yaml = config::decode({yaml, "filled"});
    require(by_yaml.has_value(), "its own YAML is refused: {}\n{}",
            by_yaml ? "" : by_yaml.error().text(), yaml);
    require(by_yaml->config == config, "YAML changes it:\n{}", yaml);
}

}  // namespace

LIMA_FUZZ_TARGET(config) {
    const config::LoadInput in = load_input(input);
    const auto loaded = config::load(in);
    if (!loaded) {
        require(loaded.error().text().find("lima.yaml") != std::string::npos,
                "the file is not named: {}", loaded.error().text());
        return;
    }
    survives(loaded->config);
    config::ValidateInput check;
    check.host = in.host;
    check.networks = {{"user-v2", "user-v2"}, {"shared", "shared"}};
    check.source = &in;
    const auto valid = config::validate(loaded->config, check);
    require(valid.has_value() || valid.error().text().find("lima.yaml") != std::string::npos,
            "the file is not named: {}", valid ? "" : valid.error().text());
}

}  // namespace lima::fuzz
