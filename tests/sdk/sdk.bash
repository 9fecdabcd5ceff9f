# Loaded by the suites of the SDK, behind ../cli/common.

suite_setup() {
    unset CMAKE_PREFIX_PATH PKG_CONFIG_PATH DESTDIR CFLAGS CXXFLAGS LDFLAGS
    SDK=$BATS_HOME/moved/sdk
    mkdir -p "$BATS_HOME/moved"
}

# Installed into one place and moved to another, because it may not matter where it is.
install_sdk() {
    cmake --install "$LIMA_PREFIX" --component sdk --prefix "$BATS_HOME/first" >"$BATS_HOME/install.log"
    mv "$BATS_HOME/first" "$SDK"
}

# drive NAME DIRECTORY: the module in the directory is a proper one, and its instances live and come back.
drive() {
    local name=$1 module=$2/lima-driver-$1.so
    export LIMA_DRIVERS_PATH=$2
    "$LIMA_PREFIX/libexec/lima/lima-check-driver" --only-failed "$module"
    [ "$(limactl info | jq -r ".vmTypesEx.\"$name\".location")" = "$module" ]
    printf 'vmType: "%s"\n' "$name" | limactl create --name=dev -
    limactl start dev
    [ "$(limactl list -f '{{.VMType}} {{.Status}}' dev)" = "$name Running" ]
    local agent vm
    agent=$(cat "$LIMA_HOME/dev/ha.pid")
    vm=$(cat "$LIMA_HOME/dev/$name.pid")
    kill -9 "$agent"
    timeout 5 tail -s 0.05 --pid="$agent" -f /dev/null
    kill -0 "$vm"
    limactl start dev
    [ "$(cat "$LIMA_HOME/dev/$name.pid")" = "$vm" ]
    limactl stop dev
    [ ! -e "$LIMA_HOME/dev/$name.pid" ]
    limactl delete dev
    [ -z "$(left_processes)" ]
}
