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

usable_again() { # NAME
    limactl stop --force "$1"
    [ "$(status_of "$1")" = Stopped ]
    [ -z "$(leftovers "$1")" ]
    limactl delete "$1"
}

# with_scripts NAME BASE MODE SCRIPT…: an instance's YAML. `say` in a script writes a line on the serial console.
with_scripts() {
    local name=$1
    {
        printf 'base: template:debian-12-bootstrap-%s\nprovision:\n' "$2"
        shift 2
        while [ $# -gt 1 ]; do
            printf -- '- mode: %s\n  script: |\n    #!/bin/sh\n    say() { echo "test: $*" >/dev/ttyS0; }\n' "$1"
            sed 's/^/    /' <<<"$2"
            shift 2
        done
    } >"$VM_HOME/$name.yaml"
}

# fails NAME EVIDENCE: with the YAML of that name
fails() {
    watched_start "$1" "$2" --name="$1" "$VM_HOME/$1.yaml"
    [ "$status" -eq 1 ]
}

@test "wrong root=" {
    limactl create --tty=false --name=root template:debian-12-bootstrap-test
    sed -i 's/root=[^ ]*/root=LABEL=nowhere/' "$LIMA_HOME/root/kernel.cmdline"
    watched_start root 'no root file system' root
    [ "$status" -eq 1 ]
    told_in_time root init 'no root file system'
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
    fails grub 'grub> '
    told_in_time grub 'boot loader' 'boot loader stands at its prompt'
    [ "$(status_of grub)" = Stopped ]
    rm "$VM_HOME/grub.raw"
    usable_again grub
}

@test "a script that exits 1 is named, with its last words" {
    with_scripts exit1 mini system 'echo the very last words; say exits; exit 1'
    fails exit1 'test: exits'
    told_in_time exit1 script 'provision.system/.*exit status 1.*the very last words'
    [ -n "$(told exit1 script 'is degraded.*exit status 1.*the very last words')" ]
    in_guest exit1 true
    usable_again exit1
}

@test "a full disk of the guest is named" {
    with_scripts full test system 'df --output=avail -B1 / | tail -n 1 | { read -r left; fallocate -l $((left - 4096)) /full; }
fallocate -l 4G /more || { say exits; exit 1; }'
    fails full 'test: exits'
    told_in_time full script "the guest's disk is full"
    grep -q '"state":"degraded"' "$VM_HOME/full.told"
    usable_again full
}

@test "a script that hangs is named while it hangs" {
    with_scripts hangs mini system 'say begins; echo I wait; exec sleep 1000'
    watched_start hangs 'test: begins' --name=hangs --timeout=40s "$VM_HOME/hangs.yaml"
    [ "$status" -eq 1 ]
    # It takes 10 s until a script counts as slow.
    told_in_time hangs script 'provision.system/.*I wait' 10
    [ -n "$(told hangs boot 'provision.system/.*I wait')" ]
    in_guest hangs true
    usable_again hangs
}

# That no server comes any more is known when the boot is over.
@test "sshd masked" {
    with_scripts masked test boot 'systemctl mask --now ssh.service ssh.socket' system 'say the boot is over'
    fails masked 'test: the boot is over'
    told_in_time masked ssh 'no ssh server answers'
    usable_again masked
}

# Before Lima's boot scripts have come so far that the user can log in, a refusal is no news. sshd's log is on the serial
# console, and theirs.
@test "the wrong key" {
    with_scripts key test boot 'echo "AuthorizedKeysFile none" >/etc/ssh/sshd_config.d/01-none.conf
echo "SSHD_OPTS=-E/dev/ttyS0" >/etc/default/ssh
systemctl try-restart ssh'
    fails key $'(Disconnected from|Connection closed by) authenticating user\nexecuting boot.Linux.08'
    told_in_time key ssh 'does not accept the key'
    usable_again key
}

@test "the guest agent's binary is missing: said before the VM is started, and the guest runs all the same" {
    prefix=$VM_HOME/prefix
    mkdir -p "$prefix/share/lima"
    for part in "$LIMA_PREFIX"/{bin,libexec,lib}; do cp -aL "$part" "$prefix/"; done
    for part in "$LIMA_PREFIX"/share/lima/*; do
        [[ $part == *guestagent* ]] || ln -s "$part" "$prefix/share/lima/"
    done
    PATH=$prefix/bin:$PATH watched_start bare '' --name=bare template:debian-12-bootstrap-mini
    [ "$status" -eq 0 ]
    told_in_time bare agent 'there is no guest agent for x86_64'
    in_guest bare true
    limactl stop bare
    usable_again bare
}
