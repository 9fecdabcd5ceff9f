# Flags and expressions that change lima.yaml: what they change, what they leave alone, what is refused.
load common

suite_setup() {
    cp "$LIMA_SOURCE/tests/data/yaml/handwritten.yaml" before.yaml
}

# changes FLAG…: the lines of before.yaml that an edit takes away (<) and puts in (>).
changes() {
    cp before.yaml hand.yaml
    run limactl edit "$@" hand.yaml
    assert_success
    changed=$(diff before.yaml hand.yaml | grep '^[<>]' || true)
}

expect_changes() {
    [ "$changed" = "$1" ] || fail_with "expected these changes:" "$1" "--- got:" "$changed"
}

@test "a text written by hand: what flags mean is all that changes" {
    changes --cpus=2
    expect_changes $'< cpus: 4 # cores\n> cpus: 2 # cores'
    changes --memory=8
    expect_changes $'< memory: "6GiB"\n> memory: "8GiB"'
    changes --disk=70
    expect_changes $'< disk: \'60GiB\'   # single quotes: Jürgen\'s editor likes them\n> disk: \'70GiB\'   # single quotes: Jürgen\'s editor likes them'
    changes --mount-writable
    expect_changes $'<       writable: false\n>       writable: true\n<       writable: false\n>       writable: true\n>       writable: true'
    changes --mount /opt/a,/opt/b:w
    expect_changes '>     - location: /opt/b
>       mountPoint: /opt/b
>       writable: true
>     - location: /opt/a
>       mountPoint: /opt/a
>       writable: false'
    grep -B1 -F '# The sources, read-only' hand.yaml | grep -q 'writable: false'
    changes --dns 9.9.9.9,1.1.1.1
    expect_changes $'<     enabled: true\n>     enabled: false\n> - 9.9.9.9\n> - 1.1.1.1'
    changes --network lima:user-v2
    expect_changes ''
    changes --network vzNAT
    expect_changes '> - vzNAT: true'
    changes --rosetta
    expect_changes $'<       enabled: false      # nobody has a Mac … yet\n<       binfmt: false\n>       enabled: true      # nobody has a Mac … yet\n>       binfmt: true'
    changes --video --ssh-port 60022
    expect_changes $'<   localPort: 0     # a free one\n>   localPort: 60022     # a free one\n<   display: "none"   # VNC on the build server: vnc\n>   display: "default"   # VNC on the build server: vnc'
    changes --param edition=full --shell /bin/zsh
    expect_changes $'>   shell: /bin/zsh\n<   edition: small      # --param edition=full\n>   edition: full      # --param edition=full'
    changes --mount-inotify --mount-type 9p --nested-virt
    expect_changes '< mountType: reverse-sshfs
> mountType: 9p
< mountInotify:    # not on the train
> mountInotify: true    # not on the train
< nestedVirtualization: false
> nestedVirtualization: true'
}

@test "a text written by hand: mounts that go take their lines along, and no others" {
    changes --mount-none
    [ "$(grep -c '^>' <<<"$changed")" = 1 ]
    assert_changed_within '^mountType' '^# --- 4. The way in'
    grep -qx 'mounts: null' hand.yaml
    changes --mount-only /opt/a,/opt/b:w
    assert_changed_within '^mountType' '^# --- 4. The way in'
    [ "$(sed -n '/^mounts:/,/^# --- 4/p' hand.yaml)" = 'mounts:
- location: /opt/a
  mountPoint: /opt/a
  writable: false
- location: /opt/b
  mountPoint: /opt/b
  writable: true

# --- 4. The way in -----------------------------------------------------------' ]
}

# Up to the first pattern and from the second one on, before.yaml and hand.yaml are the same.
assert_changed_within() {
    cmp <(sed "/$1/q" before.yaml) <(sed "/$1/q" hand.yaml)
    cmp <(sed -n "/$2/,\$p" before.yaml) <(sed -n "/$2/,\$p" hand.yaml)
}

@test "a text written by hand: expressions" {
    changes --set '.cpus=2'
    expect_changes $'< cpus: 4 # cores\n> cpus: 2 # cores'
    changes --set '.cpus=4 | .vmOpts.qemu.minimumVersion="7.2.0"'
    expect_changes ''
    changes --set '.portForwards += [{"guestPort": 80, "hostPort": 8080}]'
    expect_changes $'> - guestPort: 80\n>   hostPort: 8080'
    changes --set 'del(.portForwards[2])'
    expect_changes '< - {guestPort: 5432, hostPort: 15432, proto: tcp}   # database'
    changes --set 'del(.env.WORKERS) | .env.NEW="ä: b"'
    expect_changes $'<   WORKERS: 4\n>   NEW: "ä: b"'
    changes --set '.portForwards[1].guestPortRange[1]=9010' --set '.portForwards[1].hostPortRange[1]=9010'
    expect_changes $'< - guestPortRange: [9000, 9009]   # workers\n<   hostPortRange: [9000, 9009]\n> - guestPortRange: [9000, 9010]   # workers\n>   hostPortRange: [9000, 9010]'
    changes --set 'del(.containerd.user)'
    expect_changes $'< containerd: { system: false,\n<               user: false }    # docker is enough\n> containerd: { system: false }    # docker is enough'
    changes --set '.containerd.system=true'
    expect_changes $'< containerd: { system: false,\n> containerd: { system: true,'
    changes --set '.hostResolver.hosts."new.lan"="192.168.7.9"'
    expect_changes '>         new.lan: 192.168.7.9'
    changes --set '(.mounts[] | select(.location == "/srv/books")).sshfs.cache=false'
    expect_changes $'<           cache: true\n>           cache: false'
    changes --set '.timezone="UTC" | .rosetta.enabled=false'
    expect_changes $'< timezone: Europe/Berlin\n< rosetta: {}\n> timezone: UTC\n> rosetta:\n>   enabled: false'
    changes --set '.tpm=false'
    expect_changes '> tpm: false'
    [ "$(tail -1 hand.yaml)" = 'tpm: false' ]
}

@test "a text written by hand: scripts are replaced as a whole, and nothing around them" {
    changes --set '(.provision[] | select(.mode == "user")).script = "#!/bin/sh
echo done"'
    expect_changes '<     #!/bin/bash
<     set -eu
<     make -C ~/catalogue EDITION="${PARAM_edition}"
>     #!/bin/sh
>     echo done'
    [ "$(limactl list -q; grep -c '8.2 the catalogue' hand.yaml)" = 1 ]
}

@test "Windows line ends, no final line end, a byte order mark: all stay" {
    sed 's/$/\r/' "$LIMA_SOURCE/tests/data/yaml/handwritten.yaml" >before.yaml
    changes --cpus=2 --mount-writable --dns 9.9.9.9 --set '.tpm=false | .env.NEW="a" | .rosetta.enabled=false'
    [ "$(grep -vc $'\r$' hand.yaml)" = 0 ]
    [ "$(grep -c '^>' <<<"$changed")" = 10 ]
    [ "$(grep -c '^<' <<<"$changed")" = 5 ]
    printf '%s' "$(cat "$LIMA_SOURCE/tests/data/yaml/handwritten.yaml")" >before.yaml
    changes --cpus=2
    expect_changes $'< cpus: 4 # cores\n> cpus: 2 # cores'
    [ "$(tail -c1 hand.yaml)" = : ]
    printf '\xef\xbb\xbf# first\ncpus: 4 # cores\nvmType: "null"\n' >before.yaml
    changes --cpus=2
    [ "$(cat hand.yaml)" = $'\xef\xbb\xbf# first\ncpus: 2 # cores\nvmType: "null"' ]
}

@test "what comes through an alias or a merge key is not changed behind the user's back" {
    cp before.yaml hand.yaml
    run limactl edit --set '.also.x86_64="max"' hand.yaml
    [ "$status" -eq 1 ]
    assert_output_has "hand.yaml:355:7"
    assert_output_has "alias"
    cmp before.yaml hand.yaml
    run limactl edit --set 'del(.cpuType_is.aarch64)' hand.yaml
    [ "$status" -eq 1 ]
    assert_output_has "merge key"
    run limactl edit --set '.cpuType_was.x86_64="max"' hand.yaml
    [ "$status" -eq 1 ]
    cmp before.yaml hand.yaml
    changes --set '.cpuType_is.riscv64="max" | .cpuType_is.aarch64="cortex-a72"'
    expect_changes $'<   riscv64: rv64\n>   riscv64: max\n>   aarch64: cortex-a72'
}

@test "the same on an instance: create keeps the text, start and restart edit it" {
    limactl create --name=dev ./before.yaml
    cmp before.yaml "$LIMA_HOME/dev/lima.yaml"
    limactl start --port-forward 8080:80 --port-forward '8443 : 443,static=true' dev
    run diff before.yaml "$LIMA_HOME/dev/lima.yaml"
    [ "$(grep '^[<>]' <<<"$output")" = '> - guestPort: "80"
>   hostPort: "8080"
>   static: false
> - guestPort: "443"
>   hostPort: "8443"
>   static: true' ]
    limactl restart --cpus=2 dev
    [ "$(limactl list -f '{{.CPUs}} {{.Status}}' dev)" = "2 Running" ]
    [ "$(diff before.yaml "$LIMA_HOME/dev/lima.yaml" | grep -c '^[<>]')" = 8 ]
    limactl create --name=dev2 --cpus=2 --port-forward 8080:80 ./before.yaml
    run diff before.yaml "$LIMA_HOME/dev2/lima.yaml"
    [ "$(grep -c '^[<>]' <<<"$output")" = 5 ]
}

@test "flags that are for new instances only are ignored on one that exists" {
    create_null dev 'cpus: 1'
    run limactl start --arch=riscv64 --plain --containerd=system --image-variant=x --cpus=2 dev
    assert_success
    for flag in arch plain containerd image-variant; do
        assert_output_has "\`--$flag\` is not applicable"
    done
    [ "$(cat "$LIMA_HOME/dev/lima.yaml")" = $'vmType: "null"\ncpus: 2' ]
    run limactl edit --plain dev
    assert_output_has "unknown flag: --plain"
}

@test "a running instance is not edited; start and restart change it for the next boot" {
    start_null dev 'cpus: 1'
    run limactl edit --cpus=2 dev
    [ "$status" -eq 1 ]
    assert_output_has "cannot edit the running instance"
    run limactl start --cpus=3 dev
    assert_success
    assert_output_has "already running"
    [ "$(cat "$LIMA_HOME/dev/lima.yaml")" = $'vmType: "null"\ncpus: 3' ]
}

@test "a missing instance and a missing file" {
    run limactl edit --cpus=2 nothing
    [ "$status" -eq 1 ]
    assert_output_has 'instance \"nothing\" not found'
    run limactl edit --cpus=2 ./nothing.yaml
    [ "$status" -eq 1 ]
    assert_output_has nothing.yaml
    run limactl edit --cpus=2
    assert_output_has 'instance \"default\" not found'
}

@test "V52: a disk grows and does not shrink" {
    create_null dev 'disk: 100GiB'
    run limactl edit --disk=50 dev
    [ "$status" -eq 1 ]
    assert_output_has "cannot shrink from 100GiB to 50GiB"
    assert_output_has "lima.yaml:2:7"
    for command in start restart; do
        run limactl "$command" --disk=50 dev
        [ "$status" -eq 1 ]
        assert_output_has "cannot shrink"
    done
    [ "$(cat "$LIMA_HOME/dev/lima.yaml")" = $'vmType: "null"\ndisk: 100GiB' ]
    grep -q 'disk: 50GiB' lima.REJECTED.yaml
    limactl edit --disk=200 dev
    [ "$(limactl list -f '{{.Disk}}' dev)" = 214748364800 ]
    run limactl edit --set 'del(.disk)' dev
    assert_success
}

@test "what is not valid is not taken over, and is kept beside" {
    create_null dev 'cpus: 1'
    run limactl edit --set '.cpus="many" | .memory="4XB"' dev
    [ "$status" -eq 1 ]
    assert_output_has "lima.yaml:2:7"
    assert_output_has "lima.REJECTED.yaml"
    [ "$(cat "$LIMA_HOME/dev/lima.yaml")" = $'vmType: "null"\ncpus: 1' ]
    [ "$(cat lima.REJECTED.yaml)" = $'vmType: "null"\ncpus: many\nmemory: 4XB' ]
    run limactl edit --vm-type=hyperdrive dev
    [ "$status" -eq 1 ]
    assert_output_has hyperdrive
    [ -z "$(find "$LIMA_HOME/dev" -name '*.tmp*' -o -name 'lima.yaml.*')" ]
}

@test "a bad expression is shown with its place" {
    create_null dev
    run limactl edit --set '.cpus = ' dev
    [ "$status" -eq 1 ]
    assert_output_has "^"
    run limactl edit --set '.cpus=env(HOME)' dev
    [ "$status" -eq 1 ]
    assert_output_has "env operations have been disabled"
    run limactl edit --set '.cpus=load("/etc/passwd")' dev
    [ "$status" -eq 1 ]
    assert_output_has "file operations have been disabled"
    run limactl create --name=dev2 --set '.cpus = ' template:default
    [ "$status" -eq 1 ]
    assert_output_has "^"
    [ ! -e "$LIMA_HOME/dev2" ]
    [ ! -e lima.REJECTED.yaml ]
}

@test "flags that contradict or make no sense name themselves" {
    create_null dev 'cpus: 1'
    while read -r flag words; do
        eval "run limactl edit $words dev"
        [ "$status" -eq 1 ] || fail_with "$words was taken"
        assert_output_has "error while processing flag \`$flag\`"
    done <<'END'
cpus --cpus=-1
mount --mount=/a --mount-only=/b
mount --mount='~nobody/x'
mount-none --mount-none --mount=/a
network --network=bridge
param --param=NAME=1
param --param=NAME
END
    run limactl start --port-forward=80 dev
    assert_output_has 'error while processing flag `port-forward`'
    run limactl edit --cpus=two dev
    assert_output_has 'invalid argument \"two\" for \"--cpus\" flag'
    [ "$(cat "$LIMA_HOME/dev/lima.yaml")" = $'vmType: "null"\ncpus: 1' ]
}

@test "neither a terminal nor flags: nothing to do, and that is no error" {
    create_null dev
    run limactl edit dev
    assert_success
    assert_output_has "--set"
    run limactl edit --tty=false dev
    assert_success
    run limactl edit --mount-none=false dev
    assert_success
    assert_output_has "Nothing was changed"
    [ "$(cat "$LIMA_HOME/dev/lima.yaml")" = 'vmType: "null"' ]
}

@test "edit --start starts; --yes is deprecated here" {
    create_null dev 'cpus: 1'
    run limactl edit --cpus=2 --start dev
    assert_success
    [ "$(limactl list -f '{{.CPUs}} {{.Status}}' dev)" = "2 Running" ]
    limactl stop dev
    run limactl edit --yes --cpus=3 dev
    assert_success
    assert_output_has deprecated
    [ "$(limactl list -f '{{.CPUs}} {{.Status}}' dev)" = "3 Stopped" ]
}

@test "a template file: its bases count for the check, link and mode stay" {
    mkdir shelf
    echo 'vmType: "null"' >shelf/below.yaml
    printf 'base: ./below.yaml\ncpus: 1 # one\n' >shelf/mine.yaml
    chmod 600 shelf/mine.yaml
    ln -s shelf/mine.yaml link.yaml
    run limactl edit --cpus=2 link.yaml
    assert_success
    [ -L link.yaml ]
    [ "$(stat -c %a shelf/mine.yaml)" = 600 ]
    [ "$(cat shelf/mine.yaml)" = $'base: ./below.yaml\ncpus: 2 # one' ]
    run limactl edit --set '.base="./missing.yaml"' link.yaml
    [ "$status" -eq 1 ]
    assert_output_has missing.yaml
    [ "$(cat shelf/mine.yaml)" = $'base: ./below.yaml\ncpus: 2 # one' ]
}

@test "of edits at once each is made, or says that another one is at work" {
    create_null dev
    local i
    for i in 1 2 3 4 5 6; do
        (
            until limactl edit --set ".env.V$i=\"$i\"" dev 2>"said.$i"; do
                grep -q 'another command is changing instance' "said.$i" || exit 1
            done
        ) &
    done
    wait
    [ "$(limactl list --yq '.config.env | keys | sort | join(" ")' dev)" = "V1 V2 V3 V4 V5 V6" ]
}
