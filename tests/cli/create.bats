# Making instances: names, locators, flags, and what is said about mistakes.
load common

@test "a name that exists is refused" {
    create_null dev
    run create_null dev
    [ "$status" -eq 1 ]
    assert_output_has already
}

@test "a bad name is refused" {
    for name in -x .x a..b a/b _x x.yaml; do
        run limactl create --name="$name" template:default
        [ "$status" -eq 1 ]
    done
    [ -z "$(limactl list -q)" ]
}

@test "from a file; the name comes from the file" {
    null_yaml >my-vm.yaml
    run limactl create ./my-vm.yaml
    assert_success
    [ "$(limactl list -q)" = my-vm ]
}

@test "stdin needs a name" {
    run bash -c 'echo "vmType: \"null\"" | limactl create -'
    [ "$status" -eq 1 ]
    assert_output_has -- --name
}

@test "an unknown template is named" {
    run limactl create template:nonsense
    [ "$status" -eq 1 ]
    assert_output_has nonsense
}

@test "flags end up in lima.yaml" {
    null_yaml | limactl create --name=dev --cpus=3 --memory=1.5 --disk=20 --mount-none --plain --set '.ssh.localPort=60099' -
    [ "$(limactl list -f '{{.CPUs}} {{.Memory}} {{.Disk}} {{.Config.Plain}} {{.SSHLocalPort}}' dev)" = "3 1610612736 21474836480 true 60099" ]
}

@test "--vm-type chooses the driver" {
    run limactl create --name=dev --vm-type=null template:default
    assert_success
    [ "$(limactl list -f '{{.VMType}}' dev)" = null ]
    [ ! -e "$XDG_CACHE_HOME/lima/download" ]
}

@test "an unknown driver is an error that lists what is known" {
    run limactl create --name=dev --vm-type=hyperdrive template:default
    [ "$status" -eq 1 ]
    assert_output_has hyperdrive
    [ ! -e "$LIMA_HOME/dev" ]
}

@test "--list-drivers and --list-templates" {
    run limactl start --list-drivers
    assert_success
    [[ $'\n'$output$'\n' == *$'\n'null$'\n'* ]] && [[ $'\n'$output$'\n' == *$'\n'qemu$'\n'* ]]
    run limactl create --list-templates
    assert_success
    [[ $'\n'$output$'\n' == *$'\n'default$'\n'* ]]
    [[ $output != *_images* ]]
}

@test "broken YAML: file, line, column and the line itself; nothing is left" {
    printf 'vmType: "null"\ncpus: [1\n' >bad.yaml
    run limactl create --name=dev ./bad.yaml
    [ "$status" -eq 1 ]
    assert_output_has bad.yaml
    [ ! -e "$LIMA_HOME/dev" ]
}

@test "two mistakes are reported together, with positions" {
    printf 'vmType: "null"\ncpus: many\nplain: maybe\n' >bad.yaml
    run limactl create --name=dev ./bad.yaml
    [ "$status" -eq 1 ]
    assert_output_has "bad.yaml:2:7"
    assert_output_has "bad.yaml:3:8"
}

@test "two values that make no sense are reported together" {
    printf 'vmType: "null"\nmemory: 4XB\narch: z80\n' >bad.yaml
    run limactl create --name=dev ./bad.yaml
    [ "$status" -eq 1 ]
    assert_output_has 4XB
    assert_output_has z80
    [ ! -e "$LIMA_HOME/dev" ]
}

@test "a misspelt key is a warning with a suggestion" {
    printf 'vmType: "null"\ncpsu: 4\n' >odd.yaml
    run limactl create --name=dev ./odd.yaml
    assert_success
    assert_output_has cpsu
    assert_output_has cpus
}

@test "validate" {
    null_yaml >good.yaml
    run limactl validate good.yaml template:default
    assert_success
    assert_output_has "OK"
    printf 'arch: z80\n' >bad.yaml
    run limactl validate bad.yaml
    [ "$status" -eq 1 ]
    assert_output_has z80
}

@test "default.yaml and override.yaml count at every load" {
    mkdir -p "$LIMA_HOME/_config"
    echo 'cpus: 1' >"$LIMA_HOME/_config/default.yaml"
    create_null dev
    [ "$(limactl list -f '{{.CPUs}}' dev)" = 1 ]
    echo 'cpus: 2' >"$LIMA_HOME/_config/override.yaml"
    [ "$(limactl list -f '{{.CPUs}}' dev)" = 2 ]
}

@test "base.yaml counts at creation, below the template" {
    mkdir -p "$LIMA_HOME/_config"
    printf 'cpus: 3\nmemory: 3GiB\n' >"$LIMA_HOME/_config/base.yaml"
    create_null dev 'cpus: 1'
    [ "$(limactl list -f '{{.CPUs}} {{.Memory}}' dev)" = "1 3221225472" ]
}

@test "no qemu driver: the error lists the paths that were tried, LIMA_DRIVERS_PATH brings it back" {
    prefix=$BATS_HOME/prefix
    mkdir -p "$prefix/bin" "$prefix/lib/lima/drivers" "$prefix/libexec" "$prefix/share/lima" "$BATS_HOME/elsewhere"
    cp "$LIMA_PREFIX/bin/limactl" "$prefix/bin/"
    cp -r "$LIMA_PREFIX/libexec/lima" "$prefix/libexec/lima"
    cp -rL "$LIMA_PREFIX/share/lima/templates" "$LIMA_PREFIX/share/lima/cidata" "$prefix/share/lima/"
    cp "$LIMA_PREFIX/lib/lima/drivers/lima-driver-null.so" "$prefix/lib/lima/drivers/"
    cp "$LIMA_PREFIX/lib/lima/drivers/lima-driver-qemu.so" "$BATS_HOME/elsewhere/"
    printf 'images: [{location: "/nowhere/x.qcow2"}]\n' >vm.yaml
    run "$prefix/bin/limactl" create --name=dev --vm-type=qemu ./vm.yaml
    [ "$status" -eq 1 ]
    assert_output_has "$prefix/lib/lima/drivers"
    LIMA_DRIVERS_PATH=$BATS_HOME/elsewhere run "$prefix/bin/limactl" info
    assert_success
    assert_output_has "$BATS_HOME/elsewhere/lima-driver-qemu.so"
}
