#!/bin/sh
# Installs the guest agent of the seed as a service and starts it: from the first stage of cloud-init, so that the host
# hears of the boot from then on, and again by a boot module, for guests whose first stage skips it. The second run of a
# boot finds nothing to do.
#
# LIMA_CIDATA_MNT  where the seed is mounted; the other variables come from its lima.env
set -eu

source=$LIMA_CIDATA_MNT/lima-guestagent
[ -e "$source" ] || exit 0

while IFS= read -r line; do
    [ -z "$line" ] || export "${line?}"
done <"$LIMA_CIDATA_MNT/lima.env"

# Comparing the agents reads both; once a boot is enough.
stamp=/run/lima-guestagent-installed
if [ -r "$stamp" ]; then
    read -r installed <"$stamp"
    [ "$installed" != "$LIMA_CIDATA_IID" ] || exit 0
fi

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

# The variables as a file of OpenRC's, each value in quotes.
openrc_variables() {
    quote="'"
    while IFS= read -r line; do
        [ -z "$line" ] || printf "%s='%s'\n" "${line%%=*}" "$(printf '%s' "${line#*=}" | sed "s/$quote/$quote\\\\$quote$quote/g")"
    done <"$LIMA_CIDATA_MNT/lima.env"
}

install_openrc() {
    service=/etc/init.d/lima-guestagent
    cat >"$service.new" <<'SERVICE'
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
    openrc_variables >"$service.conf"
    if [ "$updated" = false ] && cmp -s "$service.new" "$service" && cmp -s "$service.conf" /etc/conf.d/lima-guestagent; then
        rm -f "$service.new" "$service.conf"
        rc-service lima-guestagent start
        return 0
    fi
    chmod 755 "$service.new"
    mv "$service.new" "$service"
    mv "$service.conf" /etc/conf.d/lima-guestagent
    rc-update -q add lima-guestagent default || true
    rc-service lima-guestagent restart
}

install_systemd() {
    # it once ran as a service of the user
    rm -f "$LIMA_CIDATA_HOME/.config/systemd/user/lima-guestagent.service"
    set -- install-systemd "--guestagent-updated=$updated"
    if [ "$LIMA_CIDATA_VSOCK_PORT" != 0 ]; then
        set -- "$@" --vsock-port "$LIMA_CIDATA_VSOCK_PORT"
    elif [ -n "$LIMA_CIDATA_VIRTIO_PORT" ]; then
        set -- "$@" --virtio-port "$LIMA_CIDATA_VIRTIO_PORT"
    fi
    # also for the socket that takes the place of a port which is not there
    set -- "$@" --socket-owner "$LIMA_CIDATA_UID"
    [ "$LIMA_CIDATA_DEBUG" != true ] || set -- --debug "$@"
    "$agent" "$@"
}

if [ -x /sbin/openrc-run ]; then
    install_openrc
elif [ -d /run/systemd/system ]; then
    install_systemd
fi
echo "$LIMA_CIDATA_IID" >"$stamp"
