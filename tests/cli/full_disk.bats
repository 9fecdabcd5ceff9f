# A disk that is full before an instance starts and while it runs: every command says so or works, and nothing is left
# that hinders the next start. The disk is a small tmpfs, which root alone can mount.
load common

suite_setup() {
    mkdir -p "$LIMA_HOME"
    mount -t tmpfs -o size=4m none "$LIMA_HOME" 2>/dev/null || skip "only root can mount a tmpfs"
    create_null dev
}

suite_teardown() {
    local name
    for name in $(limactl list -q 2>/dev/null); do
        limactl delete --force "$name" >/dev/null 2>&1 || true
    done
    umount -l "$LIMA_HOME" 2>/dev/null || true
}

# leave KIB: so much of the disk stays free
leave() {
    rm -f "$LIMA_HOME/fill"
    local free
    free=$(df --output=avail -k "$LIMA_HOME" | tail -n 1)
    [ "$free" -le "$1" ] || fallocate -l $(((free - $1) * 1024)) "$LIMA_HOME/fill"
    [ "$(df --output=avail -k "$LIMA_HOME" | tail -n 1)" -le "$1" ]
}

make_room() { rm -f "$LIMA_HOME/fill"; }
status_of_dev() { limactl list -f '{{.Status}}' dev; }

@test "whatever is left of the disk, start works or says why not, and works once there is room" {
    for kib in 0 4 128 256 260 384 512 516 520 524 528 532 640; do
        leave "$kib"
        run timeout 30 limactl start dev
        echo "$kib KiB left: $output"
        if [ "$status" -ne 0 ]; then
            [ "$status" -eq 1 ]
            assert_output_has 'o space left on device'
            [[ $output =~ phase=(setup|vm) ]]
            assert_output_has "make room on the disk of \`$LIMA_HOME/dev\`"
            [ "$(status_of_dev)" = Stopped ]
        else
            [ "$(status_of_dev)" = Running ]
            limactl stop dev
        fi
        [ -z "$(left_processes)" ]
    done
    leave 0
    run limactl start dev
    assert_failure
    make_room
    limactl start dev
    [ "$(status_of_dev)" = Running ]
    limactl stop dev
    [ -z "$(find "$LIMA_HOME/dev" -name '*.sock' -o -name '*.pid' -o -name '*.tmp')" ]
}

@test "a disk that fills while the instance runs" {
    limactl start dev
    leave 0
    [ "$(status_of_dev)" = Running ]
    run timeout 30 limactl stop dev
    assert_success
    [ "$(status_of_dev)" = Stopped ]
    make_room
    limactl start dev
    leave 0
    kill -9 "$(cat "$LIMA_HOME/dev/null.pid")"
    gone() { [ ! -e "$LIMA_HOME/dev/ha.pid" ]; }
    for _ in {1..100}; do gone || sleep 0.05; done
    [ "$(status_of_dev)" = Stopped ]
    grep -q '"level":"fatal"' "$LIMA_HOME/dev/ha.stderr.log"
    run limactl delete dev
    assert_success
    [ ! -e "$LIMA_HOME/dev" ]
}

@test "the host agent killed on a full disk: its VM is adopted or ended" {
    limactl start dev
    leave 0
    kill -9 "$(cat "$LIMA_HOME/dev/ha.pid")"
    [ "$(status_of_dev)" = Broken ]
    # nothing of the disk was free, but what the old logs held
    run timeout 30 limactl start dev
    assert_success
    assert_output_has "taking it over"
    [ "$(status_of_dev)" = Running ]
    run timeout 30 limactl stop --force dev
    assert_success
    [ "$(status_of_dev)" = Stopped ]
    [ -z "$(left_processes)" ]
    make_room
    limactl start dev
    limactl stop dev
}

@test "create on a full disk leaves nothing" {
    leave 0
    run create_null other
    assert_failure
    assert_output_has 'o space left on device'
    run limactl list -q
    [ "$output" = dev ]
    make_room
    create_null other
}
