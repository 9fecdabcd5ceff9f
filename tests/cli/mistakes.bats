# Mistakes in a configuration: each is told with file, line and column, with the line itself and with what would be right;
# all of a file together.
load common

# on_terminal COMMAND...: what a user sees, without colours
on_terminal() {
    script -qec "$*" /dev/null </dev/null | sed -e 's/\x1b\[[0-9;]*m//g' -e 's/\r$//' -e 's/ *$//'
}

# told LINE:COLUMN MESSAGE LINE-OF-THE-FILE...
told() {
    local place=$1 message=$2 row=$3
    assert_output_has "$PWD/x.yaml:$place: $message"
    local number=${place%%:*} column=${place##*:}
    assert_output_has "$(printf '%6d | %s' "$number" "$row")"
    assert_output_has "$(printf '       | %*s^' "$((column - 1))" '')"
}

# validate LINE...: of a file that is complete but for these lines
validate() {
    printf 'images: [{location: /}]\n' >x.yaml
    printf '%s\n' "$@" >>x.yaml
    run limactl validate ./x.yaml
}

@test "a misspelt key is a warning with a guess" {
    validate 'memroy: 4GiB'
    assert_success
    told 2:1 'unknown field `memroy`, did you mean `memory`?' 'memroy: 4GiB'
    validate 'ssh:' '  localport: 60022'
    told 3:3 'unknown field `ssh.localport`, did you mean `ssh.localPort`?' '  localport: 60022'
}

@test "a misspelt key is told beside an error too" {
    validate 'memroy: 4GiB' 'disk: 4XB'
    assert_failure
    told 2:1 'unknown field `memroy`' 'memroy: 4GiB'
    told 3:7 'field `disk` has an invalid size' 'disk: 4XB'
}

@test "a key that stands elsewhere, and one that Lima had once" {
    validate 'localPort: 60022' 'useHostResolver: true'
    told 2:1 'unknown field `localPort`, did you mean `ssh.localPort`?' 'localPort: 60022'
    told 3:1 'unknown field `useHostResolver`, did you mean `hostResolver.enabled`?' 'useHostResolver: true'
}

@test "wrong types" {
    validate 'cpus: two'
    assert_failure
    told 2:7 'field `cpus` must be a whole number, not the text `two`' 'cpus: two'
    validate 'plain: yes'
    told 2:8 'field `plain` must be true or false, not the text `yes`: write true (without quotes)' 'plain: yes'
    validate 'mounts: ~/src'
    told 2:9 'field `mounts` must be a list, not the text `~/src`: begin each entry with `- location: `' 'mounts: ~/src'
    validate 'mountTypesUnsupported: 9p'
    told 2:24 'field `mountTypesUnsupported` must be a list, not the text `9p`: write `[9p]`' 'mountTypesUnsupported: 9p'
}

@test "a duplicate key" {
    validate 'cpus: 1' 'memory: 1GiB' 'cpus: 2'
    assert_failure
    told 4:1 'duplicate key `cpus`: it is already set at line 2, so remove one of them' 'cpus: 2'
}

@test "indentation by a tab" {
    validate 'ssh:' $'\tlocalPort: 60022'
    assert_failure
    told 3:1 'a tab is used for indentation or before a value: YAML wants spaces' $'\tlocalPort: 60022'
}

@test "what comes before a mistake in YAML itself is told too" {
    validate 'cpus: two' 'ssh:' $'\tlocalPort: 60022'
    assert_failure
    told 2:7 'field `cpus` must be a whole number' 'cpus: two'
    told 4:1 'a tab is used for indentation' $'\tlocalPort: 60022'
}

@test "a bad size" {
    validate 'memory: 4XB'
    assert_failure
    told 2:9 'field `memory` has an invalid size `4XB`' 'memory: 4XB'
    assert_output_has "such as 4GiB or 512MiB"
}

@test "bad ports" {
    validate 'portForwards:' '- guestPortRange: [90, 80]'
    assert_failure
    told 3:19 'field `portForwards[0].guestPortRange` must not end (80) before it begins (90): write [80, 90]' \
        '- guestPortRange: [90, 80]'
    validate 'portForwards: [{guestPort: 70000}]'
    told 2:28 'field `portForwards[0].guestPort` must be a port from 1 to 65535, got 70000' \
        'portForwards: [{guestPort: 70000}]'
}

@test "a word that is not one of the list" {
    validate 'os: linux'
    assert_failure
    told 2:5 'field `os` must be one of [Linux Darwin FreeBSD Windows], got `linux`, did you mean `Linux`?' 'os: linux'
}

@test "a param that nothing uses" {
    validate 'param:' '  key: value'
    assert_failure
    told 3:3 'field `param` has the key `key`, but no script, probe, mount, socket or copyToHost uses it' '  key: value'
}

@test "many mistakes: all are told, from top to bottom" {
    cat >x.yaml <<'YAML'
images: [{location: /}]
cpus: two
memroy: 4GiB
ssh:
  localPort: [60022]
cpus: 3
memory: 4XB
hostResolver: {enabled: no}
dns: [1.1.1.1]
portForwards:
- guestPortRange: [90, 80]
  hostPortRange: [80, 90]
- guestPort: 8080
  proto: TCP
provision:
- mode: sytem
  script: echo
memory: 2GiB
user:
  shell: bash
YAML
    on_terminal limactl validate ./x.yaml | sed -e "s#$PWD/##" >told
    if [ "${LIMA_TEST_ACCEPT:-}" = 1 ]; then
        cp told "$LIMA_SOURCE/tests/golden/config/mistakes.txt"
        skip "accepted config/mistakes.txt"
    fi
    run diff -u "$LIMA_SOURCE/tests/golden/config/mistakes.txt" told
    assert_success
}
