# One guest, three ways to run its driver: the module in process, the same module in a process of its own, and a program
# that LIMA_DRIVERS_PATH names, with the module out of limactl's reach. Each must look the same from outside.
load common

suite_setup() {
    need_guest mini
    # With a disk that can hold snapshots.
    local disk
    disk=$(sed -n 's/^ *location: "\(.*disk\.raw\)"/\1/p' "$LIMA_HOME/_templates/debian-12-bootstrap-mini.yaml")
    qemu-img convert -O qcow2 "$disk" "$VM_HOME/disk.qcow2"
    sed "s#$disk#$VM_HOME/disk.qcow2#; /disk.qcow2/{n;/digest/d}" "$LIMA_HOME/_templates/debian-12-bootstrap-mini.yaml" \
        >"$VM_HOME/guest.yaml"
    # A tree without QEMU's module, and one in which lima-driver-qemu is a program that finds it.
    export BARE=$VM_HOME/bare SERVED=$VM_HOME/served
    mkdir "$BARE"
    cp -r "$LIMA_PREFIX"/{bin,libexec,lib,share} "$BARE"
    rm "$BARE/lib/lima/drivers/lima-driver-qemu.so"
    mkdir -p "$SERVED/libexec/lima" "$SERVED/lib/lima/drivers"
    cp "$LIMA_PREFIX/libexec/lima/lima-run-driver" "$SERVED/libexec/lima/"
    cp "$LIMA_PREFIX/lib/lima/drivers/lima-driver-qemu.so" "$SERVED/lib/lima/drivers/"
    ln -s lima-run-driver "$SERVED/libexec/lima/lima-driver-qemu"
}

# mode MODE: what follows in this test runs the driver so.
mode() {
    case $1 in
        module) ;;
        isolated) export LIMA_DRIVER_ISOLATION=process ;;
        program)
            export PATH=$BARE/bin:$PATH LIMA_DRIVERS_PATH=$SERVED/libexec/lima/lima-driver-qemu
            ! LIMA_DRIVERS_PATH='' limactl driver inspect qemu
            ;;
    esac
}

# The process of the driver, by its locked PID file; empty where the driver is in process.
driver_process() { head -n 1 "$LIMA_HOME/$1/lima-driver-qemu-ha.pid" 2>/dev/null || true; }

# Not of one that has ended and that its new parent does not wait for.
alive() { grep -q '^State:.[^Z]' "/proc/$1/status" 2>/dev/null; }

# What a user sees of an instance that runs, without what differs from boot to boot.
seen() {
    status_of "$1"
    limactl list --json "$1" | python3 -c '
import json, sys
seen = json.load(sys.stdin)
print(sorted(key for key, value in seen.items() if value not in (None, "", 0, [])))'
    in_guest "$1" sh -c 'hostname; id -un; ls -d /mnt/lima-cidata /run/lima-boot-done; test -S /run/lima-guestagent.sock && echo agent'
}

boots_and_stops() { # MODE
    mode "$1"
    limactl_start "$1" "$VM_HOME/guest.yaml"
    [ "$1" = module ] || alive "$(driver_process "$1")"
    [ "$1" != module ] || [ -z "$(driver_process "$1")" ]
    seen "$1" | sed "s/lima-$1/lima-NAME/" >"$VM_HOME/seen.$1"
    # A port of the guest comes to the host by the driver's second channel.
    in_guest "$1" sh -c "mkdir -p /tmp/www && echo hello >/tmp/www/index.html &&
        (setsid busybox httpd -f -p 127.0.0.1:18471 -h /tmp/www </dev/null >/dev/null 2>&1 &)"
    soon 10 sh -c '[ "$(curl -fsS http://127.0.0.1:18471/)" = hello ]'
    limactl stop "$1"
    [ "$(status_of "$1")" = Stopped ]
    [ -z "$(leftovers "$1")" ]
}

@test "module: boots, forwards, stops" { boots_and_stops module; }
@test "isolated: boots, forwards, stops" { boots_and_stops isolated; }
@test "program: boots, forwards, stops" { boots_and_stops program; }

@test "all three look the same" {
    cat "$VM_HOME"/seen.*
    diff "$VM_HOME/seen.module" "$VM_HOME/seen.isolated"
    diff "$VM_HOME/seen.module" "$VM_HOME/seen.program"
}

stops_by_force() { # MODE
    mode "$1"
    limactl start "$1" 3>&-
    local process
    process=$(driver_process "$1")
    limactl stop --force "$1"
    [ "$(status_of "$1")" = Stopped ]
    [ -z "$(leftovers "$1")" ]
    [ -z "$process" ] || ! alive "$process"
}

@test "module: stop --force" { stops_by_force module; }
@test "isolated: stop --force" { stops_by_force isolated; }
@test "program: stop --force" { stops_by_force program; }

snapshots() { # MODE
    mode "$1"
    limactl start "$1" 3>&-
    in_guest "$1" sh -c 'echo before > /tmp/told'
    limactl snapshot create "$1" --tag one
    in_guest "$1" sh -c 'echo after > /tmp/told'
    limactl snapshot list "$1" | grep -w one
    limactl snapshot apply "$1" --tag one
    soon 20 in_guest "$1" grep -q before /tmp/told
    limactl snapshot delete "$1" --tag one
    ! limactl snapshot list --quiet "$1" | grep -w one
    limactl stop "$1"
}

@test "module: snapshots" { snapshots module; }
@test "isolated: snapshots" { snapshots isolated; }
@test "program: snapshots" { snapshots program; }

# The guest runs on, and another process takes it over.
survives_the_end_of_its_driver() { # MODE
    mode "$1"
    limactl start "$1" 3>&-
    local before process
    before=$(in_guest "$1" cat /proc/sys/kernel/random/boot_id)
    process=$(driver_process "$1")
    kill -9 "$process"
    another() { [ "$(driver_process "$1")" != "$process" ] && alive "$(driver_process "$1")"; }
    soon 10 another "$1"
    soon 10 grep -q 'has taken the VM over' "$LIMA_HOME/$1/ha.stderr.log"
    [ "$(status_of "$1")" = Running ]
    [ "$(in_guest "$1" cat /proc/sys/kernel/random/boot_id)" = "$before" ]
    limactl stop "$1"
    [ "$(status_of "$1")" = Stopped ]
    [ -z "$(leftovers "$1")" ]
}

@test "isolated: the driver's process killed" { survives_the_end_of_its_driver isolated; }
@test "program: the driver's process killed" { survives_the_end_of_its_driver program; }

@test "isolated: the host agent killed, its driver's process leaves, start takes the guest over" {
    mode isolated
    limactl start isolated 3>&-
    before=$(in_guest isolated cat /proc/sys/kernel/random/boot_id)
    process=$(driver_process isolated)
    kill -9 "$(cat "$LIMA_HOME/isolated/ha.pid")"
    gone() { ! alive "$process"; }
    soon 5 gone
    limactl start isolated 3>&-
    [ "$(in_guest isolated cat /proc/sys/kernel/random/boot_id)" = "$before" ]
    limactl delete --force isolated
    [ -z "$(pgrep -af -- "$LIMA_HOME/isolated/" || true)" ]
}
