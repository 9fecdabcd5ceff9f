# limactl driver, with the null driver and files that are no drivers.
load common

suite_setup() { mkdir "$BATS_HOME/own"; }

# Root can read everything.
as_nobody() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=65534 --clear-groups -- "$@"
    else
        "$@"
    fi
}

@test "driver list names each driver, its kind and where it is" {
    run --separate-stderr limactl driver list
    assert_success
    assert_output_has "NAME"
    [[ $output =~ null\ +module\ +1\.0\ +1\.0\.0\ +loaded\ +.*/lib/lima/drivers/lima-driver-null\.so ]] ||
        fail_with "no row for null"
    [[ $output =~ qemu\ +module\ +1\.0 ]] || fail_with "no row for qemu"
    [ -z "$stderr" ]
}

@test "driver list says why a file was refused, and goes on" {
    printf 'this is no library, whatever its name says\n' >"$BATS_HOME/own/lima-driver-broken.so"
    cp "$LIMA_PREFIX/lib/lima/drivers/lima-driver-null.so" "$BATS_HOME/own/lima-driver-open.so"
    chmod 666 "$BATS_HOME/own/lima-driver-open.so"
    ln -s gone.so "$BATS_HOME/own/lima-driver-gone.so"
    cp "$LIMA_PREFIX/lib/lima/drivers/lima-driver-null.so" "$BATS_HOME/own/lima-driver-other.so"
    LIMA_DRIVERS_PATH=$BATS_HOME/own:$BATS_HOME/nowhere run limactl driver list
    assert_success
    assert_output_has "lima-driver-broken.so is no driver module: not an ELF file"
    assert_output_has "lima-driver-open.so: world-writable: refused"
    assert_output_has "lima-driver-gone.so: No such file"
    assert_output_has 'holds the driver "null", its file name says "other": rename the file'
    assert_output_has "$BATS_HOME/nowhere: not found"
    [[ $output =~ null\ +module\ +1\.0 ]] || fail_with "null is gone"
}

@test "driver list --json has an object a line" {
    printf 'this is no library, whatever its name says\n' >"$BATS_HOME/own/lima-driver-broken.so"
    LIMA_DRIVERS_PATH=$BATS_HOME/own run --separate-stderr limactl driver list --json
    assert_success
    echo "$output" | jq -se 'map(select(.name == "null"))[0] |
        .state == "loaded" and .kind == "module" and .abi == "1.0" and .id == "io.lima-vm.null"
        and (.extensions | index("lima.adopt/1")) and .info.needsImage == false'
    echo "$output" | jq -se 'map(select(.name == "broken"))[0] |
        .state == "refused" and (.reason | endswith("not an ELF file")) and (has("abi") | not)'
}

@test "driver list fails where no driver can be used" {
    mkdir -p "$BATS_HOME/alone/bin"
    cp "$LIMA_PREFIX/bin/limactl" "$BATS_HOME/alone/bin/"
    run "$BATS_HOME/alone/bin/limactl" driver list
    [ "$status" -eq 1 ]
    assert_output_has "no driver can be used"
    assert_output_has "LIMA_DRIVERS_PATH"
    assert_output_has "$BATS_HOME/alone/lib/lima/drivers: not found"
}

@test "a file that cannot be read is refused with that reason" {
    cp "$LIMA_PREFIX/lib/lima/drivers/lima-driver-null.so" "$BATS_HOME/own/lima-driver-secret.so"
    chmod 000 "$BATS_HOME/own/lima-driver-secret.so"
    chmod 755 "$BATS_HOME" "$BATS_HOME/own"
    as_nobody test -x "$LIMA_PREFIX/bin/limactl" || skip "the build tree is root's alone"
    LIMA_DRIVERS_PATH=$BATS_HOME/own run as_nobody limactl driver list
    assert_output_has "cannot open $BATS_HOME/own/lima-driver-secret.so: permission denied"
    LIMA_DRIVERS_PATH=$BATS_HOME/own run as_nobody limactl driver inspect secret
    [ "$status" -eq 1 ]
    assert_output_has "the driver secret cannot be used"
}

@test "driver inspect tells what a driver can do" {
    run --separate-stderr limactl driver inspect null
    assert_success
    [[ $output =~ State:\ +loaded ]] || fail_with "no state"
    [[ $output =~ Id:\ +io\.lima-vm\.null ]] || fail_with "no id"
    [[ $output =~ Extensions:\ .*lima\.adopt/1 ]] || fail_with "no extensions"
    [[ $output =~ Image\ formats:\ +none\ is\ needed ]] || fail_with "no image formats"
    run --separate-stderr limactl driver inspect --json qemu
    assert_success
    echo "$output" | jq -e '.name == "qemu" and .info.features.supportedImageFormats == ["qcow2", "raw", "vmdk", "vhdx"]
        and .others == [] and (.location | endswith("/lima-driver-qemu.so"))'
}

@test "driver inspect names the others of that name" {
    cp "$LIMA_PREFIX/lib/lima/drivers/lima-driver-null.so" "$BATS_HOME/own/"
    export LIMA_DRIVERS_PATH=$BATS_HOME/own
    run limactl driver inspect null
    assert_success
    [[ $output =~ Location:\ +$BATS_HOME/own/lima-driver-null\.so ]] || fail_with "not the first"
    assert_output_has "lib/lima/drivers/lima-driver-null.so: hidden by $BATS_HOME/own/lima-driver-null.so"
    run --separate-stderr limactl driver inspect --json null
    echo "$output" | jq -e '.others | length == 1 and .[0].state == "hidden"'
}

@test "driver inspect of what cannot be used fails and says why" {
    printf 'this is no library, whatever its name says\n' >"$BATS_HOME/own/lima-driver-broken.so"
    export LIMA_DRIVERS_PATH=$BATS_HOME/own
    run limactl driver inspect broken
    [ "$status" -eq 1 ]
    [[ $output =~ State:\ +refused ]] || fail_with "no state"
    assert_output_has "the driver broken cannot be used: "
    assert_output_has "not an ELF file"
    run limactl driver inspect nothing
    [ "$status" -eq 1 ]
    assert_output_has "lima-driver-nothing.so: not found"
}

@test "driver has help, wants a name, and completes it" {
    for command in "driver" "driver list" "driver inspect"; do
        # shellcheck disable=SC2086
        run limactl $command --help
        assert_success
        assert_output_has "limactl $command"
    done
    run limactl driver inspect
    [ "$status" -eq 1 ]
    run limactl __completeNoDesc driver in
    [ "${lines[0]}" = inspect ]
    run limactl __completeNoDesc driver inspect nu
    [ "${lines[0]}" = null ]
}

@test "driver inspect prints the schema of the driver's options" {
    run limactl driver inspect null
    assert_success
    assert_output_has "JSON schema of vmOpts.null:"
    run --separate-stderr limactl driver inspect --json qemu
    echo "$output" | jq -e '.configSchema.properties | has("cpuType") and has("minimumVersion")'
}

@test "a mistake in vmOpts is told with file, line, column and field" {
    null_yaml 'vmOpts:' '  "null":' '    exitCode: 300' '    exitcode: 3' >vm.yaml
    run limactl create --name=dev ./vm.yaml
    [ "$status" -eq 1 ]
    assert_output_has 'vm.yaml:4:15: field `vmOpts.null.exitCode` must be at most 255, got 300'
    assert_output_has 'vm.yaml:5:15: field `vmOpts.null.exitcode` is unknown, did you mean `exitCode`? (known: '
    [ ! -e "$LIMA_HOME/dev" ]
    run limactl validate ./vm.yaml
    [ "$status" -eq 1 ]
    assert_output_has 'vm.yaml:4:15: field `vmOpts.null.exitCode`'
    create_null dev
    null_yaml 'vmOpts: {"null": {hangStop: maybe}}' >"$LIMA_HOME/dev/lima.yaml"
    run limactl start dev
    [ "$status" -eq 1 ]
    assert_output_has 'lima.yaml:2:29: field `vmOpts.null.hangStop` must be true or false'
}

@test "drivers for other hosts are listed, and refuse at once with the reason" {
    run --separate-stderr limactl driver list --json
    echo "$output" | jq -se 'map(select(.state == "loaded") | .name) | index("vz") and index("wsl2") and index("krunkit")'
    run --separate-stderr limactl info
    echo "$output" | jq -e '.vmTypes | index("vz") and index("wsl2") and index("krunkit")'
    while read -r name reason; do
        run limactl --tty=false start --vm-type="$name" --name="$name" template:default
        [ "$status" -eq 1 ]
        assert_output_has "vmType $name needs $reason"
        assert_output_has "this host is Linux on"
        assert_output_has "--vm-type=qemu"
        [ ! -e "$LIMA_HOME/$name" ]
    done <<REASONS
vz macOS 13 or newer
wsl2 Windows with WSL2
krunkit macOS 13 or newer on Apple silicon, with krunkit 1.2.1 or newer in PATH
REASONS
    [ ! -e "$XDG_CACHE_HOME" ]
}
