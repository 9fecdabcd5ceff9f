# limactl shell and show-ssh as far as they go without a guest.
load common

@test "shell needs a name" {
    run limactl shell
    [ "$status" -eq 1 ]
    assert_output_has "requires instance name as first argument"
}

@test "shell of a missing and of a stopped instance" {
    run limactl shell dev
    [ "$status" -eq 1 ]
    assert_output_has 'instance `dev` does not exist'
    create_null dev
    run limactl shell dev true
    [ "$status" -eq 1 ]
    assert_output_has 'instance `dev` is stopped'
    assert_output_has "limactl start dev"
}

@test "show-ssh has its formats" {
    create_null dev 'user: {name: guest}'
    mkdir -p "$LIMA_HOME/_config"
    [ -e "$LIMA_HOME/_config/user" ] || ssh-keygen -q -t ed25519 -N '' -f "$LIMA_HOME/_config/user"
    run --separate-stderr limactl show-ssh --format=options dev
    assert_success
    assert_output_has "IdentityFile=\"$LIMA_HOME/_config/user\""
    assert_output_has "ControlPath=\"$LIMA_HOME/dev/ssh.sock\""
    run --separate-stderr limactl show-ssh --format=config dev
    [ "${lines[0]}" = "Host lima-dev" ]
    run --separate-stderr limactl show-ssh dev
    [[ $output == ssh\ * ]] && [[ $output == *\ lima-dev ]]
    run limactl show-ssh --format=nonsense dev
    [ "$status" -eq 1 ]
}
