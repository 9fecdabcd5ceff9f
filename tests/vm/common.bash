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
