# shellcheck shell=bash
# Kernel images and modules: what the mini guest and the small initramfs of the test profile share. Sourced.

le_number() { od -An -v -t "u$3" -j "$2" -N "$3" -- "$1" | tr -d ' '; }

# unpack_kernel VMLINUZ OUT
# Debian's generic x86 kernel is xz-compressed: unpacking itself takes it seconds under emulation, so it is
# done here, once. QEMU starts the ELF file inside by its PVH entry (-kernel, with SeaBIOS, not with UEFI).
# An arm64 image is not compressed, and anything unexpected is taken as it is: it boots as well, only slower.
unpack_kernel() {
    local image=$1 out=$2 setup_sectors offset length magic
    if [[ $(le_number "$image" 514 4) == 1400005704 ]]; then # "HdrS", Documentation/x86/boot.rst
        setup_sectors=$(le_number "$image" 497 1)
        offset=$(($(le_number "$image" 584 4) + (setup_sectors + 1) * 512))
        length=$(le_number "$image" 588 4)
        magic=$(od -An -v -t x1 -j "$offset" -N 4 -- "$image" | tr -d ' ')
        # the payload ends with its unpacked size in 4 bytes, which xz must not see
        if [[ $magic == fd377a58 ]] &&
            dd if="$image" bs=64K iflag=skip_bytes,count_bytes skip="$offset" count="$((length - 4))" \
                status=none | xz -dc >"$out" &&
            [[ $(head -c 4 -- "$out") == $'\x7fELF' ]]; then
            return 0
        fi
    fi
    echo "kernel taken as packaged: $image"
    cp -- "$image" "$out"
}

# modules_with_dependencies MODULE-DIRECTORY NAME...
# Prints the files (relative to the directory) in load order. A name that the kernel has built in, or that
# this architecture lacks, is no error.
modules_with_dependencies() {
    local dir=$1
    shift
    awk -v wanted="$*" '
        function name(path) { sub(/.*\//, "", path); sub(/\.ko.*/, "", path); gsub(/-/, "_", path); return path }
        function visit(file,    list, n, i) {
            if (done[file]++) return
            n = split(needs[file], list, " ")
            for (i = n; i > 0; i--) visit(list[i])
            print file
        }
        { file = $1; sub(/:$/, "", file); path[name(file)] = file; $1 = ""; needs[file] = $0 }
        END {
            n = split(wanted, names, " ")
            for (i = 1; i <= n; i++) {
                gsub(/-/, "_", names[i])
                if (names[i] in path) visit(path[names[i]])
            }
        }' "$dir/modules.dep"
}

# copy_modules FROM-ROOT TO-ROOT VERSION NAME...: with fresh indexes, so that modprobe works in TO-ROOT
copy_modules() {
    local from=$1/lib/modules/$3 to=$2/lib/modules/$3 version=$3 root=$2 file
    shift 3
    [[ -e $from/modules.dep ]] || depmod -b "${from%/lib/modules/*}" "$version"
    mkdir -p -- "$to"
    cp -- "$from"/modules.{builtin,builtin.modinfo,order} "$to/"
    modules_with_dependencies "$from" "$@" | while read -r file; do
        install -D -m 644 -- "$from/$file" "$to/$file"
    done
    depmod -b "$root" "$version"
}

# write_initramfs ROOT OUT: as owned by root, whoever builds
write_initramfs() {
    (cd -- "$1" && find . -print0 | LC_ALL=C sort -z |
        cpio --null --create --format=newc --owner=0:0 --quiet) >"$2"
}
