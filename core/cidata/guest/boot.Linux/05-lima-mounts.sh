#!/bin/sh
# Virtualization.framework: cloud-init writes mount points with blanks into fstab as they are, where they end the field,
# and the shares get no SELinux label that services may read.
set -eu
[ "$LIMA_CIDATA_VMTYPE" = vz ] && [ "$LIMA_CIDATA_MOUNTTYPE" = virtiofs ] || exit 0

fstab=/etc/fstab
context=
if command -v getenforce >/dev/null && [ "$(getenforce)" != Disabled ]; then
    context=yes
fi

# A row of ours is "TAG MOUNTPOINT virtiofs OPTIONS,comment=cloudconfig 0 0": the mount point is what is left when the
# first and the last four words are gone.
rewrite() {
    while IFS= read -r row; do
        case $row in
            *virtiofs*comment=cloudconfig*) ;;
            *)
                printf '%s\n' "$row"
                continue
                ;;
        esac
        row=$(printf '%s' "$row" | tr '\t' ' ')
        tag=${row%% *}
        tail=${row##* virtiofs }
        point=${row#"$tag" }
        point=${point%" virtiofs $tail"}
        case $point in
            *\\*) ;;
            *) point=$(escape_fstab.sh "$point") ;;
        esac
        case $context$tail in
            yes*context=*) ;;
            yes*)
                label=nfs_t
                [ "$tag" != vz-rosetta ] || label=bin_t
                tail="${tail%% *},context=\"system_u:object_r:$label:s0\" ${tail#* }"
                ;;
        esac
        printf '%s\t%s\tvirtiofs\t%s\n' "$tag" "$point" "$(printf '%s' "$tail" | tr ' ' '\t')"
    done
}

text=$(rewrite <"$fstab")
if [ "$text" != "$(cat "$fstab")" ]; then
    printf '%s\n' "$text" >"$fstab.lima"
    mv "$fstab.lima" "$fstab"
    [ ! -d /run/systemd/system ] || systemctl daemon-reload
fi

# a label is given when a share is mounted, not later
if [ -n "$context" ]; then
    while read -r _ point type _; do
        [ "$type" != virtiofs ] || umount "$(unescape_fstab.sh "$point")" || true
    done </proc/mounts
fi
while read -r tag point type _; do
    if [ "$type" = virtiofs ] && [ "${tag#\#}" = "$tag" ]; then
        mkdir -p "$(unescape_fstab.sh "$point")"
    fi
done <"$fstab"
mount -t virtiofs -a
