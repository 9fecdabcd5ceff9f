#!/bin/sh
# escape_fstab.sh TEXT: as one field of /etc/fstab, with blanks and backslashes in octal.
set -eu

text=$1 out=
newline='
'
tab=$(printf '\t')
while [ -n "$text" ]; do
    rest=${text#?}
    c=${text%"$rest"}
    case $c in
        ' ') c='\040' ;;
        "$tab") c='\011' ;;
        "$newline") c='\012' ;;
        \\) c='\134' ;;
    esac
    out=$out$c
    text=$rest
done
printf '%s\n' "$out"
