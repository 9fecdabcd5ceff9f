#!/bin/sh
# sshd lets COLORTERM of the host's terminal in.
set -eu
config=/etc/ssh/sshd_config
[ -e "$config" ] || exit 0

directory=$config.d
if [ -d "$directory" ] && grep -q '^Include .*/sshd_config.d/' "$config"; then
    drop_in=$directory/10-acceptenv-colorterm.conf
    [ ! -e "$drop_in" ] || exit 0
    echo 'AcceptEnv COLORTERM' >"$drop_in"
else
    ! grep -q '^AcceptEnv.*COLORTERM' "$config" || exit 0
    sed -i '1i AcceptEnv COLORTERM' "$config"
fi

if [ -d /run/systemd/system ]; then
    systemctl --no-block reload ssh.service 2>/dev/null || systemctl --no-block reload sshd.service || true
elif command -v rc-service >/dev/null; then
    rc-service --ifstarted sshd reload
fi
