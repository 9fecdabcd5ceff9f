# The guest agent in a real guest: its channels, ports on the host, and what survives the loss of either end.
load common

suite_setup() { need_guest mini; }

# serve PORT TEXT [ADDRESS]: an HTTP server in the guest that answers with TEXT
serve() {
    in_guest agent sh -c "mkdir -p /tmp/www$1 && echo '$2' >/tmp/www$1/index.html && (setsid busybox httpd -f -p ${3:-127.0.0.1}:$1 -h /tmp/www$1 </dev/null >/dev/null 2>&1 & echo \$! >/tmp/www$1.pid)"
}

fetch() { curl -sf --max-time 5 "http://127.0.0.1:$1/"; }

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
    ! ss -Hltn 'sport = :18081' | grep -q .
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
