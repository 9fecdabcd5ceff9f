// From text to a complete Config: decode, check, merge (override > instance > default > built-in),
// fill. Pure: all facts of the host come in as values.
#pragma once

#include "core/base/error.hpp"
#include "core/base/host.hpp"
#include "core/config/fields.hpp"
#include "core/text/document.hpp"
#include "core/text/yaml.hpp"

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

struct Mistake {
    std::string path;    // "ssh.localPort": what is absent because of it; may be empty
    std::string text;    // with file, line and column, and the line itself
    text::Mark at = {};  // line 0: it has no place
    int layer = 0;       // own text, default.yaml, override.yaml
    bool fatal = false;  // nothing behind it was read
};

/// A Config as far as it can be had. What is wrong is absent in it.
struct Draft {
    Config config;  // every default filled
    std::vector<std::string> warnings;
    std::vector<Mistake> unknown;  // keys, which the warnings tell too
    std::vector<Mistake> mistakes;
    bool decoded = true;  // false: some of the mistakes are the decoder's
};
Draft load_draft(const LoadInput& input);
/// All of them in one error, file by file, from top to bottom. `decoded` is false when some are the
/// decoder's.
Error mistakes_error(std::vector<Mistake> mistakes, bool decoded);

struct Loaded {
    Config config;                      // every default filled; vmType only when given
    std::vector<std::string> warnings;  // unknown keys, bad templates, …: for one log line each
};

/// All mistakes of a file in one error, a line each, with file, line and column.
Result<Loaded> load(const LoadInput& input);

/// Decodes one text without merging or filling.
Result<Loaded> decode(const Source& source);
/// The same for a template whose bases are not embedded yet. When there are mistakes, the error
/// also has what is wrong with the rest of it.
Result<Loaded> decode_template(const Source& source, const HostFacts& host);

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

/// What the table knows of osOpts; nothing when it has another form.
OsOpts known_os_opts(const Config& config);

/// "52:55:55:xx:xx:xx" by the first three bytes of SHA-256(machine id + text).
std::string mac_address_for(const std::string& machine_id, const std::string& text);

/// "lima-" + 16 hex digits: the 9p and virtiofs tag of a mount.
std::string mount_tag(const Mount& mount);

/// "lima-NAME" with . and _ turned into -.
std::string hostname_of(const std::string& instance_name);

}  // namespace lima::config
