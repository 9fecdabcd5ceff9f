#!/bin/sh
# Where sockets of the host appear, such as its ssh agent.
set -eu

directory=$LIMA_BOOT_ROOT/run/host-services
[ -d "$directory" ] || mkdir -m 700 "$directory"
chown "$LIMA_CIDATA_USER" "$directory"
