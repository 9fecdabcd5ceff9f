// The field table: every key of lima.yaml, once. Decoding, unknown keys, encoding, merging and
// defaults are generated from it. A new key is a member in model.hpp and an entry here, at the
// place where the outputs print it.
#pragma once

#include "core/config/field.hpp"
#include "core/config/model.hpp"

namespace lima::config {

template <>
struct Table<Locator> {
    static constexpr auto short_form = &Locator::url;
    static constexpr auto fields = std::tuple{
        field("url", &Locator::url, "where it is").printed_always(),
        field("digest", &Locator::digest, "digest of the content"),
    };
};

template <>
struct Table<File> {
    static constexpr auto fields = std::tuple{
        field("location", &File::location, "URL or path").printed_always(),
        field("arch", &File::arch, "architecture that it is for; the instance's when absent"),
        field("digest", &File::digest, "digest such as sha256:…"),
    };
};

template <>
struct Table<Kernel> {
    static constexpr auto fields = std::tuple{
        field("location", &Kernel::location, "URL or path").printed_always(),
        field("arch", &Kernel::arch, "architecture; the image's when absent"),
        field("digest", &Kernel::digest, "digest such as sha256:…"),
        field("cmdline", &Kernel::cmdline, "kernel command line"),
    };
};

template <>
struct Table<Image> {
    static constexpr auto fields = std::tuple{
        field("location", &Image::location, "URL or path of the disk image").printed_always(),
        field("arch", &Image::arch, "architecture; the instance's when absent"),
        field("digest", &Image::digest, "digest such as sha256:…"),
        field("kernel", &Image::kernel, "boot this kernel directly"),
        field("initrd", &Image::initrd, "initial RAM disk for that kernel"),
        field("variant", &Image::variant, "flavour, for --image-variant"),
        field("archVariant", &Image::arch_variant, "micro-architecture level, for --arch-variant"),
    };
};

template <>
struct Table<FirmwareImage> {
    static constexpr auto fields = std::tuple{
        field("location", &FirmwareImage::location, "URL or path of the firmware").printed_always(),
        field("arch", &FirmwareImage::arch, "architecture; the instance's when absent"),
        field("digest", &FirmwareImage::digest, "digest such as sha256:…"),
        field("vmType", &FirmwareImage::vm_type, "driver that it is for"),
    };
};

template <>
struct Table<AdditionalDisk> {
    static constexpr auto short_form = &AdditionalDisk::name;
    static constexpr auto fields = std::tuple{
        field("name", &AdditionalDisk::name, "a disk made by limactl disk create").printed_always(),
        field("format", &AdditionalDisk::format, "make a file system on it when it has none"),
        field("fsType", &AdditionalDisk::fs_type, "file system, such as ext4"),
        field("fsArgs", &AdditionalDisk::fs_args, "arguments for mkfs"),
    };
};

template <>
struct Table<Sshfs> {
    static constexpr auto fields = std::tuple{
        field("cache", &Sshfs::cache, "cache in the guest").or_else(true),
        field("followSymlinks", &Sshfs::follow_symlinks, "resolve links on the host")
            .or_else(false),
        field("sftpDriver", &Sshfs::sftp_driver,
              "builtin or openssh-sftp-server; empty: the latter when it is installed")
            .or_else(""),
    };
};

template <>
struct Table<NineP> {
    static constexpr auto fields = std::tuple{
        field("securityModel", &NineP::security_model,
              "passthrough, mapped-xattr, mapped-file or none")
            .or_else("none"),
        field("protocolVersion", &NineP::protocol_version, "9p2000, 9p2000.u or 9p2000.L")
            .or_else("9p2000.L"),
        field("msize", &NineP::msize, "bytes in one packet").or_else("128KiB"),
        field("cache", &NineP::cache,
              "none, loose, fscache or mmap; mmap when writable, else fscache"),
    };
};

template <>
struct Table<Virtiofs> {
    static constexpr auto fields = std::tuple{
        field("queueSize", &Virtiofs::queue_size, "length of the request queue (Linux hosts)"),
    };
};

template <>
struct Table<Mount> {
    static constexpr auto fields = std::tuple{
        field("location", &Mount::location, "directory of the host").printed_always(),
        field("mountPoint", &Mount::mount_point, "directory of the guest; as location when absent"),
        field("writable", &Mount::writable, "may the guest write there").or_else(false),
        field("sshfs", &Mount::sshfs, "for mountType reverse-sshfs"),
        field("9p", &Mount::nine_p, "for mountType 9p"),
        field("virtiofs", &Mount::virtiofs, "for mountType virtiofs"),
    };
};

template <>
struct Table<Ssh> {
    static constexpr auto fields = std::tuple{
        field("localPort", &Ssh::local_port, "port on 127.0.0.1; 0: any free one").or_else(0),
        field("loadDotSSHPubKeys", &Ssh::load_dot_ssh_pub_keys, "also accept the keys ~/.ssh/*.pub")
            .or_else(false),
        field("forwardAgent", &Ssh::forward_agent, "forward the ssh agent").or_else(false),
        field("forwardX11", &Ssh::forward_x11, "forward X11").or_else(false),
        field("forwardX11Trusted", &Ssh::forward_x11_trusted, "forward X11, trusted")
            .or_else(false),
        field("overVsock", &Ssh::over_vsock, "reach sshd through vsock, where the driver can"),
    };
};

template <>
struct Table<Firmware> {
    static constexpr auto fields = std::tuple{
        field("legacyBIOS", &Firmware::legacy_bios, "boot by BIOS instead of UEFI (x86_64)")
            .or_else(false),
        field("images", &Firmware::images, "firmware to use instead of the driver's"),
    };
};

template <>
struct Table<Audio> {
    static constexpr auto fields = std::tuple{
        field("device", &Audio::device, "sound back end of the driver; empty: none").or_else(""),
        field("interface", &Audio::interface, "hda or virtio").or_else(""),
    };
};

template <>
struct Table<Vnc> {
    static constexpr auto fields = std::tuple{
        field("display", &Vnc::display, "VNC address, such as 127.0.0.1:0,to=9"),
    };
};

template <>
struct Table<Video> {
    static constexpr auto fields = std::tuple{
        field("display", &Video::display, "none, default, vnc or a display of the driver"),
        field("vnc", &Video::vnc, "for the vnc display"),
    };
};

template <>
struct Table<Provision> {
    static constexpr auto fields = std::tuple{
        field("mode", &Provision::mode, "system, user, boot, dependency, data, yq or ansible"),
        field("skipDefaultDependencyResolution", &Provision::skip_default_dependency_resolution,
              "dependency: leave the packages that Lima needs to this script"),
        field("script", &Provision::script, "text of the script"),
        field("file", &Provision::file,
              "where the script is; its text is copied into the instance"),
        field("playbook", &Provision::playbook, "ansible: the playbook (deprecated)"),
        field("content", &Provision::content, "data: text of the file"),
        field("overwrite", &Provision::overwrite, "data: replace a file that exists"),
        field("owner", &Provision::owner, "data, yq: user:group of the file"),
        field("path", &Provision::path, "data, yq: path in the guest"),
        field("permissions", &Provision::permissions, "data, yq: mode bits, in octal"),
        field("expression", &Provision::expression, "yq: what to do with the file"),
        field("format", &Provision::format, "yq: format of the file; auto goes by its extension"),
    };
};

template <>
struct Table<Containerd> {
    static constexpr auto fields = std::tuple{
        field("system", &Containerd::system, "run a containerd for the whole guest").or_else(false),
        field("user", &Containerd::user, "run a rootless containerd for the user"),
        field("archives", &Containerd::archives, "where nerdctl-full comes from"),
    };
};

template <>
struct Table<Probe> {
    static constexpr auto fields = std::tuple{
        field("mode", &Probe::mode, "readiness").or_else("readiness"),
        field("description", &Probe::description, "what is being waited for"),
        field("script", &Probe::script, "must succeed before the instance counts as ready"),
        field("file", &Probe::file, "where the script is"),
        field("hint", &Probe::hint, "what to tell the user when it never succeeds"),
    };
};

template <>
struct Table<PortForward> {
    static constexpr auto fields = std::tuple{
        field("guestIPMustBeZero", &PortForward::guest_ip_must_be_zero,
              "only for listeners on 0.0.0.0"),
        field("guestIP", &PortForward::guest_ip, "address that the guest listens on").ip(),
        field("guestPort", &PortForward::guest_port, "one port of the guest"),
        field("guestPortRange", &PortForward::guest_port_range, "first and last port of the guest")
            .printed_always(),
        field("guestSocket", &PortForward::guest_socket, "unix socket of the guest"),
        field("hostIP", &PortForward::host_ip, "address to listen on at the host").ip(),
        field("hostPort", &PortForward::host_port, "one port of the host"),
        field("hostPortRange", &PortForward::host_port_range, "first and last port of the host")
            .printed_always(),
        field("hostSocket", &PortForward::host_socket, "unix socket of the host"),
        field("proto", &PortForward::proto, "tcp, udp or any"),
        field("reverse", &PortForward::reverse, "from guest to host; sockets only"),
        field("ignore", &PortForward::ignore, "never forward what matches"),
        field("static", &PortForward::static_, "forward at once, not when something listens"),
    };
};

template <>
struct Table<CopyToHost> {
    static constexpr auto fields = std::tuple{
        field("guest", &CopyToHost::guest, "file of the guest"),
        field("host", &CopyToHost::host, "where it goes"),
        field("skipIfMissing", &CopyToHost::skip_if_missing, "no error when there is no such file"),
        field("deleteOnStop", &CopyToHost::delete_on_stop, "remove the copy when the guest stops"),
    };
};

template <>
struct Table<Network> {
    static constexpr auto fields = std::tuple{
        field("lima", &Network::lima, "a network of networks.yaml"),
        field("socket", &Network::socket, "socket of a socket_vmnet"),
        field("vzNAT", &Network::vz_nat, "NAT of the vz driver"),
        field("macAddress", &Network::mac_address,
              "MAC address; made from the instance's path when absent"),
        field("interface", &Network::interface, "name in the guest; lima0, lima1 …"),
        field("metric", &Network::metric, "metric of its routes").or_else(100),
    };
};

template <>
struct Table<HostResolver> {
    static constexpr auto fields = std::tuple{
        field("enabled", &HostResolver::enabled, "answer the guest's DNS queries on the host")
            .or_else(true),
        field("ipv6", &HostResolver::ipv6, "answer with IPv6 addresses too").or_else(false),
        field("hosts", &HostResolver::hosts, "names and their addresses or other names"),
    };
};

template <>
struct Table<CaCerts> {
    static constexpr auto fields = std::tuple{
        field("removeDefaults", &CaCerts::remove_defaults, "remove the certificates of the guest")
            .or_else(false),
        field("files", &CaCerts::files, "certificate files of the host to add")
            .merged(Merge::kUnique),
        field("certs", &CaCerts::certs, "certificates to add, as text").merged(Merge::kUnique),
    };
};

template <>
struct Table<Rosetta> {
    static constexpr auto fields = std::tuple{
        field("enabled", &Rosetta::enabled, "deprecated: vmOpts.vz.rosetta.enabled")
            .merged(Merge::kOwn),
        field("binfmt", &Rosetta::binfmt, "deprecated: vmOpts.vz.rosetta.binfmt")
            .merged(Merge::kOwn),
    };
};

template <>
struct Table<User> {
    static constexpr auto fields = std::tuple{
        field("name", &User::name, "login name; the host's when it is usable"),
        field("comment", &User::comment, "full name"),
        field("home", &User::home, "home directory in the guest"),
        field("shell", &User::shell, "login shell"),
        field("uid", &User::uid, "user id; the host's when absent"),
        field("passwordlessSudo", &User::passwordless_sudo, "may use sudo without a password"),
    };
};

template <>
struct Table<Config> {
    static constexpr auto fields = std::tuple{
        field("base", &Config::base, "templates that this one builds on")
            .merged(Merge::kOwn)
            .or_single(),
        field("minimumLimaVersion", &Config::minimum_lima_version, "oldest Lima that can use this")
            .merged(Merge::kOwn),
        field("vmType", &Config::vm_type, "driver: qemu, vz, wsl2 or another that is installed"),
        field("vmOpts", &Config::vm_opts, "options of each driver, by its name"),
        field("os", &Config::os, "Linux, Darwin, FreeBSD or Windows"),
        field("arch", &Config::arch, "x86_64, aarch64, armv7l, ppc64le, riscv64 or s390x"),
        field("images", &Config::images, "disk images; the first that fits and can be had is used"),
        field("cpuType", &Config::cpu_type, "deprecated: vmOpts.qemu.cpuType").merged(Merge::kOwn),
        field("cpus", &Config::cpus, "number of CPUs; 4, or what the host has"),
        field("memory", &Config::memory, "RAM; 4GiB, or half of the host's"),
        field("disk", &Config::disk, "size of the disk"),
        field("additionalDisks", &Config::additional_disks, "more disks, by name"),
        field("mounts", &Config::mounts, "directories of the host that the guest sees")
            .merged(Merge::kByKey),
        field("mountTypesUnsupported", &Config::mount_types_unsupported,
              "mount types that the guest cannot do"),
        field("mountType", &Config::mount_type, "reverse-sshfs, 9p, virtiofs or wsl2"),
        field("mountInotify", &Config::mount_inotify,
              "tell the guest about changed files (experimental)")
            .or_else(false),
        field("ssh", &Config::ssh, "how the host reaches the guest"),
        field("firmware", &Config::firmware, "what the guest boots with"),
        field("audio", &Config::audio, "sound (experimental)"),
        field("video", &Config::video, "display"),
        field("provision", &Config::provision, "scripts and files for the guest"),
        field("upgradePackages", &Config::upgrade_packages, "upgrade the guest's packages at boot")
            .or_else(false),
        field("containerd", &Config::containerd, "containerd and nerdctl"),
        field("guestInstallPrefix", &Config::guest_install_prefix,
              "where Lima installs in the guest")
            .or_else("/usr/local"),
        field("probes", &Config::probes, "scripts that say when the guest is ready"),
        field("portForwards", &Config::port_forwards, "rules for forwarding ports and sockets"),
        field("copyToHost", &Config::copy_to_host, "files to copy from guest to host"),
        field("message", &Config::message, "shown to the user after start").merged(Merge::kOwn),
        field("networks", &Config::networks, "more network interfaces").merged(Merge::kByKey),
        field("env", &Config::env, "environment variables of the guest"),
        field("param", &Config::param, "values for {{.Param.X}} and $PARAM_X"),
        field("dns", &Config::dns, "name servers, when the host resolver is off")
            .merged(Merge::kFirst)
            .ip(),
        field("hostResolver", &Config::host_resolver, "DNS by the host"),
        field("propagateProxyEnv", &Config::propagate_proxy_env, "pass http_proxy and its kin on")
            .or_else(true),
        field("caCerts", &Config::ca_certs, "certificates that the guest trusts"),
        field("rosetta", &Config::rosetta, "deprecated: vmOpts.vz.rosetta"),
        field("plain", &Config::plain,
              "no mounts, no dynamic forwards, no containerd, no guest agent")
            .or_else(false),
        field("timezone", &Config::timezone, "time zone; the host's when absent"),
        field("nestedVirtualization", &Config::nested_virtualization, "let the guest run VMs")
            .or_else(false),
        field("user", &Config::user, "the user of the guest"),
        field("tpm", &Config::tpm, "give the guest a TPM").or_else(false),
        field("osOpts", &Config::os_opts, "options of each guest OS, by its name"),
    };
};

}  // namespace lima::config
