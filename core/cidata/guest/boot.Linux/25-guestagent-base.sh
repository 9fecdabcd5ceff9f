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

exec "$LIMA_CIDATA_MNT/util/install-guestagent.sh"
