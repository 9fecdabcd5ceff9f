#!/bin/sh
# Guests find each other as NAME.local where systemd-resolved does the looking up. All of it beside the other modules: each
# call takes its time, and nobody waits for it.
set -eu
[ -d /run/systemd/resolve ] && command -v resolvectl >/dev/null || exit 0

directory=/etc/systemd/resolved.conf.d
config=$directory/00-lima-enable-mdns.conf
text='[Resolve]
MulticastDNS=yes'
changed=
if [ ! -e "$config" ] || [ "$(cat "$config")" != "$text" ]; then
    mkdir -p "$directory"
    printf '%s\n' "$text" >"$config"
    changed=yes
fi
(
    [ -z "$changed" ] || systemctl restart systemd-resolved.service
    for link in /sys/class/net/*; do
        link=${link##*/}
        [ "$link" = lo ] || resolvectl mdns "$link" yes
    done
) >/dev/null 2>&1 &
