# The example in C as the user of limactl meets it.
load ../cli/common
load sdk

example() { # line…
    export LIMA_DRIVERS_PATH=$LIMA_PREFIX/tests/examples
    printf '%s\n' 'vmType: null-c' "$@" | limactl create --name=dev -
}

@test "it lives, is taken over by the next host agent, and stops" {
    drive null-c "$LIMA_PREFIX/tests/examples"
}

@test "a wrong option is told by its field, with a hint" {
    export LIMA_DRIVERS_PATH=$LIMA_PREFIX/tests/examples
    for wrong in '"soon"' -1 1.5 1e3 90000000 '[1]' 'null'; do
        printf 'vmType: null-c\nvmOpts: {null-c: {startDelay: %s}}\n' "$wrong" >wrong.yaml
        run limactl start --tty=false --name=dev wrong.yaml
        [ "$status" -ne 0 ] || fail_with "accepted: $wrong"
        assert_output_has 'vmOpts.null-c.startDelay'
        assert_output_has 'remove it to start at once'
        limactl delete --force dev
    done
}

@test "options of others, and odd names in the instance, are no obstacle" {
    example 'vmOpts: {qemu: {x: [1, {y: "}"}]}, null-c: {startDelay: 10, later: "a\"b"}}' 'param: {}' 'message: "ü \" \\ {"'
    limactl start dev
    [ "$(limactl list -f '{{.Status}}' dev)" = Running ]
    limactl stop dev
}

@test "the VM killed: the host agent ends, and the instance starts again" {
    example
    limactl start dev
    agent=$(cat "$LIMA_HOME/dev/ha.pid")
    kill -9 "$(cat "$LIMA_HOME/dev/null-c.pid")"
    timeout 5 tail -s 0.05 --pid="$agent" -f /dev/null
    [ "$(limactl list -f '{{.Status}}' dev)" = Stopped ]
    limactl start dev
    limactl stop --force dev
    [ -z "$(left_processes)" ]
}

@test "an adopted VM that is killed is known to be gone" {
    example
    limactl start dev
    agent=$(cat "$LIMA_HOME/dev/ha.pid")
    kill -9 "$agent"
    timeout 5 tail -s 0.05 --pid="$agent" -f /dev/null
    limactl start dev
    agent=$(cat "$LIMA_HOME/dev/ha.pid")
    kill -9 "$(cat "$LIMA_HOME/dev/null-c.pid")"
    timeout 5 tail -s 0.05 --pid="$agent" -f /dev/null
    [ ! -e "$LIMA_HOME/dev/null-c.pid" ]
    [ "$(limactl list -f '{{.Status}}' dev)" = Stopped ]
}

@test "a start that is called off ends at once" {
    example 'vmOpts: {null-c: {startDelay: 60000}}'
    limactl start dev >"$BATS_HOME/start" 2>&1 &
    starting=$!
    until [ -s "$LIMA_HOME/dev/ha.pid" ]; do sleep 0.05; done
    timeout 10 limactl stop --force dev
    timeout 10 tail -s 0.05 --pid="$starting" -f /dev/null
    [ "$(limactl list -f '{{.Status}}' dev)" = Stopped ]
    [ -z "$(left_processes)" ]
}
