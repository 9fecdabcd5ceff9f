// The field table, first part: the maps below the top of lima.yaml and the entries of its lists.
// The order is that of the outputs. A new key is one entry here or in fields.hpp, and its test.
#pragma once

#include "core/base/json.hpp"
#include "core/config/field.hpp"

#include <cstdint>

namespace lima::config {

using JsonMap = std::map<std::string, Json>;

inline constexpr WordList kArchs = {"x86_64", "aarch64", "armv7l", "ppc64le", "riscv64", "s390x"};

struct Locator {
    LIMA_TABLE(Locator)
    LIMA_SHORT_FORM(url)
    LIMA_FIELD(std::string, url, "url",
               "Where it is: a path (relative to the file that says so), `template:NAME`, "
               "`https://…`, `github:ORG/REPO/PATH` or `file:///…`.",
               .printed_always().needed());
    LIMA_FIELD(std::string, digest, "digest",
               "Digest of its text, such as `sha256:…`; another text is refused.");
    LIMA_TABLE_END
};

/// A file to be had: image, kernel, initrd, archive, firmware.
struct File {
    LIMA_TABLE(File)
    LIMA_FIELD(std::string, location, "location",
               "URL, or path on the host (`~` is your home directory).",
               .printed_always().needed().is(Format::kLocation));
    LIMA_FIELD(std::string, arch, "arch", "The architecture that it is for.",
               .one_of(kArchs).filled("as the entry around it, or the instance"));
    LIMA_FIELD(std::string, digest, "digest",
               "Digest of the file. What was downloaded is checked against it.",
               .is(Format::kDigest));
    LIMA_TABLE_END
};

struct Kernel {
    LIMA_TABLE(Kernel)
    LIMA_FIELD(std::string, location, "location", "URL, or path on the host, of the kernel.",
               .printed_always().needed().is(Format::kLocation));
    LIMA_FIELD(std::string, arch, "arch", "Must be that of the image.",
               .one_of(kArchs).filled("the image's"));
    LIMA_FIELD(std::string, digest, "digest", "Digest of the file.", .is(Format::kDigest));
    LIMA_FIELD(std::string, cmdline, "cmdline", "Command line, such as `root=/dev/vda1 ro`.");
    LIMA_TABLE_END
};

struct Image {
    LIMA_TABLE(Image)
    LIMA_FIELD(std::string, location, "location",
               "URL, or path on the host, of a disk image: qcow2, raw and others, also compressed "
               "(`.gz`, `.xz`, `.bz2`, `.zst`).",
               .printed_always().needed().is(Format::kLocation));
    LIMA_FIELD(std::string, arch, "arch",
               "The architecture that it is for. Images for others are skipped.",
               .one_of(kArchs).filled("the instance's"));
    LIMA_FIELD(std::string, digest, "digest",
               "Digest of the file. What was downloaded is checked against it, and not downloaded "
               "again.",
               .is(Format::kDigest));
    LIMA_FIELD(std::optional<Kernel>, kernel, "kernel",
               "Boot this kernel directly, without a boot loader.");
    LIMA_FIELD(std::optional<File>, initrd, "initrd",
               "Initial RAM disk for that kernel; its architecture must be that of the image.");
    LIMA_FIELD(std::string, variant, "variant",
               "Flavour, such as `minimal`, for `limactl create --image-variant`.");
    LIMA_FIELD(std::string, arch_variant, "archVariant",
               "Level of the architecture, such as `v3`, for `limactl create --arch-variant`.");
    LIMA_TABLE_END
};

struct FirmwareImage {
    LIMA_TABLE(FirmwareImage)
    LIMA_FIELD(std::string, location, "location", "URL, or path on the host, of the firmware.",
               .printed_always().needed());
    LIMA_FIELD(std::string, arch, "arch", "The architecture that it is for.",
               .usually(kArchs).filled("the instance's"));
    LIMA_FIELD(std::string, digest, "digest", "Digest of the file.");
    LIMA_FIELD(std::string, vm_type, "vmType", "The driver that it is for.", .filled("any"));
    LIMA_TABLE_END
};

struct AdditionalDisk {
    LIMA_TABLE(AdditionalDisk)
    LIMA_SHORT_FORM(name)
    LIMA_FIELD(std::string, name, "name",
               "A disk made by `limactl disk create`. In a template, `*` adds its fields to all "
               "entries before it.",
               .printed_always().needed().is(Format::kIdentifier));
    LIMA_FIELD(std::optional<bool>, format, "format",
               "Partition it, make a file system and mount it at `/mnt/lima-NAME`. A disk that "
               "holds something is never formatted.");
    LIMA_FIELD(std::optional<std::string>, fs_type, "fsType",
               "File system, such as `ext4`, `xfs` or `swap`.");
    LIMA_FIELD(std::vector<std::string>, fs_args, "fsArgs", "Arguments for mkfs.");
    LIMA_TABLE_END
};

struct Sshfs {
    LIMA_TABLE(Sshfs)
    LIMA_FIELD(std::optional<bool>, cache, "cache",
               "Cache in the guest. Without it, changes of the host are seen at once, and all is "
               "slower.",
               .or_else(true));
    LIMA_FIELD(std::optional<bool>, follow_symlinks, "followSymlinks",
               "Resolve links on the host instead of in the guest.", .or_else(false));
    LIMA_FIELD(std::optional<std::string>, sftp_driver, "sftpDriver",
               "Which SFTP server serves the directory. Empty: `openssh-sftp-server` when it is "
               "installed, else `builtin`.",
               .usually({"", "builtin", "openssh-sftp-server"}).or_else(""));
    LIMA_TABLE_END
};

struct NineP {
    LIMA_TABLE(NineP)
    LIMA_FIELD(std::optional<std::string>, security_model, "securityModel",
               "How owners and modes are kept on the host; see QEMU's `security_model`.",
               .usually({"passthrough", "mapped-xattr", "mapped-file", "none"}).or_else("none"));
    LIMA_FIELD(std::optional<std::string>, protocol_version, "protocolVersion",
               "Dialect of the protocol.",
               .usually({"9p2000", "9p2000.u", "9p2000.L"}).or_else("9p2000.L"));
    LIMA_FIELD(std::optional<std::string>, msize, "msize", "Bytes in one packet.",
               .is(Format::kSize).or_else("128KiB"));
    LIMA_FIELD(std::optional<std::string>, cache, "cache", "Cache of the guest's kernel.",
               .usually({"none", "loose", "fscache", "mmap"})
                   .filled("`mmap` when writable, else `fscache`"));
    LIMA_TABLE_END
};

struct Virtiofs {
    LIMA_TABLE(Virtiofs)
    LIMA_FIELD(std::optional<int>, queue_size, "queueSize",
               "Length of the request queue. Linux hosts only.", .filled("`1024` with qemu"));
    LIMA_TABLE_END
};

struct Mount {
    LIMA_TABLE(Mount)
    LIMA_FIELD(std::string, location, "location",
               "Directory of the host: absolute, or from `~`. A host template.",
               .printed_always().needed());
    LIMA_FIELD(std::optional<std::string>, mount_point, "mountPoint",
               "Where the guest sees it: absolute, neither a system directory nor the home of the "
               "guest's user. A guest template.",
               .filled("the location"));
    LIMA_FIELD(std::optional<bool>, writable, "writable", "Whether the guest may write there.",
               .or_else(false));
    LIMA_FIELD(Sshfs, sshfs, "sshfs", "For `mountType: reverse-sshfs`.");
    LIMA_FIELD(NineP, nine_p, "9p", "For `mountType: 9p`.");
    LIMA_FIELD(Virtiofs, virtiofs, "virtiofs", "For `mountType: virtiofs`.");
    LIMA_TABLE_END
};

struct Ssh {
    LIMA_TABLE(Ssh)
    LIMA_FIELD(std::optional<int>, local_port, "localPort",
               "Port on 127.0.0.1 of the host. `0` is any free one; it stays the same from start "
               "to start.",
               .is(Format::kPort).or_else(0));
    LIMA_FIELD(std::optional<bool>, load_dot_ssh_pub_keys, "loadDotSSHPubKeys",
               "Let the keys `~/.ssh/*.pub` of the host in, besides Lima's own.", .or_else(false));
    LIMA_FIELD(std::optional<bool>, forward_agent, "forwardAgent", "Forward the host's ssh agent.",
               .or_else(false));
    LIMA_FIELD(std::optional<bool>, forward_x11, "forwardX11", "Forward X11.", .or_else(false));
    LIMA_FIELD(std::optional<bool>, forward_x11_trusted, "forwardX11Trusted",
               "Forward X11 without its restrictions.", .or_else(false));
    LIMA_FIELD(std::optional<bool>, over_vsock, "overVsock",
               "Reach the guest's sshd through vsock instead of a network.",
               .filled("the driver's choice: vz `true` for Linux guests, krunkit `false`"));
    LIMA_TABLE_END
};

struct Firmware {
    LIMA_TABLE(Firmware)
    LIMA_FIELD(std::optional<bool>, legacy_bios, "legacyBIOS",
               "Boot by BIOS instead of UEFI. x86_64 only; qemu only.", .or_else(false));
    LIMA_FIELD(std::vector<FirmwareImage>, images, "images",
               "UEFI firmware to use instead of the driver's; the first that fits and can be had.",
               .checked_elsewhere());
    LIMA_TABLE_END
};

struct Audio {
    LIMA_TABLE(Audio)
    LIMA_FIELD(std::optional<std::string>, device, "device",
               "Sound back end of the driver: for qemu one of its `-audiodev` names or `default`, "
               "for vz `vz` or `default`; `none` and empty are none.",
               .or_else(""));
    LIMA_FIELD(std::optional<std::string>, interface, "interface",
               "The sound card that the guest sees. Empty: the driver's choice.",
               .one_of({"", "hda", "virtio"}).or_else(""));
    LIMA_TABLE_END
};

struct Vnc {
    LIMA_TABLE(Vnc)
    LIMA_FIELD(std::optional<std::string>, display, "display",
               "Address and display number of the VNC server.",
               .filled("`127.0.0.1:0,to=9` with qemu"));
    LIMA_TABLE_END
};

struct Video {
    LIMA_TABLE(Video)
    LIMA_FIELD(std::optional<std::string>, display, "display",
               "How to see the guest's screen: `none`, `default`, `vnc`, or a display that the "
               "driver knows, such as `gtk` or `vz`.",
               .unset_by({""}).or_else("none"));
    LIMA_FIELD(Vnc, vnc, "vnc", "For the display `vnc`.");
    LIMA_TABLE_END
};

struct Provision {
    LIMA_TABLE(Provision)
    LIMA_FIELD(std::optional<std::string>, mode, "mode",
               "`system`: a script run by root at each boot. `user`: by the user. `boot`: early, "
               "before cloud-init's own steps. `dependency`: before Lima installs its packages. "
               "`data`: writes a file. `yq`: changes a file. `ansible`: a playbook, run from the "
               "host (deprecated). Windows guests take `system`, `user`, `dependency` and `data`.",
               .one_of({"system", "user", "boot", "dependency", "data", "yq", "ansible"})
                   .unset_by({""})
                   .or_else("system"));
    LIMA_FIELD(std::optional<bool>, skip_default_dependency_resolution,
               "skipDefaultDependencyResolution",
               "Mode `dependency` only: this script installs what Lima needs, so Lima does not.",
               .filled("`false` for mode `dependency`"));
    LIMA_FIELD(std::optional<std::string>, script, "script",
               "The script, from its `#!` line on. A guest template; `$PARAM_X` are there too.",
               .or_else(""));
    LIMA_FIELD(std::optional<Locator>, file, "file",
               "Where the script, content or expression is. Its text is copied into the instance "
               "when that is created.");
    LIMA_FIELD(std::optional<std::string>, playbook, "playbook",
               "Mode `ansible`: path of the playbook on the host.", .replaced_by("a script"));
    LIMA_FIELD(std::optional<std::string>, content, "content",
               "Mode `data`: the text of the file. A guest template.",
               .filled("empty for mode `data`"));
    LIMA_FIELD(std::optional<bool>, overwrite, "overwrite",
               "Mode `data`: whether to replace a file that exists.",
               .filled("`true` for mode `data`"));
    LIMA_FIELD(std::optional<std::string>, owner, "owner",
               "Modes `data`, `yq`: `user:group` of the file. A guest template.",
               .filled("`root:root`; `root:wheel` on Darwin and FreeBSD"));
    LIMA_FIELD(std::optional<std::string>, path, "path",
               "Modes `data`, `yq`: absolute path of the file in the guest. A guest template.");
    LIMA_FIELD(std::optional<std::string>, permissions, "permissions",
               "Modes `data`, `yq`: the mode bits, in octal. Quote them: a plain `0644` is the "
               "decimal number 420.",
               .is(Format::kOctal).filled("`644`"));
    LIMA_FIELD(std::optional<std::string>, expression, "expression",
               "Mode `yq`: what to do with the file, as `yq` takes it. A guest template.");
    LIMA_FIELD(std::optional<std::string>, format, "format",
               "Mode `yq`: format of the file. `auto` goes by its extension.",
               .usually({"auto", "yaml", "json", "toml", "xml", "ini", "props", "csv", "tsv"})
                   .filled("`auto` for mode `yq`"));
    LIMA_TABLE_END
};

struct Containerd {
    LIMA_TABLE(Containerd)
    LIMA_FIELD(std::optional<bool>, system, "system",
               "Run a containerd for the whole guest, for `nerdctl` as root.", .or_else(false));
    LIMA_FIELD(std::optional<bool>, user, "user",
               "Run a rootless containerd for the user, for `nerdctl.lima`.",
               .filled("`true` for Linux on x86_64 and aarch64, else `false`"));
    LIMA_FIELD(std::vector<File>, archives, "archives",
               "Where nerdctl-full comes from; the first for the architecture that can be had.",
               .checked_elsewhere().filled("a release of nerdctl, for x86_64 and aarch64"));
    LIMA_TABLE_END
};

struct Probe {
    LIMA_TABLE(Probe)
    LIMA_FIELD(std::optional<std::string>, mode, "mode", "There is one.",
               .one_of({"readiness"}).unset_by({""}).or_else("readiness"));
    LIMA_FIELD(std::optional<std::string>, description, "description",
               "What is being waited for, for messages.",
               .unset_by({""}).filled("`user probe i/N`"));
    LIMA_FIELD(std::optional<std::string>, script, "script",
               "Begins with `#!`. The instance counts as ready once it succeeds. A guest template.",
               .or_else(""));
    LIMA_FIELD(std::optional<Locator>, file, "file",
               "Where the script is. Its text is copied into the instance when that is created.");
    LIMA_FIELD(std::optional<std::string>, hint, "hint",
               "What to tell the user when it does not succeed in time.");
    LIMA_TABLE_END
};

struct PortForward {
    LIMA_TABLE(PortForward)
    LIMA_FIELD(std::optional<bool>, guest_ip_must_be_zero, "guestIPMustBeZero",
               "Only what listens on all addresses (`0.0.0.0`) of the guest.",
               .filled("`true` when `guestIP` is `0.0.0.0`"));
    LIMA_FIELD(std::optional<std::string>, guest_ip, "guestIP",
               "Address that something in the guest listens on; what listens on all addresses "
               "matches too.",
               .is(Format::kIp).filled("`127.0.0.1`; `0.0.0.0` when `guestIPMustBeZero` is true"));
    LIMA_FIELD(int, guest_port, "guestPort", "One port of the guest.", .is(Format::kPort));
    LIMA_FIELD(PortRange, guest_port_range, "guestPortRange", "First and last port of the guest.",
               .printed_always().filled("`guestPort` alone; without it `[1, 65535]`"));
    LIMA_FIELD(std::string, guest_socket, "guestSocket",
               "Unix socket of the guest, instead of ports. A guest template.",
               .is(Format::kAbsolute));
    LIMA_FIELD(std::optional<std::string>, host_ip, "hostIP",
               "Address to listen on at the host. `0.0.0.0` lets others in.",
               .is(Format::kIp).filled("`127.0.0.1`"));
    LIMA_FIELD(int, host_port, "hostPort", "One port of the host.", .is(Format::kPort));
    LIMA_FIELD(PortRange, host_port_range, "hostPortRange",
               "First and last port of the host; as many as `guestPortRange`.",
               .printed_always().filled("`hostPort` alone; without it as `guestPortRange`"));
    LIMA_FIELD(std::string, host_socket, "hostSocket",
               "Unix socket of the host, instead of ports; relative to `{{.Dir}}/sock`. A host "
               "template.");
    LIMA_FIELD(std::string, proto, "proto", "Which protocol.",
               .one_of({"any", "tcp", "udp"}).or_else("any"));
    LIMA_FIELD(bool, reverse, "reverse",
               "Let the guest reach a socket of the host. Needs `guestSocket` and `hostSocket`.");
    LIMA_FIELD(bool, ignore, "ignore", "Never forward what matches.");
    LIMA_FIELD(bool, static_, "static",
               "Forward from the start, not when something listens; the only rules in plain mode.");
    LIMA_TABLE_END
};

struct CopyToHost {
    LIMA_TABLE(CopyToHost)
    LIMA_FIELD(std::string, guest, "guest", "File of the guest. A guest template.",
               .is(Format::kAbsolute));
    LIMA_FIELD(std::string, host, "host",
               "Where it goes, such as `{{.Dir}}/copied-from-guest/kubeconfig.yaml`. A host "
               "template.",
               .is(Format::kAbsolute));
    LIMA_FIELD(bool, skip_if_missing, "skipIfMissing", "No error when there is no such file.");
    LIMA_FIELD(bool, delete_on_stop, "deleteOnStop", "Remove the copy when the instance stops.");
    LIMA_TABLE_END
};

struct Network {
    LIMA_TABLE(Network)
    LIMA_FIELD(std::string, lima, "lima",
               "A network of `$LIMA_HOME/_config/networks.yaml`, such as `user-v2` (instances "
               "reach each other); the others need a macOS host.");
    LIMA_FIELD(std::string, socket, "socket", "Socket of a socket_vmnet, instead of `lima`.");
    LIMA_FIELD(std::optional<bool>, vz_nat, "vzNAT", "NAT of the vz driver, instead of `lima`.");
    LIMA_FIELD(std::string, mac_address, "macAddress", "MAC address in the guest.",
               .is(Format::kMac).filled("made from the host's and the instance's identity"));
    LIMA_FIELD(std::string, interface, "interface",
               "Name in the guest: less than 16 characters, not `eth0`, and of one entry only.",
               .is(Format::kInterface).filled("`lima0`, `lima1`, … by its place in the list"));
    LIMA_FIELD(std::optional<int>, metric, "metric",
               "Metric of its routes. The lowest wins; the built-in network has 200.",
               .or_else(100));
    LIMA_TABLE_END
};

struct HostResolver {
    LIMA_TABLE(HostResolver)
    LIMA_FIELD(std::optional<bool>, enabled, "enabled",
               "Answer the guest's DNS queries on the host, with what the host knows.",
               .or_else(true));
    LIMA_FIELD(std::optional<bool>, ipv6, "ipv6", "Answer with IPv6 addresses too.",
               .or_else(false));
    LIMA_FIELD(StringMap, hosts, "hosts",
               "Names of your own: each with an address, or with another name, such as "
               "`host.lima.internal`.");
    LIMA_TABLE_END
};

struct CaCerts {
    LIMA_TABLE(CaCerts)
    LIMA_FIELD(std::optional<bool>, remove_defaults, "removeDefaults",
               "Take away the certificates that the guest's distribution trusts.", .or_else(false));
    LIMA_FIELD(std::vector<std::string>, files, "files", "Files of the host, in PEM form.",
               .merged(Merge::kUnique));
    LIMA_FIELD(std::vector<std::string>, certs, "certs", "Certificates as text, in PEM form.",
               .merged(Merge::kUnique));
    LIMA_TABLE_END
};

struct Rosetta {
    LIMA_TABLE(Rosetta)
    LIMA_FIELD(std::optional<bool>, enabled, "enabled", "Run x86_64 programs.",
               .merged(Merge::kOwn).replaced_by("vmOpts.vz.rosetta.enabled"));
    LIMA_FIELD(std::optional<bool>, binfmt, "binfmt", "Register Rosetta in the guest.",
               .merged(Merge::kOwn).replaced_by("vmOpts.vz.rosetta.binfmt"));
    LIMA_TABLE_END
};

struct User {
    LIMA_TABLE(User)
    LIMA_FIELD(std::optional<std::string>, name, "name", "Login name.",
               .filled("yours; `lima` when that cannot be a name in the guest, or is `admin`"));
    LIMA_FIELD(std::optional<std::string>, comment, "comment", "Full name.", .filled("yours"));
    LIMA_FIELD(std::optional<std::string>, home, "home",
               "Home directory in the guest. A guest template.",
               .filled("`/home/{{.User}}.guest`; Darwin `/Users/{{.User}}.guest`; "
                       "`/home/{{.User}}.linux` in instances made by Lima before 2.1.0"));
    LIMA_FIELD(std::optional<std::string>, shell, "shell",
               "Login shell: an absolute path. Windows: `cmd.exe`, `powershell.exe` or `pwsh.exe`.",
               .filled("`/bin/bash`; FreeBSD `/bin/sh`; Darwin `/bin/zsh`; Windows `cmd.exe`"));
    LIMA_FIELD(std::optional<std::uint32_t>, uid, "uid", "User id; not 0.",
               .filled("yours; `1000` when you are root"));
    LIMA_FIELD(std::optional<bool>, passwordless_sudo, "passwordlessSudo",
               "Whether the user may use sudo without a password. `false` needs `plain: true` in "
               "guests other than Darwin, and Darwin needs `false`; wsl2 needs `true`.",
               .filled("`true`; Darwin `false`"));
    LIMA_TABLE_END
};

/// What is known of osOpts.Windows.
struct WindowsOpts {
    LIMA_TABLE(WindowsOpts)
    LIMA_FIELD(std::vector<File>, virtio_win, "virtioWin",
               "The ISO image with the virtio drivers for Windows; the first for the architecture "
               "that can be had. An entry without `arch` fits any.");
    LIMA_TABLE_END
};

struct OsOpts {
    LIMA_TABLE(OsOpts)
    LIMA_FIELD(WindowsOpts, windows, "Windows", "For `os: Windows`.");
    LIMA_TABLE_END
};

}  // namespace lima::config
