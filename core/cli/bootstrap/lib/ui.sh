# shellcheck shell=bash
# What the user sees and what happens when things end early: messages, stages with a log file each,
# temporary trees, signals. Sourced by limactl-bootstrap; needs PROG, and BUILD_DIR once a build runs.

STAGE_NO=0       # the stage that runs now, 1..STAGE_COUNT
STAGE_COUNT=0
JOB_PGID=        # process group of the stage's command, so that a signal reaches its children too
TICKER_PGID=     # process group of the line-now-and-then job
HALF_MADE=       # the file that the stage is writing
WORK_DIR=        # temporary tree of this run, removed however the run ends
RESUME_HINT=     # the command line to repeat; set once there is something to resume

say() { printf '%s\n' "$*" >&2; }

warn() { printf '%s: warning: %s\n' "$PROG" "$*" >&2; }

# die MESSAGE [NEXT-STEP...]: every error says what to do about it.
die() {
    printf '%s: error: %s\n' "$PROG" "$1" >&2
    shift
    local line
    for line in "$@"; do printf '  %s\n' "$line" >&2; done
    exit 1
}

# human BYTES -> "12.3 MiB"
human() {
    awk -v b="$1" 'BEGIN {
        split("B KiB MiB GiB TiB", unit, " ")
        for (i = 1; b >= 1024 && i < 5; i++) b /= 1024
        printf(i == 1 ? "%d %s" : "%.1f %s", b, unit[i])
    }'
}

size_of() { du -sb -- "$1" | cut -f1; }

# clock SECONDS -> "1:05"
clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

make_work_dir() {
    WORK_DIR=$(mktemp -d -- "$SCRATCH_ROOT/lima-bootstrap.XXXXXX") ||
        die "cannot create a temporary directory in $SCRATCH_ROOT" \
            'set TMPDIR to a directory you can write to'
    # mmdebstrap's user namespace must be able to walk through it
    chmod 755 -- "$WORK_DIR"
}

remove_work_dir() {
    [[ -n $WORK_DIR && -d $WORK_DIR ]] || return 0
    rm -rf -- "$WORK_DIR" 2>/dev/null && return 0
    # package trees may hold directories that their owner cannot write to ...
    chmod -R u+rwX -- "$WORK_DIR" 2>/dev/null || true
    rm -rf -- "$WORK_DIR" 2>/dev/null && return 0
    # ... or files that belong to the sub-uids of a user namespace
    if command -v mmdebstrap >/dev/null; then
        mmdebstrap --unshare-helper rm -rf -- "$WORK_DIR" 2>/dev/null || true
    fi
    rm -rf -- "$WORK_DIR" 2>/dev/null || warn "could not remove $WORK_DIR"
}

stop_ticker() {
    [[ -n $TICKER_PGID ]] || return 0
    # KILL, which has no handler: a child that was just forked still has this shell's
    { kill -KILL -- "-$TICKER_PGID" && wait "$TICKER_PGID"; } 2>/dev/null || true
    TICKER_PGID=
}

# Ends the stage's command with all its children: first politely (mmdebstrap cleans up after itself).
stop_job() {
    stop_ticker
    [[ -n $JOB_PGID ]] || return 0
    local pgid=$JOB_PGID tenths
    JOB_PGID=
    kill -TERM -- "-$pgid" 2>/dev/null || return 0
    for ((tenths = 0; tenths < 100; tenths++)); do
        kill -0 -- "-$pgid" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL -- "-$pgid" 2>/dev/null || true
}

on_exit() {
    trap - EXIT
    trap '' INT TERM HUP
    stop_job
    # a directory of packages is worth keeping: apt goes on from there
    [[ -z $HALF_MADE || -d $HALF_MADE ]] || rm -f -- "$HALF_MADE"
    remove_work_dir
}

on_signal() {
    local number=$1
    # a child that was just forked still has this handler
    [[ $BASHPID == "$$" ]] || { trap - EXIT && exit 1; }
    trap '' INT TERM HUP
    say ''
    say "$PROG: interrupted, cleaning up"
    on_exit
    if [[ -n $RESUME_HINT ]]; then
        say "finished stages are kept; to go on from there: $RESUME_HINT"
    fi
    exit $((128 + number))
}

install_traps() {
    trap on_exit EXIT
    trap 'on_signal 1' HUP
    trap 'on_signal 2' INT
    trap 'on_signal 15' TERM
}

# A line now and then, so that a long stage does not look dead.
ticker() {
    local label=$1 start=$SECONDS
    while sleep 15; do say "$label ... $(clock $((SECONDS - start)))"; done
}

# stage PRODUCT TITLE COMMAND [ARG...]
# Runs COMMAND to make BUILD_DIR/PRODUCT, unless that exists. COMMAND gets the path to write to as its last
# argument: PRODUCT.tmp, which is renamed on success, so that what exists is complete.
stage() {
    local product=$BUILD_DIR/$1 title=$2 label start rc=0
    shift 2
    STAGE_NO=$((STAGE_NO + 1))
    label="[$STAGE_NO/$STAGE_COUNT] $title"
    if [[ -e $product ]]; then
        say "$label: kept from an earlier run ($(human "$(size_of "$product")"))"
        return 0
    fi
    local log=$BUILD_DIR/logs/${product##*/}.log
    mkdir -p -- "${log%/*}"
    say "$label ..."
    start=$SECONDS
    HALF_MADE=$product.tmp
    # Jobs of their own process group (set -m), so that they end with all their children; in the
    # background, because traps wait for a foreground command.
    # Stderr is away meanwhile: with job control bash announces jobs that end.
    {
        set -m
        (
            set +m
            trap - EXIT INT TERM HUP
            exec 8>&- 9>&-
            "$@" "$product.tmp"
        ) >"$log" 2>&1 </dev/null &
        JOB_PGID=$!
        ticker "$label" 2>&8 8>&- 9>&- </dev/null &
        TICKER_PGID=$!
        set +m
    } 8>&2 2>/dev/null
    wait "$JOB_PGID" || rc=$?
    JOB_PGID=
    stop_ticker
    ((rc == 0)) || stage_failed "$label" "$rc" "$log"
    mv -T -- "$product.tmp" "$product"
    HALF_MADE=
    say "$label: $(human "$(size_of "$product")") in $(clock $((SECONDS - start)))"
}

stage_failed() {
    local label=$1 rc=$2 log=$3
    say "$label: failed with status $rc; the end of its log:"
    tail -n 15 -- "$log" | sed 's/^/    | /' >&2
    die "stage $STAGE_NO of $STAGE_COUNT failed" "whole log: $log" \
        "after mending the cause, go on with: $RESUME_HINT"
}
