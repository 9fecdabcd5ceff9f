#!/bin/sh
# Distributions with dnf: after an upgrade the new kernel and libraries are put to use at once.
set -eu
[ -n "$LIMA_CIDATA_UPGRADE_PACKAGES" ] && command -v dnf >/dev/null || exit 0

command -v needs-restarting >/dev/null || dnf install -y dnf-utils || exit 0
if ! needs-restarting -r >/dev/null; then
    : >"$LIMA_REBOOT_REQUIRED"
    systemctl reboot
fi
