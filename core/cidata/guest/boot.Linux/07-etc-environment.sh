#!/bin/sh
# The variables of the config stand in /etc/environment, between two marks. When they change, sessions that began with
# the old ones are ended. From then on the host may open sessions that last: lima-ssh-ready says so.
set -eu

ready() { echo "$LIMA_CIDATA_IID" >"$LIMA_BOOT_ROOT/run/lima-ssh-ready"; }
trap ready EXIT

file=$LIMA_BOOT_ROOT/etc/environment
newline='
'
# Both texts end in "." so that $(...) keeps their last newlines.
block=$(cat "$LIMA_CIDATA_MNT/etc_environment" && echo .)
block=${block%.}
[ "$block" != "#LIMA-START$newline#LIMA-END$newline" ] || block=
old='' kept='' inside=''
if [ -e "$file" ]; then
    while IFS= read -r line || [ -n "$line" ]; do
        old=$old$line$newline
        case $line in
            '#LIMA-START') inside=yes ;;
            '#LIMA-END') inside='' ;;
            *) [ -n "$inside" ] || kept=$kept$line$newline ;;
        esac
    done <"$file"
fi
[ "$old" != "$kept$block" ] || exit 0

printf '%s' "$kept$block" >"$file"
# a user without a session has no such file
if [ -e "/run/systemd/users/$LIMA_CIDATA_UID" ]; then
    loginctl terminate-user "$LIMA_CIDATA_USER" || true
fi
