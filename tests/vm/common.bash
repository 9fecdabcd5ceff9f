# Loaded by every suite with guests. One home per suite; images are shared by all runs of this user.

setup_file() {
    VM_HOME=$(mktemp -d "${TMPDIR:-/tmp}/lima-vm.XXXXXX")
    export VM_HOME LIMA_HOME=$VM_HOME/l
    export LIMA_BOOTSTRAP_CACHE=${LIMA_BOOTSTRAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lima/bootstrap}
    export PATH=$LIMA_PREFIX/bin:$PATH
    [ "$(id -u)" != 0 ] || export LIMA_ALLOW_ROOT=1
    # Where there is no KVM that works, a warning says so; that is right, and not what these tests are about.
    unset LIMA_INSTANCE LIMA_DRIVERS_PATH LIMA_TEMPLATES_PATH
    ! declare -F suite_setup >/dev/null || suite_setup
}

teardown_file() {
    local name
    for name in $(limactl list -q 2>/dev/null); do
        limactl delete --force "$name" >/dev/null 2>&1 || true
    done
    rm -rf "$VM_HOME"
}

# On a failure the guest's last words help more than ours.
teardown() {
    [ -n "${BATS_TEST_COMPLETED:-}" ] && return
    local log
    for log in "$LIMA_HOME"/*/ha.stderr.log "$LIMA_HOME"/*/serial*.log; do
        [ ! -s "$log" ] || { echo "--- ${log##*/l/}" && tail -n 15 "$log"; } >&2
    done
}

# need_guest PROFILE [ARCH]: builds it when it is not in the cache, and registers its template.
need_guest() {
    limactl bootstrap debian-12 --profile "$1" ${2:+--arch "$2"} 3>&- >&2
}

limactl_start() { # NAME TEMPLATE [flag…]
    local name=$1 template=$2
    shift 2
    limactl start --tty=false --name="$name" "$@" "$template" 3>&-
}

in_guest() { limactl shell --workdir / "$@"; }

status_of() { limactl list -f '{{.Status}}' "$1"; }

leftovers() { # NAME
    find "$LIMA_HOME/$1" -name '*.sock' -o -name '*.pid' -o -name '*.tmp'
    pgrep -af -- "$LIMA_HOME/$1/" || true
}

# soon SECONDS COMMAND…: tries until it works
soon() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}

now_ms() {
    local us=${EPOCHREALTIME/[.,]/}
    echo "${us%???}"
}

# Each line with the moment of its arrival before it.
stamp() {
    local line us
    while IFS= read -r line; do
        us=${EPOCHREALTIME/[.,]/}
        printf '%s %s\n' "${us%???}" "$line"
    done
}

# watched_start NAME EVIDENCE ARGUMENT…: `limactl start --json ARGUMENT…`, which is to fail or to end degraded, each of
# its lines stamped, in $VM_HOME/NAME.told. $knowable is the moment at which the evidence of the failure (a regular
# expression) was first on a console of the guest: the test looks there by itself every 50 ms, apart from our host
# agent. Of several, a line each, all must be there. EVIDENCE "" is what is so from the beginning. The exit code is in
# $status.
watched_start() {
    local name=$1 told=$VM_HOME/$1.told pid evidence
    mapfile -t evidence < <(printf %s "$2")
    shift 2
    knowable=
    look() {
        local one
        [ -z "$knowable" ] || return 0
        for one in "${evidence[@]}"; do
            grep -qsE -- "$one" "$LIMA_HOME/$name"/serial*.log || return 0
        done
        knowable=$(now_ms)
    }
    look
    {
        status=0
        limactl start --tty=false --json "$@" 2>&1 || status=$?
        echo "exit $status"
    } 3>&- | stamp >"$told" 3>&- &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        look
        sleep 0.05
    done
    look
    status=$(sed -n '$ s/.* exit //p' "$told")
    cat "$told"
    [ -n "$knowable" ]
}

# told NAME PHASE CAUSE: the moment of the first JSON line that says so (a regular expression), has a hint, and is no
# mere beginning; nothing when there is none
told() {
    jq -Rr --arg phase "$2" --arg cause "$3" 'capture("^(?<at>[0-9]+) (?<line>[{].*)$")? | .at as $at | .line | fromjson?
        | select(.phase == $phase or (.phase == "result" and .detail == $phase))
        | select(IN(.state; "failed", "degraded", "slow", "missing") and (.hint // "") != "")
        | select([.detail // "", .errors[]?, .lines[]?] | join(" ") | gsub("\n"; " ") | test($cause)) | $at' "$VM_HOME/$1.told" | head -n 1
}

# told_in_time NAME PHASE CAUSE [SECONDS]: within 2 s after it could be known, which is so many seconds after $knowable
told_in_time() {
    local at
    at=$(told "$1" "$2" "$3")
    [ -n "$at" ] || {
        echo "nobody said $3 in the phase $2, with a hint" >&2
        return 1
    }
    echo "# told $((at - knowable - ${4:-0} * 1000)) ms after it could be known" >&3
    [ $((at - knowable - ${4:-0} * 1000)) -lt 2000 ]
}
