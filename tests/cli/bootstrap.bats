# The plugin "limactl bootstrap", as far as it goes without a download: arguments, preflight, cache, template,
# locks, signals, and the pieces of the guests that can be tried here.
# shellcheck disable=SC2016 # single quotes: what is in them is for another shell
bats_require_minimum_version 1.5.0
load common

suite_setup() {
    SOURCE=${LIMA_SOURCE:-$BATS_TEST_DIRNAME/../..}/core/cli/bootstrap
    export LIMA_BOOTSTRAP_CACHE=$BATS_HOME/builds TMPDIR=$BATS_HOME/scratch
    mkdir -p "$TMPDIR"
}

bootstrap() { "$SOURCE/limactl-bootstrap" "$@"; }

# build_dir PROFILE ARCH: where that guest is built, as the plugin computes it
build_dir() {
    PROFILE=$1 ARCH=$2 SELF=$SOURCE/limactl-bootstrap PARTS=$SOURCE bash -c '
        source "$PARTS/lib/store.sh"; locate_build; echo "$BUILD_DIR"'
}

# fake_build PROFILE ARCH FILE...: a finished build of small files, in the order image, kernel, initrd
fake_build() {
    local dir role file roles=(image kernel initrd)
    dir=$(build_dir "$1" "$2")
    shift 2
    for file; do
        role=${roles[0]} roles=("${roles[@]:1}")
        mkdir -p "$(dirname "$dir/$file")"
        echo "$file" >"$dir/$file"
        echo "$role $file $(stat -c %s "$dir/$file") $(sha256sum <"$dir/$file" | cut -d' ' -f1)" >>"$dir/manifest"
    done
    echo "$dir"
}

assert_nothing_built() {
    [ -z "$(find "$LIMA_BOOTSTRAP_CACHE" "$TMPDIR" "$LIMA_HOME" -mindepth 1 ! -name '.*.lock' 2>/dev/null)" ] ||
        fail_with "something was left"
}

@test "--help explains, on stdout" {
    run --separate-stderr bootstrap --help
    assert_success
    assert_output_has "limactl bootstrap debian-12"
    assert_output_has "--profile cloud|test|mini"
    [ -z "$stderr" ]
}

@test "the plugin describes itself to limactl" {
    run grep -o '<limactl-desc>.*</limactl-desc>' "$SOURCE/limactl-bootstrap"
    assert_success
    [ "$(head -c 2 "$SOURCE/limactl-bootstrap")" = '#!' ]
}

@test "wrong arguments are refused with a hint" {
    for arguments in '' 'debian-11' 'debian-12 extra' 'debian-12 --frobnicate' 'debian-12 --profile' \
        'debian-12 --profile=huge' 'debian-12 --arch mips'; do
        # shellcheck disable=SC2086
        run bootstrap $arguments
        [ "$status" -eq 1 ] || fail_with "status $status for: $arguments"
        assert_output_has "limactl bootstrap: error:"
        assert_output_has "limactl bootstrap --help"
    done
    assert_nothing_built
}

@test "missing tools are named with the packages to install, before any work" {
    mkdir "$BATS_HOME/bin"
    ln -s /usr/bin/* "$BATS_HOME/bin/"
    rm -f "$BATS_HOME"/bin/{readelf,cpio}
    PATH=$BATS_HOME/bin run bootstrap debian-12 --profile mini
    [ "$status" -eq 1 ]
    assert_output_has "sudo apt-get install --no-install-recommends binutils cpio"
    assert_nothing_built
}

@test "a lack of room is refused with the sizes, before any work" {
    LIMA_BOOTSTRAP_TEST_FREE_MIB=10 run bootstrap debian-12 --profile mini
    [ "$status" -eq 1 ]
    [[ $output =~ [0-9]+\ MiB\ needed,\ 10\ MiB\ available ]] || fail_with "no sizes"
    assert_output_has LIMA_BOOTSTRAP_CACHE
    assert_nothing_built
}

@test "a full guest of another architecture is refused" {
    other=aarch64
    [ "$(uname -m)" != aarch64 ] || other=x86_64
    run bootstrap debian-12 --arch "$other"
    [ "$status" -eq 1 ]
    assert_output_has "--profile mini --arch $other"
}

@test "a finished mini build is registered at once" {
    dir=$(fake_build mini x86_64 disk.raw boot/vmlinuz boot/initrd)
    before=$(date +%s%N)
    run bootstrap debian-12 --profile mini --arch x86_64
    [ $((($(date +%s%N) - before) / 1000000)) -lt 1000 ] || fail_with "too slow"
    assert_success
    assert_output_has "is built already"
    assert_output_has "limactl start template:debian-12-bootstrap-mini"

    run cat "$LIMA_HOME/_templates/debian-12-bootstrap-mini.yaml"
    assert_success
    assert_output_has "location: \"$dir/disk.raw\""
    assert_output_has "digest: \"sha256:$(sha256sum <"$dir/disk.raw" | cut -d' ' -f1)\""
    assert_output_has "location: \"$dir/boot/vmlinuz\""
    assert_output_has "location: \"$dir/boot/initrd\""
    assert_output_has 'cmdline: "console=ttyS0'
    assert_output_has "legacyBIOS: true"
    [ "$(ls "$LIMA_HOME/_templates")" = debian-12-bootstrap-mini.yaml ]
}

@test "profile and architecture are in the template's name" {
    fake_build mini aarch64 disk.raw boot/vmlinuz boot/initrd
    bootstrap debian-12 --profile mini --arch arm64
    run cat "$LIMA_HOME/_templates/debian-12-bootstrap-mini-aarch64.yaml"
    assert_output_has "arch: aarch64"
    assert_output_has "console=ttyAMA0"
    refute_output_has legacyBIOS
}

@test "the cloud guest boots from its disk alone" {
    fake_build cloud x86_64 guest/disk.qcow2
    bootstrap debian-12 --arch x86_64
    run cat "$LIMA_HOME/_templates/debian-12-bootstrap.yaml"
    assert_output_has "guest/disk.qcow2"
    refute_output_has "kernel:"
    refute_output_has "initrd:"
}

@test "a damaged build is noticed" {
    dir=$(fake_build mini x86_64 disk.raw boot/vmlinuz boot/initrd)
    echo more >>"$dir/boot/initrd"
    LIMA_BOOTSTRAP_TEST_FREE_MIB=10 run bootstrap debian-12 --profile mini --arch x86_64
    [ "$status" -eq 1 ]
    assert_output_has "missing or damaged"
    [ -e "$dir/disk.raw" ] && [ ! -e "$dir/boot" ]
}

@test "--list tells ready from outdated and partial" {
    ready=$(fake_build mini x86_64 disk.raw)
    mkdir -p "$LIMA_BOOTSTRAP_CACHE/debian-12-bootstrap-test-0123456789ab"
    run bootstrap --list
    assert_success
    [[ $output =~ debian-12-bootstrap-mini\ +ready\ +$ready ]] || fail_with "mini is not ready"
    [[ $output =~ debian-12-bootstrap-test\ +partial ]] || fail_with "test is not partial"
}

@test "the second of two runs waits and says so" {
    fake_build mini x86_64 disk.raw boot/vmlinuz boot/initrd
    exec 7>"$LIMA_BOOTSTRAP_CACHE/.debian-12-bootstrap-mini.lock"
    flock 7
    bootstrap debian-12 --profile mini --arch x86_64 >"$BATS_HOME/second" 2>&1 7>&- &
    second=$!
    for _ in {1..50}; do
        ! grep -q "waiting for it to end" "$BATS_HOME/second" || break
        sleep 0.1
    done
    grep "waiting for it to end" "$BATS_HOME/second"
    [ ! -e "$LIMA_HOME/_templates/debian-12-bootstrap-mini.yaml" ]
    exec 7>&-
    wait "$second"
    [ -e "$LIMA_HOME/_templates/debian-12-bootstrap-mini.yaml" ]
}

# with_ui SCRIPT: runs it as the plugin would run a build, with BUILD_DIR and a temporary tree
with_ui() {
    PROG=test SCRATCH_ROOT=$TMPDIR BUILD_DIR=$BATS_HOME/build exec bash -euo pipefail -c "
        mkdir -p \"\$BUILD_DIR\"
        source '$SOURCE/lib/ui.sh'
        RESUME_HINT='run me again' STAGE_COUNT=2
        install_traps; make_work_dir
        $1"
}

@test "a stage is kept for the next run" {
    run with_ui 'one() { echo made >"$1"; }; stage a "the first" one; STAGE_NO=0; stage a "the first" one; cat "$BUILD_DIR/a"'
    assert_success
    assert_output_has "[1/2] the first ..."
    assert_output_has "[1/2] the first: kept from an earlier run"
    assert_output_has made
    [ -z "$(ls "$TMPDIR")" ]
}

@test "a failing stage shows the end of its log and how to go on" {
    run with_ui 'one() { echo half >"$1"; echo "the reason" >&2; false; echo never; }; stage a "the first" one'
    [ "$status" -eq 1 ]
    assert_output_has "| the reason"
    refute_output_has never
    assert_output_has "whole log: $BATS_HOME/build/logs/a.log"
    assert_output_has "run me again"
    [ -z "$(ls "$TMPDIR")" ] && [ ! -e "$BATS_HOME/build/a" ] && [ ! -e "$BATS_HOME/build/a.tmp" ]
}

@test "an interrupted stage leaves neither children nor temporary files" {
    with_ui 'one() { echo half >"$1"; touch "$WORK_DIR/x"; sleep 1000 & sleep 1000; }; stage a "the first" one' \
        >"$BATS_HOME/interrupted" 2>&1 &
    pid=$!
    for _ in {1..50}; do
        [ ! -e "$BATS_HOME/build/a.tmp" ] || break
        sleep 0.1
    done
    groups=$(ps -o pgid= --ppid "$pid" | sort -u)
    [ "$(wc -w <<<"$groups")" -eq 2 ] # the stage and the ticker
    kill -INT "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -gt 128 ]
    run cat "$BATS_HOME/interrupted"
    assert_output_has "interrupted"
    assert_output_has "run me again"
    [ -z "$(ls "$TMPDIR")" ] && [ ! -e "$BATS_HOME/build/a.tmp" ]
    for group in $groups; do
        run kill -0 -- "-$group"
        [ "$status" -ne 0 ] || fail_with "processes of group $group are left"
    done
}

@test "mirrors come from apt's own configuration" {
    mkdir "$BATS_HOME/bin"
    cat >"$BATS_HOME/bin/apt-get" <<'SH'
#!/bin/sh
cat "$APT_TARGETS"
SH
    chmod +x "$BATS_HOME/bin/apt-get"
    export APT_TARGETS=$BATS_HOME/targets
    mirrors() { PATH=$BATS_HOME/bin:$PATH bash -euo pipefail -c "source '$SOURCE/lib/apt.sh'; find_mirrors; echo \$MIRROR \$SECURITY_MIRROR"; }

    printf '%s\n' 'stable https://example.com/other/ stable Other Other' \
        'bookworm http://mirror.example/debian/ main Debian Debian' \
        'bookworm-security http://mirror.example/security/ main Debian Debian-Security' >"$APT_TARGETS"
    [ "$(mirrors)" = 'http://mirror.example/debian http://mirror.example/security' ]

    # another release's mirror has ours too
    echo 'trixie http://mirror.example/debian/ main Debian Debian' >"$APT_TARGETS"
    [ "$(mirrors)" = 'http://mirror.example/debian http://security.debian.org/debian-security' ]

    # never updated: apt does not know the origin yet
    # shellcheck disable=SC2016
    echo 'bookworm http://mirror.example/debian/ main $(ORIGIN) $(LABEL)' >"$APT_TARGETS"
    [ "$(mirrors)" = 'http://mirror.example/debian http://security.debian.org/debian-security' ]

    # Ubuntu
    echo 'noble http://mirror.example/ubuntu/ main Ubuntu Ubuntu' >"$APT_TARGETS"
    [ "$(mirrors)" = 'http://deb.debian.org/debian http://security.debian.org/debian-security' ]
}

@test "modules are loaded after what they need, and unknown ones skipped" {
    mkdir "$BATS_HOME/modules"
    cat >"$BATS_HOME/modules/modules.dep" <<'DEP'
kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/lib/crc16.ko
kernel/fs/jbd2/jbd2.ko: kernel/lib/crc16.ko
kernel/lib/crc16.ko:
kernel/drivers/virtio/virtio-rng.ko:
DEP
    run bash -euo pipefail -c "source '$SOURCE/lib/kernel.sh'; modules_with_dependencies '$BATS_HOME/modules' ext4 nothing virtio_rng"
    assert_success
    [ "$output" = "kernel/lib/crc16.ko
kernel/fs/jbd2/jbd2.ko
kernel/fs/ext4/ext4.ko
kernel/drivers/virtio/virtio-rng.ko" ] || fail_with "wrong order"
}

@test "the mini guest reads cloud-config" {
    cat >"$BATS_HOME/user-data" <<'YAML'
#cloud-config
growpart:
  devices: ['/']
users:
  - name: "lima"
    uid: '501' # a comment
    gecos: "A \"B\" \u00e9: #1"
    ssh-authorized-keys:
      - "ssh-ed25519 AAAA a: b"
      - ssh-rsa BBBB c@d
mounts:
- [lima-0, "/a, b", 9p, "ro,nofail", "0", "0"]
write_files:
 - content: |
      #!/bin/sh
      echo "a: b"

        - deeper
   path: /x
   permissions: '0755'
 - path: /y
   content: "one\ntwo"
manage_resolv_conf: true
YAML
    mkdir "$BATS_HOME/values"
    run awk -v DIR="$BATS_HOME/values" -f "$SOURCE/guest/mini/usr/lib/mini/flatten-yaml" "$BATS_HOME/user-data"
    assert_success
    expected=$(printf '%s\ts\t%s\n' growpart.devices.0 / users.0.name lima users.0.uid 501 \
        users.0.gecos 'A "B" é: #1' users.0.ssh-authorized-keys.0 'ssh-ed25519 AAAA a: b' \
        users.0.ssh-authorized-keys.1 'ssh-rsa BBBB c@d' mounts.0.0 lima-0 mounts.0.1 '/a, b' mounts.0.2 9p \
        mounts.0.3 ro,nofail mounts.0.4 0 mounts.0.5 0)
    [[ $output == "$expected"* ]] || fail_with "wrong values"
    assert_output_has "write_files.0.permissions"$'\ts\t'"0755"
    assert_output_has "manage_resolv_conf"$'\ts\t'"true"
    [ "$(cat "$BATS_HOME/values/value.1")" = '#!/bin/sh
echo "a: b"

  - deeper' ]
    [ "$(cat "$BATS_HOME/values/value.2")" = 'one
two' ]
}

@test "a faked chroot finds systemd's own library in the tree" {
    mapfile -t hooks < <(TRIPLET=some-triplet bash -c 'source "$1/lib/full.sh"; faked_library_hooks' - "$SOURCE")
    [ "${#hooks[@]}" -eq 2 ]
    mkdir "$BATS_HOME/tree"
    sh -c "${hooks[0]#--setup-hook=}" exec "$BATS_HOME/tree"
    [ -d "$BATS_HOME/tree/usr/lib/some-triplet/systemd" ]
    [ "$(cat "$BATS_HOME"/tree/etc/ld.so.conf.d/*.conf)" = /usr/lib/some-triplet/systemd ]
    sh -c "${hooks[1]#--customize-hook=}" exec "$BATS_HOME/tree"
    [ -z "$(ls "$BATS_HOME/tree/etc/ld.so.conf.d")" ]
}
