#!/bin/sh
# Installs what mounts, name service and containers need and the image does not have. With everything there it does
# nothing. Without a network the guest still comes up: what is missing is told, not fatal.
set -eu

for script in "$LIMA_CIDATA_MNT"/provision.dependency/*; do
    [ -f "$script" ] || continue
    "$script" || {
        status=$?
        echo "provision.dependency/${script##*/} ended with status $status" >&2
        exit "$status"
    }
done
[ -z "$LIMA_CIDATA_SKIP_DEFAULT_DEPENDENCY_RESOLUTION" ] || exit 0

PATH=$PATH:/usr/sbin:/sbin
has() { command -v "$1" >/dev/null; }

missing=
need() { missing="$missing $1"; }
if [ "$LIMA_CIDATA_MOUNTTYPE" = reverse-sshfs ] && [ "$LIMA_CIDATA_MOUNTS" -gt 0 ]; then
    has sshfs || need sshfs
fi
containerd=$LIMA_CIDATA_CONTAINERD_SYSTEM$LIMA_CIDATA_CONTAINERD_USER
if [ -n "$containerd" ] || [ "$LIMA_CIDATA_UDP_DNS_LOCAL_PORT$LIMA_CIDATA_TCP_DNS_LOCAL_PORT" != 00 ]; then
    has iptables || need iptables
fi
if [ -n "$LIMA_CIDATA_CONTAINERD_USER" ]; then
    has newuidmap || need uidmap
    has fusermount3 || need fuse3
    [ ! -d /run/systemd/system ] || [ -e /usr/lib/systemd/user/dbus.socket ] || need dbus
fi
if has dnf || has yum; then
    has tar || need tar
fi
has rsync || need rsync
[ -n "$missing" ] || exit 0

# names MANAGER: what the packages are called there
names() {
    packages=
    for each in $missing; do
        case $1:$each in
            dnf:sshfs) each=fuse-sshfs ;;
            dnf:uidmap) each=shadow-utils ;;
            apk:uidmap) each=shadow-subids ;;
            *:uidmap) [ "$1" = apt ] || each=shadow ;;
            apt:dbus) each=dbus-user-session ;;
            dnf:dbus) each=dbus-daemon ;;
            pacman:dbus | zypper:dbus | apk:dbus) each=dbus ;;
        esac
        packages="$packages $each"
    done
}

# Enterprise Linux has sshfs and, on some releases, fuse3 in extra repositories.
enable_epel() {
    case $missing in
        *sshfs* | *fuse3*) ;;
        *) return 0 ;;
    esac
    # shellcheck disable=SC1091 # a file of the guest
    . /etc/os-release
    major=${VERSION_ID%%.*}
    case ${ID-}:${PLATFORM_ID-} in
        fedora:*) return 0 ;;
        ol:*) "$1" install -y "oracle-epel-release-el$major" ;;
        *:platform:el8 | *:platform:el9 | *:platform:el10)
            "$1" install -y epel-release
            if [ "$major" = 8 ]; then
                "$1" config-manager --set-enabled powertools
            else
                "$1" config-manager --set-enabled crb
            fi
            ;;
    esac
}

install_with_dnf() {
    names dnf
    enable_epel "$1" || true
    # shellcheck disable=SC2086 # words
    "$1" install -y $packages
    case $missing in
        # EPEL is for this only: not for the user's own installations
        *sshfs*) [ "${ID-}" = fedora ] || "$1" config-manager --set-disabled epel >/dev/null 2>&1 || true ;;
    esac
}

# Other distributions have a script of that name over their own tools.
is_apt() {
    program=$(command -v apt-get) && [ "$(head -c 4 "$program" | tail -c 3)" = ELF ]
}

# apt asks for minutes when nobody answers; one question tells as much. A proxy asks for us.
apt_is_reachable() {
    [ -z "${http_proxy-}${https_proxy-}" ] || return 0
    mirror=$(sed -n 's|^[^#]*https\{0,1\}://\([^/: ]*\).*|\1|p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
        head -n 1)
    [ -z "$mirror" ] || timeout 15 getent ahosts "$mirror" >/dev/null || {
        echo "cannot resolve $mirror" >&2
        return 1
    }
}

# shellcheck disable=SC2086 # packages are words
install_packages() {
    if is_apt; then
        apt_is_reachable || return 1
        names apt
        export DEBIAN_FRONTEND=noninteractive
        set -- -q -y -o Acquire::Retries=1 -o Acquire::http::Timeout=15 -o Acquire::https::Timeout=15
        apt-get "$@" -o APT::Update::Error-Mode=any update && apt-get "$@" install --no-upgrade --no-install-recommends $packages
    elif has dnf; then
        install_with_dnf dnf
    elif has yum; then
        install_with_dnf yum
    elif has pacman; then
        names pacman
        pacman -Syu --noconfirm --needed $packages
    elif has zypper; then
        names zypper
        zypper --non-interactive install -y --no-recommends $packages
    elif has apk; then
        names apk
        apk update && apk add $packages
    else
        echo 'no package manager known here' >&2
        return 1
    fi
}

online=
while read -r _ destination _; do
    [ "$destination" != 00000000 ] || online=yes
done </proc/net/route
if [ -z "$online" ]; then
    echo "missing:$missing; not installed, for there is no way to the network" >&2
    exit 0
fi
install_packages || echo "cannot install:$missing" >&2

# Oracle's default kernel has virtiofs in a package of its own.
if [ "$LIMA_CIDATA_MOUNTTYPE" = virtiofs ] && [ -e /etc/oracle-release ] && ! modprobe virtiofs 2>/dev/null; then
    dnf install -y "kernel-uek-modules-$(uname -r)" && mount -a -t virtiofs || echo 'no virtiofs in this kernel' >&2
fi
