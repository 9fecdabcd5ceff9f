# The disk of the instances is full, before a real guest starts and while it runs: what cannot be done is said with the
# disk's name, what runs goes on, and the next command works. The disk is a tmpfs, which root alone can mount.
load common

suite_setup() {
    mkdir -p "$LIMA_HOME"
    mount -t tmpfs -o size=192m none "$LIMA_HOME" 2>/dev/null || skip "only root can mount a tmpfs"
    need_guest mini
    limactl create --tty=false --name=full template:debian-12-bootstrap-mini
}

teardown_file() {
    limactl delete --force full >/dev/null 2>&1 || true
    umount -l "$LIMA_HOME" 2>/dev/null || true
    rm -rf "$VM_HOME"
}

# leave KIB: so much of the disk stays free
leave() {
    rm -f "$LIMA_HOME/fill"
    local free
    free=$(df --output=avail -k "$LIMA_HOME" | tail -n 1)
    fallocate -l $(((free - $1) * 1024)) "$LIMA_HOME/fill"
}

make_room() { rm -f "$LIMA_HOME/fill"; }

fetch() { curl -sf --max-time 5 http://127.0.0.1:18101/; }

serve() {
    in_guest full sh -c 'mkdir -p /tmp/www && echo here >/tmp/www/index.html &&
        (setsid busybox httpd -f -p 127.0.0.1:18101 -h /tmp/www </dev/null >/dev/null 2>&1 &)'
}

@test "start without room names the disk" {
    for kib in 0 300 516 600 4096; do
        leave "$kib"
        run timeout 60 limactl start --tty=false full 3>&-
        echo "$kib KiB left: $output"
        [ "$status" -eq 1 ]
        [[ $output == *"o space left on device"* ]]
        [[ $output == *"make room on the disk of \`$LIMA_HOME/full\`"* ]]
        [ "$(status_of full)" = Stopped ]
        [ -z "$(leftovers full)" ]
    done
    # the last had room for events: they name the phase
    grep -q '"phase":{"name":"setup","state":"failed".*"hint":"make room' "$LIMA_HOME/full/ha.stdout.log"
}

@test "what runs goes on when the disk fills" {
    make_room
    limactl start --tty=false full 3>&-
    leave 0
    serve
    soon 10 fetch
    [ "$(status_of full)" = Running ]
    limactl stop full
    [ "$(status_of full)" = Stopped ]
    [ -z "$(leftovers full)" ]
}

@test "the host agent killed on a full disk: the guest is adopted, and stops" {
    make_room
    limactl start --tty=false full 3>&-
    serve
    soon 10 fetch
    leave 0
    kill -9 "$(cat "$LIMA_HOME/full/ha.pid")"
    [ "$(status_of full)" = Broken ]
    run timeout 60 limactl start --tty=false full 3>&-
    echo "$output"
    [ "$status" -eq 0 ]
    soon 10 fetch
    limactl stop full
    [ -z "$(leftovers full)" ]
}

@test "QEMU killed on a full disk: the instance is stopped, and starts once there is room" {
    make_room
    limactl start --tty=false full 3>&-
    leave 0
    kill -9 "$(cat "$LIMA_HOME/full/qemu.pid")"
    is_stopped() { [ "$(status_of full)" = Stopped ]; }
    soon 5 is_stopped
    make_room
    limactl start --tty=false full 3>&-
    limactl stop full
    leave 0
    limactl delete full
    [ ! -e "$LIMA_HOME/full" ]
}
