#!/bin/sh
# Runs at every boot, as root, from the mounted seed: exports the instance's variables, runs the modules and then the
# user's provisioning. What fails is noted, and the rest goes on.
#
# LIMA_CIDATA_MNT  where the seed is mounted; the launcher sets it
# LIMA_BOOT_ROOT   for tests only: a prefix of the paths below which state is kept (/run, /etc); else empty
#
# For whoever waits for the guest:
#   run/lima-boot-steps     "UPTIME begin SCRIPT" and "UPTIME end SCRIPT STATUS", as they happen
#   run/lima-boot-progress  the script that runs now
#   run/lima-boot-failed    "SCRIPT STATUS", a line for each that failed
#   run/lima-boot-done      the instance id, at the end
# shellcheck disable=SC2317 # functions that run is given are called
set -eu
umask 022

LIMA_BOOT_ROOT=${LIMA_BOOT_ROOT-}
readonly LIMA_BOOT_ROOT
export LIMA_BOOT_ROOT LIMA_CIDATA_MNT
os=$(uname -s)
run_dir=$LIMA_BOOT_ROOT/run
[ "$os" = Linux ] || run_dir=$LIMA_BOOT_ROOT/var/run
progress=$run_dir/lima-boot-progress
failed=$run_dir/lima-boot-failed
steps=$run_dir/lima-boot-steps
done_marker=$run_dir/lima-boot-done
LIMA_REBOOT_REQUIRED=$run_dir/lima-reboot-required
export LIMA_REBOOT_REQUIRED
rm -f "$done_marker" "$LIMA_REBOOT_REQUIRED" "$failed"
: >"$steps"

# Seconds of the day at which the machine started: later times need no process, only the uptime.
clock=$(date -u '+%Y-%m-%dT %H %M %S')
today=${clock%% *}
clock=${clock#* }
hour=${clock%% *}
second=${clock##* }
minute=${clock#* }
minute=${minute%% *}
read -r uptime _ </proc/uptime
midnight=$((${hour#0} * 3600 + ${minute#0} * 60 + ${second#0} - ${uptime%%.*} + 86400))

log() {
    read -r uptime _ </proc/uptime
    seconds=$((midnight + ${uptime%%.*}))
    printf 'LIMA %s%02d:%02d:%02dZ| %s\n' "$today" \
        $((seconds / 3600 % 24)) $((seconds / 60 % 60)) $((seconds % 60)) "$*"
}

warn() { log "WARNING: $*" >&2; }

# step begin|end NAME [STATUS]
step() {
    read -r uptime _ </proc/uptime
    echo "$uptime $*" >>"$steps"
}

# export_line KEY=VALUE: a name that the shell would stumble over is left out
export_line() {
    case ${1%%=*} in
        '' | "$1" | [0-9]* | *[!A-Za-z0-9_]*) warn "not a variable: $1" ;;
        LIMA_BOOT_ROOT | LIMA_REBOOT_REQUIRED) ;;
        *) export "${1?}" ;;
    esac
}

export_file() {
    while IFS= read -r line || [ -n "$line" ]; do
        [ -z "$line" ] || export_line "$line"
    done <"$1"
}

# As pam_env reads /etc/environment: "export", comments and outer quotes do not count.
export_environment() {
    while IFS= read -r line || [ -n "$line" ]; do
        line=${line#"${line%%[![:blank:]]*}"}
        line=${line%"${line##*[![:blank:]]}"}
        line=${line#export }
        case $line in
            '' | '#'*) continue ;;
        esac
        value=${line#*=}
        case $value in
            \"*\") value=${value#\"} value=${value%\"} ;;
            \'*\') value=${value#\'} value=${value%\'} ;;
        esac
        export_line "${line%%=*}=$value"
    done <"$1"
}

mark_done() {
    : >"$progress"
    [ -e "$LIMA_REBOOT_REQUIRED" ] || echo "${LIMA_CIDATA_IID-}" >"$done_marker"
}

# Nobody shall wait for a boot.sh that died.
on_exit() {
    status=$?
    [ -z "${unfinished-}" ] || {
        echo "boot.sh $status" >>"$failed"
        mark_done
    }
}
unfinished=yes
trap on_exit EXIT

export_file "$LIMA_CIDATA_MNT/lima.env"
export_file "$LIMA_CIDATA_MNT/param.env"
export_environment "$LIMA_CIDATA_MNT/etc_environment"
PATH=$LIMA_CIDATA_MNT/util:$PATH
export PATH

code=0

# run NAME COMMAND...
run() {
    name=$1
    shift
    echo "$name" >"$progress"
    log "executing $name"
    step begin "$name"
    status=0
    "$@" </dev/null || status=$?
    step end "$name" "$status"
    [ "$status" -ne 0 ] || return 0
    warn "$name ended with status $status"
    echo "$name $status" >>"$failed"
    code=1
}

# run_all DIRECTORY PATTERN [COMMAND...]
run_all() {
    directory=$1
    for file in "$LIMA_CIDATA_MNT/$directory"/$2; do
        [ -f "$file" ] || continue
        if [ $# -gt 2 ]; then
            run "$directory/${file##*/}" "$3" "$file"
        else
            run "$directory/${file##*/}" "$file"
        fi
    done
}

# make_parent PATH USER: the directories belong to the user where the user may make them
make_parent() {
    parent=${1%/*}
    [ -n "$parent" ] && [ ! -d "$parent" ] || return 0
    if [ "$2" != root ]; then
        sudo -iu "$2" mkdir -p "$parent" 2>/dev/null && return 0
    fi
    mkdir -p "$parent"
}

install_data() {
    number=${1##*/}
    eval "path=\$LIMA_CIDATA_DATAFILE_${number}_PATH owner=\$LIMA_CIDATA_DATAFILE_${number}_OWNER \
        mode=\$LIMA_CIDATA_DATAFILE_${number}_PERMISSIONS overwrite=\$LIMA_CIDATA_DATAFILE_${number}_OVERWRITE"
    # shellcheck disable=SC2154 # set by eval
    if [ -e "$path" ] && [ "$overwrite" = false ]; then
        log "$path is there and shall be kept"
        return 0
    fi
    # shellcheck disable=SC2154
    make_parent "$path" "${owner%%:*}" && cp "$1" "$path" && chown "$owner" "$path" && chmod "$mode" "$path"
}

format_of() {
    case $1 in
        *.csv | *.ini | *.json | *.toml | *.tsv | *.xml) echo "${1##*.}" ;;
        *.properties) echo props ;;
        *) echo yaml ;;
    esac
}

apply_yq() {
    number=${1##*/}
    agent=$LIMA_CIDATA_GUEST_INSTALL_PREFIX/bin/lima-guestagent
    [ -x "$agent" ] || {
        warn "there is no $agent, which yq expressions need"
        return 1
    }
    eval "path=\$LIMA_CIDATA_YQ_PROVISION_${number}_PATH owner=\$LIMA_CIDATA_YQ_PROVISION_${number}_OWNER \
        mode=\$LIMA_CIDATA_YQ_PROVISION_${number}_PERMISSIONS format=\$LIMA_CIDATA_YQ_PROVISION_${number}_FORMAT"
    # shellcheck disable=SC2154 # set by eval
    [ "$format" != auto ] || format=$(format_of "$path")
    user=${owner%%:*}
    make_parent "$path" "$user" || return 1
    if [ -e "$path" ]; then
        sudo -iu "$user" test -w "$path" || {
            warn "$user may not write $path"
            return 1
        }
        "$agent" yq --inplace --from-file "$1" --input-format "$format" --output-format "$format" "$path"
    else
        text=$("$agent" yq --null-input --from-file "$1" --output-format "$format") &&
            printf '%s\n' "$text" | sudo -iu "$user" tee "$path" >/dev/null
    fi && chown "$owner" "$path" && chmod "$mode" "$path"
}

# The names of the parameters, with commas: what sudo lets through.
param_names() {
    names=
    while IFS= read -r line || [ -n "$line" ]; do
        [ -z "$line" ] || names=${names:+$names,}${line%%=*}
    done <"$LIMA_CIDATA_MNT/param.env"
}

# The user's systemd is started and waited for, so that user services and containers can be set up.
start_session() {
    [ -d /run/systemd/system ] || return 0
    systemctl start "user@$LIMA_CIDATA_UID.service" || warn "the session of $LIMA_CIDATA_USER did not start"
}

# The seed is for root's eyes only: the user runs a copy.
run_as_user() {
    script=$LIMA_CIDATA_HOME/.lima-user-script
    cp "$1" "$script" && chown "$LIMA_CIDATA_USER" "$script" && chmod 755 "$script" || return 1
    set -- sudo -iu "$LIMA_CIDATA_USER"
    [ -z "$names" ] || set -- "$@" "--preserve-env=$names"
    [ ! -d "/run/user/$LIMA_CIDATA_UID" ] || set -- "$@" "XDG_RUNTIME_DIR=/run/user/$LIMA_CIDATA_UID"
    result=0
    "$@" "$script" || result=$?
    rm -f "$script"
    return "$result"
}

# Who must type a password for sudo gets one, in a file that only they can read.
set_password() {
    [ ! -e "$LIMA_CIDATA_HOME/.lima-password-set" ] || return 0
    password=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n') || return 1
    file=$LIMA_CIDATA_HOME/password
    printf '%s:%s\n' "$LIMA_CIDATA_USER" "$password" | chpasswd || return 1
    (
        umask 077
        printf '%s\n' "$password" >"$file"
    ) && chown "$LIMA_CIDATA_USER" "$file" && : >"$LIMA_CIDATA_HOME/.lima-password-set"
}

run_all "boot.essential.$os" '*.sh'
[ -n "$LIMA_CIDATA_PLAIN" ] || run_all "boot.$os" '*.sh'
run_all provision.data '*' install_data
run_all provision.yq '*' apply_yq
run_all provision.system '*'
if [ -d "$LIMA_CIDATA_MNT/provision.user" ]; then
    param_names
    start_session
    run_all provision.user '*' run_as_user
fi
[ -n "$LIMA_CIDATA_PASSWORDLESS_SUDO" ] || run set-password set_password

unfinished=
mark_done
log "finished with status $code"
exit "$code"
