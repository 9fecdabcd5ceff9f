# Create, start, stop, restart, delete with the null driver: real processes and locks, no guest.
load common

@test "create keeps the text as it was, and start, list, stop, delete work" {
    run create_null dev '# mine' 'cpus: 2   # two'
    assert_success
    assert_output_has 'limactl start dev'
    grep -qx 'cpus: 2   # two' "$LIMA_HOME/dev/lima.yaml"
    [ "$(stat -c %a "$LIMA_HOME/dev")" = 700 ]
    [ "$(cat "$LIMA_HOME/dev/lima-version")" = "v$(limactl --version | cut -d' ' -f3)" ]
    run limactl start dev
    assert_success
    assert_output_has READY
    [ "$(limactl list -f '{{.Status}}' dev)" = Running ]
    [ -s "$LIMA_HOME/dev/ha.pid" ]
    run limactl start dev
    assert_success
    assert_output_has "already running"
    run limactl stop dev
    assert_success
    [ "$(limactl list -f '{{.Status}}' dev)" = Stopped ]
    [ ! -e "$LIMA_HOME/dev/ha.pid" ]
    [ ! -e "$LIMA_HOME/dev/ha.sock" ]
    run limactl delete dev
    assert_success
    assert_output_has 'Deleted `dev`'
    [ ! -e "$LIMA_HOME/dev" ]
    [ -z "$(left_processes)" ]
}

@test "ten rounds leave no process, socket or lock" {
    create_null dev
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        limactl start dev
        limactl stop dev
    done
    [ -z "$(left_processes)" ]
    [ -z "$(find "$LIMA_HOME/dev" -name '*.sock' -o -name '*.pid' -o -name '*.tmp')" ]
    limactl delete dev
}

@test "restart" {
    start_null dev
    before=$(cat "$LIMA_HOME/dev/ha.pid")
    run limactl restart dev
    assert_success
    [ "$(cat "$LIMA_HOME/dev/ha.pid")" != "$before" ]
    [ "$(limactl list -f '{{.Status}}' dev)" = Running ]
}

@test "restart of a stopped instance starts it" {
    create_null dev
    run limactl restart dev
    assert_success
    assert_output_has "not running"
    [ "$(limactl list -f '{{.Status}}' dev)" = Running ]
}

@test "stop --force kills what is there and cleans up" {
    start_null dev
    run limactl stop --force dev
    assert_success
    [ "$(limactl list -f '{{.Status}}' dev)" = Stopped ]
    [ -z "$(left_processes)" ]
}

@test "stop of a stopped instance says so" {
    create_null dev
    run limactl stop dev
    [ "$status" -eq 1 ]
    assert_output_has "limactl stop -f dev"
}

@test "delete needs --force while it runs, and never takes a protected one" {
    start_null dev
    run limactl delete dev
    [ "$status" -eq 1 ]
    [ -d "$LIMA_HOME/dev" ]
    limactl protect dev
    run limactl delete --force dev
    [ "$status" -eq 1 ]
    assert_output_has 'failed to delete instance `dev`: instance is protected'
    run limactl protect dev
    assert_success
    assert_output_has "is already protected. Skipping."
    limactl unprotect dev
    run limactl unprotect dev
    assert_output_has "isn't protected. Skipping."
    run limactl delete --force dev
    assert_success
    [ -z "$(left_processes)" ]
}

@test "delete of a missing instance is a warning" {
    run limactl delete nothing
    assert_success
    assert_output_has 'Ignoring non-existent instance `nothing`'
}

@test "a directory without lima.yaml is kept" {
    mkdir -p "$LIMA_HOME/odd"
    echo mine >"$LIMA_HOME/odd/file"
    run limactl delete odd
    [ "$status" -eq 1 ]
    [ "$(cat "$LIMA_HOME/odd/file")" = mine ]
    run limactl list
    assert_output_has odd
    assert_output_has Broken
}

@test "a blank directory, which a death during create left, goes with delete" {
    mkdir -p "$LIMA_HOME/blank"
    run limactl delete blank
    assert_success
    [ ! -e "$LIMA_HOME/blank" ]
}

@test "two instances at once" {
    start_null one
    start_null two
    [ "$(limactl list -f '{{.Name}}={{.Status}}' | sort | tr '\n' ' ')" = "one=Running two=Running " ]
    limactl stop one two
}

@test "two starts of one instance: one wins, the other says so" {
    create_null dev 'vmOpts: {"null": {startDelay: 1000}}'
    limactl start dev >"$BATS_HOME/a" 2>&1 &
    first=$!
    limactl start dev >"$BATS_HOME/b" 2>&1 &
    second=$!
    a=0 b=0
    wait "$first" || a=$?
    wait "$second" || b=$?
    cat "$BATS_HOME/a" "$BATS_HOME/b"
    [ "$((a + b))" -le 1 ]
    [ "$(limactl list -f '{{.Status}}' dev)" = Running ]
    [ "$(grep -l READY "$BATS_HOME/a" "$BATS_HOME/b" | wc -l)" -ge 1 ]
    if [ "$((a + b))" = 1 ]; then
        grep -qE 'another|busy|in progress' "$BATS_HOME/a" "$BATS_HOME/b"
    fi
    [ "$(pgrep -cf "lima-hostagent.*$LIMA_HOME")" = 1 ]
}

@test "start of an instance that is shutting down waits for that" {
    create_null dev 'vmOpts: {"null": {hangStop: true}}'
    limactl start dev
    agent=$(cat "$LIMA_HOME/dev/ha.pid")
    kill -INT "$agent"
    until grep -q 'shutting down the host agent' "$LIMA_HOME/dev/ha.stderr.log"; do sleep 0.05; done
    limactl start dev >"$BATS_HOME/a" 2>&1 3>&- &
    starting=$!
    until grep -q 'is shutting down' "$BATS_HOME/a"; do
        kill -0 "$starting"
        sleep 0.05
    done
    kill -INT "$agent" # the second: at once
    wait "$starting"
    cat "$BATS_HOME/a"
    grep -q READY "$BATS_HOME/a"
    [ "$(cat "$LIMA_HOME/dev/ha.pid")" != "$agent" ]
    [ "$(limactl list -f '{{.Status}}' dev)" = Running ]
}

@test "a stale ha.pid that names a live stranger harms nothing" {
    create_null dev
    sleep 300 &
    stranger=$!
    echo "$stranger" >"$LIMA_HOME/dev/ha.pid"
    [ "$(limactl list -f '{{.Status}}' dev)" = Stopped ]
    run limactl start dev
    assert_success
    run limactl stop --force dev
    kill -0 "$stranger"
    echo "$stranger" >"$LIMA_HOME/dev/ha.pid"
    echo "$stranger" >"$LIMA_HOME/dev/null.pid"
    run limactl delete --force dev
    assert_success
    kill -0 "$stranger"
    kill "$stranger"
}

@test "the host agent killed: list says so, start brings it back" {
    start_null dev
    kill -9 "$(cat "$LIMA_HOME/dev/ha.pid")"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ "$(limactl list -f '{{.Status}}' dev 2>/dev/null)" = Running ] || break
        sleep 0.1
    done
    run limactl start dev
    assert_success
    [ "$(limactl list -f '{{.Status}}' dev)" = Running ]
    limactl stop dev
    [ -z "$(left_processes)" ]
}

@test "the VM killed: the host agent ends, and the instance starts again" {
    start_null dev
    agent=$(cat "$LIMA_HOME/dev/ha.pid")
    kill -9 "$(cat "$LIMA_HOME/dev/null.pid")"
    timeout 5 tail --pid="$agent" -f /dev/null
    [ "$(limactl list -f '{{.Status}}' dev)" = Stopped ]
    run limactl start dev
    assert_success
}

@test "a start that fails names phase, cause and next step, and works once the cause is gone" {
    create_null dev 'vmOpts: {"null": {failStart: "no luck today"}}'
    run limactl start dev
    [ "$status" -eq 1 ]
    assert_output_has "no luck today"
    [ "$(limactl list -f '{{.Status}}' dev)" = Stopped ]
    run limactl start --set '.vmOpts = null' dev
    assert_success
}

@test "an exit during boot is known at once" {
    create_null dev 'vmOpts: {"null": {exitAfter: 200, startDelay: 0}}'
    run timeout 20 limactl start dev
    [ "$status" -ne 124 ]
}

@test "--foreground runs the host agent in place" {
    create_null dev
    limactl start --foreground dev >"$BATS_HOME/out" 2>&1 </dev/null &
    pid=$!
    for _ in $(seq 100); do
        [ "$(limactl list -f '{{.Status}}' dev 2>/dev/null)" = Running ] && break
        sleep 0.1
    done
    [ "$(limactl list -f '{{.Status}}' dev)" = Running ]
    [ "$(cat "$LIMA_HOME/dev/ha.pid")" = "$pid" ]
    limactl stop dev
    wait "$pid" || true
}

@test "edits: flags on start and restart change only their lines" {
    create_null dev 'cpus: 1  # one' '# end'
    limactl start --cpus=2 dev
    grep -qx 'cpus: 2  # one' "$LIMA_HOME/dev/lima.yaml"
    grep -qx '# end' "$LIMA_HOME/dev/lima.yaml"
    [ "$(limactl list -f '{{.CPUs}}' dev)" = 2 ]
    run limactl start --set '.cpus = "many"' dev
    [ "$status" -eq 1 ]
    [ -e lima.REJECTED.yaml ]
    grep -qx 'cpus: 2  # one' "$LIMA_HOME/dev/lima.yaml"
}
