# The external driver in Python as the user of limactl meets it, and as a host of the original's does.
load ../cli/common
load sdk

suite_setup() {
    export LIMA_DRIVERS_PATH=$LIMA_SOURCE/sdk/examples/null-python
    PROGRAM=$LIMA_DRIVERS_PATH/lima-driver-null-python
}

example() {
    echo 'vmType: null-python' | limactl create --name=dev -
}

@test "it lives and stops, and nothing is left" {
    example
    limactl start dev
    [ "$(limactl list -f '{{.VMType}} {{.Status}}' dev)" = "null-python Running" ]
    vm=$(cat "$LIMA_HOME/dev/null-python.pid")
    kill -0 "$vm"
    limactl stop dev
    [ ! -e "$LIMA_HOME/dev/null-python.pid" ]
    ! kill -0 "$vm" 2>/dev/null
    [ "$(limactl list -f '{{.Status}}' dev)" = Stopped ]
    limactl start dev
    limactl stop --force dev
    limactl delete dev
    [ -z "$(left_processes)" ]
}

@test "a wrong option is told by its field" {
    printf 'vmType: null-python\nvmOpts: {null-python: {startDelay: soon}}\n' >wrong.yaml
    run limactl start --tty=false --name=dev wrong.yaml
    assert_failure
    assert_output_has 'field `vmOpts.null-python.startDelay` must be a number of milliseconds, got '
}

@test "the VM killed: the host agent ends with the reason, and the instance starts again" {
    example
    limactl start dev
    agent=$(cat "$LIMA_HOME/dev/ha.pid")
    kill -9 "$(cat "$LIMA_HOME/dev/null-python.pid")"
    timeout 10 tail -s 0.05 --pid="$agent" -f /dev/null
    [ "$(limactl list -f '{{.Status}}' dev)" = Stopped ]
    limactl start dev
    limactl stop dev
}

@test "a copy under another name is another driver" {
    mkdir drivers
    cp "$PROGRAM" drivers/lima-driver-mine
    export LIMA_DRIVERS_PATH=$PWD/drivers
    printf 'vmType: mine\n' | limactl create --name=dev -
    limactl start dev
    [ -e "$LIMA_HOME/dev/mine.pid" ]
    limactl stop dev
}

@test "started as the original's hosts do: flags of one dash, wrong ones, none" {
    run "$PROGRAM"
    assert_success
    assert_output_has "--inst-dir"
    run "$PROGRAM" --pre-driver-action
    [ "$status" -eq 2 ]
    mkdir i
    "$PROGRAM" -inst-dir="$PWD/i" &
    until [ -S i/null-python.drv.sock ]; do sleep 0.05; done
    [ "$(stat -c %a i/null-python.drv.sock)" = 700 ]
    kill %1
    wait %1
    [ ! -e i/null-python.drv.sock ]
}
