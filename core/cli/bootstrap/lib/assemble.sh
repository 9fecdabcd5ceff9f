#!/usr/bin/env bash
# assemble.sh ROOTFS.tar WORK-DIRECTORY OUT-DIRECTORY
# Makes a bootable disk of a root file system, as root or under fakeroot: without loop devices, mounts or
# chroot, and without running anything of the guest. The disk boots by BIOS and by UEFI, with GRUB from the
# root file system's /boot in both cases, so that one configuration serves both.
# From the environment: PARTS PROFILE DEB_ARCH CMDLINE ROOT_LABEL GUEST_SOURCES
set -euo pipefail
# shellcheck source=kernel.sh
source "$PARTS/lib/kernel.sh"

ROOTFS_TAR=$1 WORK=$2 OUT=$3
ROOT=$WORK/root
JOURNAL_MIB=64
[[ $PROFILE == cloud ]] || JOURNAL_MIB=8

# The disk, in MiB: GPT, BIOS boot partition (14), ESP (15), root (1), which is last so that it can grow.
readonly ESP_START=2 ESP_SIZE=40
readonly ROOT_START=$((ESP_START + ESP_SIZE))
readonly SECTORS=2048 # per MiB
readonly BIOS_BOOT_SECTOR=$((1 * SECTORS))

# Two facts of GRUB's on-disk format that grub-bios-setup would fill in, if it did not insist on a device:
# where boot.img finds the core image, and where the core's first sector finds its own rest.
readonly BOOT_IMG_KERNEL_SECTOR=$((0x5c)) BOOT_IMG_DRIVE_CHECK=$((0x66)) CORE_BLOCKLIST=$((0x1f4))
readonly CORE_LOAD_SEGMENT=$((0x820))

# what it takes to reach and mount the root file system, whatever disk a driver offers
readonly ROOT_MODULES='virtio_pci virtio_mmio virtio_blk virtio_scsi sd_mod crc32c_generic crc32c_intel ext4'

unpack_root() {
    mkdir -p -- "$ROOT"
    tar --extract --file "$ROOTFS_TAR" --directory "$ROOT" --exclude='./dev/*' --numeric-owner
}

# What makes one installation a template for many, and what mmdebstrap leaves of this host.
customise() {
    rm -f -- "$ROOT"/etc/machine-id "$ROOT"/var/lib/dbus/machine-id "$ROOT"/etc/ssh/ssh_host_* "$ROOT"/etc/hostname
    : >"$ROOT/etc/machine-id"
    echo localhost >"$ROOT/etc/hostname"
    printf '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n' >"$ROOT/etc/hosts"
    printf 'LABEL=%s / ext4 defaults,errors=remount-ro 0 1\nLABEL=ESP /boot/efi vfat umask=0077,nofail,noauto 0 0\n' \
        "$ROOT_LABEL" >"$ROOT/etc/fstab"
    mkdir -p -- "$ROOT/boot/efi"
    rm -f -- "$ROOT"/etc/apt/apt.conf.d/99mmdebstrap "$ROOT"/etc/dpkg/dpkg.cfg.d/99mmdebstrap
    rm -f -- "$ROOT"/etc/apt/sources.list.d/*
    printf '%s\n' "$GUEST_SOURCES" >"$ROOT/etc/apt/sources.list"
    rm -rf -- "$ROOT"/var/lib/apt/lists/* "$ROOT"/var/cache/apt/*.bin "$ROOT"/var/log/*.log "$ROOT"/var/log/apt
    ln -sf ../run/systemd/resolve/stub-resolv.conf "$ROOT/etc/resolv.conf"
    overlay debian
    enable_unit systemd-networkd.service multi-user.target
    enable_unit systemd-networkd.socket sockets.target
    enable_unit systemd-resolved.service multi-user.target
    enable_unit ssh.service multi-user.target
}

overlay() { tar --create --directory "$PARTS/guest/$1" --owner=0 --group=0 . | tar --extract --directory "$ROOT" --no-overwrite-dir; }

enable_unit() {
    mkdir -p -- "$ROOT/etc/systemd/system/$2.wants"
    ln -sf "/lib/systemd/system/$1" "$ROOT/etc/systemd/system/$2.wants/$1"
}

# mask_all LIST DIRECTORY: what systemd or udev would read is hidden by a link to nowhere
mask_all() {
    local name
    mkdir -p -- "$ROOT/$2"
    while read -r name; do
        [[ -z $name || $name == '#'* ]] || ln -sf /dev/null "$ROOT/$2/$name"
    done <"$PARTS/guest/$1"
}

# The test profile: what costs seconds under emulation and serves nobody in a test.
tune() {
    overlay test
    chmod 755 -- "$ROOT/usr/lib/cloud-init/zygote-stage"
    mask_all test.units etc/systemd/system
    mask_all test.udev-rules etc/udev/rules.d
    mask_all test.generators etc/systemd/system-generators
    # what the masked generator would do
    enable_unit cloud-init.target multi-user.target
    sed -i -e '/pam_motd/d' -e '/pam_mail/d' "$ROOT/etc/pam.d/sshd" "$ROOT/etc/pam.d/login"
    rm -f -- "$ROOT"/usr/lib/udev/hwdb.bin "$ROOT"/usr/lib/udev/hwdb.d/*.hwdb
}

# small_initramfs VERSION OUT: finds the root file system and nothing else; uncompressed, since unpacking
# takes an emulated processor longer than QEMU needs to load it
small_initramfs() {
    local version=$1 out=$2 tree=$WORK/initramfs
    mkdir -p -- "$tree"/{bin,dev,proc,sys,root}
    cp -- "$PARTS/guest/small-initramfs/init" "$tree/init"
    chmod 755 -- "$tree/init"
    cp -- "$ROOT/bin/busybox" "$tree/bin/busybox"
    ln -s busybox "$tree/bin/sh"
    # shellcheck disable=SC2086 # a list of names
    {
        copy_modules "$ROOT" "$tree" "$version" $ROOT_MODULES
        modules_with_dependencies "$tree/lib/modules/$version" $ROOT_MODULES
    } | sed "s,^,/lib/modules/$version/," >"$tree/modules"
    write_initramfs "$tree" "$out"
}

# The test profile's kernel and initramfs, for direct boot; its disk boots with the same initramfs.
prepare_direct_boot() {
    local version
    version=$(basename -- "$(readlink -- "$ROOT/boot/vmlinuz")")
    version=${version#vmlinuz-}
    unpack_kernel "$ROOT/boot/vmlinuz-$version" "$OUT/vmlinuz"
    small_initramfs "$version" "$OUT/initrd"
    cp -- "$OUT/initrd" "$ROOT/boot/initrd.img-$version"
    ln -sf "initrd.img-$version" "$ROOT/boot/initrd.img"
}

grub_configuration() {
    local timeout=1
    [[ $PROFILE == cloud ]] || timeout=0
    cat <<EOT
# Fixed: the kernel's links in /boot follow its upgrades, so nothing has to be generated.
set timeout=$timeout
menuentry "Debian" {
    linux /boot/vmlinuz $CMDLINE
    initrd /boot/initrd.img
}
EOT
}

# make_grub FORMAT OUT PREFIX MODULE...: a GRUB that looks for its configuration on the root file system
make_grub() {
    local format=$1 out=$2 prefix=$3
    shift 3
    # shellcheck disable=SC2016 # GRUB's variables
    printf 'search --no-floppy --label %s --set=root\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n' \
        "$ROOT_LABEL" >"$WORK/grub-early.cfg"
    grub-mkimage -O "$format" -c "$WORK/grub-early.cfg" -p "$prefix" -o "$out" \
        part_gpt ext2 linux normal configfile search search_label echo test gzio serial terminal "$@"
}

# le BYTES NUMBER: a little-endian number as raw bytes
le() {
    local i value=$2 hex
    for ((i = 0; i < $1; i++)); do
        printf -v hex '\\x%02x' $((value >> (8 * i) & 255))
        # shellcheck disable=SC2059 # the format is the point
        printf "$hex"
    done
}

# poke FILE OFFSET: overwrites bytes with what comes on stdin
poke() { dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }

install_bios_grub() {
    local disk=$1 core=$WORK/core.img boot=$WORK/boot.img core_sectors
    make_grub i386-pc "$core" '(hd0,gpt1)/boot/grub' biosdisk
    cp -- /usr/lib/grub/i386-pc/boot.img "$boot"
    core_sectors=$((($(stat -c %s -- "$core") + 511) / 512))
    ((core_sectors < SECTORS)) || { echo "GRUB does not fit: $core_sectors sectors"; return 1; }
    le 8 "$BIOS_BOOT_SECTOR" | poke "$boot" "$BOOT_IMG_KERNEL_SECTOR"
    printf '\x90\x90' | poke "$boot" "$BOOT_IMG_DRIVE_CHECK" # two nops, as grub-bios-setup for hard disks
    { le 8 $((BIOS_BOOT_SECTOR + 1)) && le 2 $((core_sectors - 1)) && le 2 "$CORE_LOAD_SEGMENT"; } |
        poke "$core" "$CORE_BLOCKLIST"
    # the first 440 bytes: behind them stands the partition table
    dd if="$boot" of="$disk" bs=440 count=1 conv=notrunc status=none
    dd if="$core" of="$disk" bs=512 seek="$BIOS_BOOT_SECTOR" conv=notrunc status=none
}

make_esp() {
    local esp=$1 format=x86_64-efi name=BOOTX64.EFI
    [[ $DEB_ARCH == amd64 ]] || format=arm64-efi name=BOOTAA64.EFI
    make_grub "$format" "$WORK/grub.efi" /EFI/BOOT fat efi_gop all_video
    truncate -s "${ESP_SIZE}M" -- "$esp"
    mkfs.vfat -F 32 -n ESP "$esp"
    mmd -i "$esp" ::EFI ::EFI/BOOT
    mcopy -i "$esp" "$WORK/grub.efi" "::EFI/BOOT/$name"
}

# The size of the root partition in MiB: room for what files take beyond their length, for the journal, and
# for a first boot that cannot grow it.
root_mib() {
    local mib
    mib=$(du -sm --apparent-size -- "$ROOT" | cut -f1)
    echo $((mib * 115 / 100 + JOURNAL_MIB + 128))
}

make_disk() {
    local disk=$WORK/disk.raw root_mib root_type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709
    [[ $DEB_ARCH == amd64 ]] || root_type=B921B045-1DF0-41C3-AF44-4C6F280D3FAE
    root_mib=$(root_mib)
    truncate -s "$((ROOT_START + root_mib + 1))M" -- "$disk"
    sfdisk -q "$disk" <<EOT
label: gpt
14 : start=$BIOS_BOOT_SECTOR, size=$SECTORS, type=21686148-6449-6E6F-744E-656564454649
15 : start=$((ESP_START * SECTORS)), size=$((ESP_SIZE * SECTORS)), type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name=ESP
1 : start=$((ROOT_START * SECTORS)), size=$((root_mib * SECTORS)), type=$root_type, name=root
EOT
    make_esp "$WORK/esp.img"
    dd if="$WORK/esp.img" of="$disk" bs=1M seek="$ESP_START" conv=notrunc,sparse status=none
    mkfs.ext4 -q -F -L "$ROOT_LABEL" -m 1 -J size="$JOURNAL_MIB" \
        -E offset=$((ROOT_START * 1024 * 1024)),lazy_itable_init=1 -d "$ROOT" "$disk" "${root_mib}M"
    [[ $DEB_ARCH != amd64 ]] || install_bios_grub "$disk"
    qemu-img convert -f raw -O qcow2 -c "$disk" "$OUT/disk.qcow2"
}

main() {
    rm -rf -- "$OUT"
    mkdir -p -- "$OUT"
    unpack_root
    customise
    if [[ $PROFILE == test ]]; then
        tune
        prepare_direct_boot
    fi
    mkdir -p -- "$ROOT/boot/grub"
    grub_configuration >"$ROOT/boot/grub/grub.cfg"
    make_disk
}

main
