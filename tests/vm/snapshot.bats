# limactl snapshot with real guests: memory and disk come back, and everything that talks to the guest goes on. The
# small guest keeps its files in memory; the disk is written to as it is.
load common

suite_setup() {
    need_guest mini
    local template=$LIMA_HOME/_templates/debian-12-bootstrap-mini.yaml raw
    raw=$(sed -n 's/^ *location: "\(.*disk.raw\)"/\1/p' "$template")
    qemu-img convert -O qcow2 "$raw" "$VM_HOME/disk.qcow2"
    # the digest after the location is that of the other file
    sed -e "\|location: \".*disk.raw\"| { s|\".*\"|\"$VM_HOME/disk.qcow2\"|; n; d; }" -e 's/^memory:.*/memory: 512MiB/' \
        "$template" >"$VM_HOME/qcow2.yaml"
}

put() { # NAME WORD: into the guest's memory and onto its disk
    in_guest "$1" sh -c "echo $2 >/tmp/state; echo $2 | sudo dd of=/dev/vda conv=notrunc,fsync 2>/dev/null"
}

holds() { # NAME WORD
    [ "$(timeout 20 limactl shell --workdir / "$1" cat /tmp/state)" = "$2" ]
    [ "$(timeout 20 limactl shell --workdir / "$1" sudo head -n 1 /dev/vda)" = "$2" ]
}

agent_answers() { grep -c 'Guest agent is running' "$LIMA_HOME/$1/ha.stderr.log"; }

@test "a running guest goes back to its snapshot: memory, disk, and the same boot" {
    limactl_start snap "$VM_HOME/qcow2.yaml"
    put snap one
    boot=$(in_guest snap cat /proc/sys/kernel/random/boot_id)
    agents=$(agent_answers snap)
    limactl snapshot create snap --tag first
    holds snap one
    put snap two
    sleep 2
    limactl snapshot apply snap --tag first
    holds snap one
    [ "$(in_guest snap cat /proc/sys/kernel/random/boot_id)" = "$boot" ]
    [ "$(status_of snap)" = Running ]
    again() { [ "$(agent_answers snap)" -gt "$agents" ]; }
    soon 30 again
}

@test "afterwards the guest's clock is right and its new ports are forwarded" {
    in_time() {
        local guest
        guest=$(in_guest snap date +%s)
        [ $((guest - EPOCHSECONDS)) -ge -2 ] && [ $((guest - EPOCHSECONDS)) -le 2 ]
    }
    soon 20 in_time
    in_guest snap sh -c 'cd /tmp && (while :; do echo hello | nc -l -p 8123 >/dev/null; done) >/dev/null 2>&1 </dev/null &'
    hello() { [ "$(timeout 5 bash -c 'exec 9<>/dev/tcp/127.0.0.1/8123; head -n 1 <&9' 2>/dev/null)" = hello ]; }
    soon 30 hello
}

@test "a guest that was adopted goes back too" {
    put snap three
    kill -9 "$(cat "$LIMA_HOME/snap/ha.pid")"
    limactl start snap
    holds snap three
    limactl snapshot apply snap --tag first
    holds snap one
}

@test "names are unique, and what is not there cannot be applied" {
    run limactl snapshot create snap --tag first
    [ "$status" -ne 0 ]
    [[ $output == *already* ]]
    run limactl snapshot apply snap --tag other
    [ "$status" -ne 0 ]
    [[ $output == *'no snapshot'* ]]
    run limactl snapshot create snap --tag 42
    [ "$status" -ne 0 ]
    holds snap one
    limactl snapshot create snap --tag second
    [ "$(limactl snapshot list -q snap 2>/dev/null)" = "$(printf 'first\nsecond')" ]
    limactl snapshot list snap 2>/dev/null | head -n 1 | grep -q '^ID  *TAG  *VM SIZE  *DATE'
    [[ $(limactl __complete snapshot delete snap --tag s 2>/dev/null) == *second* ]]
    limactl snapshot delete snap --tag second
    [ "$(limactl snapshot list -q snap 2>/dev/null)" = first ]
}

@test "a stopped instance: its disk goes back" {
    put snap four
    limactl stop snap
    [ -z "$(leftovers snap)" ]
    limactl snapshot create snap --tag cold
    [ "$(limactl snapshot list -q snap 2>/dev/null)" = "$(printf 'first\ncold')" ]
    limactl start snap
    put snap five
    # there is no memory in it to go on with
    run limactl snapshot apply snap --tag cold
    [ "$status" -ne 0 ]
    [[ $output == *"stop the instance"* ]]
    holds snap five
    limactl stop snap
    limactl snapshot apply snap --tag cold
    limactl start snap
    [ "$(in_guest snap sudo head -n 1 /dev/vda)" = four ]
    limactl snapshot delete snap --tag cold
    limactl snapshot delete snap --tag first
    [ -z "$(limactl snapshot list snap 2>/dev/null)" ]
    limactl delete --force snap
}

@test "the driver in a process of its own" {
    export LIMA_DRIVER_ISOLATION=process
    limactl_start apart "$VM_HOME/qcow2.yaml"
    put apart one
    limactl snapshot create apart --tag first
    put apart two
    limactl snapshot apply apart --tag first
    holds apart one
    [ "$(limactl snapshot list -q apart 2>/dev/null)" = first ]
    limactl snapshot delete apart --tag first
    limactl stop apart
    limactl snapshot create apart --tag cold
    [ "$(limactl snapshot list -q apart 2>/dev/null)" = cold ]
    limactl delete --force apart
}

@test "a raw disk holds no snapshots, and it is said what to do" {
    limactl_start raw template:debian-12-bootstrap-mini
    run limactl snapshot create raw --tag x
    [ "$status" -ne 0 ]
    [[ $output == *"raw, not qcow2"* ]]
    [[ $output == *"qemu-img convert"* ]]
    in_guest raw true
    limactl delete --force raw
}
