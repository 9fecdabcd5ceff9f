# shellcheck shell=bash
# The mini profile: Debian's kernel and an initramfs that is the whole guest. Nothing of the guest runs
# while it is built, so it needs no root and works across architectures. Sourced.

readonly MINI_PACKAGES='bash busybox-static dropbear-bin e2fsprogs fdisk fuse3 iproute2 iptables libc-bin
    libpam-modules openssh-sftp-server rsync sshfs sudo util-linux util-linux-extra'

# Real tools that replace busybox's or that busybox lacks; links of the package follow from the file.
readonly MINI_PROGRAMS='bin/bash usr/sbin/dropbear usr/bin/dropbearkey sbin/mke2fs sbin/resize2fs sbin/e2fsck
    sbin/sfdisk bin/fusermount3 bin/ip usr/sbin/xtables-legacy-multi usr/bin/getent usr/lib/sftp-server
    usr/bin/rsync usr/bin/sshfs usr/bin/sudo sbin/blkid bin/lsblk usr/bin/flock bin/findmnt'

# What the kernel loads on demand or the boot scripts ask for, beside what guest/mini/init loads itself.
readonly MINI_MODULES='virtio_pci virtio_mmio virtio_blk virtio_net virtio_scsi virtio_console virtio_rng
    virtio_balloon sr_mod sd_mod isofs vfat nls_ascii nls_cp437 ext4 overlay loop fuse virtiofs 9p 9pnet_virtio
    crc32c_generic crc32c_intel evdev button gpio_keys gpio_pl061 af_packet vmw_vsock_virtio_transport tun tap veth bridge br_netfilter
    ip_tables iptable_nat iptable_filter ip6_tables ip6table_nat ip6table_filter nf_conntrack xt_nat
    xt_REDIRECT xt_MASQUERADE xt_tcpudp xt_addrtype xt_comment xt_conntrack xt_mark xt_multiport'

mini_debs() {
    make_apt_root "$WORK_DIR/apt"
    local names packages
    # shellcheck disable=SC2086 # a list of names
    names=$(packages_and_libraries $MINI_PACKAGES && kernel_package)
    mapfile -t packages <<<"$names"
    download_debs "${packages[@]}" "$1"
}

# copy_with_libraries FROM-ROOT FILE TO-ROOT DESTINATION: a program or library and all that it is linked with
copy_with_libraries() {
    local from=$1 file=$2 to=$3 destination=$4 needed dir library
    [[ -e $from/$file ]] || { echo "not in the packages: $file"; return 1; }
    rm -f -- "$to/$destination"
    install -D -m 755 -- "$from/$file" "$to/$destination"
    while read -r needed; do
        [[ ! -e $to/usr/lib/$TRIPLET/$needed ]] || continue
        library=
        for dir in "lib/$TRIPLET" "usr/lib/$TRIPLET" usr/libexec/sudo; do
            [[ ! -e $from/$dir/$needed ]] || library=$dir/$needed
        done
        [[ -n $library ]] || { echo "not in the packages: $needed, needed by $file"; return 1; }
        copy_with_libraries "$from" "$library" "$to" "usr/lib/$TRIPLET/$needed"
    done < <(readelf -d -- "$from/$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
}

# One directory for programs and one for libraries, as on a merged-usr system. All links are relative: an
# absolute one would lead whoever writes through it out of the tree, into the host.
mini_skeleton() {
    local root=$1 dir
    mkdir -p -- "$root"/{dev,etc,home,mnt,proc,root,run,sys,tmp,usr/bin,usr/lib,usr/local/bin,usr/local/lib,var}
    mkdir -p -- "$root"/var/{cache,lib/cloud/scripts/per-boot,log,tmp} "$root"/etc/{conf.d,dropbear,init.d,sudoers.d}
    chmod 1777 -- "$root/tmp" "$root/var/tmp"
    for dir in bin lib; do ln -s "usr/$dir" "$root/$dir"; done
    ln -s usr/bin "$root/sbin"
    ln -s usr/lib "$root/lib64"
    ln -s bin "$root/usr/sbin"
    ln -s lib "$root/usr/lib64"
    ln -s ../run "$root/var/run"
    ln -s ../proc/mounts "$root/etc/mtab"
}

mini_programs() {
    local from=$1 root=$2 lib=usr/lib/$TRIPLET file
    # links to busybox are made by the guest: a foreign busybox cannot be asked for its applets
    install -m 755 -- "$from/bin/busybox" "$root/usr/bin/busybox"
    for file in $MINI_PROGRAMS; do
        copy_with_libraries "$from" "$file" "$root" "usr/bin/${file##*/}"
    done
    for file in usr/libexec/sudo/sudoers.so "lib/$TRIPLET"/security/pam_{deny,env,permit}.so \
        "usr/lib/$TRIPLET"/xtables/lib{xt_{addrtype,comment,conntrack,mark,multiport,standard,tcp,udp},ipt_REJECT}.so \
        "usr/lib/$TRIPLET"/xtables/libxt_{DNAT,MASQUERADE,NAT,REDIRECT}.so; do
        [[ ! -e $from/$file ]] || copy_with_libraries "$from" "$file" "$root" "${file/#lib/usr\/lib}"
    done
    # opened by name at run time (thread cancellation), so no program lists it
    copy_with_libraries "$from" "lib/$TRIPLET/libgcc_s.so.1" "$root" "$lib/libgcc_s.so.1"
    for file in "$root/$lib"/ld-linux-*; do ln -s "$TRIPLET/${file##*/}" "$root/usr/lib/${file##*/}"; done
    for file in iptables iptables-save iptables-restore ip6tables; do
        ln -s xtables-legacy-multi "$root/usr/bin/$file"
    done
    for file in mkfs.ext2 mkfs.ext3 mkfs.ext4; do ln -s mke2fs "$root/usr/bin/$file"; done
    mkdir -p -- "$root/usr/lib/openssh"
    ln -s ../../bin/sftp-server "$root/usr/lib/openssh/sftp-server"
    ln -s ../bin/sftp-server "$root/usr/lib/sftp-server"
    chmod 4755 -- "$root"/usr/bin/{sudo,fusermount3}
}

# The guest's own files, with the rights that a source tree does not keep.
mini_overlay() {
    local root=$1
    cp -R -- "$PARTS/guest/mini/." "$root/"
    chmod 755 -- "$root/init" "$root"/usr/bin/{cloud-init,openrc-run,rc-service,rc-update,shutdown,udevadm} \
        "$root"/usr/lib/mini/*
    chmod 600 -- "$root/etc/shadow"
    chmod 440 -- "$root/etc/sudoers"
}

# mini_boot OUT: a directory with vmlinuz and initrd
mini_boot() {
    local out=$1 from=$WORK_DIR/packages root=$WORK_DIR/root deb version
    rm -rf -- "$out"
    mkdir -p -- "$out" "$from" "$root"
    for deb in "$BUILD_DIR"/debs/*.deb; do dpkg-deb -x "$deb" "$from"; done
    version=$(basename -- "$from"/lib/modules/*)
    mini_skeleton "$root"
    mini_programs "$from" "$root"
    # shellcheck disable=SC2086 # a list of names
    copy_modules "$from" "$root" "$version" $MINI_MODULES
    mini_overlay "$root"
    unpack_kernel "$from/boot/vmlinuz-$version" "$out/vmlinuz"
    write_initramfs "$root" "$out/initrd"
}

# Lima wants a disk to boot from: the guest leaves it alone.
mini_disk() { truncate -s 4M -- "$1"; }

build_mini() {
    STAGE_COUNT=3
    stage debs 'Debian packages' mini_debs
    stage boot 'kernel and initramfs' mini_boot
    stage disk.raw 'empty disk' mini_disk
    write_manifest image disk.raw kernel boot/vmlinuz initrd boot/initrd
}
