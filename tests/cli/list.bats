# limactl list in its formats.
load common

@test "no instance: a warning, nothing on stdout, success" {
    run --separate-stderr limactl list
    assert_success
    [ -z "$output" ]
    [[ $stderr == *'No instance found. Run `limactl create` to create an instance.'* ]]
}

@test "the table" {
    create_null dev 'cpus: 2' 'memory: 1GiB' 'disk: 10GiB'
    run --separate-stderr limactl ls
    assert_success
    [ "${lines[0]}" = "NAME    STATUS     SSH            VMTYPE    ARCH      CPUS    MEMORY    DISK     DIR" ]
    [[ ${lines[1]} == "dev     Stopped    127.0.0.1:0    null      $(uname -m)    2       1GiB      10GiB    "* ]]
}

@test "json is an object a line" {
    create_null a
    create_null b
    run --separate-stderr limactl list --json
    assert_success
    [ "${#lines[@]}" = 2 ]
    echo "${lines[1]}" | jq -e '.name == "b" and .status == "Stopped" and .vmType == "null" and .HostOS == "linux"'
}

@test "yaml" {
    create_null a
    run --separate-stderr limactl list --format yaml
    assert_success
    [ "${lines[0]}" = "---" ]
    assert_output_has "name: a"
}

@test "a Go template" {
    create_null a
    run --separate-stderr limactl list -f 'x{{.Name}}{{if eq .Status "Stopped"}}!{{end}}' a
    [ "$output" = "xa!" ]
}

@test "an unknown field" {
    create_null a
    run --separate-stderr limactl list -f '{{.Unknown}}'
    [ "$status" -eq 1 ]
    [ -z "$output" ]
    [[ $stderr == *"can't evaluate field Unknown"* ]]
}

@test "--quiet prints names; unmatched names are an error after the rest" {
    create_null a
    [ "$(limactl list -q a)" = a ]
    run --separate-stderr limactl list -q a nothing
    [ "$status" -eq 1 ]
    [ "$output" = a ]
    [[ $stderr == *"No instance matching nothing found."* ]]
    [[ $stderr == *"unmatched instances"* ]]
}

@test "conflicting flags" {
    run limactl list --json --format table
    [ "$status" -eq 1 ]
    run limactl list -q --format json
    [ "$status" -eq 1 ]
    assert_output_has "option --quiet can only be used with '--format table'"
}

@test "--list-fields" {
    run limactl list --list-fields
    assert_success
    [ "${lines[0]}" = AdditionalDisks ]
    [[ $'\n'$output$'\n' == *$'\n'SSHLocalPort$'\n'* ]]
}

@test "an instance with a broken lima.yaml is shown with its error" {
    create_null a
    echo '- no map' >"$LIMA_HOME/a/lima.yaml"
    run limactl list
    assert_success
    assert_output_has 'instance `a` has errors'
}

@test "plain files and hidden directories are no instances" {
    mkdir -p "$LIMA_HOME/.hidden" "$LIMA_HOME/_x"
    touch "$LIMA_HOME/file"
    [ -z "$(limactl list -q)" ]
}
