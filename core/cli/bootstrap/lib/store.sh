# shellcheck shell=bash
# Where finished guests live, how they are recognised, and how Lima learns of them. Sourced.

# Sets CACHE_DIR, SCRATCH_ROOT, NAME, BUILD_DIR for PROFILE and ARCH.
locate_build() {
    CACHE_DIR=${LIMA_BOOTSTRAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lima/bootstrap}
    # not /tmp, which often is a small file system in memory
    SCRATCH_ROOT=${TMPDIR:-/var/tmp}
    NAME=$(template_name "$PROFILE" "$ARCH")
    BUILD_DIR=$CACHE_DIR/$NAME-$(recipe_hash)
}

# template_name PROFILE ARCH
template_name() {
    local name=debian-12-bootstrap
    [[ $1 == cloud ]] || name+=-$1
    [[ $2 == x86_64 ]] || name+=-$2
    printf '%s\n' "$name"
}

# What decides about the guest that comes out: the builder and what it puts in. Not what only talks.
recipe_files() {
    case $PROFILE in
        mini) echo lib/{apt,kernel,mini}.sh guest/mini ;;
        test) echo lib/{apt,assemble,full,kernel}.sh guest/{debian,test,test.generators,test.udev-rules,test.units,small-initramfs} ;;
        cloud) echo lib/{apt,assemble,full,kernel}.sh guest/debian ;;
    esac
}

# The same for the same scripts and question; the state of the mirror is not in it (that is what --force is for).
recipe_hash() {
    # shellcheck disable=SC2046 # a list of names
    {
        echo "$PROFILE $ARCH $(kernel_cmdline)"
        cd -- "$PARTS" || exit
        find $(recipe_files) -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    } | sha256sum | head -c 12
}

# Two runs for the same guest: the second waits, then finds the work done.
take_lock() {
    mkdir -p -- "$CACHE_DIR"
    exec 9>"$CACHE_DIR/.$NAME.lock"
    flock --nonblock 9 && return 0
    say "$NAME is being built by another run; waiting for it to end"
    # in slices, because a signal is looked at between commands only
    until flock --timeout 1 9; do :; done
}

# The manifest is written last: it says that the guest is complete. One line per file:
# ROLE FILE BYTES SHA256. Roles: image, and for direct boot kernel and initrd.
manifest() { printf '%s\n' "$BUILD_DIR/manifest"; }

# write_manifest ROLE FILE [ROLE FILE...]: files relative to BUILD_DIR
write_manifest() {
    local out
    out=$(manifest)
    while (($# > 0)); do
        printf '%s %s %s %s\n' "$1" "$2" "$(stat -c %s -- "$BUILD_DIR/$2")" \
            "$(sha256sum -- "$BUILD_DIR/$2" | cut -d' ' -f1)"
        shift 2
    done >"$out.tmp"
    mv -- "$out.tmp" "$out"
}

# Sizes are compared, not digests: this has to be quick, and Lima checks the digests when it copies.
is_built() {
    local role file bytes digest lines
    [[ -s $(manifest) ]] || return 1
    mapfile -t lines <"$(manifest)"
    while read -r role file bytes digest; do
        [[ $(stat -c %s -- "$BUILD_DIR/$file" 2>/dev/null) != "$bytes" ]] || continue
        warn "$BUILD_DIR/$file (the $role) is missing or damaged: building it again"
        rm -rf -- "${BUILD_DIR:?}/${file%%/*}" "$(manifest)"
        return 1
    done < <(printf '%s\n' "${lines[@]}")
}

# field ROLE COLUMN
manifest_field() { awk -v role="$1" -v column="$2" '$1 == role { print $column }' "$(manifest)"; }

templates_dir() { printf '%s\n' "${LIMA_HOME:-$HOME/.lima}/_templates"; }

# register_template: (over)writes the template, at once or not at all
register_template() {
    local dir tmp
    dir=$(templates_dir)
    (umask 077 && mkdir -p -- "$dir")
    tmp=$(mktemp -- "$dir/.$NAME.XXXXXX")
    print_template >"$tmp"
    chmod 644 -- "$tmp"
    mv -- "$tmp" "$dir/$NAME.yaml"
}

# yaml_file_entry INDENT ROLE: location and digest, the path as a double-quoted scalar
yaml_file_entry() {
    local path
    path=$BUILD_DIR/$(manifest_field "$2" 2)
    path=${path//\\/\\\\}
    printf '%slocation: "%s"\n' "$1" "${path//\"/\\\"}"
    printf '%sdigest: "sha256:%s"\n' "$1" "$(manifest_field "$2" 4)"
}

# kernel_cmdline: what the profile boots with when QEMU loads the kernel itself
kernel_cmdline() {
    local console=ttyS0 fast='mitigations=off init_on_alloc=0 audit=0 apparmor=0'
    [[ $ARCH == x86_64 ]] || console=ttyAMA0
    case $PROFILE in
        mini) echo "console=$console quiet $fast" ;;
        test) echo "root=LABEL=$ROOT_LABEL ro console=$console $fast" ;;
        cloud) echo "root=LABEL=$ROOT_LABEL ro console=tty0 console=$console" ;;
    esac
}

readonly ROOT_LABEL=cloudimg-rootfs

print_template() {
    local memory=1GiB disk=1GiB
    [[ $PROFILE == mini ]] || { memory=2GiB disk=20GiB; }
    cat <<EOT
# Debian 12, profile "$PROFILE", for $ARCH.
# Written by "limactl bootstrap", which writes it anew: to change something, copy it under another name.
os: Linux
arch: $ARCH
vmType: qemu
images:
- arch: $ARCH
$(yaml_file_entry '  ' image)
EOT
    if [[ -n $(manifest_field kernel 2) ]]; then
        cat <<EOT
  kernel:
$(yaml_file_entry '    ' kernel)
    cmdline: "$(kernel_cmdline)"
  initrd:
$(yaml_file_entry '    ' initrd)
EOT
    fi
    cat <<EOT
cpus: 2
memory: $memory
disk: $disk
mounts: []
# its archive would come from another server
containerd:
  system: false
  user: false
EOT
    if [[ $ARCH == x86_64 ]]; then
        # faster than UEFI; and a kernel that QEMU loads itself is an ELF file here, which UEFI does not take
        printf 'firmware:\n  legacyBIOS: true\n'
    elif [[ $(uname -m) != aarch64 ]]; then
        # real pointer authentication costs an emulated guest two thirds of its speed
        printf 'vmOpts:\n  qemu:\n    cpuType:\n      aarch64: "max,pauth-impdef=on"\n'
    fi
}

# builds_of NAME: its directories, one per line
builds_of() {
    local dir
    for dir in "$CACHE_DIR/$1"-*; do
        [[ ! -d $dir || ! ${dir#"$CACHE_DIR/$1-"} =~ ^[0-9a-f]{12}$ ]] || printf '%s\n' "$dir"
    done
}

# Builds of the same guest from older recipes: Lima copied what its instances use.
remove_old_builds() {
    local dir
    while read -r dir; do
        [[ $dir != "$BUILD_DIR" ]] || continue
        say "removing the older build $dir"
        rm -rf -- "$dir"
    done < <(builds_of "$NAME")
}
