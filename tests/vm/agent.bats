# The guest agent in a real guest: its channels, ports on the host, and what survives the loss of either end.
load common

suite_setup() { need_guest mini; }

# serve PORT TEXT [ADDRESS]: an HTTP server in the guest that answers with TEXT
serve() {
    in_guest agent sh -c "mkdir -p /tmp/www$1 && echo '$2' >/tmp/www$1/index.html && (setsid busybox httpd -f -p ${3:-127.0.0.1}:$1 -h /tmp/www$1 </dev/null >/dev/null 2>&1 & echo \$! >/tmp/www$1.pid)"
}

fetch() { curl -sf --max-time 5 "http://127.0.0.1:$1/"; }

not_listening() { ! ss -Hltn "sport = :$1" | grep -q .; }

# answers PORT: with the noise of both_ways
answers() { curl -sf --max-time 5 -o /dev/null "http://127.0.0.1:$1/noise"; }

# both_ways GUEST PORT: 1 MiB of noise there and 1 MiB back, by checksums
both_ways() {
    in_guest "$1" sh -c "mkdir -p /tmp/both/cgi-bin && printf '#!/bin/sh\necho\nsha256sum\n' >/tmp/both/cgi-bin/sum &&
        chmod +x /tmp/both/cgi-bin/sum && head -c 1048576 /dev/urandom >/tmp/both/noise &&
        (setsid busybox httpd -f -p 127.0.0.1:$2 -h /tmp/both </dev/null >/dev/null 2>&1 &)"
    head -c 1048576 /dev/urandom >"$VM_HOME/noise"
    soon 10 curl -sf --max-time 10 -o "$VM_HOME/got" "http://127.0.0.1:$2/noise"
    [ "$(in_guest "$1" sha256sum /tmp/both/noise | cut -c1-64)" = "$(sha256sum "$VM_HOME/got" | cut -c1-64)" ]
    curl -sf --max-time 10 --data-binary "@$VM_HOME/noise" "http://127.0.0.1:$2/cgi-bin/sum" >"$VM_HOME/sum"
    [ "$(cut -c1-64 "$VM_HOME/sum")" = "$(sha256sum "$VM_HOME/noise" | cut -c1-64)" ]
}

# adopted NAME [VARIABLE=VALUE]: by a new host agent
adopted() {
    kill -9 "$(cat "$LIMA_HOME/$1/ha.pid")"
    env ${2:+"$2"} limactl start "$1" 3>&-
}

plane_is() { # NAME PLANE: the last that was chosen
    [[ $(grep -o 'forwards go through the [^"]*' "$LIMA_HOME/$1/ha.stderr.log" | tail -n 1) = "forwards go through the $2" ]]
}

@test "start hears each step of the boot from the agent" {
    run limactl_start agent template:debian-12-bootstrap-mini
    echo "$output"
    [ "$status" -eq 0 ]
    in_guest agent pidof lima-guestagent
}

@test "only root can open the agent's channels" {
    for port in io.lima-vm.guest_agent.0 io.lima-vm.forward.0; do
        in_guest agent test -e /dev/virtio-ports/$port
        run in_guest agent sh -c "exec 3<>/dev/virtio-ports/$port"
        [ "$status" -ne 0 ]
        [[ $output == *ermission\ denied* ]]
    done
}

@test "what listens in the guest listens on the host, and goes with it" {
    serve 18081 local
    soon 5 fetch 18081
    [ "$(fetch 18081)" = local ]
    serve 18082 everywhere 0.0.0.0
    soon 5 fetch 18082
    grep -q '"guestAddr":"127.0.0.1:18081"' "$LIMA_HOME/agent/ha.stdout.log"
    in_guest agent sh -c 'kill $(cat /tmp/www18081.pid /tmp/www18082.pid)'
    soon 5 eval '! fetch 18081 && ! fetch 18082'
    soon 5 not_listening 18081
}

@test "the host agent killed twenty times: the guest is adopted, its ports come back" {
    serve 18083 kept
    soon 5 fetch 18083
    boot_id=$(in_guest agent cat /proc/sys/kernel/random/boot_id)
    for round in {1..20}; do
        kill -9 "$(cat "$LIMA_HOME/agent/ha.pid")"
        limactl start agent 3>&-
        soon 5 fetch 18083 || { echo "round $round" && return 1; }
        [ "$(fetch 18083)" = kept ]
    done
    [ "$(in_guest agent cat /proc/sys/kernel/random/boot_id)" = "$boot_id" ]
}

@test "the guest agent killed twenty times: ports stay" {
    for round in {1..20}; do
        in_guest agent sudo sh -c 'kill -9 $(pidof lima-guestagent)'
        soon 15 fetch 18083 || { echo "round $round" && return 1; }
        [ "$(fetch 18083)" = kept ]
    done
}

@test "a download that the host agent's death cuts does not reach the next one" {
    in_guest agent sh -c 'yes "a line of the old connection" | head -c 50000000 >/tmp/www18083/big'
    for _ in 1 2 3 4 5; do
        curl -s --max-time 10 http://127.0.0.1:18083/big >/dev/null &
        sleep 0.3
        kill -9 "$(cat "$LIMA_HOME/agent/ha.pid")"
        wait $! || true
        limactl start agent 3>&-
        soon 5 fetch 18083
        [ "$(fetch 18083)" = kept ]
    done
    ! grep -qi 'old connection' "$LIMA_HOME"/agent/ha.*.log
}

@test "forwards through gRPC calls" {
    plane_is agent "forward plane"
    adopted agent LIMA_FORWARD_PLANE=grpc
    plane_is agent "gRPC tunnel"
    both_ways agent 18084
}

@test "forwards through ssh" {
    adopted agent LIMA_SSH_PORT_FORWARDER=true
    both_ways agent 18085
    ss -Hltnp 'sport = :18085' | grep -q '"ssh"'
    adopted agent LIMA_SSH_PORT_FORWARDER=true
    soon 10 answers 18085
    serve 18086 passing
    soon 10 fetch 18086
    in_guest agent sh -c 'kill $(cat /tmp/www18086.pid)'
    soon 10 eval '! fetch 18086'
    soon 5 not_listening 18086
}

@test "after a sleep the clock is set" {
    # an adopted VM is not our child, whose being continued we hear of
    limactl stop agent && limactl start agent 3>&-
    in_guest agent sudo date -s '2001-02-03 04:05:06'
    pid=$(cat "$LIMA_HOME/agent/qemu.pid")
    kill -STOP "$pid"
    sleep 1
    kill -CONT "$pid"
    clock_is_right() {
        local guest
        guest=$(in_guest agent date +%s)
        [ $((guest - $(date +%s))) -ge -3 ] && [ $((guest - $(date +%s))) -le 3 ]
    }
    soon 10 clock_is_right
}

@test "idle costs little memory" {
    host=$(awk '/^VmRSS/ { print $2 }' "/proc/$(cat "$LIMA_HOME/agent/ha.pid")/status")
    guest=$(in_guest agent sudo sh -c 'grep ^VmRSS /proc/$(pidof lima-guestagent)/status' | awk '{ print $2 }')
    echo "host agent $host kB, guest agent $guest kB"
    [ "$host" -lt 25600 ]
    [ "$guest" -lt 15360 ]
}

@test "stop leaves nothing" {
    limactl stop agent
    [ -z "$(leftovers agent)" ]
    limactl delete agent
}

# In a guest whose kernel knows no virtio ports the agent listens on a unix socket. (Its sshd must forward sockets, which
# that of the mini guest does not.)
@test "without the port the agent is reached over ssh" {
    need_guest test
    limactl create --tty=false --name=portless --set '.portForwards = [{"guestSocket": "/tmp/echo.sock", "hostSocket": "echo.sock"}, {"guestPort": 5355, "hostPort": 18092}]' template:debian-12-bootstrap-test
    cmdline=$LIMA_HOME/portless/kernel.cmdline
    printf '%s module_blacklist=virtio_console' "$(cat "$cmdline")" >"$cmdline.new"
    mv -f "$cmdline.new" "$cmdline"
    run limactl start --tty=false portless 3>&-
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"it is reached over ssh"* ]]
    in_guest portless test ! -e /dev/virtio-ports
    in_guest portless test -S /run/lima-guestagent.sock
    plane_is portless "gRPC tunnel"
    both_ways portless 18090
}

@test "over ssh too, forwards survive the loss of ssh, of the agent and of the host agent" {
    master() { ssh -F "$LIMA_HOME/portless/ssh.config" -O "$1" lima-portless; }
    master exit
    soon 20 answers 18090
    master check
    in_guest portless sudo sh -c 'kill -9 $(pidof lima-guestagent)'
    soon 30 answers 18090
    adopted portless
    soon 10 answers 18090
    both_ways portless 18091
}

@test "a forwarded socket works on under the next host agent, and under the next ssh" {
    in_guest portless sh -c 'cat >/tmp/echo.py && (setsid python3 /tmp/echo.py >/dev/null 2>&1 </dev/null &)' <<'PYTHON'
import socketserver
class Hello(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"hello")
socketserver.UnixStreamServer("/tmp/echo.sock", Hello).serve_forever()
PYTHON
    says_hello() {
        [ "$(python3 -c 'import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(s.recv(9).decode())' \
            "$LIMA_HOME/portless/sock/echo.sock")" = hello ]
    }
    soon 10 says_hello
    adopted portless
    soon 10 says_hello
    ssh -F "$LIMA_HOME/portless/ssh.config" -O exit lima-portless
    soon 20 says_hello
}

# systemd-resolved listens on 5355 before sshd is there; the agent, which has its port again, tells of it.
@test "ports that listen before ssh does are forwarded over it when it does, and by the next ssh" {
    by_ssh() { ss -Hltnp 'sport = :18092' | grep -q '"ssh"'; }
    limactl stop portless
    sed -i 's/ module_blacklist=virtio_console//' "$LIMA_HOME/portless/kernel.cmdline"
    LIMA_SSH_PORT_FORWARDER=true limactl start portless 3>&-
    soon 10 by_ssh
    ! grep -q 'cannot forward\|reached over ssh' "$LIMA_HOME/portless/ha.stderr.log"
    ssh -F "$LIMA_HOME/portless/ssh.config" -O exit lima-portless
    soon 20 by_ssh
    [ ! -e "$LIMA_HOME/portless/ga-ssh.sock" ]
}

@test "after all that, stop leaves nothing" {
    limactl stop portless
    [ -z "$(leftovers portless)" ]
    limactl delete portless
}
