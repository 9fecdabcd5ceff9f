#!/bin/sh
# The instance "default" shows by a lime prompt that this is not the host's shell, where the shell's start file has the
# usual green one.
set -eu
[ "$LIMA_CIDATA_NAME" = default ] || exit 0

file=$LIMA_CIDATA_HOME/.bashrc
if [ -e "$file" ] && grep -qF '\[\033[01;32m\]\u@\h' "$file"; then
    sed -i 's/\\\[\\033\[01;32m\\\]\\u@\\h/\\[\\033[38;2;192;255;0m\\]\\u@\\h/' "$file"
fi
