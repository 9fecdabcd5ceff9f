#!/bin/sh
# Alpine: package repositories, sudo, a login by key that works without PAM, port forwarding, the power button.
set -eu
[ -e /etc/alpine-release ] || exit 0

read -r release </etc/alpine-release
case $release in
    *_alpha* | *edge*) branch=edge ;;
    *.*.*) branch=v${release%.*} ;;
    *) branch=v$release ;;
esac
repositories=/etc/apk/repositories
for component in main community; do
    line=https://dl-cdn.alpinelinux.org/alpine/$branch/$component
    grep -q "^[^#].*/$branch/$component\$" "$repositories" 2>/dev/null || echo "$line" >>"$repositories"
done

command -v sudo >/dev/null || apk add --no-progress sudo || echo 'cannot install sudo' >&2

# "!" locks the account, and sshd without PAM then refuses the key too; "*" is only no password
if grep -q "^$LIMA_CIDATA_USER:!:" /etc/shadow; then
    sed -i "s/^\($LIMA_CIDATA_USER\):!:/\1:*:/" /etc/shadow
fi

config=/etc/ssh/sshd_config
if [ -e "$config" ]; then
    changed=
    for option in 'AllowTcpForwarding yes' 'UsePAM yes'; do
        grep -q "^$option\$" "$config" || {
            sed -i "/^#* *${option%% *} /d" "$config"
            # the first value counts, and Match blocks stand at the end
            sed -i "1i $option" "$config"
            changed=yes
        }
    done
    [ -z "$changed" ] || rc-service --ifstarted sshd reload
fi

if [ -e /etc/init.d/acpid ]; then
    rc-update -q add acpid || true
    rc-service --ifstopped acpid start
fi
