# Boots that fail in a real guest, as far as the console, the guest's agent and sshd can tell why: each is told with
# phase, cause and next step soon after it can be known, and start, stop and delete work afterwards. Failures that show
# before the guest's kernel runs, and kernels that panic, are in failures.bats.
load common

suite_setup() {
    need_guest mini
    need_guest test
    TEST_TEMPLATE=$LIMA_HOME/_templates/debian-12-bootstrap-test.yaml
    export TEST_TEMPLATE
}

# fails NAME TEMPLATE [flag…]: output in $output; what was said with times in $VM_HOME/NAME.log
fails() {
    local name=$1 template=$2
    shift 2
    SECONDS=0
    run limactl_start "$name" "$template" "$@"
    echo "after $SECONDS s: $output"
    [ "$status" -eq 1 ]
    [[ $output == *hint* ]]
}

usable_again() { # NAME
    limactl stop --force "$1"
    [ "$(status_of "$1")" = Stopped ]
    [ -z "$(leftovers "$1")" ]
    limactl delete "$1"
}

with_script() { # NAME BASE MODE SCRIPT
    {
        printf 'base: template:debian-12-bootstrap-%s\nprovision:\n- mode: %s\n  script: |\n' "$2" "$3"
        printf '    #!/bin/sh\n'
        sed 's/^/    /' <<<"$4"
    } >"$VM_HOME/$1.yaml"
}

@test "wrong root=" {
    limactl create --tty=false --name=root template:debian-12-bootstrap-test
    sed -i 's/root=[^ ]*/root=LABEL=nowhere/' "$LIMA_HOME/root/kernel.cmdline"
    limactl start --tty=false root 3>&- >"$VM_HOME/root.log" 2>&1 &
    starting=$!
    while kill -0 $starting 2>/dev/null && ! grep -qs 'no root file system' "$LIMA_HOME/root/serial.log"; do sleep 0.1; done
    knowable=$(date +%s%N)
    run wait $starting
    told=$((($(date +%s%N) - knowable) / 1000000))
    cat "$VM_HOME/root.log"
    echo "told after $told ms"
    grep -q 'no root file system' "$VM_HOME/root.log"
    grep -q hint "$VM_HOME/root.log"
    [ "$told" -lt 4000 ]
    [ "$(status_of root)" = Stopped ]
    usable_again root
}

@test "grub stands at its prompt" {
    image=$(sed -n 's/^ *-\{0,1\} *location: *"\{0,1\}\([^"]*\.qcow2\)"\{0,1\}$/\1/p' "$TEST_TEMPLATE" | head -n 1)
    qemu-img convert -O raw "$image" "$VM_HOME/grub.raw"
    start=$(PATH=$PATH:/usr/sbin sfdisk -J "$VM_HOME/grub.raw" | jq '[.partitiontable.partitions[] | select(.size > 400000)][0].start')
    PATH=$PATH:/usr/sbin debugfs -w -R 'rm /boot/grub/grub.cfg' "$VM_HOME/grub.raw?offset=$((start * 512))"
    printf 'images: [{location: "%s"}]\nmounts: []\ncontainerd: {system: false, user: false}\nfirmware: {legacyBIOS: true}\n' \
        "$VM_HOME/grub.raw" >"$VM_HOME/grub.yaml"
    fails grub "$VM_HOME/grub.yaml"
    [[ $output == *"boot loader"*prompt* ]]
    [ "$SECONDS" -lt 40 ]
    rm "$VM_HOME/grub.raw"
    usable_again grub
}

@test "a script that exits 1 is named, with its last words" {
    with_script exit1 mini system 'echo the very last words; exit 1'
    fails exit1 "$VM_HOME/exit1.yaml"
    [[ $output == *"the very last words"* ]]
    [[ $output == *provision* ]]
    in_guest exit1 true
    usable_again exit1
}

@test "a full disk of the guest is named" {
    with_script full test system 'df --output=avail -B1 / | tail -n 1 | { read -r left; fallocate -l $((left - 4096)) /full; }
fallocate -l 4G /more'
    fails full "$VM_HOME/full.yaml"
    [[ $output == *"is degraded"*"the guest's disk is full"* ]]
    [[ $output != *READY* ]]
    usable_again full
}

@test "a script that hangs is named while it hangs" {
    with_script hangs mini system 'echo I wait; exec sleep 1000'
    limactl start --tty=false --name=hangs --timeout=40s "$VM_HOME/hangs.yaml" 3>&- >"$VM_HOME/hangs.log" 2>&1 || true
    cat "$VM_HOME/hangs.log"
    grep -q 'I wait' "$VM_HOME/hangs.log"
    grep -qi 'script' "$VM_HOME/hangs.log"
    in_guest hangs true
    usable_again hangs
}

@test "sshd masked" {
    with_script masked test boot 'systemctl mask --now ssh.service ssh.socket'
    fails masked "$VM_HOME/masked.yaml"
    [[ $output == *ssh* ]]
    [[ $output == *masked* ]]
    [ "$SECONDS" -lt 240 ]
    usable_again masked
}

@test "the wrong key" {
    with_script key test boot 'echo "AuthorizedKeysFile none" >/etc/ssh/sshd_config.d/01-none.conf; systemctl try-restart ssh'
    fails key "$VM_HOME/key.yaml"
    [[ $output == *key* ]]
    [ "$SECONDS" -lt 240 ]
    usable_again key
}

@test "the guest agent's binary is missing: said at once, and the guest runs all the same" {
    prefix=$VM_HOME/prefix
    mkdir -p "$prefix/share/lima"
    for part in "$LIMA_PREFIX"/{bin,libexec,lib}; do cp -aL "$part" "$prefix/"; done
    for part in "$LIMA_PREFIX"/share/lima/*; do
        [[ $part == *guestagent* ]] || ln -s "$part" "$prefix/share/lima/"
    done
    PATH=$prefix/bin:$PATH run limactl_start bare template:debian-12-bootstrap-mini
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"guest agent"* ]]
    in_guest bare true
    limactl stop bare
    usable_again bare
}
