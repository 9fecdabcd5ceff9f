# The main job, with the small guest: boot, shell, stop, and nothing left behind.
load common

suite_setup() { need_guest mini; }

@test "start boots a real guest" {
    run limactl_start smoke template:debian-12-bootstrap-mini
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *READY* ]]
    [ "$(status_of smoke)" = Running ]
}

@test "a command runs in it, with its output, input and exit status" {
    [ "$(in_guest smoke uname -s)" = Linux ]
    [ "$(echo hello | in_guest smoke cat)" = hello ]
    run in_guest smoke sh -c 'exit 7'
    [ "$status" -eq 7 ]
}

@test "arguments arrive as they are" {
    run in_guest smoke printf '%s|' 'a b' "c'd" 'e"f' '$HOME' '*'
    [ "$output" = "a b|c'd|e\"f|\$HOME|*|" ]
}

@test "--workdir, --preserve-env and assignments" {
    [ "$(limactl shell --workdir /tmp smoke pwd)" = /tmp ]
    run limactl shell --workdir /nowhere smoke pwd
    [ "$status" -ne 0 ]
    [ "$(MY_VALUE='a b' limactl shell --preserve-env --workdir / smoke sh -c 'echo "$MY_VALUE"')" = "a b" ]
    [ "$(in_guest smoke MY_VALUE='c d' sh -c 'echo "$MY_VALUE"')" = "c d" ]
}

@test "the boot scripts of the cidata have run, as the configured user" {
    iid=$(in_guest smoke sudo sed -n 's/^LIMA_CIDATA_IID=//p' /mnt/lima-cidata/lima.env)
    [ -n "$iid" ]
    [ "$(in_guest smoke cat /run/lima-boot-done)" = "$iid" ]
    [ "$(in_guest smoke id -un)" = "$(limactl list -f '{{.Config.User.Name}}' smoke)" ]
    [ "$(in_guest smoke hostname)" = lima-smoke ]
    run in_guest smoke cat /run/lima-boot-failed
    [ "$status" -ne 0 ] || [ -z "$output" ]
}

@test "ssh -F ssh.config works" {
    [ "$(ssh -F "$LIMA_HOME/smoke/ssh.config" lima-smoke echo direct)" = direct ]
}

@test "the host agent answers on its socket" {
    port=$(curl -s --unix-socket "$LIMA_HOME/smoke/ha.sock" http://lima-hostagent/v1/info | jq .sshLocalPort)
    [ "$port" = "$(limactl list -f '{{.SSHLocalPort}}' smoke)" ]
}

@test "its events are JSON lines that end in running" {
    jq -e . "$LIMA_HOME/smoke/ha.stdout.log" >/dev/null
    tail -n 1 "$LIMA_HOME/smoke/ha.stdout.log" | jq -e '.status.running and .status.sshLocalPort > 0'
}

@test "stop ends it cleanly" {
    run limactl stop smoke
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(status_of smoke)" = Stopped ]
    [ -z "$(leftovers smoke)" ]
}

@test "it starts again, and is deleted" {
    limactl start smoke
    in_guest smoke true
    limactl delete --force smoke
    [ ! -e "$LIMA_HOME/smoke" ]
    [ -z "$(pgrep -f -- "$LIMA_HOME/smoke/" || true)" ]
}
