# Every way in: firmware or none, and another architecture.
load common

boots() { # NAME TEMPLATE [flag…]
    run limactl_start "$@"
    echo "$output"
    [ "$status" -eq 0 ]
    in_guest "$1" uname -a
    limactl stop "$1"
    [ -z "$(leftovers "$1")" ]
    limactl delete "$1"
}

# The disk of the test guest without its kernel and initrd: firmware must find the way.
disk_only() { # legacyBIOS
    image=$(sed -n 's/^ *-\{0,1\} *location: *"\{0,1\}\([^"]*\.qcow2\)"\{0,1\}$/\1/p' "$LIMA_HOME/_templates/debian-12-bootstrap-test.yaml" | head -n 1)
    printf 'images: [{location: "%s"}]\nmounts: []\ncontainerd: {system: false, user: false}\nfirmware: {legacyBIOS: %s}\nmemory: 1GiB\n' \
        "$image" "$1"
}

@test "kernel and initrd" {
    need_guest test
    boots direct template:debian-12-bootstrap-test
}

@test "BIOS" {
    need_guest test
    disk_only true >"$VM_HOME/bios.yaml"
    boots bios "$VM_HOME/bios.yaml"
}

@test "EFI" {
    need_guest test
    disk_only false >"$VM_HOME/efi.yaml"
    boots efi "$VM_HOME/efi.yaml"
}

@test "aarch64" {
    need_guest mini aarch64
    boots arm template:debian-12-bootstrap-mini-aarch64
}

@test "the honest cloud guest" {
    need_guest cloud
    boots cloud template:debian-12-bootstrap
}
