# lima-check-driver: what it says of good drivers, and that it finds what the drivers of broken/ break.
load ../cli/common

# driver=test: the one test that each fails.
BROKEN=(
    any-major=entry.majors
    changes-process=process.state
    crashes=configure.garbage
    creates-once=create.twice
    deaf=cancel.start
    drops-keys=configure.unknown
    ends-twice=vm.events
    hangs=extension.unknown
    late-call=destroy.silence
    leaks-descriptor=leaks.descriptors
    leaks-thread=leaks.threads
    no-plan-b=faults.refused
    prints=process.silence
    says-nothing=errors.text
    sloppy-ids=extension.exact
    starts-twice=vm.second-start
    stop-fails=stop.stopped
    throws=extension.unknown
    two-exports=file.exports
    waits=threads.any
    wrong-name=record.name
)

suite_setup() { KIT=$LIMA_PREFIX/libexec/lima/lima-check-driver; }

@test "each broken driver fails in the one test that is meant, and in no other" {
    export KIT LIMA_PREFIX BATS_HOME
    # shellcheck disable=SC2016 # expanded by the inner shell
    printf '%s\n' "${BROKEN[@]%%=*}" | xargs -P 3 -I{} bash -c '
        "$KIT" --level=8 --timeout=15 --json --only-failed "$LIMA_PREFIX/tests/broken/lima-driver-{}.so" >"$BATS_HOME/{}.json"
        [ "$?" -eq 1 ] || echo "{}: exit status is not 1"' >"$BATS_HOME/statuses"
    [ ! -s "$BATS_HOME/statuses" ] || fail_with "$(cat "$BATS_HOME/statuses")"
    for pair in "${BROKEN[@]}"; do
        found=$(jq -r '[.tests[].name] | join(" ")' "$BATS_HOME/${pair%%=*}.json")
        [ "$found" = "${pair#*=}" ] || fail_with "${pair%%=*} fails in: $found, not in ${pair#*=}"
    done
    [ "$(jq -r '.tests[0].status' "$BATS_HOME/crashes.json")" = crash ]
    [ "$(jq -r '.tests[0].status' "$BATS_HOME/no-plan-b.json")" = crash ]
    [ "$(jq -r '.tests[0].status' "$BATS_HOME/hangs.json")" = hang ]
    [ "$(jq -r '.tests[0].messages[0]' "$BATS_HOME/two-exports.json")" = "it exports another_export as well" ]
    [ "${#BROKEN[@]}" -eq "$(find "$LIMA_PREFIX/tests/broken" -name 'lima-driver-*.so' | wc -l)" ]
}

@test "a good driver passes; its report as text and as JSON" {
    run "$KIT" "$LIMA_PREFIX/lib/lima/drivers/lima-driver-null.so"
    assert_success
    assert_output_has "pass   vm.events"
    [[ ${lines[-1]} =~ lima-driver-null\.so,\ module,\ level\ 5:\ pass\ [0-9]+$ ]] || fail_with "no summary"
    run "$KIT" --json --test=record "$LIMA_PREFIX/lib/lima/drivers/lima-driver-null.so"
    assert_success
    echo "$output" | jq -e '.driver == "null" and .kind == "module" and .summary.pass == 2 and .summary.fail == 0
        and [.tests[].name] == ["record.complete", "record.name"]'
    run "$KIT" --only-failed --test=record.* "$LIMA_PREFIX/lib/lima/drivers/lima-driver-null.so"
    assert_success
    [ "${#lines[@]}" -eq 1 ]
}

@test "what cannot be tried is skipped, with the reason" {
    run "$KIT" --test=vm.events "$LIMA_PREFIX/lib/lima/drivers/lima-driver-qemu.so"
    assert_success
    assert_output_has "skip   vm.events"
    assert_output_has "the driver needs an image: give an instance that can start by --instance"
}

@test "a file that is no driver fails" {
    printf 'this is no library\n' >lima-driver-x.so
    run "$KIT" --level=3 lima-driver-x.so
    [ "$status" -eq 1 ]
    assert_output_has "not an ELF file"
    assert_output_has "fail   load.now"
}

@test "the tests are listed, and chosen by level and pattern" {
    run "$KIT" --list
    assert_success
    all=${#lines[@]}
    [ "$all" -ge 40 ]
    run "$KIT" --list --json --test='leaks.*'
    assert_success
    echo "$output" | jq -e 'length == 2 and all(.level == 7 and (.wants | length) > 10)'
    run "$KIT" --list --level=10 "$LIMA_PREFIX/lib/lima/drivers/lima-driver-null.so"
    assert_success
    [ "${#lines[@]}" -gt "$all" ]
    [[ $output != *program.starts* ]] || fail_with "tests of programs for a module"
}

@test "a wrong usage is told, and its exit status is 2" {
    null=$LIMA_PREFIX/lib/lima/drivers/lima-driver-null.so
    for words in "" "--level=11 $null" "--level=x $null" "--level" "--nonsense $null" "nowhere.so" "$null $null" \
        "--test=no.such $null" "--via=$null nowhere" "--timeout=0 $null" "--instance=nowhere $null"; do
        # shellcheck disable=SC2086 # words
        run "$KIT" $words
        [ "$status" -eq 2 ] || fail_with "exit status $status for: $words"
        assert_output_has "lima-check-driver: "
    done
    run "$KIT" --help
    assert_success
    assert_output_has "--only-failed"
}

@test "nothing is left of it: no process, no file" {
    export TMPDIR=$BATS_HOME/tmp
    mkdir "$TMPDIR"
    "$KIT" --level=6 --only-failed "$LIMA_PREFIX/tests/broken/lima-driver-starts-twice.so" || true
    [ -z "$(ls -A "$TMPDIR")" ]
    [ -z "$(left_processes)" ]
}

@test "limactl driver check finds the driver and runs the kit on it" {
    run limactl driver check --test=record null
    assert_success
    assert_output_has "pass   record.name"
    assert_output_has "/lib/lima/drivers/lima-driver-null.so, module, level 10: pass 2"
    run limactl driver check --only-failed --level=3 "$LIMA_PREFIX/tests/broken/lima-driver-wrong-name.so"
    [ "$status" -eq 1 ]
    assert_output_has "fail   record.name"
    run limactl driver check no-such-driver
    [ "$status" -eq 1 ]
    assert_output_has "no-such-driver"
}

# The BIOS that finds nothing to boot is VM enough. It does not hear the power button, so a stop is called off at once.
@test "the qemu driver passes with a VM, in process and out of it" {
    command -v qemu-system-x86_64 >/dev/null || skip "there is no qemu-system-x86_64"
    mkdir i
    truncate -s 16M i/disk
    jq -n --arg dir "$PWD/i" '{name: "check", dir: $dir, arch: "x86_64", sshLocalPort: 0, sshAddress: "127.0.0.1",
        config: {vmType: "qemu", os: "Linux", arch: "x86_64", cpus: 1, memory: "128MiB", disk: "16MiB",
            mountType: "reverse-sshfs", firmware: {legacyBIOS: true, images: []},
            video: {display: "none", vnc: {}}, audio: {device: "", interface: ""}}}' >instance.json
    for way in --level=10 "--via=$LIMA_PREFIX/libexec/lima/lima-run-driver"; do
        run "$KIT" "$way" --instance=instance.json --patience=0 --only-failed --test=disk --test=vm --test=cancel --test=threads.vm --test=leaks \
            --test=process --test=destroy --test=faults "$LIMA_PREFIX/lib/lima/drivers/lima-driver-qemu.so"
        assert_success
    done
}

# broken_program TEST EXPRESSION: the Python driver, bent by sed, fails in that test and in no other.
broken_program() {
    mkdir -p "bent-$1"
    sed "$2" "$LIMA_SOURCE/sdk/examples/null-python/lima-driver-null-python" >"bent-$1/lima-driver-null-python"
    chmod +x "bent-$1/lima-driver-null-python"
    ! cmp -s "bent-$1/lima-driver-null-python" "$LIMA_SOURCE/sdk/examples/null-python/lima-driver-null-python" ||
        fail_with "nothing is bent for $1"
    run "$KIT" --level=6 --json --only-failed --test=program "bent-$1/lima-driver-null-python"
    [ "$status" -eq 1 ] || fail_with "$1 is not found"
    [ "$(echo "$output" | jq -r '[.tests[].name] | join(" ")')" = "$1" ] || fail_with "not $1 alone"
}

@test "a program that is broken fails in the one test that is meant" {
    broken_program program.stdout 's/^    server.start()$/&; print("ready", flush=True)/'
    broken_program program.inspect-status 's/^    instance\["status"\] = ""$/    instance = {"status": ""}/'
    broken_program program.stale-socket 's/^    if os.path.lexists(path):$/    if False:/; s/^    server = grpc.server(/    if os.path.lexists(path): raise SystemExit("in use")\n&/'
}
