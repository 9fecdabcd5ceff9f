#!/bin/sh
# A machine without a clock chip starts in the past, and then no certificate is valid yet. The seed is of now, so its
# time is a good start; after that the network's time decides.
set -eu
[ ! -e /dev/rtc0 ] && [ -d /run/systemd/system ] || exit 0

if [ "$(systemctl is-active systemd-timesyncd.service)" = active ]; then
    systemctl stop systemd-timesyncd.service
    touch -r "$LIMA_CIDATA_MNT/user-data" /run/lima-clock
    date -s "@$(stat -c %Y /run/lima-clock)" >/dev/null
    rm -f /run/lima-clock
    systemctl start systemd-timesyncd.service
fi
[ "$(timedatectl show --property=NTP --value)" = yes ] || exit 0

tries=0
until [ "$(timedatectl show --property=NTPSynchronized --value)" = yes ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 30 ]; then
        echo 'the clock is not synchronized after a minute' >&2
        exit 1
    fi
    sleep 2
done
