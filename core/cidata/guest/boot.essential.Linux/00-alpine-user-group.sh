#!/bin/sh
# Alpine: root may use sudo, and the image's own user "alpine" gives way to ours, which has the same UID.
set -eu
[ -e /etc/alpine-release ] || exit 0

sudoers=/etc/sudoers.d/00-root-user
if [ -d /etc/sudoers.d ] && [ ! -e "$sudoers" ]; then
    echo 'root ALL=(ALL) NOPASSWD:ALL' >"$sudoers"
    chmod 660 "$sudoers"
fi

if [ "$LIMA_CIDATA_USER" != alpine ] && [ "$(id -u alpine 2>/dev/null)" = 1000 ]; then
    userdel -f alpine || deluser alpine
    # cloud-init could not make our user while the other one was in the way
    cloud-init clean --logs
    : >"$LIMA_REBOOT_REQUIRED"
    reboot
fi
