# What the shell is told behind a Tab.
load common

# candidates WORD…: for the last word, without descriptions.
candidates() {
    run --separate-stderr limactl __completeNoDesc "$@"
    assert_success
}

@test "completion knows commands, flags, values and instances" {
    create_null dev
    run limactl __complete st
    assert_output_has $'start\t'
    assert_output_has $'stop\t'
    [[ $output == *$'\n:4' ]] || fail_with "no directive"
    run limactl __completeNoDesc list --for
    [ "${lines[0]}" = "--format" ]
    run limactl __completeNoDesc list --format j
    [ "${lines[0]}" = json ]
    run limactl __completeNoDesc shell d
    [ "${lines[0]}" = dev ]
    run limactl __completeNoDesc create template:deb
    assert_output_has template:debian-12
}

@test "completion scripts are sound" {
    limactl completion bash | bash -n
    limactl completion zsh | grep -q '#compdef limactl'
    limactl completion fish | grep -q 'complete -c limactl'
    limactl completion powershell | grep -q Register-ArgumentCompleter
}

@test "--set: the fields of lima.yaml, and the values of some" {
    candidates create --set .cpus
    [ "$output" = $'.cpus=\n:6' ]
    candidates edit --set .ssh.local
    [ "$output" = $'.ssh.localPort=\n:6' ]
    candidates start --set .plain=
    [ "$output" = $'.plain=true\n.plain=false\n:6' ]
    candidates create --set .containerd.system=t
    [ "$output" = $'.containerd.system=true\n:6' ]
    candidates create --set '.vmType="n'
    [ "${lines[0]}" = '.vmType="null"' ]
    candidates create --set .mountType=
    [ "${lines[0]}" = '.mountType="reverse-sshfs"' ]
    candidates create --set=.pl
    [ "${lines[0]}" = --set=.plain= ]
    candidates create --set .nothing
    [ "$output" = :6 ]
    run limactl __complete create --set .tim
    [ "${lines[0]}" = $'.timezone=\tTime zone, such as `Europe/Berlin`' ]
    # Each of them is an assignment to a field that there is.
    candidates create --set .
    [ "${#lines[@]}" -gt 40 ]
    for line in "${lines[@]}"; do
        [[ $line == :6 || $line =~ ^\.[A-Za-z0-9]+(\.[A-Za-z0-9]+)?=$ ]] || fail_with "$line"
    done
}

@test "values of flags" {
    candidates edit --shell /bin/
    [ "$output" = $'/bin/bash\n/bin/zsh\n:4' ]
    candidates create --mount-type v
    [ "${lines[0]}" = virtiofs ]
    candidates create --vm-type n
    [ "${lines[0]}" = null ]
    candidates create --cpus ''
    [ "${lines[0]}" = 1 ]
    candidates create --memory ''
    [[ ${lines[0]} =~ ^(0\.5|1\.0)$ ]]
    candidates create --plain=
    [ "$output" = $'--plain=true\n--plain=false\n:4' ]
    candidates list --yq .sta
    [ "${lines[0]}" = .status ]
    candidates create --port-forward 80
    [ "${lines[0]}" = 8080:80 ]
    candidates edit --port
    [ "$output" = :4 ]
    candidates create --arch=ris
    [ "${lines[0]}" = --arch=riscv64 ]
}

@test "names: instances where they are wanted, templates where they are, private ones when asked for" {
    create_null dev
    mkdir -p "$HOME/t/_images"
    null_yaml >"$HOME/t/mine.yaml"
    null_yaml >"$HOME/t/_images/base.yaml"
    export LIMA_TEMPLATES_PATH=$HOME/t
    for command in stop edit restart shell list protect; do
        candidates "$command" ''
        [[ $'\n'$output == *$'\ndev\n'* ]] || fail_with "$command"
    done
    candidates start ''
    [ "$output" = $'dev\ntemplate:mine\n:0' ]
    candidates create template:_
    [ "$output" = $'template:_images/base\n:0' ]
    candidates create --name=x template:m
    [ "$output" = $'template:mine\n:0' ]
}

@test "in bash: words with : and =, quotes, and files where there is nothing else" {
    create_null dev
    mkdir -p "$HOME/t"
    null_yaml >"$HOME/t/mine.yaml"
    touch my-file.yaml
    export LIMA_TEMPLATES_PATH=$HOME/t TERM=dumb
    run python3 "$LIMA_SOURCE/tests/cli/terminal.py" --columns 200 bash --norc --noprofile -i <<'END'
expect bash-
send source <(limactl completion bash); set +o history; PS1=rea''dy:
expect ready:
type limactl shell d
key i
expect shell dev
key u
type limactl start template:m
key i
expect template:mine
key u
type limactl create --set .plai
key i
expect --set .plain=
type t
key i
expect true
key u
type limactl create --set .vmType=
type \"nul
key i
expect .vmType=\"null\"
key u
type limactl create --set '.plai
key i
expect '.plain='
key u
type limactl create --set '.plain=f
key i
expect '.plain=false'
key u
type limactl create --vm-type=nul
key i
expect --vm-type=null
key u
type limactl create ./my-
key i
expect ./my-file.yaml
key u
send exit
END
    assert_success
}
