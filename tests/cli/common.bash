# Loaded by every suite: a home of its own, our limactl first in PATH, and what the suites ask often.

bats_require_minimum_version 1.5.0

setup() {
    BATS_HOME=$(mktemp -d "${TMPDIR:-/tmp}/lima-cli.XXXXXX")
    export HOME=$BATS_HOME/user LIMA_HOME=$BATS_HOME/lima XDG_CACHE_HOME=$BATS_HOME/cache
    mkdir -p "$HOME"
    cd "$HOME" || return 1
    export PATH=$LIMA_PREFIX/bin:$PATH
    [ "$(id -u)" != 0 ] || export LIMA_ALLOW_ROOT=1
    unset LIMA_INSTANCE LIMA_SHELL LIMA_WORKDIR LIMA_DRIVERS_PATH LIMA_TEMPLATES_PATH VISUAL EDITOR
    ! declare -F suite_setup >/dev/null || suite_setup
}

teardown() {
    ! declare -F suite_teardown >/dev/null || suite_teardown
    local name
    for name in $(limactl list -q 2>/dev/null); do
        limactl unprotect "$name" >/dev/null 2>&1 || true
        limactl delete --force "$name" >/dev/null 2>&1 || true
    done
    rm -rf "$BATS_HOME"
}

# A configuration for the null driver: nothing is downloaded for it.
null_yaml() {
    printf 'vmType: "null"\n'
    printf '%s\n' "$@"
}

# create_null NAME [line…]
create_null() {
    local name=$1
    shift
    null_yaml "$@" | limactl create --name="$name" -
}

start_null() {
    create_null "$@" && limactl start "$1"
}

fail_with() {
    printf '%s\n' "$@" "--- output:" "$output" >&2
    return 1
}

assert_success() { [ "$status" -eq 0 ] || fail_with "expected success, got status $status"; }
assert_failure() { [ "$status" -ne 0 ] || fail_with "expected a failure"; }
assert_output_has() { [[ $output == *"$1"* ]] || fail_with "expected in the output: $1"; }
refute_output_has() { [[ $output != *"$1"* ]] || fail_with "not expected in the output: $1"; }

# Processes whose command line names the directory of this test.
left_processes() { pgrep -f -- "$BATS_HOME" || true; }
