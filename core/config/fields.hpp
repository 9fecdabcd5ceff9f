// The field table: lima.yaml as values, and every key of it once. Names follow the YAML keys;
// std::optional is "not given", which is not the same as empty, false or zero. An entry is the
// member and all that is known about its key; decoding, unknown keys, encoding, merging, defaults,
// checks of one field, the JSON schema (field_schema.hpp) and docs/lima-yaml.md (reference.hpp) are
// made from it. spec/config.md section 1. The order is that of the outputs.
#pragma once

#include "core/config/fields_parts.hpp"

namespace lima::config {

struct Config {
    LIMA_TABLE(Config)
    LIMA_FIELD(
        std::vector<Locator>, base, "base",
        "Templates that this one builds on: one, or a list of them, the first being the "
        "strongest. What is written here wins over them; maps are combined, lists are "
        "joined (this one's entries first; `provision` and `probes`: the base's first). They "
        "are resolved when the instance is created.",
        .merged(Merge::kOwn).or_single());
    LIMA_FIELD(std::optional<std::string>, minimum_lima_version, "minimumLimaVersion",
               "The oldest version that understands this file. Of a template and its bases the "
               "highest counts.",
               .merged(Merge::kOwn).is(Format::kVersion));
    LIMA_FIELD(std::optional<std::string>, vm_type, "vmType",
               "The driver that runs the guest: one of these, or another one that is installed "
               "(`limactl driver list`).",
               .usually({"qemu", "vz", "wsl2", "krunkit"})
                   .filled("`vz` on macOS for guests of the host's architecture, else `qemu`"));
    LIMA_FIELD(JsonMap, vm_opts, "vmOpts",
               "Options of each driver, by its name; a driver reads its own only, and checks them "
               "by its own schema.");
    LIMA_FIELD(std::optional<std::string>, os, "os",
               "The guest's operating system. Darwin needs vmType vz, Windows needs qemu and "
               "x86_64 or aarch64; both and FreeBSD are experimental.",
               .one_of({"Linux", "Darwin", "FreeBSD", "Windows"})
                   .unset_by({"", "default"})
                   .or_else("Linux"));
    LIMA_FIELD(std::optional<std::string>, arch, "arch",
               "The guest's architecture. One that is not the host's is emulated, and slow.",
               .one_of(kArchs).unset_by({"", "default"}).filled("the host's"));
    LIMA_FIELD(std::vector<Image>, images, "images",
               "Disk images. The first for the architecture that can be had is used, the others "
               "are its substitutes. There must be one.");
    LIMA_FIELD(StringMap, cpu_type, "cpuType", "CPU model for each architecture.",
               .merged(Merge::kOwn).replaced_by("vmOpts.qemu.cpuType"));
    LIMA_FIELD(std::optional<int>, cpus, "cpus", "Number of CPUs.",
               .unset_by_zero().filled("4, or as many as the host has"));
    LIMA_FIELD(std::optional<std::string>, memory, "memory", "RAM.",
               .is(Format::kSize).unset_by({""}).filled("4GiB, or half of the host's"));
    LIMA_FIELD(std::optional<std::string>, disk, "disk",
               "Size of the disk. It takes the space that is used, and can grow but not shrink.",
               .is(Format::kSize).unset_by({""}).or_else("100GiB"));
    LIMA_FIELD(std::vector<AdditionalDisk>, additional_disks, "additionalDisks",
               "More disks, by name or as a map.");
    LIMA_FIELD(std::vector<Mount>, mounts, "mounts",
               "Directories of the host that the guest sees. Entries with the same `mountPoint` "
               "are one.",
               .merged(Merge::kByKey));
    LIMA_FIELD(std::vector<std::string>, mount_types_unsupported, "mountTypesUnsupported",
               "Mount types that the guest's distribution cannot do.",
               .usually({"reverse-sshfs", "9p", "virtiofs", "wsl2"}));
    LIMA_FIELD(std::optional<std::string>, mount_type, "mountType",
               "How the guest sees the directories. `virtiofs` on Linux hosts is experimental.",
               .one_of({"reverse-sshfs", "9p", "virtiofs", "wsl2"})
                   .filled("the driver's: qemu `9p` or `reverse-sshfs`, vz and krunkit `virtiofs`, "
                           "wsl2 `wsl2`"));
    LIMA_FIELD(std::optional<bool>, mount_inotify, "mountInotify",
               "Tell the guest about files that change on the host. Experimental.",
               .or_else(false));
    LIMA_FIELD(Ssh, ssh, "ssh", "How the host reaches the guest.");
    LIMA_FIELD(Firmware, firmware, "firmware", "What the guest boots with.");
    LIMA_FIELD(Audio, audio, "audio", "Sound. Experimental.");
    LIMA_FIELD(Video, video, "video", "Display.");
    LIMA_FIELD(std::vector<Provision>, provision, "provision",
               "Scripts to run and files to write in the guest, at every boot, in this order.");
    LIMA_FIELD(std::optional<bool>, upgrade_packages, "upgradePackages",
               "Upgrade the guest's packages at boot, and restart when they ask for it.",
               .or_else(false));
    LIMA_FIELD(Containerd, containerd, "containerd", "containerd and nerdctl in the guest.");
    LIMA_FIELD(std::optional<std::string>, guest_install_prefix, "guestInstallPrefix",
               "Where Lima's own programs go in the guest.", .or_else("/usr/local"));
    LIMA_FIELD(std::vector<Probe>, probes, "probes",
               "Scripts that say when the guest is ready, besides Lima's own.");
    LIMA_FIELD(std::vector<PortForward>, port_forwards, "portForwards",
               "Rules for ports and sockets; the first that matches counts. After them comes one "
               "that forwards every port on 127.0.0.1 and 0.0.0.0 of the guest to 127.0.0.1 of "
               "the host.");
    LIMA_FIELD(std::vector<CopyToHost>, copy_to_host, "copyToHost",
               "Files to copy from the guest to the host when it has started.");
    LIMA_FIELD(std::string, message, "message",
               "Shown after `limactl start` and in `limactl list --json`. A Go template with the "
               "fields of `limactl list --list-fields`.",
               .merged(Merge::kOwn));
    LIMA_FIELD(std::vector<Network>, networks, "networks",
               "More network interfaces. Entries with the same `interface` are one.",
               .merged(Merge::kByKey));
    LIMA_FIELD(StringMap, env, "env", "Environment variables of the guest.");
    LIMA_FIELD(StringMap, param, "param",
               "Values for `{{.Param.X}}` in this file and `$PARAM_X` in scripts, of one line "
               "each; `limactl create --param X=VALUE` changes them. Each must be used somewhere.",
               .keys(Format::kParamName));
    LIMA_FIELD(std::vector<std::string>, dns, "dns",
               "Name servers of the guest. Needs `hostResolver.enabled: false`.",
               .merged(Merge::kFirst).is(Format::kIp));
    LIMA_FIELD(HostResolver, host_resolver, "hostResolver", "DNS for the guest by the host.");
    LIMA_FIELD(std::optional<bool>, propagate_proxy_env, "propagateProxyEnv",
               "Pass `http_proxy`, `https_proxy`, `ftp_proxy` and `no_proxy` of the host on to the "
               "guest.",
               .or_else(true));
    LIMA_FIELD(CaCerts, ca_certs, "caCerts", "Certificates that the guest trusts.");
    LIMA_FIELD(Rosetta, rosetta, "rosetta", "Apple's translation of x86_64 programs.",
               .replaced_by("vmOpts.vz.rosetta"));
    LIMA_FIELD(std::optional<bool>, plain, "plain",
               "A machine with ssh and nothing else: no mounts, no dynamic port forwards, no "
               "containerd, no time zone, no guest agent.",
               .or_else(false));
    LIMA_FIELD(std::optional<std::string>, timezone, "timezone",
               "Time zone, such as `Europe/Berlin`. Empty: as the guest's image has it.",
               .filled("the host's"));
    LIMA_FIELD(std::optional<bool>, nested_virtualization, "nestedVirtualization",
               "Let the guest run virtual machines.", .or_else(false));
    LIMA_FIELD(User, user, "user", "The user of the guest.");
    LIMA_FIELD(std::optional<bool>, tpm, "tpm",
               "Give the guest a TPM 2.0: qemu, on x86_64, aarch64, armv7l and riscv64.",
               .or_else(false));
    LIMA_FIELD(JsonMap, os_opts, "osOpts", "Options of each guest OS, by its name.",
               .knows<OsOpts>());
    LIMA_TABLE_END
};

}  // namespace lima::config
