// lima.yaml as values. Names follow the YAML keys; std::optional is "not given", which is not the
// same as empty, false or zero. The field table (fields.hpp) binds each member to its key, merge
// rule and documentation; decoding, encoding, merging, the JSON schema and the reference page are
// made from it. spec/config.md section 1.
#pragma once

#include "core/base/json.hpp"

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lima::config {

using StringMap = std::map<std::string, std::string>;

struct Locator {
    std::string url;
    std::string digest;
    bool operator==(const Locator&) const = default;
};

/// A file to be had: image, kernel, initrd, archive, firmware.
struct File {
    std::string location;
    std::string arch;
    std::string digest;
    bool operator==(const File&) const = default;
};

struct Kernel {
    std::string location;
    std::string arch;
    std::string digest;
    std::string cmdline;
    bool operator==(const Kernel&) const = default;
};

struct Image {
    std::string location;
    std::string arch;
    std::string digest;
    std::optional<Kernel> kernel;
    std::optional<File> initrd;
    std::string variant;
    std::string arch_variant;
    bool operator==(const Image&) const = default;
};

struct FirmwareImage {
    std::string location;
    std::string arch;
    std::string digest;
    std::string vm_type;
    bool operator==(const FirmwareImage&) const = default;
};

struct AdditionalDisk {
    std::string name;
    std::optional<bool> format;
    std::optional<std::string> fs_type;
    std::vector<std::string> fs_args;
    bool operator==(const AdditionalDisk&) const = default;
};

struct Sshfs {
    std::optional<bool> cache;
    std::optional<bool> follow_symlinks;
    std::optional<std::string> sftp_driver;
    bool operator==(const Sshfs&) const = default;
};
struct NineP {
    std::optional<std::string> security_model;
    std::optional<std::string> protocol_version;
    std::optional<std::string> msize;
    std::optional<std::string> cache;
    bool operator==(const NineP&) const = default;
};
struct Virtiofs {
    std::optional<int> queue_size;
    bool operator==(const Virtiofs&) const = default;
};
struct Mount {
    std::string location;
    std::optional<std::string> mount_point;
    std::optional<bool> writable;
    Sshfs sshfs;
    NineP nine_p;
    Virtiofs virtiofs;
    bool operator==(const Mount&) const = default;
};

struct Ssh {
    std::optional<int> local_port;
    std::optional<bool> load_dot_ssh_pub_keys;
    std::optional<bool> forward_agent;
    std::optional<bool> forward_x11;
    std::optional<bool> forward_x11_trusted;
    std::optional<bool> over_vsock;
    bool operator==(const Ssh&) const = default;
};

struct Firmware {
    std::optional<bool> legacy_bios;
    std::vector<FirmwareImage> images;
    bool operator==(const Firmware&) const = default;
};
struct Audio {
    std::optional<std::string> device;
    std::optional<std::string> interface;
    bool operator==(const Audio&) const = default;
};
struct Vnc {
    std::optional<std::string> display;
    bool operator==(const Vnc&) const = default;
};
struct Video {
    std::optional<std::string> display;
    Vnc vnc;
    bool operator==(const Video&) const = default;
};

struct Provision {
    std::optional<std::string> mode;  // system user boot dependency data yq ansible
    std::optional<bool> skip_default_dependency_resolution;
    std::optional<std::string> script;
    std::optional<Locator> file;
    std::optional<std::string> playbook;
    std::optional<std::string> content;
    std::optional<bool> overwrite;
    std::optional<std::string> owner;
    std::optional<std::string> path;
    std::optional<std::string> permissions;
    std::optional<std::string> expression;
    std::optional<std::string> format;
    bool operator==(const Provision&) const = default;
};

struct Containerd {
    std::optional<bool> system;
    std::optional<bool> user;
    std::vector<File> archives;
    bool operator==(const Containerd&) const = default;
};

struct Probe {
    std::optional<std::string> mode;
    std::optional<std::string> description;
    std::optional<std::string> script;
    std::optional<Locator> file;
    std::optional<std::string> hint;
    bool operator==(const Probe&) const = default;
};

using PortRange = std::array<int, 2>;

struct PortForward {
    std::optional<bool> guest_ip_must_be_zero;
    std::optional<std::string> guest_ip;
    int guest_port = 0;
    PortRange guest_port_range{0, 0};
    std::string guest_socket;
    std::optional<std::string> host_ip;
    int host_port = 0;
    PortRange host_port_range{0, 0};
    std::string host_socket;
    std::string proto;
    bool reverse = false;
    bool ignore = false;
    bool static_ = false;
    bool operator==(const PortForward&) const = default;
};

struct CopyToHost {
    std::string guest;
    std::string host;
    bool skip_if_missing = false;
    bool delete_on_stop = false;
    bool operator==(const CopyToHost&) const = default;
};

struct Network {
    std::string lima;
    std::string socket;
    std::optional<bool> vz_nat;
    std::string mac_address;
    std::string interface;
    std::optional<int> metric;
    bool operator==(const Network&) const = default;
};

struct HostResolver {
    std::optional<bool> enabled;
    std::optional<bool> ipv6;
    StringMap hosts;
    bool operator==(const HostResolver&) const = default;
};
struct CaCerts {
    std::optional<bool> remove_defaults;
    std::vector<std::string> files;
    std::vector<std::string> certs;
    bool operator==(const CaCerts&) const = default;
};
struct Rosetta {
    std::optional<bool> enabled;
    std::optional<bool> binfmt;
    bool operator==(const Rosetta&) const = default;
};
struct User {
    std::optional<std::string> name;
    std::optional<std::string> comment;
    std::optional<std::string> home;
    std::optional<std::string> shell;
    std::optional<std::uint32_t> uid;
    std::optional<bool> passwordless_sudo;
    bool operator==(const User&) const = default;
};

struct Config {
    std::vector<Locator> base;
    std::optional<std::string> minimum_lima_version;
    std::optional<std::string> vm_type;
    std::map<std::string, Json> vm_opts;
    std::optional<std::string> os;
    std::optional<std::string> arch;
    std::vector<Image> images;
    StringMap cpu_type;
    std::optional<int> cpus;
    std::optional<std::string> memory;
    std::optional<std::string> disk;
    std::vector<AdditionalDisk> additional_disks;
    std::vector<Mount> mounts;
    std::vector<std::string> mount_types_unsupported;
    std::optional<std::string> mount_type;
    std::optional<bool> mount_inotify;
    Ssh ssh;
    Firmware firmware;
    Audio audio;
    Video video;
    std::vector<Provision> provision;
    std::optional<bool> upgrade_packages;
    Containerd containerd;
    std::optional<std::string> guest_install_prefix;
    std::vector<Probe> probes;
    std::vector<PortForward> port_forwards;
    std::vector<CopyToHost> copy_to_host;
    std::string message;
    std::vector<Network> networks;
    StringMap env;
    StringMap param;
    std::vector<std::string> dns;
    HostResolver host_resolver;
    std::optional<bool> propagate_proxy_env;
    CaCerts ca_certs;
    Rosetta rosetta;
    std::optional<bool> plain;
    std::optional<std::string> timezone;
    std::optional<bool> nested_virtualization;
    User user;
    std::optional<bool> tpm;
    std::map<std::string, Json> os_opts;
    bool operator==(const Config&) const = default;
};

}  // namespace lima::config
