#!/bin/sh
# compare_version.sh A OPERATOR B: true when the relation of two versions of dotted numbers holds; the operators are
# test's (-lt -le -eq -ne -ge -gt). What follows the numbers ("-rc1", "+deb") does not count.
set -eu

order=0
a=${1%%[!0-9.]*} b=${3%%[!0-9.]*}
while [ -n "$a$b" ]; do
    x=${a%%.*} y=${b%%.*}
    x=${x:-0} y=${y:-0}
    if [ "$x" -ne "$y" ]; then
        order=1
        [ "$x" -gt "$y" ] || order=-1
        break
    fi
    case $a in *.*) a=${a#*.} ;; *) a= ;; esac
    case $b in *.*) b=${b#*.} ;; *) b= ;; esac
done
exec test "$order" "$2" 0
