#!/bin/sh
# A user with a system's UID does not see their own journal unless a group allows it.
set -eu
[ "$LIMA_CIDATA_UID" -lt 1000 ] && [ -d /run/systemd/system ] || exit 0

entry=$(grep '^systemd-journal:' /etc/group) || exit 0
case ,${entry##*:}, in
    *,"$LIMA_CIDATA_USER",*) ;;
    *) usermod -aG systemd-journal "$LIMA_CIDATA_USER" ;;
esac
