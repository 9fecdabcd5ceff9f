#!/bin/sh
# What a user's own containers need: a home that is theirs, tools in PATH, control groups, user namespaces with enough
# ids, and a systemd that runs without a login.
set -eu
[ -d /run/systemd/system ] || exit 0

user=$LIMA_CIDATA_USER
home=$LIMA_CIDATA_HOME

# the image or an early mount may have made it
if [ -O "$home" ]; then
    find "$home" -xdev -exec chown -h "$user:$(id -g "$user")" {} +
fi

kernel=$(uname -r)
# shellcheck disable=SC2016 # for the login shell to expand
block='# Lima BEGIN
# Make sure iptables and mount.fuse3 are found
PATH="$PATH:/usr/sbin:/sbin"
export PATH'
if ! compare_version.sh "$kernel" -ge 5.13; then
    block="$block
# no unprivileged overlay before kernel 5.13
CONTAINERD_SNAPSHOTTER=fuse-overlayfs
export CONTAINERD_SNAPSHOTTER"
fi
block="$block
# Lima END"
for name in .profile .bashrc .zshrc; do
    file=$home/$name
    [ "$name" != .zshrc ] || [ "${LIMA_CIDATA_SHELL##*/}" = zsh ] || [ -e "$file" ] || continue
    [ ! -e "$file" ] || case $(cat "$file") in
        *"$block"*) continue ;;
        *'# Lima BEGIN'*) sed -i '/^# Lima BEGIN$/,/^# Lima END$/d' "$file" ;;
    esac
    new=
    [ -e "$file" ] || new=yes
    printf '%s\n' "$block" >>"$file"
    [ -z "$new" ] || chown "$user" "$file"
done

# put FILE TEXT: true when it was not so before
put() {
    [ ! -e "$1" ] || [ "$(cat "$1")" != "$2" ] || return 1
    mkdir -p "${1%/*}"
    printf '%s\n' "$2" >"$1"
}

if put /etc/systemd/system/user@.service.d/lima.conf '[Service]
Delegate=yes'; then
    systemctl daemon-reload
fi

sysctls='net.ipv4.ping_group_range = 0 2147483647
net.ipv4.ip_unprivileged_port_start = 0'
[ ! -e /proc/sys/kernel/unprivileged_userns_clone ] || sysctls="kernel.unprivileged_userns_clone = 1
$sysctls"
if put /etc/sysctl.d/99-lima.conf "$sysctls"; then
    sysctl -q -p /etc/sysctl.d/99-lima.conf
fi

first=524288
[ "$LIMA_CIDATA_UID" -lt "$first" ] || first=$((LIMA_CIDATA_UID + 1))
for file in /etc/subuid /etc/subgid; do
    grep -q "^$user:" "$file" 2>/dev/null || echo "$user:$first:1073741824" >>"$file"
done

if [ ! -e "/var/lib/systemd/linger/$user" ]; then
    loginctl enable-linger "$user" || {
        systemctl start systemd-logind.service
        loginctl enable-linger "$user"
    }
fi
