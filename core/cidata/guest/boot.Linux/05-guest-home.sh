#!/bin/sh
# The home was called USER.linux once and is USER.guest now: both names lead to it.
set -eu

for pair in guest:linux linux:guest; do
    home=/home/$LIMA_CIDATA_USER.${pair%:*}
    other=/home/$LIMA_CIDATA_USER.${pair#*:}
    if [ "$home" = "$LIMA_CIDATA_HOME" ] && [ ! -e "$other" ] && [ ! -L "$other" ]; then
        ln -s "${home##*/}" "$other"
    fi
done
