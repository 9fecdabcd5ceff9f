#!/bin/sh
# unescape_fstab.sh FIELD: what a field of /etc/fstab or /proc/mounts means.
set -eu

text=$1 out=
while :; do
    case $text in
        *\\*) ;;
        *) break ;;
    esac
    out=$out${text%%\\*}
    text=${text#*\\}
    case $text in
        040*) c=' ' ;;
        011*) c=$(printf '\t') ;;
        012*) c='
' ;;
        134*) c=\\ ;;
        *)
            out=$out\\
            continue
            ;;
    esac
    out=$out$c
    text=${text#???}
done
printf '%s\n' "$out$text"
