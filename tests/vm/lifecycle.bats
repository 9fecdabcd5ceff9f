# Life of real guests: rounds, two at once, restart, crashes.
load common

suite_setup() { need_guest mini; }

@test "ten rounds of start and stop leave nothing behind" {
    limactl create --tty=false --name=rounds template:debian-12-bootstrap-mini
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        limactl start rounds
        in_guest rounds true
        limactl stop rounds
        [ -z "$(leftovers rounds)" ]
    done
    limactl delete rounds
}

@test "two instances at once, each with its own port and host name" {
    limactl_start one template:debian-12-bootstrap-mini
    limactl_start two template:debian-12-bootstrap-mini
    [ "$(in_guest one hostname)" = lima-one ]
    [ "$(in_guest two hostname)" = lima-two ]
    [ "$(limactl list -f '{{.SSHLocalPort}}' one)" != "$(limactl list -f '{{.SSHLocalPort}}' two)" ]
    limactl stop one
    in_guest two true
    limactl delete --force one two
}

@test "restart gives a new boot" {
    limactl_start again template:debian-12-bootstrap-mini
    before=$(in_guest again cat /proc/sys/kernel/random/boot_id)
    limactl restart again
    [ "$(in_guest again cat /proc/sys/kernel/random/boot_id)" != "$before" ]
}

@test "the host agent killed: start adopts the guest that runs on" {
    before=$(in_guest again cat /proc/sys/kernel/random/boot_id)
    kill -9 "$(cat "$LIMA_HOME/again/ha.pid")"
    run limactl start again
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(in_guest again cat /proc/sys/kernel/random/boot_id)" = "$before" ]
    [ "$(status_of again)" = Running ]
}

@test "the host agent killed while it stops the guest: start waits for its end and boots it anew" {
    before=$(in_guest again cat /proc/sys/kernel/random/boot_id)
    limactl stop again 3>&- &
    stopping=$!
    sleep 0.3
    kill -9 "$(cat "$LIMA_HOME/again/ha.pid")"
    wait "$stopping" || true
    run limactl start again
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(in_guest again cat /proc/sys/kernel/random/boot_id)" != "$before" ]
}

@test "QEMU killed: the host agent ends at once, start works" {
    agent=$(cat "$LIMA_HOME/again/ha.pid")
    kill -9 "$(cat "$LIMA_HOME/again/qemu.pid")"
    timeout 5 tail --pid="$agent" -s 0.1 -f /dev/null
    [ "$(status_of again)" = Stopped ]
    limactl start again
    in_guest again true
}

@test "stop --force" {
    limactl stop --force again
    [ "$(status_of again)" = Stopped ]
    [ -z "$(leftovers again)" ]
    limactl delete again
}

@test "a power-off inside the guest ends the instance" {
    limactl_start off template:debian-12-bootstrap-mini
    agent=$(cat "$LIMA_HOME/off/ha.pid")
    in_guest off sudo poweroff || true
    timeout 30 tail --pid="$agent" -f /dev/null
    [ "$(status_of off)" = Stopped ]
    limactl delete off
}
