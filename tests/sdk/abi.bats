# What was built with an older SDK works with today's host, and the check that guards it sees what breaks it.
load ../cli/common
load sdk

@test "a driver built with the header of 1.0 runs" {
    drive null-c "$LIMA_PREFIX/tests/abi-1.0"
}

# changed FILE SED-SCRIPT: the SDK's headers with one change
changed() {
    rm -rf "$BATS_HOME/include"
    cp -r "$LIMA_SOURCE/sdk/include" "$BATS_HOME/include"
    sed -i -E "$2" "$BATS_HOME/include/lima/$1"
    ! cmp -s "$LIMA_SOURCE/sdk/include/lima/$1" "$BATS_HOME/include/lima/$1"
    run python3 "$LIMA_SOURCE/tests/sdk/abi.py" "$LIMA_SOURCE/sdk/abi/1.0" "$BATS_HOME/include" "$CC"
}

@test "what may change within a major" {
    changed driver.h 's/^(#define LIMA_DRIVER_ABI_MINOR) 0u/\1 1u/'
    assert_success
    changed driver.h 's/^\} lima_call;/    void *later;\n&/'
    assert_success
    changed ext/driver.h 's/^#define LIMA_EXT_GUI .*/#define LIMA_EXT_NEW "lima.new\/1"\n&/'
    assert_success
    changed driver.h 's/VM instance/instance/'
    assert_success
}

@test "what may not" {
    changed driver.h 's/LIMA_ABORTED = 10/LIMA_ABORTED = 11/'
    assert_failure
    assert_output_has LIMA_ABORTED
    changed driver.h 's/^\} lima_driver;/    void *later;\n&/'
    assert_failure
    assert_output_has 'lima_driver has new fields'
    changed driver.h 's/^    int32_t cancel_fd;.*/    intptr_t cancel_fd;/'
    assert_failure
    assert_output_has 'lima_call: field 1'
    changed driver.h 's/^    uint32_t struct_size;.*the host.*/    int32_t earlier;\n&/'
    assert_failure
    changed driver.h 's/^typedef intptr_t lima_handle;/typedef int lima_handle;/'
    assert_failure
    changed ext/driver.h 's/lima.adopt\/1/lima.adopt\/2/'
    assert_failure
    assert_output_has LIMA_EXT_ADOPT
    changed ext/display.h 's/, const char \*password\)/)/'
    assert_failure
    assert_output_has lima_ext_display
    changed ext/host.h 's/uint64_t|int64_t size/int32_t size/'
    assert_failure
    changed ext/host.h '/\(LIMA_CALL \*unlock\)/,/;/d'
    assert_failure
    assert_output_has 'lima_host_disk'
}

# changed_types INCLUDE_DIR: what a tool that knows nothing of our headers sees in the binaries.
changed_types() {
    python3 "$LIMA_SOURCE/tests/sdk/abi.py" "$LIMA_SOURCE/sdk/abi/1.0" >surface.c
    "$CC" -std=c11 -g -shared -fPIC -I"$LIMA_SOURCE/sdk/abi/1.0" surface.c -o frozen.so
    "$CC" -std=c11 -g -shared -fPIC -I"$1" surface.c -o today.so
    abidiff --leaf-changes-only frozen.so today.so >report || true
    grep -q 'functions summary: 0 Removed, 0 Changed, 0 Added' report || [ ! -s report ]
    sed -n "s/^'\([^']*\) at .*' changed:$/\1/p" report
}

@test "abidiff agrees" {
    command -v abidiff >/dev/null || skip "abidiff is not installed"
    [ -z "$(changed_types "$LIMA_SOURCE/sdk/include" | grep -vx 'struct lima_call')" ]
    cp -r "$LIMA_SOURCE/sdk/include" include
    sed -i 's/^} lima_call;/    void *later;\n&/' include/lima/driver.h
    [ "$(changed_types include)" = "struct lima_call" ]
    sed -i 's/^} lima_host_disk;/    void *later;\n&/' include/lima/ext/host.h
    [ "$(changed_types include)" = $'struct lima_call\nstruct lima_host_disk' ]
}
