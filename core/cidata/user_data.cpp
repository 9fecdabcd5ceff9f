// user-data, meta-data and network-config. The YAML is of the plainest kind: block style, two
// spaces, texts in double quotes, scripts as literal blocks; cloud-init reads it, and so do the
// small readers of guests without cloud-init.
#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/base/units.hpp"
#include "core/base/utf8.hpp"
#include "core/cidata/seed.hpp"
#include "core/config/load.hpp"

#include <fmt/format.h>

namespace lima::cidata {
namespace {

// Mounted already from here on; per-boot scripts find it so.
constexpr const char* kMountSeed = R"(export LIMA_CIDATA_MNT=/mnt/lima-cidata
mkdir -p -m 700 "$LIMA_CIDATA_MNT"
grep -q " $LIMA_CIDATA_MNT " /proc/mounts ||
    mount -t iso9660 -o ro,mode=0700,dmode=0700,overriderockperm,exec,uid=0 /dev/disk/by-label/cidata "$LIMA_CIDATA_MNT"
)";

// The agent from the first stage on. Nothing depends on it here: a boot module does it again.
constexpr const char* kEarlyAgent =
    R"("$LIMA_CIDATA_MNT/util/install-guestagent.sh" || echo "LIMA: the guest agent was not installed yet" >&2
)";

constexpr const char* kLauncherPath = "/var/lib/cloud/scripts/per-boot/00-lima.boot.sh";
constexpr const char* kLauncherHead =
    "#!/bin/sh\n# Mounts the seed and runs the boot scripts in it.\nset -eu\n";
constexpr const char* kLauncherTail = "exec \"$LIMA_CIDATA_MNT/boot.sh\"\n";

// A network card that did not get the name that network-config gives it is renamed here; then the
// scripts of this and later stages can rely on an address.
constexpr const char* kNicRepair = R"(for pair in {}; do
  mac=${{pair%%=*}} name=${{pair#*=}}
  [ ! -e "/sys/class/net/$name" ] || continue
  for nic in /sys/class/net/*; do
    read -r address <"$nic/address" || continue
    [ "$address" = "$mac" ] || continue
    old=${{nic##*/}}
    for try in 1 2 3; do
      ip link set dev "$old" down && ip link set dev "$old" name "$name" && ip link set dev "$name" up && break
      sleep 1
    done
  done
done
tries=0
while [ -e /sys/class/net/eth0 ] && [ "$tries" -lt 30 ] &&
  ! ip -4 -o addr show dev eth0 2>/dev/null | grep -q inet; do
  tries=$((tries + 1))
  sleep 1
done
)";

/// Can the text be a literal block as it stands?
bool fits_block(std::string_view text) {
    if (text.empty() || text.front() == ' ' || text.front() == '\t' || text.front() == '\n' ||
        !text.ends_with('\n') || text.ends_with("\n\n") || !utf8::valid(text)) {
        return false;
    }
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F) {
            return false;
        }
    }
    return true;
}

/// " |" and the indented lines, or the text in quotes where a block cannot say it.
std::string block(std::string_view text, std::size_t indent) {
    if (!fits_block(text)) {
        return " " + yaml_quote(text) + "\n";
    }
    std::string out = " |\n";
    for (const std::string_view line : lines(text)) {
        if (!line.empty()) {
            out.append(indent, ' ').append(line);
        }
        out += '\n';
    }
    return out;
}

Result<std::string> mount_options(const config::Mount& mount, const std::string& type) {
    const bool writable = mount.writable.value_or(false);
    const std::string access = writable ? "rw" : "ro";
    if (type == "virtiofs") {
        return access + ",nofail";
    }
    LIMA_TRY(const std::int64_t msize, parse_size(mount.nine_p.msize.value_or("128KiB")),
             "field mounts.9p.msize");
    return fmt::format("{},trans=virtio,version={},msize={},cache={},nofail", access,
                       mount.nine_p.protocol_version.value_or("9p2000.L"), msize,
                       mount.nine_p.cache.value_or(writable ? "mmap" : "fscache"));
}

std::string mount_row(const std::vector<std::string>& cells) {
    std::vector<std::string> quoted;
    for (const std::string& cell : cells) {
        quoted.push_back(yaml_quote(cell));
    }
    return "  - [" + join(quoted, ", ") + "]\n";
}

/// As fstab wants it, into which cloud-init writes the cell as it is.
std::string fstab_field(std::string text) {
    text = replace_all(std::move(text), "\\", "\\134");
    text = replace_all(std::move(text), "\t", "\\011");
    return replace_all(std::move(text), " ", "\\040");
}

Result<std::string> mounts(const Seed& seed) {
    std::string out;
    if (seed.rosetta_enabled) {
        out += mount_row({"vz-rosetta", "/mnt/lima-rosetta", "virtiofs", "defaults", "0", "0"});
    }
    if (seed.mount_type == "9p" || seed.mount_type == "virtiofs") {
        for (const auto& mount : seed.input.config.mounts) {
            LIMA_TRY(const std::string options, mount_options(mount, seed.mount_type));
            out += mount_row({config::mount_tag(mount), fstab_field(mount.mount_point.value_or("")),
                              seed.mount_type, options, "0", "0"});
        }
    }
    return out.empty() ? out : "mounts:\n" + out;
}

std::string users(const Seed& seed) {
    std::string out = "users:\n";
    out += "  - name: " + yaml_quote(seed.user) + "\n";
    out += "    uid: " + yaml_quote(std::to_string(seed.uid)) + "\n";
    if (!seed.comment.empty()) {
        out += "    gecos: " + yaml_quote(seed.comment) + "\n";
    }
    out += "    homedir: " + yaml_quote(seed.home) + "\n";
    out += "    shell: " + yaml_quote(seed.shell) + "\n";
    out += seed.passwordless_sudo ? "    sudo: \"ALL=(ALL) NOPASSWD:ALL\"\n    lock_passwd: true\n"
                                  : "    sudo: \"ALL=(ALL) ALL\"\n    lock_passwd: false\n";
    out += "    ssh-authorized-keys:\n";
    for (const std::string& key : seed.input.public_keys) {
        out += "      - " + yaml_quote(key) + "\n";
    }
    return out;
}

std::string write_files() {
    return std::string("write_files:\n  - content:") +
           block(fmt::format("{}{}{}", kLauncherHead, kMountSeed, kLauncherTail), 6) +
           "    owner: root:root\n    path: " + kLauncherPath + "\n    permissions: '0755'\n";
}

std::string resolv_conf(const Seed& seed) {
    if (seed.dns.empty()) {
        return "";
    }
    std::string out = "manage_resolv_conf: true\nresolv_conf:\n  nameservers:\n";
    for (const std::string& address : seed.dns) {
        out += "    - " + yaml_quote(address) + "\n";
    }
    return out;
}

/// The files first, read now; then the certificates in the config.
Result<std::vector<std::string>> certificates(const Seed& seed) {
    const config::CaCerts& certs = seed.input.config.ca_certs;
    std::vector<std::string> out;
    for (const std::string& file : certs.files) {
        LIMA_TRY(const std::filesystem::path path, fs::expand(file, seed.input.host_home),
                 "field caCerts.files");
        LIMA_TRY(std::string text, fs::read_file(path), "field caCerts.files");
        out.push_back(std::move(text));
    }
    out.insert(out.end(), certs.certs.begin(), certs.certs.end());
    return out;
}

Result<std::string> ca_certs(const Seed& seed) {
    const std::optional<bool>& remove = seed.input.config.ca_certs.remove_defaults;
    LIMA_TRY(const std::vector<std::string> certs, certificates(seed));
    if (!remove.value_or(false) && certs.empty()) {
        return std::string();
    }
    std::string out = "ca_certs:\n";
    if (remove) {
        out += fmt::format("  remove_defaults: {}\n", *remove);
    }
    if (!certs.empty()) {
        out += "  trusted:\n";
    }
    for (const std::string& cert : certs) {
        std::string text;
        for (const std::string_view line : lines(cert)) {
            if (!trim(line).empty()) {
                text.append(trim(line)).append("\n");
            }
        }
        out += "    -" + block(text, 6);
    }
    return out;
}

/// The PARAM_ variables of the scripts, without a file to read them from: the seed is not mounted
/// yet.
std::string with_params(const config::StringMap& param, const std::string& script) {
    std::string out;
    if (!param.empty()) {
        out =
            "while IFS= read -r line; do [ -z \"$line\" ] || export \"$line\"; done "
            "<<'LIMA_PARAM'\n";
        for (const auto& [key, value] : param) {
            out += "PARAM_" + key + "=" + value + "\n";
        }
        out += "LIMA_PARAM\n";
    }
    out += script;
    return out.ends_with('\n') ? out : out + '\n';
}

std::string boot_commands(const Seed& seed, bool reference) {
    std::string out = "bootcmd:\n";
    if (!seed.input.guest_agent.empty() && !seed.plain && !reference) {
        out += "  -" + block(std::string(kMountSeed) + kEarlyAgent, 4);
    }
    std::vector<std::string> pairs;
    for (const Nic& nic : seed.nics) {
        pairs.push_back(shell_quote(nic.mac + "=" + nic.name));
    }
    out += "  -" + block(fmt::format(kNicRepair, join(pairs, " ")), 4);
    for (const auto& provision : seed.input.config.provision) {
        if (provision.mode.value_or("system") == "boot") {
            out += "  -" +
                   block(with_params(seed.input.config.param, provision.script.value_or("")), 4);
        }
    }
    return out;
}

}  // namespace

Result<std::string> user_data(const Seed& seed, bool reference) {
    const config::Config& config = seed.input.config;
    std::string out = "#cloud-config\n";
    if (reference) {
        out +=
            "# What the guest's cloud-init was given, for reading only: written at every start, "
            "and without the\n"
            "# parts that only the start itself knows (mounts, name servers, boot scripts).\n";
    }
    out += "growpart:\n  mode: auto\n  devices: ['/']\n";
    if (config.upgrade_packages.value_or(false)) {
        out += "package_update: true\npackage_upgrade: true\npackage_reboot_if_required: true\n";
    }
    if (!reference) {
        LIMA_TRY(const std::string rows, mounts(seed));
        out += rows;
    }
    if (const std::string zone = config.timezone.value_or(""); !zone.empty()) {
        out += "timezone: " + yaml_quote(zone) + "\n";
    }
    out += users(seed);
    if (!reference) {
        out += write_files();
        out += resolv_conf(seed);
    }
    LIMA_TRY(const std::string certs, ca_certs(seed));
    out += certs;
    return out + boot_commands(seed, reference);
}

std::string meta_data(const Seed& seed) {
    return "instance-id: " + seed.input.instance_id + "\nlocal-hostname: " + seed.hostname + "\n";
}

std::string network_config(const Seed& seed) {
    const auto& param = seed.input.config.param;
    const auto optional = param.find("internal_netplanOptional");
    std::string out = "version: 2\nethernets:\n";
    for (const Nic& nic : seed.nics) {
        out += fmt::format(
            "  {0}:\n    match:\n      macaddress: '{1}'\n    dhcp4: true\n"
            "    set-name: {0}\n    dhcp4-overrides:\n      route-metric: {2}\n"
            "    dhcp-identifier: mac\n",
            is_identifier(nic.name) ? nic.name : yaml_quote(nic.name), nic.mac, nic.metric);
        if (optional != param.end() && optional->second == "true") {
            out += "    optional: true\n";
        }
        if (&nic == &seed.nics.front() && !seed.dns.empty()) {
            out += "    nameservers:\n      addresses:\n";
            for (const std::string& address : seed.dns) {
                out += "        - " + yaml_quote(address) + "\n";
            }
        }
    }
    return out;
}

}  // namespace lima::cidata
