# docs/writing-a-driver.md, followed word by word in an empty directory.
load ../cli/common
load sdk

@test "the tutorial ends with a driver that starts" {
    install_sdk
    mkdir mydriver
    cd mydriver
    python3 "$LIMA_SOURCE/tests/sdk/follow.py" "$LIMA_SOURCE/docs/writing-a-driver.md" >../steps
    grep -q 'limactl start .*--vm-type=mydriver' ../steps
    PREFIX=$SDK run bash ../steps
    assert_success
    refute_output_has "warning:"
    export LIMA_DRIVERS_PATH=$PWD/installed/lib/lima/drivers
    [ "$(limactl list -f '{{.VMType}} {{.Status}}' mine)" = "mydriver Running" ]
    printf 'vmType: mydriver\nvmOpts: {mydriver: {command: 7}}\n' >wrong.yaml
    run limactl start --tty=false --name=wrong wrong.yaml
    assert_failure
    assert_output_has 'vmOpts.mydriver.command'
    limactl stop mine
    [ -z "$(left_processes)" ]
}
