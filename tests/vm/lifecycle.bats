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

# stop_after SECONDS TEMPLATE: a new instance, stopped so long after its QEMU was started; milliseconds in $took
stop_after() {
    local begin
    limactl create --tty=false --name=early "$2" 3>&-
    limactl start --tty=false early >"$VM_HOME/early.log" 2>&1 3>&- &
    starting=$!
    soon 20 test -s "$LIMA_HOME/early/qemu.pid"
    sleep "$1"
    begin=$(now_ms)
    limactl stop early
    took=$(($(now_ms) - begin))
    echo "# stopped $1 s after its QEMU was started: $took ms" >&3
    ! wait "$starting"
    cat "$VM_HOME/early.log"
    grep -q 'was stopped while it was starting' "$VM_HOME/early.log"
    [ -z "$(leftovers early)" ]
}

@test "stop in the firmware or kernel: nothing is written yet, nobody is waited for" {
    for delay in 0 1; do
        stop_after "$delay" template:debian-12-bootstrap-mini
        [ "$took" -lt 3000 ]
        limactl delete early
    done
}

@test "stop while the guest boots from its disk: it powers itself off as soon as it hears the button, and starts again" {
    need_guest test
    limactl create --tty=false --name=whole template:debian-12-bootstrap-test
    limactl start --tty=false whole >/dev/null 2>&1 3>&- &
    starting=$!
    # systemd has the root file system mounted for writing; logind, which hears the button, comes later
    soon 60 grep -qsE 'systemd\[1\]|Welcome to' "$LIMA_HOME/whole/serial.log"
    sleep 3
    begin=$(now_ms)
    limactl stop whole
    took=$(($(now_ms) - begin))
    echo "# stopped while systemd boots: $took ms" >&3
    [ "$took" -lt 60000 ]
    wait "$starting" || true
    grep -qE 'has not begun to use its disks|guest-shutdown' "$LIMA_HOME/whole/ha.stderr.log"
    ! grep -q 'did not power off' "$LIMA_HOME/whole/ha.stderr.log"
    limactl start whole
    in_guest whole true
    limactl delete --force whole
}

@test "stop at once after READY: the button is pressed until somebody hears it" {
    limactl_start ready template:debian-12-bootstrap-mini
    begin=$(now_ms)
    limactl stop ready
    took=$(($(now_ms) - begin))
    echo "# stopped right after READY: $took ms" >&3
    [ "$took" -lt 9000 ]
    grep -q 'guest-shutdown' "$LIMA_HOME/ready/ha.stderr.log"
    limactl delete ready
}

@test "a power-off inside the guest ends the instance" {
    limactl_start off template:debian-12-bootstrap-mini
    agent=$(cat "$LIMA_HOME/off/ha.pid")
    in_guest off sudo poweroff || true
    timeout 30 tail --pid="$agent" -f /dev/null
    [ "$(status_of off)" = Stopped ]
    limactl delete off
}
