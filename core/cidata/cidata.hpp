// The cloud-init seed of an instance: a tree of files as a pure function of values, and the ISO
// 9660 image of it (spec/host-guest.md section 5).
#pragma once

#include "core/base/error.hpp"
#include "core/config/fields.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lima::cidata {

struct Input {
    std::string name;         // instance
    std::string instance_id;  // "iid-<unix seconds>"
    std::filesystem::path instance_dir;
    config::Config config;  // filled
    std::string vm_type;
    std::vector<std::string> public_keys;
    std::string host_home;  // for LIMA_CIDATA_HOSTHOME_MOUNTPOINT
    std::string machine_id;
    // from the driver
    int vsock_port = 0;
    std::string virtio_port;
    bool no_cloud_init = false;
    bool rosetta_enabled = false;
    bool rosetta_bin_fmt = false;
    std::map<std::string, std::string> driver_boot_scripts;  // "boot.Linux/NAME" -> text
    // network
    std::string slirp_gateway = "192.168.5.2";
    std::string slirp_dns = "192.168.5.3";
    std::string slirp_ip = "192.168.5.15";
    int udp_dns_port = 0;
    int tcp_dns_port = 0;
    std::vector<std::string> host_dns;
    bool debug = false;
    config::StringMap proxy_env;  // from the host when propagateProxyEnv
    // files on the host that go in as they are; empty when not given
    std::filesystem::path guest_agent;      // .gz is unpacked
    std::filesystem::path nerdctl_archive;  // becomes nerdctl-full.tgz
    /// Networks of mode user-v2 in networks.yaml: the first of them that an instance names is its
    /// eth0.
    std::vector<std::string> user_v2_names = {"user-v2"};
};

struct Entry {
    std::string path;  // "boot.Linux/05-lima-disks.sh"
    std::string data;
    std::filesystem::path source;  // instead of data: taken from this file
    std::uint32_t mode = 0644;
};

/// All files, sorted by path. Refuses user root, uid 0, no key, relative mount points.
Result<std::vector<Entry>> build_tree(const Input& input);
/// The reference copy <instance>/cloud-config.yaml.
Result<std::string> cloud_config(const Input& input);

/// The boot scripts directory: share/lima/cidata of the installed prefix.
Result<std::filesystem::path> script_dir();

struct IsoOptions {
    std::string label = "cidata";
    std::int64_t time =
        0;  // seconds since the epoch, for every date in the image: same input, same bytes
};
/// Rock Ridge and Joliet; written beside and renamed.
Result<void> write_iso(const std::filesystem::path& path, const std::vector<Entry>& entries,
                       const IsoOptions& options);

}  // namespace lima::cidata
