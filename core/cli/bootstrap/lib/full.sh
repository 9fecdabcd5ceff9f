# shellcheck shell=bash
# The cloud and test profiles: a Debian with systemd and cloud-init on a disk image. mmdebstrap installs the
# packages into rootfs.tar; lib/assemble.sh makes the disk of it. Neither needs root. Sourced.

# What a Lima guest wants, so that its first boot has nothing left to install.
readonly FULL_PACKAGES='systemd systemd-sysv systemd-resolved libpam-systemd dbus dbus-user-session udev kmod
    iproute2 iputils-ping netbase libnss-myhostname sudo openssh-server cloud-init cloud-guest-utils e2fsprogs
    fdisk ca-certificates curl sshfs fuse3 rsync iptables nftables uidmap procps zstd less'
readonly CLOUD_PACKAGES='systemd-timesyncd apparmor apt-utils bash-completion gnupg locales nano wget'

# A guest for tests needs neither manuals nor drivers for hardware that no virtual machine has.
readonly TEST_LEFT_OUT='/usr/share/doc/* /usr/share/info/* /usr/share/lintian/* /usr/share/locale/*
    /usr/share/man/* /lib/modules/*/kernel/drivers/gpu/* /lib/modules/*/kernel/drivers/iio/*
    /lib/modules/*/kernel/drivers/infiniband/* /lib/modules/*/kernel/drivers/isdn/*
    /lib/modules/*/kernel/drivers/media/* /lib/modules/*/kernel/drivers/net/ethernet/*
    /lib/modules/*/kernel/drivers/net/wireless/* /lib/modules/*/kernel/drivers/staging/*
    /lib/modules/*/kernel/drivers/usb/* /lib/modules/*/kernel/sound/*'

# faked_library_hooks: options for mmdebstrap's faked chroot, one a line. There the loader resolves the RPATH of
# systemd's programs on the host, which may have no systemd. What the tree's ld.so.conf names is searched in the
# tree, if it is a directory when mmdebstrap reads that file, which is before systemd is unpacked.
faked_library_hooks() {
    local dir=/usr/lib/$TRIPLET/systemd conf=/etc/ld.so.conf.d/zz-bootstrap.conf
    printf '%s\n' "--setup-hook=mkdir -p \"\$1$dir\" \"\$1/etc/ld.so.conf.d\" && echo $dir >\"\$1$conf\"" \
        "--customize-hook=rm \"\$1$conf\""
}

# full_rootfs OUT.tar
full_rootfs() {
    local out=$1 packages="$FULL_PACKAGES linux-image-$DEB_ARCH" path mode sources=() options=()
    mode=$(mmdebstrap_mode)
    [[ $mode != fakechroot ]] || mapfile -t options < <(faked_library_hooks)
    if [[ $PROFILE == test ]]; then
        set -f # the patterns are dpkg's
        for path in $TEST_LEFT_OUT; do options+=("--dpkgopt=path-exclude=$path"); done
        set +f
        options+=('--dpkgopt=path-include=/usr/share/doc/*/copyright')
        # it gets a smaller initramfs (lib/assemble.sh); this variable stops the kernel's hook
        export INITRD=No
        packages+=' busybox-static'
    else
        packages+=" $CLOUD_PACKAGES"
    fi
    mapfile -t sources < <(sources_list "$MIRROR" "$SECURITY_MIRROR" "[signed-by=$DEBIAN_KEYRING]")
    host_fetch_options >"$WORK_DIR/fetch.conf"
    # the kernel's names in /boot stay the same over upgrades, so that a fixed grub.cfg can name them
    # shellcheck disable=SC2016 # $1 is for the hook
    TMPDIR=$WORK_DIR mmdebstrap --mode="$mode" --variant=minbase --format=tar \
        --architectures="$DEB_ARCH" --include="${packages//[$' \n']/,}" \
        --aptopt="$WORK_DIR/fetch.conf" --aptopt='APT::Install-Recommends "false"' \
        --aptopt='Acquire::Languages "none"' --dpkgopt=force-unsafe-io "${options[@]}" \
        --skip=cleanup/reproducible \
        --setup-hook='mkdir -p "$1/etc" && printf "do_symlinks=yes\nlink_in_boot=yes\n" >"$1/etc/kernel-img.conf"' \
        "$SUITE" - "${sources[@]}" >"$out"
}

# full_guest OUT: a directory with disk.qcow2, and in the test profile vmlinuz and initrd for direct boot
full_guest() {
    local as_root=()
    ((EUID == 0)) || as_root=(fakeroot --)
    mkdir -p -- "$WORK_DIR/assemble"
    CMDLINE=$(kernel_cmdline)
    GUEST_SOURCES=$(guest_sources)
    export PARTS PROFILE DEB_ARCH CMDLINE ROOT_LABEL GUEST_SOURCES
    "${as_root[@]}" bash "$PARTS/lib/assemble.sh" "$BUILD_DIR/rootfs.tar" "$WORK_DIR/assemble" "$1"
}

# The guest goes on with the host's mirrors, where it can reach them.
guest_sources() {
    local mirror=$MIRROR security=$SECURITY_MIRROR
    reachable_from_guest "$mirror" || mirror=$DEFAULT_MIRROR
    reachable_from_guest "$security" || security=$DEFAULT_SECURITY_MIRROR
    sources_list "$mirror" "$security"
}

reachable_from_guest() { [[ $1 =~ ^https?:// && ! $1 =~ //(localhost|127\.|\[::1\]) ]]; }

build_full() {
    STAGE_COUNT=2
    stage rootfs.tar 'Debian packages, installed' full_rootfs
    stage guest 'disk image' full_guest
    if [[ $PROFILE == cloud ]]; then
        # it boots from its disk, so that a kernel upgraded in the guest is used
        write_manifest image guest/disk.qcow2
    else
        write_manifest image guest/disk.qcow2 kernel guest/vmlinuz initrd guest/initrd
    fi
}
