#!/bin/sh
# Mount points for what the host mounts over ssh, and the guest agent as a service, when the seed has one.
set -eu

if [ "$LIMA_CIDATA_MOUNTTYPE" = reverse-sshfs ]; then
    index=0
    while [ "$index" -lt "$LIMA_CIDATA_MOUNTS" ]; do
        eval "point=\$LIMA_CIDATA_MOUNTS_${index}_MOUNTPOINT"
        # shellcheck disable=SC2154 # set by eval
        mkdir -p "$point"
        chown "$LIMA_CIDATA_USER" "$point"
        index=$((index + 1))
    done
fi

source=$LIMA_CIDATA_MNT/lima-guestagent
[ -e "$source" ] || exit 0

agent=$LIMA_CIDATA_GUEST_INSTALL_PREFIX/bin/lima-guestagent
updated=false
if ! cmp -s "$source" "$agent"; then
    mkdir -p "${agent%/*}"
    # beside and renamed: the old one may be running
    cp "$source" "$agent.new"
    chmod 755 "$agent.new"
    mv "$agent.new" "$agent"
    updated=true
fi

if [ -x /sbin/openrc-run ]; then
    cat >/etc/init.d/lima-guestagent <<'SERVICE'
#!/sbin/openrc-run
supervisor=supervise-daemon
name=lima-guestagent
description="Agent of the host in this Lima guest"
command="${LIMA_CIDATA_GUEST_INSTALL_PREFIX:-/usr/local}/bin/lima-guestagent"
command_args="daemon --debug=${LIMA_CIDATA_DEBUG} --vsock-port ${LIMA_CIDATA_VSOCK_PORT} --virtio-port \"${LIMA_CIDATA_VIRTIO_PORT}\" --socket-owner ${LIMA_CIDATA_UID}"
command_background=true
pidfile=/run/lima-guestagent.pid
output_log=/var/log/lima-guestagent.log
error_log=/var/log/lima-guestagent.log
SERVICE
    chmod 755 /etc/init.d/lima-guestagent
    quote="'"
    while IFS= read -r line; do
        [ -z "$line" ] || printf "%s='%s'\n" "${line%%=*}" "$(printf '%s' "${line#*=}" | sed "s/$quote/$quote\\\\$quote$quote/g")"
    done <"$LIMA_CIDATA_MNT/lima.env" >/etc/conf.d/lima-guestagent
    rc-update -q add lima-guestagent default || true
    rc-service lima-guestagent restart
elif [ -d /run/systemd/system ]; then
    # it once ran as a service of the user
    rm -f "$LIMA_CIDATA_HOME/.config/systemd/user/lima-guestagent.service"
    set -- install-systemd "--guestagent-updated=$updated"
    if [ "$LIMA_CIDATA_VSOCK_PORT" != 0 ]; then
        set -- "$@" --vsock-port "$LIMA_CIDATA_VSOCK_PORT"
    elif [ -n "$LIMA_CIDATA_VIRTIO_PORT" ]; then
        set -- "$@" --virtio-port "$LIMA_CIDATA_VIRTIO_PORT"
    else
        set -- "$@" --socket-owner "$LIMA_CIDATA_UID"
    fi
    [ "$LIMA_CIDATA_DEBUG" != true ] || set -- --debug "$@"
    "$agent" "$@"
fi
