#!/bin/sh
# Settings of what 30-install-packages brought, or the image had.
set -eu

if [ "$LIMA_CIDATA_MOUNTTYPE" = reverse-sshfs ]; then
    for config in "$LIMA_BOOT_ROOT/etc/fuse.conf" "$LIMA_BOOT_ROOT/etc/fuse3.conf"; do
        if [ -e "$config" ] && ! grep -q '^user_allow_other' "$config"; then
            echo user_allow_other >>"$config"
        fi
    done
    # the profile lets it mount in homes only
    local=/etc/apparmor.d/local/fusermount3
    if [ -e /etc/apparmor.d/fusermount3 ] && ! grep -q '# Lima' "$local" 2>/dev/null; then
        mkdir -p "${local%/*}"
        cat >>"$local" <<'RULES'
# Lima
mount fstype=fuse.* options=(nosuid, nodev) options in (ro, rw, noatime, dirsync, nodiratime, noexec, sync) -> /**,
umount /**,
RULES
        apparmor_parser -r /etc/apparmor.d/fusermount3 || echo 'cannot load the profile of fusermount3' >&2
    fi
    echo "$LIMA_CIDATA_IID" >"$LIMA_BOOT_ROOT/run/lima-fuse-ready"
fi

if [ "$LIMA_CIDATA_UDP_DNS_LOCAL_PORT$LIMA_CIDATA_TCP_DNS_LOCAL_PORT" != 00 ] &&
    [ ! -e "$LIMA_BOOT_ROOT/run/lima-host-dns" ]; then
    "$LIMA_CIDATA_MNT/boot.Linux/09-host-dns-setup.sh"
fi
