# shellcheck shell=bash
# Debian packages for any architecture, without root and without touching the host's own apt: a private apt
# root that takes the mirrors, proxies and credentials from the host's configuration. Sourced.

readonly SUITE=bookworm
readonly DEFAULT_MIRROR=http://deb.debian.org/debian
readonly DEFAULT_SECURITY_MIRROR=http://security.debian.org/debian-security

# host_mirror LABEL SUITE: where the host gets Debian (LABEL Debian) or its security updates
# (Debian-Security); best from an entry for SUITE itself, else from one for another release, since a mirror
# carries them all. Empty when the host knows none, as on Ubuntu. On a host that never ran "apt-get update",
# apt leaves $(ORIGIN) as it is; then the entry has to be for SUITE's component main.
host_mirror() {
    # shellcheck disable=SC2016 # the format is apt's
    env -u APT_CONFIG apt-get indextargets 'Created-By: Packages' \
        --format '$(RELEASE) $(REPO_URI) $(COMPONENT) $(ORIGIN) $(LABEL)' 2>/dev/null |
        awk -v label="$1" -v suite="$2" '
            $2 !~ /^(https?|file|copy|mirror[a-z+]*|tor[a-z+]*):/ || $3 != "main" { next }
            $1 == suite && ($4 == "Debian" || $4 == "$(ORIGIN)") { best = best ? best : $2 }
            $4 == "Debian" && $5 == label { any = any ? any : $2 }
            END { print best ? best : any }' |
        sed 's,/*$,,' || true
}

# Sets MIRROR and SECURITY_MIRROR.
find_mirrors() {
    MIRROR=$(host_mirror Debian "$SUITE")
    SECURITY_MIRROR=$(host_mirror Debian-Security "$SUITE-security")
    : "${MIRROR:=$DEFAULT_MIRROR}" "${SECURITY_MIRROR:=$DEFAULT_SECURITY_MIRROR}"
}

# sources_list MIRROR SECURITY-MIRROR [OPTIONS]
sources_list() {
    local options=${3:+"$3 "}
    printf 'deb %s%s %s main\n' \
        "$options" "$1" "$SUITE" "$options" "$1" "$SUITE-updates" "$options" "$2" "$SUITE-security"
}

# How the host fetches (proxies, certificates, retries), but none of its hooks, which would run here too.
host_fetch_options() {
    env -u APT_CONFIG apt-config dump |
        grep -E '^Acquire::(https?::|socks|Retries|ForceIPv|Check-(Date|Valid-Until)|Max-ValidTime)' || true
}

# make_apt_root DIRECTORY: afterwards apt-get and apt-cache work on it.
make_apt_root() {
    local root=$1
    mkdir -p -- "$root"/{lists/partial,cache/archives/partial}
    : >"$root/status"
    sources_list "$MIRROR" "$SECURITY_MIRROR" "[signed-by=$DEBIAN_KEYRING]" >"$root/sources.list"
    {
        host_fetch_options
        cat <<EOT
APT::Architecture "$DEB_ARCH";
APT::Architectures { "$DEB_ARCH"; };
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Debug::NoLocking "true";
Dir::Cache "$root/cache";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::sourcelist "$root/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State "$root";
Dir::State::status "$root/status";
EOT
    } >"$root/apt.conf"
    export APT_CONFIG=$root/apt.conf
    apt-get -q update
}

# The kernel package behind the meta package, such as linux-image-6.1.0-9-amd64.
kernel_package() {
    apt-cache depends "linux-image-$DEB_ARCH" |
        awk '!found && /Depends: linux-image-/ { print $2; found = 1 }'
}

# packages_and_libraries PACKAGE...: these, and every library that apt says they need. The rest of the
# closure (perl, debconf, adduser ...) serves maintainer scripts, which do not run here.
packages_and_libraries() {
    apt-get -s install "$@" | awk -v wanted=" $* " '
        $1 != "Inst" { next }
        index(wanted, " " $2 " ") || ($2 ~ /^(lib|zlib)/ && $2 !~ /perl/) { print $2 }'
}

# download_debs PACKAGE... DIRECTORY: apt verifies them, and keeps what an interrupted run left there.
download_debs() {
    local dir=${!#}
    mkdir -p -- "$dir"
    (cd -- "$dir" && apt-get -q download "${@:1:$#-1}")
}
