# What is asked on a terminal: the menu, the editor, questions. The user is a script on a pseudo-terminal.
load common

suite_setup() {
    mkdir -p "$HOME/bin"
    export PATH=$HOME/bin:$PATH
}

# on_terminal COMMAND… <<DIALOGUE
on_terminal() {
    run python3 "$LIMA_SOURCE/tests/cli/terminal.py" "$@"
}

# an_editor SCRIPT: $EDITOR runs it on the file $1; what it was given stays in ~/shown.
an_editor() {
    printf '#!/bin/bash\ncp "${@: -1}" "$HOME/shown"\necho "$*" >"$HOME/arguments"\n%s\n' "$1" >"$HOME/bin/my-editor"
    chmod +x "$HOME/bin/my-editor"
    export EDITOR=my-editor
}

@test "menu: Enter proceeds, with the flags applied" {
    null_yaml 'cpus: 1' >vm.yaml
    on_terminal limactl create --name=dev --memory=1.5 ./vm.yaml <<'END'
expect Creating an instance "dev"
expect 1  Proceed
expect 4  Exit
send
END
    assert_success
    [ "$(limactl list -f '{{.CPUs}} {{.Memory}}' dev)" = "1 1610612736" ]
}

@test "menu: Exit makes nothing, by number or by word, and is no success" {
    null_yaml >vm.yaml
    for answer in 4 exit EX; do
        on_terminal limactl create --name=dev ./vm.yaml <<END
expect Exit
send $answer
END
        [ "$status" -eq 1 ]
        assert_output_has "No instance was created"
        [ ! -e "$LIMA_HOME/dev" ]
    done
}

@test "menu: what is no answer is asked again" {
    null_yaml >vm.yaml
    on_terminal limactl create --name=dev ./vm.yaml <<'END'
expect Enter for 1]
send 5
expect "5" is none of them
expect Enter for 1]
send it
expect part of several
expect Enter for 1]
send 1
END
    assert_success
    [ "$(limactl list -q)" = dev ]
}

@test "menu: end of the input proceeds" {
    null_yaml >vm.yaml
    on_terminal limactl create --name=dev ./vm.yaml <<'END'
expect Enter for 1]
key d
END
    assert_success
    [ "$(limactl list -q)" = dev ]
    run limactl --tty create --name=dev2 ./vm.yaml </dev/null
    assert_success
    assert_output_has "proceeding"
}

@test "menu: the editor's text counts, without the header" {
    an_editor 'sed -i "s/^cpus: .*/cpus: 7 # as many/" "$1"'
    mkdir -p "$LIMA_HOME/_config"
    echo 'memory: 3GiB' >"$LIMA_HOME/_config/default.yaml"
    null_yaml 'cpus: 1' '# the end' >vm.yaml
    on_terminal limactl create --name=dev ./vm.yaml <<'END'
expect 2  Open
send 2
END
    assert_success
    [ "$(cat "$LIMA_HOME/dev/lima.yaml")" = $'vmType: "null"\ncpus: 7 # as many\n# the end' ]
    grep -q '^# The configuration of the new instance "dev"' shown
    grep -q '^# .*default.yaml' shown
    grep -q '^#   memory: 3GiB' shown
    grep -q '^cpus: 1' shown
}

@test "menu: a base that was written in the editor is embedded" {
    an_editor 'echo "base: ./more.yaml" >>"$1"'
    echo 'cpus: 3' >more.yaml
    null_yaml >vm.yaml
    on_terminal limactl create --name=dev ./vm.yaml <<'END'
expect 2  Open
send 2
END
    assert_success
    [ "$(limactl list -f '{{.CPUs}}' dev)" = 3 ]
}

@test "menu: base.yaml counts once, also for a text that was edited" {
    an_editor 'echo "cpus: 2" >>"$1"'
    mkdir -p "$LIMA_HOME/_config"
    printf 'provision:\n- mode: system\n  script: "#!/bin/true"\n' >"$LIMA_HOME/_config/base.yaml"
    null_yaml >vm.yaml
    on_terminal limactl create --name=dev ./vm.yaml <<'END'
expect 2  Open
send 2
END
    assert_success
    [ "$(grep -c '/bin/true' "$LIMA_HOME/dev/lima.yaml")" = 1 ]
}

@test "menu: a file saved empty makes nothing" {
    an_editor ': >"$1"'
    null_yaml >vm.yaml
    on_terminal limactl create --name=dev ./vm.yaml <<'END'
expect 2  Open
send 2
END
    [ "$status" -eq 1 ]
    assert_output_has "saved empty"
    [ ! -e "$LIMA_HOME/dev" ]
}

@test "menu: another template, narrowed by typing; flags count for it, the name stays" {
    mkdir templates
    null_yaml 'cpus: 1' >templates/alpha.yaml
    null_yaml 'cpus: 2' 'memory: 2GiB' >templates/beta.yaml
    null_yaml 'cpus: 3' >templates/beta-two.yaml
    null_yaml 'cpus: 4' >templates/_hidden.yaml
    export LIMA_TEMPLATES_PATH=$HOME/templates
    on_terminal limactl create --name=dev --cpus=5 template:alpha <<'END'
expect from template:alpha
send 3
expect 1  alpha
expect 3  beta-two
send bet
expect 1  beta
expect show all]
send beta
expect from template:beta
send
END
    assert_success
    refute_output_has _hidden
    [ "$(limactl list -f '{{.Name}} {{.CPUs}} {{.Memory}}')" = "dev 5 2147483648" ]
}

@test "menu: one that fits is the one; Enter goes back; a template with mistakes is not taken" {
    mkdir templates
    null_yaml >templates/alpha.yaml
    null_yaml 'cpus: 3' >templates/beta.yaml
    echo 'cpus: [' >templates/broken.yaml
    export LIMA_TEMPLATES_PATH=$HOME/templates
    on_terminal limactl create --name=dev template:alpha <<'END'
expect Exit
send 3
expect go back]
send
expect Exit
send 3
expect go back]
send nonsense
expect none of them
send bro
expect template `broken` cannot be used
expect go back]
send bet
expect from template:beta
send 1
END
    assert_success
    [ "$(limactl list -f '{{.CPUs}}' dev)" = 3 ]
}

@test "\$VISUAL comes first, and may have arguments" {
    an_editor 'sed -i "s/^cpus: .*/cpus: 2/" "${@: -1}"'
    ln -s my-editor "$HOME/bin/other-editor"
    create_null dev 'cpus: 1'
    VISUAL="other-editor --wait 'a b'" EDITOR=false on_terminal limactl edit --start=false dev <<<''
    assert_success
    grep -q '^--wait a b /.*/lima.yaml$' arguments
    [ "$(limactl list -f '{{.CPUs}}' dev)" = 2 ]
}

@test "a variable that names nothing is said; no editor at all is an error" {
    an_editor 'sed -i "s/^cpus: .*/cpus: 2/" "$1"'
    create_null dev 'cpus: 1'
    VISUAL=no-such-editor on_terminal limactl edit --start=false dev <<<''
    assert_success
    assert_output_has '$VISUAL'
    assert_output_has no-such-editor
    python=$(python3 -c 'import sys; print(sys.executable)')
    PATH=$LIMA_PREFIX/bin EDITOR='' run "$python" "$LIMA_SOURCE/tests/cli/terminal.py" limactl edit dev <<<''
    [ "$status" -eq 1 ]
    assert_output_has "could not find a text editor"
}

@test "an editor that fails changes nothing; Ctrl-C ends the editor, not limactl" {
    an_editor 'echo "cpus: 9" >>"$1"; exit 3'
    create_null dev
    on_terminal limactl edit dev <<<''
    [ "$status" -eq 1 ]
    assert_output_has "exit status 3"
    an_editor 'echo "cpus: 9" >>"$1"; echo waiting; sleep 20'
    on_terminal limactl edit dev <<'END'
expect waiting
key c
END
    [ "$status" -eq 1 ]
    assert_output_has "nothing was changed"
    [ "$(cat "$LIMA_HOME/dev/lima.yaml")" = 'vmType: "null"' ]
    [ -z "$(find /tmp -maxdepth 1 -name 'lima-editor-*' -newer "$HOME/shown")" ]
}

@test "create: an invalid text is edited on, with the mistake above it" {
    an_editor 'if [ -e second ]; then sed -i "s/many/6/" "$1"; else touch second; echo "cpus: many" >>"$1"; fi'
    null_yaml 'disk: 20GiB' >vm.yaml
    on_terminal limactl create --name=dev ./vm.yaml <<'END'
expect 2  Open
send 2
expect vm.yaml (edited):3:7
expect go on editing?
send y
END
    assert_success
    grep -q '^#  .*vm.yaml (edited):3:7' shown
    [ "$(cat "$LIMA_HOME/dev/lima.yaml")" = $'vmType: "null"\ndisk: 20GiB\ncpus: 6' ]
    [ ! -e lima.REJECTED.yaml ]
}

@test "create: an invalid text that is given up is kept" {
    an_editor 'printf "cpus: [\n" >>"$1"'
    null_yaml 'disk: 20GiB' >vm.yaml
    on_terminal limactl create --name=dev ./vm.yaml <<'END'
expect 2  Open
send 2
expect go on editing?
send n
END
    [ "$status" -eq 1 ]
    assert_output_has "lima.REJECTED.yaml"
    [ "$(cat lima.REJECTED.yaml)" = $'vmType: "null"\ndisk: 20GiB\ncpus: [' ]
    [ ! -e "$LIMA_HOME/dev" ]
}

@test "create: a driver that does not exist can be corrected, a template without the editor too" {
    an_editor 'sed -i "s/hyperdrive/null/" "$1"'
    printf 'vmType: "hyperdrive"\n' >vm.yaml
    on_terminal limactl create --name=dev ./vm.yaml <<'END'
expect Exit
send 1
expect hyperdrive
expect go on editing?
send
END
    assert_success
    [ "$(limactl list -f '{{.VMType}}' dev)" = null ]
}

@test "create: without a terminal an invalid text is not kept" {
    printf 'vmType: "null"\ncpus: many\n' >vm.yaml
    run limactl create --name=dev ./vm.yaml
    [ "$status" -eq 1 ]
    [ ! -e lima.REJECTED.yaml ]
}

@test "--tty=false and --yes ask nothing on a terminal" {
    null_yaml >vm.yaml
    for flag in --tty=false --yes -y; do
        on_terminal limactl create "$flag" --name=dev ./vm.yaml <<<''
        assert_success
        refute_output_has Exit
        limactl delete dev
    done
    on_terminal limactl create --tty --yes --name=dev ./vm.yaml <<<''
    [ "$status" -eq 1 ]
    assert_output_has "cannot use both --tty and --yes"
}

@test "standard input is no place for a menu" {
    run limactl create --tty=true --name=dev - <<<'vmType: "null"'
    [ "$status" -eq 1 ]
    assert_output_has "--tty"
    run python3 "$LIMA_SOURCE/tests/cli/terminal.py" sh -c 'echo "vmType: \"null\"" | limactl create --name=dev -' <<<''
    assert_success
    refute_output_has Exit
}

@test "start of what is missing: the menu, then READY" {
    mkdir templates
    null_yaml >templates/default.yaml
    export LIMA_TEMPLATES_PATH=$HOME/templates
    on_terminal limactl start <<'END'
expect Creating an instance "default"
send
expect READY
END
    assert_success
    [ "$(limactl list -f '{{.Status}}' default)" = Running ]
    on_terminal limactl start <<<''
    assert_success
    refute_output_has Exit
}

@test "edit asks whether to start" {
    an_editor 'sed -i "s/^cpus: .*/cpus: 2/" "$1"'
    create_null dev 'cpus: 1'
    on_terminal limactl edit dev <<'END'
expect start the instance now? [Y/n]
send maybe
expect start the instance now? [Y/n]
send n
END
    assert_success
    grep -q '^# The configuration of the instance "dev"' shown
    [ "$(limactl list -f '{{.CPUs}} {{.Status}}' dev)" = "2 Stopped" ]
    on_terminal limactl edit --cpus=3 dev <<'END'
expect start the instance now? [Y/n]
send
expect READY
END
    assert_success
    [ "$(limactl list -f '{{.CPUs}} {{.Status}}' dev)" = "3 Running" ]
}

@test "edit: nothing changed, or saved empty: no question" {
    create_null dev 'cpus: 1'
    for editor in : ': >"$1"' 'echo "   " >"$1"'; do
        an_editor "$editor"
        on_terminal limactl edit dev <<<''
        assert_success
        assert_output_has "Nothing was changed"
        refute_output_has "start the instance"
        [ "$(cat "$LIMA_HOME/dev/lima.yaml")" = $'vmType: "null"\ncpus: 1' ]
    done
}

@test "edit: an invalid text is edited on, or kept, or left" {
    create_null dev 'cpus: 1'
    an_editor 'if grep -q "cpus: many" "$1"; then sed -i "s/many/8/" "$1"; else sed -i "s/^cpus: .*/cpus: many/" "$1"; fi'
    on_terminal limactl edit --start=false dev <<'END'
expect lima.yaml:2:7
expect go on editing?
send y
END
    assert_success
    [ "$(limactl list -f '{{.CPUs}}' dev)" = 8 ]
    an_editor 'sed -i "s/^disk:.*//" "$1"; echo "disk: 1GiB" >>"$1"'
    on_terminal limactl edit dev <<'END'
expect cannot shrink
expect go on editing?
send n
END
    [ "$status" -eq 1 ]
    grep -q 'disk: 1GiB' lima.REJECTED.yaml
    an_editor 'if [ -e once ]; then : >"$1"; else touch once; echo "cpus: many" >"$1"; fi'
    on_terminal limactl edit dev <<'END'
expect go on editing?
send y
expect Nothing was changed
END
    assert_success
    [ "$(limactl list -f '{{.CPUs}}' dev)" = 8 ]
}

@test "while an editor is open, other commands have to wait, and see the old text" {
    create_null dev 'cpus: 1'
    an_editor 'limactl edit --cpus=5 dev >"$HOME/said" 2>&1; limactl list -f "{{.CPUs}}" dev >"$HOME/listed"
        sed -i "s/^cpus: .*/cpus: 2/" "$1"'
    on_terminal limactl edit --start=false dev <<<''
    assert_success
    grep -q 'another command is changing instance `dev`: `limactl edit`' said
    [ "$(cat listed)" = 1 ]
    [ "$(limactl list -f '{{.CPUs}}' dev)" = 2 ]
}

@test "a file that somebody else changed meanwhile is not overwritten" {
    create_null dev 'cpus: 1'
    an_editor 'echo "memory: 2GiB" >>"$LIMA_HOME/dev/lima.yaml"; sed -i "s/^cpus: .*/cpus: 2/" "$1"'
    on_terminal limactl edit dev <<<''
    [ "$status" -eq 1 ]
    assert_output_has "was changed meanwhile"
    [ "$(cat "$LIMA_HOME/dev/lima.yaml")" = $'vmType: "null"\ncpus: 1\nmemory: 2GiB' ]
    grep -q 'cpus: 2' lima.REJECTED.yaml
}

@test "shell on a stopped instance asks; without a terminal on stdin it does not" {
    create_null dev
    on_terminal limactl shell dev true <<'END'
expect start it now? [Y/n]
send n
END
    [ "$status" -eq 1 ]
    assert_output_has 'instance `dev` is stopped'
    run python3 "$LIMA_SOURCE/tests/cli/terminal.py" sh -c 'limactl shell dev true </dev/null' <<<''
    [ "$status" -eq 1 ]
    refute_output_has "now?"
}

@test "columns that say nothing are hidden on a narrow terminal" {
    create_null dev
    on_terminal --columns 60 limactl list <<<''
    [[ ${lines[0]} == "NAME"*"DISK"* ]]
    refute_output_has "VMTYPE"
    refute_output_has "DIR"
    on_terminal --columns 60 limactl list --all-fields <<<''
    assert_output_has "VMTYPE"
    assert_output_has "DIR"
    on_terminal --columns 120 limactl list <<<''
    assert_output_has "DIR"
}
