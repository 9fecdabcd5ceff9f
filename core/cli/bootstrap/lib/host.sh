# shellcheck shell=bash
# What this host must offer before any work starts: tools, room, a way to act as root. Sourced.

# tool:package, for all profiles and for each
readonly TOOLS_ALL='apt-get:apt awk:mawk cpio:cpio depmod:kmod dpkg-deb:dpkg flock:util-linux readelf:binutils
    sha256sum:coreutils tar:tar xz:xz-utils'
readonly TOOLS_DISK='fakeroot:fakeroot grub-mkimage:grub-common mcopy:mtools mkfs.ext4:e2fsprogs
    mkfs.vfat:dosfstools mmdebstrap:mmdebstrap qemu-img:qemu-utils sfdisk:fdisk'
# these packages bring files, not commands
readonly DEBIAN_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
readonly GRUB_DIR=/usr/lib/grub

# Free room needed, in MiB: in the cache (what is kept) and in the scratch directory (package trees).
room_needed() {
    case $PROFILE in
        mini) echo '400 700' ;;
        test) echo '1000 2500' ;;
        cloud) echo '1500 4000' ;;
    esac
}

# Prints the packages that are missing, one per line.
missing_packages() {
    local tools=$TOOLS_ALL entry
    [[ $PROFILE == mini ]] || tools+=" $TOOLS_DISK"
    for entry in $tools; do
        command -v "${entry%%:*}" >/dev/null || echo "${entry#*:}"
    done
    [[ -r $DEBIAN_KEYRING ]] || echo debian-archive-keyring
    [[ $PROFILE != mini ]] || return 0
    case $DEB_ARCH in
        amd64)
            [[ -d $GRUB_DIR/i386-pc ]] || echo grub-pc-bin
            [[ -d $GRUB_DIR/x86_64-efi ]] || echo grub-efi-amd64-bin
            ;;
        arm64) [[ -d $GRUB_DIR/arm64-efi ]] || echo grub-efi-arm64-bin ;;
    esac
    # without root, mmdebstrap works in a user namespace (newuidmap) or in a faked chroot
    if ((EUID != 0)) && ! may_unshare && ! command -v fakechroot >/dev/null; then
        echo fakechroot
    fi
}

# A user namespace with a range of user ids needs newuidmap and an entry for the user.
may_unshare() {
    command -v newuidmap >/dev/null && grep -q "^$(id -un):" /etc/subuid 2>/dev/null &&
        unshare --user true 2>/dev/null
}

# The mode of mmdebstrap that works here.
mmdebstrap_mode() {
    if ((EUID == 0)); then
        echo root
    elif may_unshare; then
        echo unshare
    else
        echo fakechroot
    fi
}

check_tools() {
    command -v apt-get >/dev/null ||
        die 'apt-get not found: the guests are built from Debian packages' \
            'run this on Debian or Ubuntu, for example inside a container, and share the cache directory'
    local missing
    missing=$(missing_packages | sort -u | tr '\n' ' ')
    [[ -z $missing ]] ||
        die "some tools that the $PROFILE profile needs are missing" \
            'install them and run this command again:' \
            "  sudo apt-get install --no-install-recommends $missing"
}

# Only mini is put together without running anything of the guest.
check_architecture() {
    [[ $PROFILE != mini ]] || return 0
    local host
    host=$(uname -m)
    [[ $ARCH == "$host" ]] ||
        die "the $PROFILE profile runs the guest's package scripts, so it can only be built for this host's architecture ($host)" \
            "build the one that needs no such thing: $PROG debian-12 --profile mini --arch $ARCH"
}

existing_ancestor() {
    local dir=$1
    while [[ ! -d $dir ]]; do dir=$(dirname -- "$dir"); done
    printf '%s\n' "$dir"
}

# Free MiB of the file system that holds (or will hold) a directory; the variable is for tests.
free_mib() {
    if [[ -n ${LIMA_BOOTSTRAP_TEST_FREE_MIB:-} ]]; then
        echo "$LIMA_BOOTSTRAP_TEST_FREE_MIB"
    else
        df -Pm -- "$(existing_ancestor "$1")" | awk 'NR == 2 { print $4 }'
    fi
}

check_room() {
    local cache_mib scratch_mib free
    read -r cache_mib scratch_mib <<<"$(room_needed)"
    free=$(free_mib "$CACHE_DIR")
    ((free >= cache_mib)) ||
        die "not enough room in $CACHE_DIR: $cache_mib MiB needed, $free MiB available" \
            'free some, or set LIMA_BOOTSTRAP_CACHE to a directory with more'
    free=$(free_mib "$SCRATCH_ROOT")
    ((free >= scratch_mib)) ||
        die "not enough room for temporary files in $SCRATCH_ROOT: $scratch_mib MiB needed, $free MiB available" \
            'free some, or set TMPDIR to a directory with more'
}
