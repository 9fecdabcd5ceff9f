#!/bin/sh
# host.lima.internal is the host as the guest sees it.
set -eu

hosts=$LIMA_BOOT_ROOT/etc/hosts
wanted="$LIMA_CIDATA_SLIRP_GATEWAY host.lima.internal"
text='' found=''
newline='
'
if [ -e "$hosts" ]; then
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
            "$wanted") found=yes ;;
            *[[:blank:]]host.lima.internal | *[[:blank:]]host.lima.internal[[:blank:]]*) ;;
            *) text=$text$line$newline ;;
        esac
    done <"$hosts"
fi
[ -n "$found" ] || printf '%s%s\n' "$text" "$wanted" >"$hosts"
