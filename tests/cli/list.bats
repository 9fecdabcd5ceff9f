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

@test "--yq: a result a line, strings as they are, expressions one after the other" {
    create_null a 'cpus: 2' 'mounts: [{location: /tmp/x, writable: true}, {location: /opt/y}]' 'param: {P: "x y"}' \
        'provision: [{mode: system, script: "echo $PARAM_P"}]'
    create_null b 'cpus: 3'
    run --separate-stderr limactl list --yq .name
    assert_success
    [ "$output" = $'a\nb' ]
    run --separate-stderr limactl list --yq '.config.mounts[]' --yq '.location' a
    [ "$output" = $'/tmp/x\n/opt/y' ]
    run --separate-stderr limactl list --yq '[.name, .cpus, .protected, .nothing]'
    [ "$output" = $'["a",2,false,null]\n["b",3,false,null]' ]
    run --separate-stderr limactl list --yq '{"c": .cpus, "none": {"of": {}}, "os": .HostOS}' b
    [ "$output" = '{"c":3,"os":"linux"}' ]
    run --separate-stderr limactl list --yq 'select(.cpus == 3) | .param.P // "no param"'
    [ "$output" = 'no param' ]
    run --separate-stderr limactl list --yq .param.P a
    [ "$output" = 'x y' ]
    run --separate-stderr limactl list --yq 'select(false)'
    assert_success
    [ -z "$output" ]
}

@test "--yq with a format" {
    create_null a 'cpus: 2'
    create_null b 'cpus: 3'
    run --separate-stderr limactl list --format json --yq '{"k": .name}'
    [ "$output" = $'{"k":"a"}\n{"k":"b"}' ]
    run --separate-stderr limactl list --format yaml --yq '{"k": .name}'
    [ "$output" = $'---\nk: a\n---\nk: b' ] || fail_with "yaml"
    run limactl list --format table --yq .name
    [ "$status" -eq 1 ]
    assert_output_has "option --yq only works with --format json or yaml"
    run limactl list --format '{{.Name}}' --yq .name
    [ "$status" -eq 1 ]
}

@test "--yq prints strings that look like something else, and long ones, as they are" {
    create_null a 'message: "[1, 2"'
    run --separate-stderr limactl list --yq '.message, "{}", "true", "- x", "a: b"' a
    [ "$output" = $'[1, 2\n{}\ntrue\n- x\na: b' ]
    create_null long "message: $(printf 'x%.0s' {1..100000})"
    [ "$(limactl list --yq '.message | length' long)" = 100000 ]
    [ "$(limactl list --json long | wc -c)" -gt 200000 ]
}

@test "--filter chooses instances in every format; several must all be true" {
    create_null a 'cpus: 2'
    create_null b 'cpus: 3'
    create_null c 'cpus: 3' 'memory: 1GiB'
    run --separate-stderr limactl list --filter '.cpus == 3' --filter '.memory == 1073741824'
    assert_success
    [ "${#lines[@]}" = 2 ]
    [[ ${lines[1]} == c* ]]
    [ "$(limactl list -q -l '.cpus > 2')" = $'b\nc' ]
    [ "$(limactl list -l '.cpus > 2' --yq .memory b c)" = $'4294967296\n1073741824' ] || fail_with "$(limactl list --json | head -c 400)"
    [ "$(limactl list -l '.name == "a"' -f '{{.CPUs}}')" = 2 ]
    [ "$(limactl list -l '.name == "a"' --json | jq .cpus)" = 2 ]
    run --separate-stderr limactl list --filter '.cpus > 99'
    assert_success
    [ "${#lines[@]}" = 1 ]
    [ -z "$(limactl list -q --filter '.cpus > 99')" ]
    [ "$(limactl list -q --filter 'has("HostOS") | not' a)" = a ]
    [ "$(limactl list -q --filter '.config.cpus == 2 or .name == "c"')" = $'a\nc' ]
}

@test "-q --yq prints the names of what the expression yields" {
    create_null a 'cpus: 2'
    create_null b 'cpus: 3'
    run --separate-stderr limactl list -q --yq 'select(.cpus == 3)'
    assert_success
    [ "$output" = b ]
}

@test "--filter sees the errors of an instance as texts" {
    create_null a
    echo 'cpus: many' >"$LIMA_HOME/a/lima.yaml"
    run --separate-stderr limactl list -q --filter '.errors[] | contains("cpus")'
    assert_success
    [ "$output" = a ]
}

@test "a bad expression is shown with its place, before anything is printed" {
    create_null a
    run --separate-stderr limactl list --yq '.name | nonsense(3'
    [ "$status" -eq 1 ]
    [ -z "$output" ]
    [[ $stderr == *"--yq"* && $stderr == *"^"* ]] || fail_with "$stderr"
    run --separate-stderr limactl list --filter '.cpus +'
    [ "$status" -eq 1 ]
    [[ $stderr == *"--filter"* ]]
    run limactl list --yq 'env(HOME)'
    [ "$status" -eq 1 ]
    assert_output_has "env operations have been disabled"
    run limactl list --yq 'load("/etc/passwd")'
    [ "$status" -eq 1 ]
    assert_output_has "file operations have been disabled"
}

@test "conflicts of --yq, --filter and --list-fields" {
    for flags in "--list-fields --yq ." "--list-fields --filter ." "--list-fields --format json"; do
        run limactl list $flags
        [ "$status" -eq 1 ]
        assert_output_has "option --list-fields conflicts with option"
    done
}

@test "info --yq" {
    run --separate-stderr limactl info --yq '.limaHome, .vmTypesEx.null'
    assert_success
    [ "${lines[0]}" = "$LIMA_HOME" ]
    [ "${lines[1]}" = '{' ]
    run --separate-stderr limactl info --yq '.vmTypes | length > 0'
    [ "$output" = true ]
    run limactl info --yq '.['
    [ "$status" -eq 1 ]
}

@test "V70: list prints no empty maps, info does; errors are texts" {
    create_null a 'mounts: [{location: /tmp, mountPoint: /mnt/tmp}]'
    limactl list --json a | jq -e '[.. | objects | select(length == 0)] == [] and (.config | has("rosetta") | not)
        and (.config.video | has("vnc") | not) and (.config.mounts[0] | has("virtiofs") | not)'
    limactl info | jq -e '.defaultTemplate.rosetta == {} and (.defaultTemplate.video | has("vnc"))'
    echo '- no map' >"$LIMA_HOME/a/lima.yaml"
    limactl list --json a | jq -e '.status == "" and (has("config") | not)
        and (.errors | length == 1 and (.[0] | contains("the file must be a map of fields, not a list")))'
}
