# Starts that cannot work, with a real QEMU: each names phase, cause and next step, and the instance starts again once
# the cause is gone.
load common

suite_setup() { need_guest mini; }

kernel_of_mini() { sed -n 's/^ *location: *"\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "$LIMA_HOME/_templates/debian-12-bootstrap-mini.yaml"; }

failing_start() { # NAME
    SECONDS=0
    run timeout 120 limactl start --tty=false "$1" 3>&-
    echo "after ${SECONDS} s: $output"
    [ "$status" -eq 1 ]
    [ "$(status_of "$1")" = Stopped ]
    [ -z "$(leftovers "$1")" ]
}

watched_failure() { # NAME EVIDENCE
    watched_start "$1" "$2" "$1"
    [ "$status" -eq 1 ]
    [ "$(status_of "$1")" = Stopped ]
    [ -z "$(leftovers "$1")" ]
}

@test "port taken" {
    python3 -c 'import socket,time; s=socket.socket(); s.bind(("127.0.0.1",0)); s.listen(); print(s.getsockname()[1],flush=True); time.sleep(600)' >"$VM_HOME/port" 3>&- &
    holder=$!
    until [ -s "$VM_HOME/port" ]; do sleep 0.05; done
    port=$(cat "$VM_HOME/port")
    limactl create --tty=false --name=taken --ssh-port="$port" template:debian-12-bootstrap-mini
    failing_start taken
    [[ $output == *"$port"* ]]
    [[ $output == *hint* ]]
    kill "$holder"
    limactl start taken
    limactl delete --force taken
}

@test "no bootable disk" {
    truncate -s 64M "$VM_HOME/empty.raw"
    printf 'images: [{location: "%s"}]\nmounts: []\ncontainerd: {system: false, user: false}\nfirmware: {legacyBIOS: true}\n' \
        "$VM_HOME/empty.raw" >"$VM_HOME/empty.yaml"
    limactl create --tty=false --name=empty "$VM_HOME/empty.yaml"
    watched_failure empty 'No bootable device|not a bootable disk'
    told_in_time empty firmware 'no bootable disk'
    limactl delete empty
}

@test "no QEMU" {
    limactl create --tty=false --name=noqemu template:debian-12-bootstrap-mini
    QEMU_SYSTEM_X86_64=/nowhere/qemu failing_start noqemu
    [[ $output == *"/nowhere/qemu"* ]]
    [[ $output == *hint* ]]
}

@test "a QEMU that is too old" {
    printf '#!/bin/sh\necho "QEMU emulator version 2.5.0"\n' >"$VM_HOME/qemu-old"
    chmod +x "$VM_HOME/qemu-old"
    QEMU_SYSTEM_X86_64=$VM_HOME/qemu-old failing_start noqemu
    [[ $output == *"2.5.0"* ]]
    [[ $output == *"4.0.0"* ]]
    limactl start noqemu
    limactl delete --force noqemu
}

@test "a kernel that panics" {
    limactl create --tty=false --name=panic template:debian-12-bootstrap-mini
    cmdline=$LIMA_HOME/panic/kernel.cmdline
    cp "$cmdline" "$VM_HOME/cmdline"
    printf '%s rdinit=/nowhere root=/dev/nowhere panic=-1' "$(cat "$cmdline")" >"$cmdline.new"
    mv -f "$cmdline.new" "$cmdline"
    watched_failure panic 'Kernel panic - not syncing'
    told_in_time panic kernel 'Kernel panic - not syncing'
    cp "$VM_HOME/cmdline" "$cmdline"
    limactl start panic
    limactl delete --force panic
}
