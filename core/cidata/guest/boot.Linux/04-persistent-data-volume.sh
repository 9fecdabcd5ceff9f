#!/bin/sh
# Alpine that runs from memory: what shall outlive a stop lies on the first disk, and is mounted over the directories of
# the same names. Nothing before this script may change /etc or /var/lib for good.
set -eu
[ -e /etc/alpine-release ] || exit 0

root=
while read -r _ point type _; do
    [ "$point" != / ] || root=$type
done </proc/mounts
[ "$root" = tmpfs ] || exit 0

label="data-volume"
data=/mnt/data
directories='/etc /home /root /tmp /usr/local /var/lib'
saved=/run/lima-data-volume

is_mounted() { grep -q "^$1[0-9p]* " /proc/mounts; }
is_blank() { [ "$(head -c 1048576 "$1" | tr -d '\0' | wc -c)" -eq 0 ]; }

# The first disk that nothing is on.
blank_disk() {
    for disk in /sys/block/vd* /sys/block/sd* /sys/block/nvme*; do
        [ -e "$disk" ] || continue
        name=${disk##*/}
        for partition in "$disk/$name"*; do
            [ ! -e "$partition" ] || continue 2
        done
        if ! is_mounted "/dev/$name" && is_blank "/dev/$name"; then
            echo "/dev/$name"
            return 0
        fi
    done
    return 1
}

partition_of() {
    case $1 in
        *[0-9]) echo "${1}p1" ;;
        *) echo "${1}1" ;;
    esac
}

# Shares of the host below those directories would be hidden: away with them, and back again later.
unmount_shares() {
    : >"$saved/shares"
    while read -r tag point type options _; do
        case $type in
            9p | virtiofs) ;;
            *) continue ;;
        esac
        for directory in $directories; do
            case $point in
                "$directory"/*)
                    printf '%s\t%s\t%s\t%s\n' "$tag" "$point" "$type" "$options" >>"$saved/shares"
                    break
                    ;;
            esac
        done
    done </proc/mounts
    while IFS="$(printf '\t')" read -r _ point _; do
        umount "$(unescape_fstab.sh "$point")"
    done <"$saved/shares"
}

mount_shares() {
    while IFS="$(printf '\t')" read -r tag point type options; do
        point=$(unescape_fstab.sh "$point")
        mkdir -p "$point"
        mount -t "$type" -o "$options" "$tag" "$point" || echo "cannot mount $point again" >&2
    done <"$saved/shares"
}

use_volume() {
    disk=$1
    case $disk in
        *[0-9]p1) disk=${disk%p1} ;;
        *) disk=${disk%1} ;;
    esac
    if command -v growpart >/dev/null && growpart "$disk" 1 >/dev/null 2>&1; then
        partprobe "$disk" 2>/dev/null || true
    fi
    e2fsck -f -p "$1" || [ $? -le 2 ]
    resize2fs "$1"
    mkdir -p "$data"
    mount "$1" "$data"
    # of this boot, not of the last one
    for file in network/interfaces resolv.conf localtime timezone; do
        [ ! -e "/etc/$file" ] || cp -p "/etc/$file" "$saved/${file##*/}"
    done
}

make_volume() {
    disk=$(blank_disk) || {
        echo 'no empty disk to keep data on' >&2
        exit 1
    }
    echo 'type=83' | sfdisk -q --label dos "$disk"
    partition=$(partition_of "$disk")
    mkfs.ext4 -q -L "$label" "$partition"
    mkdir -p "$data"
    mount -t ext4 "$partition" "$data"
    for directory in $directories; do
        mkdir -p "$directory"
        tar -C / -cf - "${directory#/}" | tar -C "$data" -xpf -
    done
}

mkdir -p "$saved"
unmount_shares
volume=$(findfs "LABEL=$label" 2>/dev/null) || volume=
if [ -n "$volume" ]; then
    use_volume "$volume"
else
    make_volume
fi
for directory in $directories; do
    mkdir -p "$data$directory" "$directory"
    mount --bind "$data$directory" "$directory"
done
for file in interfaces resolv.conf localtime timezone; do
    target=/etc/$file
    [ "$file" != interfaces ] || target=/etc/network/interfaces
    [ ! -e "$saved/$file" ] || cp -p "$saved/$file" "$target"
done
mount_shares

# packages that were added earlier live in the lost root: from the cache again
if [ ! -e /etc/apk/cache ]; then
    mkdir -p /var/lib/apk-cache
    ln -s /var/lib/apk-cache /etc/apk/cache
fi
[ -z "$volume" ] || apk fix --no-network || echo 'some packages are not in the cache' >&2
