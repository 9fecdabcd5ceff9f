# Drivers that are processes: the null driver served by lima-run-driver, in each way in which it can come; and what is left
# when one of the processes dies.
load common

suite_setup() {
    export LIMA_DRIVER_ISOLATION=process
    unset played
}

suite_teardown() {
    [ -z "${played:-}" ] || kill -9 "$played" 2>/dev/null || true
}

ha_pid() { cat "$LIMA_HOME/dev/ha.pid"; }
vm_pid() { cat "$LIMA_HOME/dev/null.pid"; }
driver_pid() { head -n1 "$LIMA_HOME/dev/lima-driver-null-ha.pid"; }
status_of() { limactl list -f '{{.Status}}' "$1"; }

# until_ok SECONDS COMMAND…
until_ok() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.05
    done
}
is_gone() { ! kill -0 "$1" 2>/dev/null || [ "$(ps -o stat= -p "$1" | cut -c1)" = Z ]; }

nothing_left() {
    [ -z "$(find "$LIMA_HOME/dev" -name '*.sock' -o -name '*.pid')" ] || fail_with "left: $(ls "$LIMA_HOME/dev")"
    [ -z "$(left_processes)" ] || fail_with "processes: $(left_processes)"
}

@test "isolated: create, start, list, stop and delete leave nothing" {
    create_null dev
    [ ! -e "$LIMA_HOME/dev/null.drv.sock" ]
    run limactl start dev
    assert_success
    assert_output_has READY
    [ "$(status_of dev)" = Running ]
    [ -S "$LIMA_HOME/dev/null.drv.sock" ]
    readlink "/proc/$(driver_pid)/exe" | grep -q lima-run-driver
    [ "$(vm_pid)" != "$(driver_pid)" ]
    [ "$(ps -o pgid= -p "$(driver_pid)" | tr -d ' ')" = "$(driver_pid)" ]
    run ! flock -n "$LIMA_HOME/dev/lima-driver-null-ha.pid" true
    limactl stop dev
    nothing_left
    limactl delete dev
    [ ! -e "$LIMA_HOME/dev" ]
}

@test "isolated: the module is not loaded into limactl or its host agent" {
    start_null dev
    run ! grep -q lima-driver-null.so "/proc/$(ha_pid)/maps"
    grep -q lima-driver-null.so "/proc/$(driver_pid)/maps"
    limactl stop dev
}

@test "isolated: the driver's own words come through" {
    create_null dev 'vmOpts: {"null": {failStart: "no luck"}}'
    run limactl start dev
    assert_failure
    assert_output_has "no luck"
    assert_output_has 'remove `vmOpts.null.failStart` from lima.yaml'
    until_ok 5 nothing_left
    run create_null other 'vmOpts: {"null": {exitCode: 400}}'
    assert_failure
    assert_output_has 'field `vmOpts.null.exitCode` must be at most 255, got 400'
}

@test "isolated: a VM that ends is noticed at once, with its reason" {
    create_null dev 'vmOpts: {"null": {exitAfter: 1500, exitCode: 3}}'
    limactl start dev
    until_ok 10 test ! -e "$LIMA_HOME/dev/ha.pid"
    grep -q 'the null VM ends with exit code 3' "$LIMA_HOME/dev/ha.stderr.log"
    [ "$(status_of dev)" = Stopped ]
    nothing_left
}

@test "isolated: stop --force and delete --force" {
    start_null dev
    local driver vm
    driver=$(driver_pid) vm=$(vm_pid)
    run limactl stop --force dev
    assert_success
    is_gone "$driver"
    is_gone "$vm"
    nothing_left
    limactl start dev
    driver=$(driver_pid) vm=$(vm_pid)
    limactl delete --force dev
    is_gone "$driver"
    is_gone "$vm"
    [ ! -e "$LIMA_HOME/dev" ]
    [ -z "$(left_processes)" ]
}

@test "a driver process that crashes is followed by another one, and the VM runs on" {
    start_null dev
    local agent vm driver
    agent=$(ha_pid) vm=$(vm_pid) driver=$(driver_pid)
    kill -SEGV "$driver"
    until_ok 10 grep -q 'a new one has taken the VM over' "$LIMA_HOME/dev/ha.stderr.log"
    [ "$(ha_pid)" = "$agent" ]
    [ "$(vm_pid)" = "$vm" ]
    [ "$(driver_pid)" != "$driver" ]
    [ "$(status_of dev)" = Running ]
    limactl stop dev
    is_gone "$vm"
    nothing_left
}

@test "a VM that dies with its driver process is noticed at once, and the instance starts again" {
    start_null dev
    local agent
    agent=$(ha_pid)
    kill -9 "$(vm_pid)" "$(driver_pid)"
    until_ok 10 is_gone "$agent"
    [ "$(status_of dev)" = Stopped ]
    limactl start dev
    [ "$(status_of dev)" = Running ]
    limactl stop dev
    nothing_left
}

@test "a driver process that is stuck does not keep stop --force" {
    start_null dev
    local driver
    driver=$(driver_pid)
    kill -STOP "$driver"
    run limactl stop --force dev
    kill -CONT "$driver" 2>/dev/null || true
    assert_success
    is_gone "$driver"
    nothing_left
}

@test "kill -9 of the host agent: its driver process leaves, and start takes the VM over" {
    start_null dev
    local driver vm
    driver=$(driver_pid) vm=$(vm_pid)
    kill -9 "$(ha_pid)"
    until_ok 5 is_gone "$driver"
    kill -0 "$vm"
    run limactl start dev
    assert_success
    [ "$(vm_pid)" = "$vm" ]
    [ "$(status_of dev)" = Running ]
    limactl stop dev
    is_gone "$vm"
    nothing_left
}

@test "kill -9 of the host agent and of its driver process" {
    start_null dev
    kill -9 "$(ha_pid)" "$(driver_pid)"
    run limactl start dev
    assert_success
    [ "$(status_of dev)" = Running ]
    limactl stop dev
    nothing_left
}

@test "kill -9 of limactl while it prepares leaves no driver process" {
    create_null dev 'vmOpts: {"null": {startDelay: 60000}}'
    limactl start dev >/dev/null 2>&1 &
    local cli=$!
    until_ok 20 grep -qs 'Starting the VM' "$LIMA_HOME/dev/ha.stderr.log"
    kill -9 "$cli" "$(ha_pid)"
    local driver
    driver=$(driver_pid)
    until_ok 5 is_gone "$driver"
    limactl stop --force dev
    nothing_left
}

@test "after a reboot: PID files that name other programs are removed and nobody is signalled" {
    create_null dev
    sleep 300 3>&- &
    played=$!
    printf '%s\n' "$played" >"$LIMA_HOME/dev/null.drv.pid"
    printf '%s\n12345\n/x/lima-driver-null\n' "$played" >"$LIMA_HOME/dev/lima-driver-null-ha.pid"
    printf '1\n' >"$LIMA_HOME/dev/lima-driver-null-cli.pid"
    printf 'rubbish\n' >"$LIMA_HOME/dev/lima-driver-other-cli.pid"
    run limactl start dev
    assert_success
    kill -0 "$played"
    limactl stop --force dev
    kill -0 "$played"
    [ -z "$(find "$LIMA_HOME/dev" -name '*.pid')" ] || fail_with "left: $(ls "$LIMA_HOME/dev")"
}

# A process that looks as one that the original has left: its words name a driver, its file has a pid and no more.
orphan() {
    mkdir -p "$BATS_HOME/bin"
    printf '#!/bin/sh\n%s\nwhile :; do sleep 0.1; done\n' "${1:-}" >"$BATS_HOME/bin/lima-driver-null"
    chmod 755 "$BATS_HOME/bin/lima-driver-null"
    "$BATS_HOME/bin/lima-driver-null" --inst-dir "$LIMA_HOME/dev" 3>&- &
    played=$!
    printf '%s' "$played" >"$LIMA_HOME/dev/null.drv.pid"
}

@test "orphans of the original's make are ended by start" {
    create_null dev
    orphan
    run limactl start dev
    assert_success
    assert_output_has "Ending the process of the driver null (process $played)"
    is_gone "$played"
    [ ! -e "$LIMA_HOME/dev/null.drv.pid" ]
    limactl stop dev
}

@test "orphans are ended by stop --force and delete --force, with SIGKILL where they do not listen" {
    create_null dev
    orphan 'trap "" TERM'
    sleep 0.3
    run limactl stop --force dev
    assert_success
    is_gone "$played"
    orphan
    run limactl delete --force dev
    assert_success
    is_gone "$played"
    [ ! -e "$LIMA_HOME/dev" ]
}

@test "a driver that is a program: found, listed, inspected, started" {
    unset LIMA_DRIVER_ISOLATION
    mkdir -p "$BATS_HOME/own"
    ln -s "$LIMA_PREFIX/libexec/lima/lima-run-driver" "$BATS_HOME/own/lima-driver-null"
    export LIMA_DRIVERS_PATH=$BATS_HOME/own
    run limactl driver list
    assert_success
    [[ $output =~ null\ +external\ +1\.0\ +1\.0\.0\ +loaded ]] || fail_with "no row for null"
    run limactl driver inspect null
    assert_success
    [[ $output =~ Protocol:\ +lima\.driver\.v1 ]] || fail_with "no protocol"
    [[ $output =~ Extensions:\ .*lima\.adopt/1 ]] || fail_with "no extensions"
    assert_output_has '"exitCode"'
    start_null dev
    readlink "/proc/$(driver_pid)/exe" | grep -q lima-run-driver
    tr '\0' ' ' <"/proc/$(driver_pid)/cmdline" | grep -q "^$BATS_HOME/own/lima-driver-null --inst-dir $LIMA_HOME/dev "
    [ "$(status_of dev)" = Running ]
    limactl stop dev
    nothing_left
    limactl delete dev
}

@test "a program that is no driver is refused with the reason" {
    mkdir -p "$BATS_HOME/own"
    printf '#!/bin/sh\necho "not today" >&2\nexit 7\n' >"$BATS_HOME/own/lima-driver-odd"
    chmod 755 "$BATS_HOME/own/lima-driver-odd"
    export LIMA_DRIVERS_PATH=$BATS_HOME/own
    run limactl driver list
    assert_success
    [[ $output =~ odd\ +external\ +-\ +-\ +refused ]] || fail_with "no row for odd"
    assert_output_has "exit status 7"
    assert_output_has "not today"
    run limactl driver inspect odd
    [ "$status" -eq 1 ]
    assert_output_has "the driver odd cannot be used"
}

@test "LIMA_DRIVER_ISOLATION with another word is refused" {
    LIMA_DRIVER_ISOLATION=thread run create_null dev
    assert_failure
    assert_output_has 'LIMA_DRIVER_ISOLATION must be `process` or `none`'
}

@test "isolated: five rounds leave no process, socket or lock" {
    create_null dev
    for _ in 1 2 3 4 5; do
        limactl start dev
        limactl stop dev
    done
    nothing_left
}

# Of another make: the example in Python, which speaks the original's protocol.
python_driver() {
    /usr/bin/python3 -c 'import grpc' 2>/dev/null || skip "python3-grpcio is not installed"
    unset LIMA_DRIVER_ISOLATION
    mkdir -p "$BATS_HOME/own"
    cp "$LIMA_SOURCE/sdk/examples/null-python/lima-driver-null-python" "$BATS_HOME/own/lima-driver-py"
    export LIMA_DRIVERS_PATH=$BATS_HOME/own
    printf 'vmType: py\n' | limactl create --name=dev -
}
py_pid() { head -n1 "$LIMA_HOME/dev/lima-driver-py-$1.pid"; }

@test "another make: the driver's process is killed" {
    python_driver
    limactl start dev
    local agent vm
    agent=$(ha_pid) vm=$(cat "$LIMA_HOME/dev/py.pid")
    kill -9 "$(py_pid ha)"
    until_ok 5 is_gone "$agent"
    grep -q 'lima-driver-py (process .*) has ended (signal 9' "$LIMA_HOME/dev/ha.stderr.log"
    limactl stop --force dev
    is_gone "$vm"
    nothing_left
    limactl start dev
    limactl stop dev
    nothing_left
}

@test "another make: the host agent is killed, and start clears away what stays" {
    python_driver
    limactl start dev
    local driver
    driver=$(py_pid ha)
    kill -9 "$(ha_pid)"
    until_ok 5 test ! -e "$LIMA_HOME/dev/py.pid"
    kill -0 "$driver"
    [ "$(status_of dev)" = Stopped ]
    run limactl start dev
    assert_success
    assert_output_has "Ending the process of the driver py (process $driver)"
    is_gone "$driver"
    [ "$(status_of dev)" = Running ]
    limactl stop dev
    nothing_left
}

# The file names limactl until there is a process of the driver's.
names_another_process() { # PID
    [ -s "$LIMA_HOME/dev/lima-driver-py-cli.pid" ] && [ "$(py_pid cli)" != "$1" ]
}

@test "another make: limactl is killed while its driver's process starts" {
    python_driver
    printf '#!/bin/bash\nsleep 2\nexec "%s/own/first" "$@"\n' "$BATS_HOME" >"$BATS_HOME/own/slow"
    chmod 755 "$BATS_HOME/own/slow"
    mv "$BATS_HOME/own/lima-driver-py" "$BATS_HOME/own/first"
    sed -i 's/^NAME = .*/NAME = "py"/' "$BATS_HOME/own/first"
    mv "$BATS_HOME/own/slow" "$BATS_HOME/own/lima-driver-py"
    limactl start dev >/dev/null 2>&1 &
    local cli=$!
    until_ok 10 names_another_process "$cli"
    kill -9 "$cli"
    local driver
    driver=$(py_pid cli)
    until_ok 10 test -S "$LIMA_HOME/dev/py.drv.sock"
    kill -0 "$driver"
    run limactl delete dev
    assert_success
    is_gone "$driver"
    [ ! -e "$LIMA_HOME/dev" ]
}

# A program of which only --inspect-status is wanted.
status_driver() { # STATUS
    unset LIMA_DRIVER_ISOLATION
    mkdir -p "$BATS_HOME/own"
    printf '#!/bin/sh\n[ "$1" = --inspect-status ] || exit 1\njq -c "@base64d | fromjson | .status = \\"%s\\" | .sshAddress = \\"10.9.8.7\\" | tojson | @base64"\n' \
        "$1" >"$BATS_HOME/own/lima-driver-odd"
    chmod 755 "$BATS_HOME/own/lima-driver-odd"
    export LIMA_DRIVERS_PATH=$BATS_HOME/own
    mkdir -p "$LIMA_HOME/dev"
    printf 'vmType: odd\n' >"$LIMA_HOME/dev/lima.yaml"
}

@test "the status is what --inspect-status says, without a process that stays" {
    status_driver Installing
    run --separate-stderr limactl list --json dev
    assert_success
    [ "$(jq -r .status <<<"$output")" = Installing ]
    [ "$(jq -r .sshAddress <<<"$output")" = 10.9.8.7 ]
    [ -z "$(left_processes)" ]
    status_driver ""
    [ "$(status_of dev)" = Stopped ]
}

@test "a host agent that does not answer stays Broken, whatever the driver says" {
    status_driver Running
    (
        exec 9>"$LIMA_HOME/dev/ha.pid"
        flock 9
        echo $BASHPID >&9
        exec sleep 60 3>&-
    ) &
    played=$!
    until_ok 5 test -s "$LIMA_HOME/dev/ha.pid"
    run --separate-stderr limactl list --json dev
    kill "$played"
    [ "$(jq -r .status <<<"$output")" = Broken ]
    jq -e '.errors[] | select(contains("cannot ask the host agent"))' <<<"$output"
}

@test "a program that does not answer --inspect-status makes Broken with the reason" {
    status_driver Running
    printf '#!/bin/sh\necho "out of order" >&2\nexit 9\n' >"$BATS_HOME/own/lima-driver-odd"
    run --separate-stderr limactl list --json dev
    [ "$(jq -r .status <<<"$output")" = Broken ]
    jq -e '.errors[] | select(contains("exit status 9") and contains("out of order"))' <<<"$output"
}

window_on_the_main_thread() { # ISOLATION
    export LIMA_DRIVER_ISOLATION=$1
    start_null dev 'vmOpts: {"null": {gui: true}}'
    until_ok 5 grep -q 'the window is up, on the main thread' "$LIMA_HOME/dev/ha.stderr.log"
    # It is no call of its own among the others.
    [ "$(status_of dev)" = Running ]
    limactl stop dev
    grep -q 'the window is gone' "$LIMA_HOME/dev/ha.stderr.log"
    nothing_left
}

@test "a window has the main thread of the host agent" { window_on_the_main_thread none; }
@test "isolated: a window has the main thread of the driver's process" { window_on_the_main_thread process; }
