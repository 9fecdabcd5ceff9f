# Devices beside disks and network, all in one guest: virtiofs, a TPM, VNC and pictures of the screen.
load common

suite_setup() {
    need_guest test
    SHARE=$VM_HOME/share
    export SHARE ODD="it's a \"dir\", ü \$x"
    mkdir -p "$SHARE/rw" "$SHARE/ro" "$SHARE/$ODD"
    echo from-host | tee "$SHARE/rw/file" "$SHARE/ro/file" "$SHARE/$ODD/file" >/dev/null
    [ "$(id -u)" != 0 ] || chown -R 1000:1000 "$SHARE"
}

has_virtiofsd() { grep -qs '"type": *"fs"' /usr/share/qemu/vhost-user/*.json; }

devices_yaml() {
    cat <<YAML
base: template:debian-12-bootstrap-test
video: {display: vnc}
YAML
    # SeaBIOS has no room for a TPM beside a kernel of its own
    ! command -v swtpm >/dev/null || printf 'tpm: true\n'
    ! has_virtiofsd || cat <<YAML
mountType: virtiofs
mounts:
- {location: "$SHARE/rw", mountPoint: /mnt/rw, writable: true}
- {location: "$SHARE/ro", mountPoint: /mnt/ro}
- {location: "$SHARE/$(sed 's/"/\\"/g' <<<"$ODD")", mountPoint: "/mnt/an ödd place", writable: true}
YAML
}

@test "a guest with all of them starts" {
    devices_yaml >"$VM_HOME/devices.yaml"
    run limactl_start dev "$VM_HOME/devices.yaml" --set '.firmware.legacyBIOS=false'
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output != *"does not work"* ]]
}

@test "virtiofs: names, both ways, read-only" {
    has_virtiofsd || skip "install virtiofsd (on Debian 12: qemu-system-common)"
    [ "$(in_guest dev grep -c ' virtiofs ' /proc/mounts)" = 3 ]
    [ "$(in_guest dev cat /mnt/rw/file)" = from-host ]
    [ "$(in_guest dev cat "/mnt/an ödd place/file")" = from-host ]
    in_guest dev sh -c 'echo from-guest >/mnt/rw/back && echo odd >"/mnt/an ödd place/zurück" && mkdir /mnt/rw/sub'
    [ "$(cat "$SHARE/rw/back")" = from-guest ]
    [ "$(cat "$SHARE/$ODD/zurück")" = odd ]
    run in_guest dev sh -c 'echo x >/mnt/ro/new'
    [ "$status" -ne 0 ]
    [[ $output == *"ead-only"* ]]
}

@test "the TPM is there, and answers" {
    command -v swtpm >/dev/null || skip "install swtpm"
    in_guest dev test -c /dev/tpm0
    [ "$(in_guest dev cat /sys/class/tpm/tpm0/tpm_version_major)" = 2 ]
}

@test "VNC: files of the owner alone, a server that speaks, a password" {
    for file in vncdisplay vncpassword; do
        [ "$(stat -c %a "$LIMA_HOME/dev/$file")" = 600 ]
    done
    grep -qxE '[A-Za-z0-9]{8}' "$LIMA_HOME/dev/vncpassword"
    display=$(cat "$LIMA_HOME/dev/vncdisplay")
    [[ $display == 127.0.0.1:* ]]
    exec 9<>/dev/tcp/127.0.0.1/$((5900 + ${display##*:}))
    greeting=$(head -c 12 <&9)
    [[ $greeting == "RFB 003"* ]]
    # of the ways to log in that it offers there is one: with the password (2)
    printf 'RFB 003.008\n' >&9
    [ "$(head -c 2 <&9 | od -An -tu1 | tr -d ' \n')" = 12 ]
    exec 9>&-
}

@test "screenshot: a picture with a size, in both formats" {
    limactl screenshot dev -o "$VM_HOME/screen.png"
    [ "$(head -c 8 "$VM_HOME/screen.png" | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ]
    # width and height, four bytes each
    read -r _ _ width_high width_low _ _ height_high height_low \
        <<<"$(od -An -tu1 -j 16 -N 8 "$VM_HOME/screen.png" | tr -s ' ')"
    [ $((width_high * 256 + width_low)) -ge 320 ]
    [ $((height_high * 256 + height_low)) -ge 200 ]
    limactl screenshot dev -o "$VM_HOME/screen.BMP"
    [ "$(head -c 2 "$VM_HOME/screen.BMP")" = BM ]
    run limactl screenshot dev -o "$VM_HOME/screen.gif"
    [ "$status" -ne 0 ]
}

@test "a snapshot while virtiofs is mounted is refused with the remedy" {
    has_virtiofsd || skip "install virtiofsd (on Debian 12: qemu-system-common)"
    run limactl snapshot create dev --tag x
    [ "$status" -ne 0 ]
    # a raw disk is said first
    [[ $output == *"reverse-sshfs"* || $output == *"qcow2"* ]]
}

@test "helpers outlive the host agent, and serve on" {
    kill -9 "$(cat "$LIMA_HOME/dev/ha.pid")"
    in_guest dev true
    run limactl start dev
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(stat -c %a "$LIMA_HOME/dev/vncpassword")" = 600 ]
    if has_virtiofsd; then
        in_guest dev sh -c 'echo adopted >/mnt/rw/back'
        [ "$(cat "$SHARE/rw/back")" = adopted ]
    fi
}

@test "stop ends the helpers, quietly; a killed one is told of" {
    begin=$(wc -l <"$LIMA_HOME/dev/ha.stderr.log")
    limactl stop dev
    [ -z "$(leftovers dev)" ]
    ! tail -n "+$begin" "$LIMA_HOME/dev/ha.stderr.log" | grep 'has ended while'
    [ ! -e "$LIMA_HOME/dev/vncdisplay" ]
    [ ! -e "$LIMA_HOME/dev/vncpassword" ]
    command -v swtpm >/dev/null || skip "install swtpm"
    limactl start dev
    kill -9 "$(cat "$LIMA_HOME/dev/swtpm.pid")"
    told() { grep -q 'swtpm has ended while the VM runs' "$LIMA_HOME/dev/ha.stderr.log"; }
    soon 10 told
    limactl delete --force dev
}
