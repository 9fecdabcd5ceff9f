#include "plugins/qemu/argv_builder.hpp"

namespace lima::qemu {

namespace {

void add_cdrom(ArgvBuilder& out, std::string_view name, int number) {
    const std::string file = out.inst(name);
    if (out.windows_guest() && out.config.arch == "aarch64") {
        out.add("-drive", fmt::format("file={},if=none,id=cd{},format=raw,media=cdrom,readonly=on",
                                      file, number));
        out.add("-device", fmt::format("usb-storage,drive=cd{}", number));
    } else {
        out.add("-drive", fmt::format("file={},format=raw,media=cdrom,readonly=on", file));
    }
}

void add_boot_disk(ArgvBuilder& out) {
    if (!out.host.disk) {
        return;
    }
    const std::string file = escape_commas(out.host.disk->path.string());
    const std::string& format = out.host.disk->format;
    if (out.host.iso) {
        out.add("-drive", fmt::format("file={},format={},if=virtio,discard=on", file, format));
        return;
    }
    // bootindex keeps the order of boot fixed, whatever else is attached.
    out.add("-drive",
            fmt::format("file={},format={},if=none,discard=on,id=boot-disk", file, format));
    out.add("-device", fmt::format("{},drive=boot-disk,bootindex=1", out.arch.block));
}

void add_boot_order(ArgvBuilder& out) {
    out.add_unless_given("-boot",
                         fmt::format("order={},splash-time=0,menu=on", out.host.iso ? 'd' : 'c'));
    const bool windows = out.windows_guest();
    if (out.host.iso && !(windows && out.host.windows_installed)) {
        if (windows && out.config.arch == "aarch64") {
            out.add("-device", "usb-kbd");
        }
        add_cdrom(out, "iso", 0);
    }
    if (windows && out.config.virtio_win && !out.host.windows_installed) {
        add_cdrom(out, "virtio-win", 1);
    }
}

void add_cidata(ArgvBuilder& out) {
    if (!out.host.cidata) {
        return;
    }
    if (!out.windows_guest()) {
        out.add("-drive", fmt::format("id=cdrom0,if=none,format=raw,readonly=on,file={}",
                                      out.inst("cidata.iso")));
        out.add("-device", "virtio-scsi,id=scsi0");
        out.add("-device", "scsi-cd,bus=scsi0.0,drive=cdrom0");
    } else if (!out.host.windows_installed) {
        add_cdrom(out, "cidata.iso", 2);
    }
}

/// A socket for a terminal program, and a log of what came by.
std::string serial_chardev(const ArgvBuilder& out, std::string_view id, std::string_view name) {
    return fmt::format("socket,id={},path={},server=on,wait=off,logfile={}", id,
                       out.inst(fmt::format("{}.sock", name)),
                       out.inst(fmt::format("{}.log", name)));
}

Result<void> add_link(ArgvBuilder& out, const std::string& id, const NetLink& link,
                      const std::string& mac) {
    switch (link.kind) {
        case NetLink::Kind::kSlirp:
            out.add("-netdev", fmt::format("user,id={},net=192.168.5.0/24,dhcpstart=192.168.5.15,"
                                           "hostfwd=tcp:{}:{}-:22",
                                           id, out.config.ssh_address, out.config.ssh_port));
            break;
        case NetLink::Kind::kFd:
            out.add("-netdev", fmt::format("socket,id={},fd={}", id, link.fd));
            break;
        case NetLink::Kind::kStream: {
            std::string reconnect;
            if (out.at_least(9, 2)) {
                reconnect = ",reconnect-ms=500";
            } else if (out.at_least(8, 0)) {
                reconnect = ",reconnect=1";
            }
            out.add("-netdev", fmt::format("stream,id={},server=off,addr.type=unix,addr.path={}{}",
                                           id, escape_commas(link.path), reconnect));
            break;
        }
        case NetLink::Kind::kSkipped:
            return {};
    }
    out.add("-device", fmt::format("{},netdev={},mac={}", out.arch.net, id, mac));
    return {};
}

std::string default_audio_backend(const std::string& os) {
    if (os == "darwin") {
        return "coreaudio";
    }
    if (os == "linux") {
        return "pa";
    }
    return os == "windows" ? "dsound" : "oss";
}

}  // namespace

void add_disks(ArgvBuilder& out) {
    if (out.arch.usb) {
        out.add("-device", "qemu-xhci,id=usb-bus");
    }
    add_boot_disk(out);
    add_boot_order(out);
    for (const DiskFile& disk : out.host.additional_disks) {
        out.add("-drive", fmt::format("file={},format={},if=virtio,discard=on",
                                      escape_commas(disk.path.string()), disk.format));
    }
    add_cidata(out);
}

void add_direct_boot(ArgvBuilder& out) {
    if (out.host.kernel) {
        out.add_unless_given("-kernel", (out.config.dir / "kernel").string());
    }
    if (out.host.cmdline) {
        out.add_unless_given("-append", *out.host.cmdline);
    }
    if (out.host.initrd) {
        out.add_unless_given("-initrd", (out.config.dir / "initrd").string());
    }
}

Result<void> check_tpm(const Arch& arch) {
    if (arch.tpm.empty()) {
        return failf(Code::kInvalidArgument, "field `tpm` is not supported for arch {}", arch.name);
    }
    return {};
}

Result<void> add_tpm(ArgvBuilder& out) {
    if (!out.config.tpm) {
        return {};
    }
    LIMA_DO(check_tpm(out.arch));
    // QEMU keeps too little room free below the end of memory for what SeaBIOS puts there with a
    // TPM: the initrd would lie over the ACPI tables, and the guest have neither TPM nor button.
    if (out.config.arch == "x86_64" && out.host.firmware.empty() && out.host.initrd) {
        return fail(Error(Code::kInvalidArgument,
                          "field `tpm` does not go together with firmware.legacyBIOS and a kernel "
                          "with initrd outside of the disk")
                        .with_hint("set firmware.legacyBIOS to false"));
    }
    out.add("-chardev", fmt::format("socket,id=chrtpm,path={}", out.inst("swtpm.sock")));
    out.add("-tpmdev", "emulator,id=tpm0,chardev=chrtpm");
    out.add("-device", fmt::format("{},tpmdev=tpm0", out.arch.tpm));
    return {};
}

Result<void> add_networks(ArgvBuilder& out) {
    const Config& config = out.config;
    if (out.host.networks.size() != config.networks.size()) {
        return failf(Code::kInternal, "{} networks are configured and {} are connected",
                     config.networks.size(), out.host.networks.size());
    }
    const std::string inst = config.dir.string();
    LIMA_DO(add_link(out, "net0", out.host.net0, mac_address(out.host.machine_id, inst)));
    for (std::size_t i = 0; i < config.networks.size(); ++i) {
        const Network& network = config.networks[i];
        if (network.lima.empty() && network.socket.empty()) {
            return failf(Code::kInvalidArgument,
                         "`networks[{}]` needs `lima` or `socket` for vmType qemu", i);
        }
        const std::string id = fmt::format("net{}", i + 1);
        const std::string mac =
            network.mac.empty() ? mac_address(out.host.machine_id, inst + "#" + id) : network.mac;
        LIMA_DO(add_link(out, id, out.host.networks[i], mac));
    }
    return {};
}

Result<void> add_audio(ArgvBuilder& out) {
    const std::string& device = out.config.audio_device;
    if (device.empty() || device == "none") {
        out.add("-audiodev", "none,id=snd0");
        return {};
    }
    const std::string backend = device == "default" ? default_audio_backend(out.host.os) : device;
    out.add("-audiodev", fmt::format("{},id=snd0", backend));
    const std::string& interface = out.config.audio_interface;
    if (!interface.empty() && interface != "hda" && interface != "virtio") {
        return failf(Code::kInvalidArgument,
                     "field `audio.interface` must be one of hda, virtio; got \"{}\"", interface);
    }
    if (interface == "virtio" && out.at_least(8, 2)) {
        out.add("-device", "virtio-sound-pci,audiodev=snd0");
        return {};
    }
    if (interface == "virtio") {
        out.warn("audio.interface virtio needs QEMU 8.2.0; using hda");
    }
    out.add("-device", "ich9-intel-hda");
    out.add("-device", "hda-output,audiodev=snd0");
    return {};
}

void add_display(ArgvBuilder& out) {
    const std::string& display = out.config.video_display;
    const bool vnc = display == "vnc";
    if (vnc) {
        out.add_unless_given("-display", fmt::format("vnc={},password=on", out.config.vnc_display));
    } else if (!display.empty()) {
        out.add_unless_given("-display", display);
    }
    if (display == "none") {
        out.add("-vga", "none");
        return;
    }
    const bool has_vga = out.arch.gpu == "virtio-vga";
    out.add("-device", std::string(out.windows_guest() && !has_vga ? "ramfb" : out.arch.gpu));
    out.add("-device", "virtio-keyboard-pci");
    out.add("-device", vnc ? "virtio-tablet-pci" : "virtio-mouse-pci");
}

void add_serial(ArgvBuilder& out) {
    out.add("-chardev", serial_chardev(out, "char-serial", "serial"));
    out.add("-serial", "chardev:char-serial");
    if (out.arch.pci_serial) {
        out.add("-chardev", serial_chardev(out, "char-serial-pci", "serialp"));
        out.add("-device", "pci-serial,chardev=char-serial-pci");
    }
    if (out.windows_guest()) {
        return;
    }
    // One bus for all: port 0 is the console, 1 the guest agent, 2 what the agent forwards.
    out.add("-chardev", serial_chardev(out, "char-serial-virtio", "serialv"));
    out.add("-device", "virtio-serial-pci,id=virtio-serial0,max_ports=3");
    out.add("-device", "virtconsole,chardev=char-serial-virtio,id=console0");
    out.add("-chardev",
            fmt::format("socket,path={},server=on,wait=off,id=qga0", out.inst("ga.sock")));
    out.add("-device", fmt::format("virtserialport,bus=virtio-serial0.0,chardev=qga0,id={},name={}",
                                   kGuestAgentDevice, kGuestAgentPort));
    out.add("-chardev",
            fmt::format("socket,path={},server=on,wait=off,id=fwd0", out.inst("fwd.sock")));
    out.add("-device",
            fmt::format("virtserialport,bus=virtio-serial0.0,chardev=fwd0,id=forward0,name={}",
                        kForwardPort));
}

void add_mounts(ArgvBuilder& out) {
    const std::string& type = out.config.mount_type;
    int index = 0;
    for (const Mount& mount : out.config.mounts) {
        if (type == "9p") {
            out.add("-virtfs",
                    fmt::format("local,mount_tag={},path={},security_model={}{}", mount_tag(mount),
                                escape_commas(mount.location), mount.security_model,
                                mount.writable ? "" : ",readonly=on"));
        } else if (type == "virtiofs") {
            out.add("-chardev", fmt::format("socket,id=char-virtiofs-{},path={}", index,
                                            out.inst(fmt::format("virtiofsd-{}.sock", index))));
            out.add("-device",
                    fmt::format("{},queue-size={},chardev=char-virtiofs-{},tag={}",
                                out.arch.vhost_fs, mount.queue_size, index, mount_tag(mount)));
        }
        ++index;
    }
}

}  // namespace lima::qemu
