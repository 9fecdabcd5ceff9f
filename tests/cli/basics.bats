# What limactl says about itself, and how it refuses.
load common

@test "--version prints the version without v" {
    run limactl --version
    assert_success
    [[ $output =~ ^limactl\ version\ [0-9]+\.[0-9]+ ]] || fail_with "no version"
}

@test "--help lists the commands in their groups, on stdout" {
    run --separate-stderr limactl --help
    assert_success
    assert_output_has "Basic Commands:"
    assert_output_has "Advanced Commands:"
    assert_output_has "  start "
    refute_output_has "hostagent"
    [ -z "$stderr" ]
}

@test "every command has help" {
    for command in create start stop restart delete list shell edit info driver validate template show-ssh protect unprotect hostagent completion; do
        run limactl "$command" --help
        assert_success
        assert_output_has "limactl $command"
    done
}

@test "the flags that start shares with create stand apart; topics of help are no commands" {
    run limactl start --help
    assert_success
    [[ $output == *"Flags:"*"--foreground"*"Flags of create"*"--cpus int"*"Global Flags:"*"--tty"* ]] || fail_with "order"
    run limactl --help
    [[ $output == *"Additional help topics:"*"yq-restrictions"* ]] || fail_with "no topics"
    [[ ${output%%Additional help*} != *yq-restrictions* ]] || fail_with "a command"
    run limactl help yq-restrictions
    assert_success
    assert_output_has "env, strenv, envsubst"
    refute_output_has "Usage:"
}

@test "what yq-restrictions says is so" {
    create_null dev
    for expression in 'env(HOME)' 'strenv(HOME)' '"$HOME" | envsubst' 'load("/etc/hostname")' 'load_str("/etc/hostname")' 'system("id")'; do
        run limactl list --yq "$expression"
        [ "$status" -eq 1 ] || fail_with "$expression"
        assert_output_has disabled
    done
    run limactl edit --set '.vmType style="single"' dev
    [ "$status" -eq 1 ]
    TOKEN='a b' run bash -c 'limactl edit --set ".env.TOKEN=\"$TOKEN\"" dev'
    assert_success
    [ "$(limactl list --yq .config.env.TOKEN)" = "a b" ]
}

@test "no command prints help and succeeds" {
    run limactl
    assert_success
    assert_output_has "Usage:"
}

@test "an unknown command suggests a near one" {
    run limactl strat
    [ "$status" -eq 1 ]
    assert_output_has 'unknown command \"strat\" for \"limactl\"'
    assert_output_has start
}

@test "an unknown flag is named" {
    run limactl list --bogus
    [ "$status" -eq 1 ]
    assert_output_has "unknown flag: --bogus"
}

@test "root is refused unless it is allowed" {
    [ "$(id -u)" = 0 ] || skip "not root"
    run env -u LIMA_ALLOW_ROOT limactl list
    [ "$status" -eq 1 ]
    assert_output_has "must not run as the root user"
}

@test "--tty and --yes contradict" {
    run limactl --tty=false --yes list
    [ "$status" -eq 1 ]
    assert_output_has "cannot use both --tty and --yes"
}

@test "the log can be JSON" {
    run limactl --log-format json list
    assert_success
    echo "$output" | jq -e '.level == "warning" and (.msg | startswith("No instance found"))'
}

@test "an unknown log format is refused" {
    run limactl --log-format xml list
    [ "$status" -eq 1 ]
    assert_output_has "unsupported log-format"
}

@test "a plugin in PATH is a command, and gets its arguments untouched" {
    mkdir -p "$HOME/bin"
    printf '#!/bin/sh\n# <limactl-desc>says hello</limactl-desc>\necho "$@"; exit 3\n' >"$HOME/bin/limactl-hello"
    chmod +x "$HOME/bin/limactl-hello"
    PATH=$HOME/bin:$PATH run limactl hello --help "a b"
    [ "$status" -eq 3 ]
    [ "$output" = "--help a b" ]
    PATH=$HOME/bin:$PATH run limactl --help
    assert_output_has "says hello"
}

@test "info names drivers, templates and paths" {
    run --separate-stderr limactl info
    assert_success
    echo "$output" | jq -e --arg home "$LIMA_HOME" '.limaHome == $home'
    echo "$output" | jq -e '.vmTypes | index("qemu") and index("null")'
    echo "$output" | jq -e '.vmTypesEx.qemu.location | endswith("lima-driver-qemu.so")'
    echo "$output" | jq -e '[.templates[].name] | index("default")'
    echo "$output" | jq -e '.defaultTemplate.cpus >= 1'
}

@test "the lima wrapper speaks for the default instance" {
    run lima --version
    assert_success
    run lima uname
    [ "$status" -eq 1 ]
    assert_output_has '`default` does not exist'
}
