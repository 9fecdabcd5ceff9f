#!/bin/sh
# Questions to the gateway's name server go to the ports on which the host agent answers them. Run again by
# 35-setup-packages when iptables came only then.
set -eu
command -v iptables-restore >/dev/null || exit 0

marker=$LIMA_BOOT_ROOT/run/lima-host-dns
known=
if [ -e "$marker" ] || iptables -w -t nat -n -L LIMADNS >/dev/null 2>&1; then
    known=yes
fi
[ -n "$known" ] || [ "$LIMA_CIDATA_UDP_DNS_LOCAL_PORT$LIMA_CIDATA_TCP_DNS_LOCAL_PORT" != 00 ] || exit 0

rules() {
    echo '*nat'
    echo ':LIMADNS - [0:0]' # makes the chain, or empties it
    if [ -z "$known" ]; then
        echo '-I PREROUTING 1 -j LIMADNS'
        echo '-I OUTPUT 1 -j LIMADNS'
    fi
    for pair in "udp:$LIMA_CIDATA_UDP_DNS_LOCAL_PORT" "tcp:$LIMA_CIDATA_TCP_DNS_LOCAL_PORT"; do
        [ "${pair#*:}" = 0 ] ||
            echo "-A LIMADNS -d $LIMA_CIDATA_SLIRP_DNS/32 -p ${pair%:*} --dport 53 -j DNAT" \
                "--to-destination $LIMA_CIDATA_SLIRP_GATEWAY:${pair#*:}"
    done
    echo COMMIT
}
rules | iptables-restore -w --noflush
: >"$marker"
