#!/bin/sh
# containerd, nerdctl and BuildKit from the archive in the seed, for the system, for the user, or both. An archive that is
# installed already is not unpacked again.
set -eu
[ -n "$LIMA_CIDATA_CONTAINERD_SYSTEM$LIMA_CIDATA_CONTAINERD_USER" ] && [ -d /run/systemd/system ] || exit 0

prefix=$LIMA_CIDATA_GUEST_INSTALL_PREFIX
archive=$LIMA_CIDATA_MNT/$LIMA_CIDATA_CONTAINERD_ARCHIVE
if [ ! -e "$archive" ]; then
    [ -x "$prefix/bin/nerdctl" ] || command -v nerdctl >/dev/null || {
        echo 'the seed has no containerd archive, so there will be no containers' >&2
        exit 1
    }
fi

# put FILE TEXT: true when it was not so before
put() {
    [ ! -e "$1" ] || [ "$(cat "$1")" != "$2" ] || return 1
    mkdir -p "${1%/*}"
    printf '%s\n' "$2" >"$1"
}

# The labels of the archive's files are wrong until they lie in their place.
enforcing=
if command -v getenforce >/dev/null && [ "$(getenforce)" = Enforcing ]; then
    enforcing=yes
    setenforce 0
    trap 'setenforce 1' EXIT
fi

updated=
if [ -e "$archive" ]; then
    # size and beginning tell archives apart without reading them whole
    identity="$(stat -c %s "$archive") $(head -c 1048576 "$archive" | cksum)"
    marker=$prefix/share/lima/nerdctl-archive
    if [ ! -x "$prefix/bin/nerdctl" ] || [ ! -e "$marker" ] || [ "$(cat "$marker")" != "$identity" ]; then
        mkdir -p "$prefix" "${marker%/*}"
        rm -f "$marker"
        tar -C "$prefix" -xzf "$archive"
        [ -z "$enforcing" ] || restorecon -R "$prefix/bin" "$prefix/lib" || true
        mkdir -p /etc/bash_completion.d
        nerdctl completion bash >/etc/bash_completion.d/nerdctl 2>/dev/null || rm -f /etc/bash_completion.d/nerdctl
        printf '%s\n' "$identity" >"$marker"
        updated=yes
    fi
fi

snapshotter_config() {
    printf '%s\n' 'version = 2
[plugins."io.containerd.grpc.v1.cri"]
  enable_cdi = true
[proxy_plugins]
  [proxy_plugins."stargz"]
    type = "snapshot"'
    printf '    address = "%s"\n' "$1"
}

buildkit_config='[worker.oci]
  enabled = false
[worker.containerd]
  enabled = true
  namespace = "default"
  snapshotter = "overlayfs"'

if [ -n "$LIMA_CIDATA_CONTAINERD_SYSTEM" ]; then
    changed=$updated
    ! put /etc/containerd/config.toml \
        "$(snapshotter_config /run/containerd-stargz-grpc/containerd-stargz-grpc.sock)" || changed=yes
    ! put /etc/buildkit/buildkitd.toml "$buildkit_config" || changed=yes
    for unit in containerd buildkit stargz-snapshotter; do
        [ -e "$prefix/lib/systemd/system/$unit.service" ] || continue
        if [ -n "$changed" ]; then
            systemctl enable "$prefix/lib/systemd/system/$unit.service" 2>/dev/null || systemctl enable "$unit.service"
            systemctl restart "$unit.service"
        else
            systemctl start "$unit.service"
        fi
    done
fi

[ -n "$LIMA_CIDATA_CONTAINERD_USER" ] || exit 0

home=$LIMA_CIDATA_HOME
group=$(id -g "$LIMA_CIDATA_USER")

# put_user FILE TEXT: the same below the user's ~/.config, owned by them
put_user() {
    put "$home/.config/$1" "$2" || return 1
    chown "$LIMA_CIDATA_USER:$group" "$home/.config" "$home/.config/${1%/*}" "$home/.config/$1"
}

# Where programs may make user namespaces only by profile, the launcher of rootless containers gets one.
if [ -e /proc/sys/kernel/apparmor_restrict_unprivileged_userns ]; then
    profile=/etc/apparmor.d/$(printf '%s' "${prefix#/}" | tr / .).bin.rootlesskit
    if put "$profile" "abi <abi/4.0>,
include <tunables/global>
\"$prefix/bin/rootlesskit\" flags=(unconfined) {
  userns,
}"; then
        apparmor_parser -r "$profile"
    fi
fi

put_user containerd/config.toml \
    "$(snapshotter_config "/run/user/$LIMA_CIDATA_UID/containerd-stargz-grpc/containerd-stargz-grpc.sock")" || true
put_user buildkit/buildkitd.toml "$buildkit_config" || true
systemctl start "user@$LIMA_CIDATA_UID.service"

as_user() {
    sudo -iu "$LIMA_CIDATA_USER" "XDG_RUNTIME_DIR=/run/user/$LIMA_CIDATA_UID" "PATH=$prefix/bin:$PATH" \
        CONTAINERD_NAMESPACE=default "$@"
}

if [ -n "$updated" ] || [ ! -e "$home/.config/systemd/user/containerd.service" ]; then
    setup=$prefix/bin/containerd-rootless-setuptool.sh
    as_user "$setup" install
    as_user "$setup" install-buildkit-containerd
    if compare_version.sh "$(uname -r)" -ge 5.13; then
        as_user "$setup" install-stargz || echo 'no lazy pulling of images' >&2
    else
        as_user "$setup" install-fuse-overlayfs
    fi
else
    as_user systemctl --user start containerd.service
fi
