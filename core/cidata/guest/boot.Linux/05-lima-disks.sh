#!/bin/sh
# Additional disks: one partition each with the label lima-NAME, on /mnt/lima-NAME. An empty disk is formatted, one that
# holds something else is left alone; a disk that has grown takes its file system along.
set -eu
[ "$LIMA_CIDATA_DISKS" -gt 0 ] || exit 0

variable() { eval "printf '%s' \"\$LIMA_CIDATA_DISK_${1}_$2\""; }

# wait_for DEVICE: the kernel makes it at once, udev its links a little later
wait_for() {
    [ -b "$1" ] || udevadm settle --timeout=10 2>/dev/null || true
    [ -b "$1" ]
}

# make_filesystem PARTITION LABEL
make_filesystem() {
    # shellcheck disable=SC2086 # the arguments are words
    case $fstype in
        swap) mkswap $fsargs -L "$2" "$1" >/dev/null ;;
        ext2 | ext3 | ext4) "mkfs.$fstype" -q -F $fsargs -L "$2" "$1" ;;
        xfs | btrfs | f2fs) "mkfs.$fstype" -f $fsargs -L "$2" "$1" >/dev/null ;;
        *) "mkfs.$fstype" $fsargs -L "$2" "$1" ;;
    esac
}

# grow_partition DISK: when it ends well before the disk does. Sectors of 512 bytes.
grow_partition() {
    read -r total <"/sys/class/block/$1/size"
    read -r start <"/sys/class/block/${1}1/start"
    read -r size <"/sys/class/block/${1}1/size"
    [ $((total - start - size)) -gt 8192 ] || return 0
    if command -v growpart >/dev/null; then
        growpart "/dev/$1" 1 >/dev/null
    else
        echo ', +' | sfdisk -q -N 1 "/dev/$1" && wait_for "/dev/${1}1"
    fi
}

# grow_filesystem PARTITION MOUNTPOINT
grow_filesystem() {
    case $fstype in
        ext2 | ext3 | ext4) resize2fs "$1" >/dev/null 2>&1 ;;
        xfs) xfs_growfs "$2" >/dev/null ;;
        btrfs) btrfs filesystem resize max "$2" >/dev/null ;;
    esac
}

is_blank() { [ "$(head -c 1048576 "$1" | tr -d '\0' | wc -c)" -eq 0 ]; }

# has_label LABEL PARTITION: and what there is decides about the type
has_label() {
    found=$(blkid "$2" 2>/dev/null) || return 1
    case $found in
        *" LABEL=\"$1\""*) ;;
        *) return 1 ;;
    esac
    case $found in
        *' TYPE="'*)
            found=${found##* TYPE=\"}
            fstype=${found%%\"*}
            ;;
    esac
}

# prepare LABEL DISK PARTITION: formats what is empty. A partition without content is what an interrupted try left.
prepare() {
    if [ ! -b "$3" ] && is_blank "/dev/$2"; then
        echo ', , L' | sfdisk -q --label gpt "/dev/$2" || return 1
        wait_for "$3" || return 1
    fi
    if [ ! -b "$3" ] || ! is_blank "$3"; then
        echo "/dev/$2 holds data, but not with the label $1: not formatted (to lose the data: wipefs -a /dev/$2)" >&2
        return 1
    fi
    make_filesystem "$3" "$1"
}

# attach LABEL DISK PARTITION
attach() {
    if ! has_label "$1" "$3"; then
        if [ "$format" != true ]; then
            echo "/dev/$2 has no file system with the label $1 and shall not be formatted"
            return 0
        fi
        prepare "$@" || return 1
    fi
    if [ "$fstype" = swap ]; then
        swapon "$3"
        return
    fi
    grow_partition "$2" || return 1
    mkdir -p "/mnt/$1"
    grep -q " /mnt/$1 " /proc/mounts || mount -t "$fstype" "$3" "/mnt/$1" || return 1
    grow_filesystem "$3" "/mnt/$1"
}

index=0
code=0
while [ "$index" -lt "$LIMA_CIDATA_DISKS" ]; do
    disk=$(variable "$index" DEVICE)
    format=$(variable "$index" FORMAT)
    fstype=$(variable "$index" FSTYPE)
    fsargs=$(variable "$index" FSARGS)
    fstype=${fstype:-ext4}
    attach "lima-$(variable "$index" NAME)" "$disk" "/dev/${disk}1" || code=1
    index=$((index + 1))
done
exit "$code"
