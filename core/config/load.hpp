// From text to a complete Config: decode, check, merge (override > instance > default > built-in),
// fill. Pure: all facts of the host come in as values.
#pragma once

#include "core/base/error.hpp"
#include "core/base/host.hpp"
#include "core/config/model.hpp"
#include "core/text/document.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lima::config {

struct Source {
    std::string text;
    std::string file;  // for messages
    /// Where each line was written, when the text was put together from several files.
    text::Origins origins = {};
};

struct LoadInput {
    Source instance;                     // lima.yaml, or a template after embedding
    std::optional<Source> defaults;      // $LIMA_HOME/_config/default.yaml
    std::optional<Source> overrides;     // $LIMA_HOME/_config/override.yaml
    std::filesystem::path instance_dir;  // what {{.Dir}} is and {{.Name}} comes from
    std::filesystem::path lima_home;
    HostFacts host;
    /// The version that made the instance: text of lima-version; our own for a new one; "" when an
    /// existing instance has no such file.
    std::string created_by_version;
    /// The value of $LIMA_SSH_OVER_VSOCK (deprecated); it overrides ssh.overVsock.
    std::string ssh_over_vsock_env = {};
};

struct Loaded {
    Config config;                      // every default filled; vmType only when given
    std::vector<std::string> warnings;  // unknown keys, bad templates, …: for one log line each
};

/// All mistakes of a file in one error, a line each, with file, line and column.
Result<Loaded> load(const LoadInput& input);

/// Decodes one text without merging or filling.
Result<Loaded> decode(const Source& source);

/// vmType when given, else vz on macOS, else qemu (spec/drivers.md 2.11).
std::string resolve_vm_type(const Config& config, const HostFacts& host);

/// JSON with upstream's keys and order. Empty objects such as "ssh":{} are kept, as on the driver
/// wire.
Json to_json(const Config& config);
/// The filled YAML of `template copy --fill`: the same, without empty objects.
std::string to_yaml(const Config& config);
/// The reverse, for what a driver's configure returned: keys present overwrite, absent keys keep
/// `into`'s value.
Result<void> apply_json(const Json& json, Config& into);

/// "52:55:55:xx:xx:xx" by the first three bytes of SHA-256(machine id + text).
std::string mac_address_for(const std::string& machine_id, const std::string& text);

/// "lima-" + 16 hex digits: the 9p and virtiofs tag of a mount.
std::string mount_tag(const Mount& mount);

/// "lima-NAME" with . and _ turned into -.
std::string hostname_of(const std::string& instance_name);

}  // namespace lima::config
