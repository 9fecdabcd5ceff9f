# Host directories in a real guest: reverse-sshfs and 9p, writable and not, with names that shells love, and what
# happens when a connection or the host agent dies.
load common

suite_setup() {
    need_guest test
    SHARE=$VM_HOME/share
    export SHARE ODD="it's a \"dir\" ü \$x"
    mkdir -p "$SHARE/rw" "$SHARE/ro" "$SHARE/$ODD"
    echo from-host | tee "$SHARE/rw/file" "$SHARE/ro/file" "$SHARE/$ODD/file" >/dev/null
    # 9p shows the ids of the host as they are. Where root tests, the files are the guest user's number's.
    [ "$(id -u)" != 0 ] || chown -R 1000:1000 "$SHARE"
}

mounts_yaml() { # mountType
    cat <<YAML
base: template:debian-12-bootstrap-test
mountType: $1
mounts:
- {location: "$SHARE/rw", mountPoint: /mnt/rw, writable: true}
- {location: "$SHARE/ro", mountPoint: /mnt/ro}
- {location: "$SHARE/$(sed 's/"/\\"/g' <<<"$ODD")", mountPoint: "/mnt/an ödd place", writable: true}
- {location: "$SHARE/made-$1", mountPoint: /mnt/made, writable: true}
YAML
}

start_with() { # NAME mountType
    mounts_yaml "$2" >"$VM_HOME/$1.yaml"
    run limactl_start "$1" "$VM_HOME/$1.yaml"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output != *"does not work"* ]]
}

reads_and_writes() { # NAME fstype mountType
    local user
    user=$(in_guest "$1" id -un)
    [ "$(in_guest "$1" cat /mnt/rw/file)" = from-host ]
    [ "$(in_guest "$1" cat "/mnt/an ödd place/file")" = from-host ]
    [ "$(in_guest "$1" grep -c " $2 " /proc/mounts)" = 4 ]
    in_guest "$1" sh -c 'echo from-guest >/mnt/rw/back && echo odd >"/mnt/an ödd place/zurück" && mkdir /mnt/rw/sub'
    [ "$(cat "$SHARE/rw/back")" = from-guest ]
    [ "$(cat "$SHARE/$ODD/zurück")" = odd ]
    [ "$(in_guest "$1" stat -c %U:%G /mnt/rw/file)" = "$user:$user" ]
    [ "$(in_guest "$1" stat -c %U /mnt/rw/back)" = "$user" ]
    in_guest "$1" sudo cat /mnt/rw/back
    [ -d "$SHARE/made-$3" ]
    rm -rf "$SHARE/rw/back" "$SHARE/rw/sub" "$SHARE/$ODD/zurück"
}

read_only() { # NAME
    [ "$(in_guest "$1" cat /mnt/ro/file)" = from-host ]
    run in_guest "$1" sh -c 'echo x >/mnt/ro/new'
    [ "$status" -ne 0 ]
    [[ $output == *"ead-only"* ]]
    # not even when the guest mounts it anew
    run in_guest "$1" sudo sh -c 'mount -o remount,rw /mnt/ro; echo x >/mnt/ro/new'
    [ ! -e "$SHARE/ro/new" ]
}

works() { in_guest "$1" timeout 5 grep -qx from-host /mnt/rw/file /mnt/ro/file 2>/dev/null; }

@test "9p: names, owners, both ways" {
    start_with nine 9p
    reads_and_writes nine 9p 9p
}

@test "9p: read-only is read-only" { read_only nine; }

@test "9p: a mount that is missing is named when the guest is adopted" {
    in_guest nine sudo sh -c 'umount /mnt/ro && sed -i "/mnt.ro/d" /etc/fstab'
    kill -9 "$(cat "$LIMA_HOME/nine/ha.pid")"
    run limactl start nine
    echo "$output"
    [[ $output == *"$SHARE/ro"* ]]
    [[ $output == *"/mnt/ro"* ]]
    [[ $output == *fstab* ]]
    limactl delete --force nine
}

@test "reverse-sshfs: names, owners, both ways" {
    start_with sshfs reverse-sshfs
    reads_and_writes sshfs fuse.sshfs reverse-sshfs
}

@test "reverse-sshfs: read-only is read-only" { read_only sshfs; }

@test "reverse-sshfs: a lost connection is made again" {
    ssh -F "$LIMA_HOME/sshfs/ssh.config" -O exit lima-sshfs
    soon 30 works sshfs
    in_guest sshfs sh -c 'sudo pkill -9 -x sshfs; sleep 0.5'
    soon 30 works sshfs
    pkill -9 -P "$(cat "$LIMA_HOME/sshfs/ha.pid")" -x sftp-server
    soon 30 works sshfs
}

# An orphan is counted until init has taken note of its end.
no_helpers() { ! pgrep -x sftp-server; }

@test "reverse-sshfs: they go with the host agent, and come back with the next" {
    kill -9 "$(cat "$LIMA_HOME/sshfs/ha.pid")"
    gone() { ! in_guest sshfs grep -q fuse.sshfs /proc/mounts; }
    soon 10 gone
    soon 10 no_helpers
    limactl start sshfs
    works sshfs
    [ "$(in_guest sshfs grep -c fuse.sshfs /proc/mounts)" = 4 ]
}

@test "reverse-sshfs: a host agent killed while sshfs is stopped leaves a stale mount, which is cleared" {
    in_guest sshfs sudo pkill -STOP -x sshfs
    kill -9 "$(cat "$LIMA_HOME/sshfs/ha.pid")"
    limactl start sshfs
    works sshfs
    [ "$(in_guest sshfs pgrep -xc sshfs)" = 4 ]
}

@test "stop ends the helpers" {
    limactl stop sshfs
    [ -z "$(leftovers sshfs)" ]
    soon 10 no_helpers
    limactl delete sshfs
}
