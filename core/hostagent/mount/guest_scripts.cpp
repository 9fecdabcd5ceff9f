#include "core/hostagent/mount/guest_scripts.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <array>

namespace lima::hostagent {
namespace {

// Functions for the scripts below; POSIX sh, busybox included. In /proc/mounts blanks and
// backslashes stand as octal numbers. resolve() goes by the parent directory, since the mount point
// of a dead sshfs cannot be entered.
constexpr const char* kFunctions = R"sh(
resolve() {
    set -- "${1%/}"
    parent=$(cd "$(dirname -- "$1")" 2>/dev/null && pwd -P) || parent=
    where=${parent%/}/${1##*/}
    case $where in
        *[\\\ \	]*) where=$(printf %s "$where" | sed -e 's/\\/\\134/g' -e 's/ /\\040/g' -e 's/	/\\011/g') ;;
    esac
}
found() {
    type=
    while read -r _ at kind _; do
        [ "$at" != "$where" ] || type=$kind
    done </proc/mounts
    [ -n "$type" ]
}
detach() {
    fusermount3 -u -z -- "$1" || fusermount -u -z -- "$1" || sudo -n umount -l -- "$1"
} 2>/dev/null
)sh";

// $1 location, $2 mount point, $3 options, $4 and $5 the host's uid and gid, $6 the tag.
// Stdin and stdout belong to sshfs, so they are put away first. An sshfs of an earlier connection
// is killed before its mount is detached: else it might unmount ours at its late end.
constexpr const char* kSshfs = R"sh(
exec 3<&0 4>&1 </dev/null 1>&2
umask 077
run=/run/user/$(id -u)
[ -w "$run" ] || run=/tmp
file=$run/lima-sshfs-$6
forget() { rm -f -- "$file.pid" "$file.uid" "$file.gid"; }
alive() { state=Z; { read -r _ _ state _ <"/proc/$1/stat"; } 2>/dev/null; [ "$state" != Z ]; }
mine() { [ -O "$file.pid" ] && read -r old <"$file.pid" && read -r name <"/proc/$old/comm"; }
if mine 2>/dev/null && [ "$name" = sshfs ]; then
    kill -9 "$old"
    tries=0
    while alive "$old" && [ $tries -lt 20 ]; do tries=$((tries + 1)); sleep 0.1; done
fi
resolve "$2"
tries=0
while found && [ "$type" = fuse.sshfs ] && [ $tries -lt 5 ]; do
    detach "$2" || sleep 0.1
    tries=$((tries + 1))
done
[ -d "$2" ] || mkdir -p -- "$2" 2>/dev/null || sudo -n mkdir -p -- "$2" || exit 1
[ -w "$2" ] || sudo -n chown "$(id -u):$(id -g)" -- "$2" || exit 1
resolve "$(cd -- "$2" && pwd -P)"
options=$3
if [ "$4:$5" != "$(id -u):$(id -g)" ]; then
    echo "$(id -un):$4" >"$file.uid"
    echo "$(id -gn):$5" >"$file.gid"
    options=$options,idmap=file,uidfile=$file.uid,gidfile=$file.gid,nomap=ignore
fi
sshfs ":$1" "$2" -o "$options" <&3 >&4 3<&- 4>&- &
pid=$!
exec 3<&- 4>&-
echo $pid >"$file.pid"
tries=0
until found && [ "$type" = fuse.sshfs ]; do
    if ! alive $pid || [ $tries -ge 600 ]; then
        ! alive $pid || echo "sshfs did not mount it within a minute"
        kill $pid 2>/dev/null
        wait $pid
        status=$?
        forget
        [ $status -ne 0 ] || status=1
        exit $status
    fi
    tries=$((tries + 1))
    sleep 0.1
done
rm -f -- "$file.uid" "$file.gid"
echo "lima: mounted"
wait $pid
status=$?
forget
exit $status
)sh";

constexpr const char* kUnmount = R"sh(
for point; do
    { fusermount3 -u -- "$point" || fusermount -u -- "$point"; } 2>/dev/null || detach "$point"
done
)sh";

// $1 type, then the mount points. The directory may be missing where cloud-init takes the name from
// fstab, in which blanks are numbers. While the boot goes on, what has no line in fstab may still
// get one; any other refusal is asked for once more, then it is the reason.
constexpr const char* kCheck = R"sh(
want=$1
shift
for point; do
    resolve "$point"
    tries=0
    refusals=0
    until found; do
        [ -d "$point" ] || sudo -n mkdir -p -- "$point" 2>/dev/null
        said=$(sudo -n mount -- "$point" 2>&1 </dev/null)
        ! found || break
        case $said in
            *"can't find"* | *"not exist"* | *"No such file"*)
                [ ! -e /run/lima-boot-done ] || break
                ;;
            *)
                refusals=$((refusals + 1))
                [ $refusals -lt 2 ] || break
                ;;
        esac
        tries=$((tries + 1))
        [ $tries -lt 60 ] || break
        sleep 0.5
    done
    if [ -n "$type" ]; then
        echo "type $type"
    else
        kernel=$(sudo -n dmesg 2>/dev/null | grep -i -e 9p -e virtio-\\?fs | tail -n 1)
        printf 'said %s\n' "$(printf '%s\n' "$said${kernel:+ (the kernel: $kernel)}" | tr '\n' ' ')"
    fi
done
)sh";

std::string script(const char* body, const std::vector<std::string>& arguments) {
    std::string out = "exec /bin/sh -c " + remote_quote(std::string(kFunctions) + body) + " lima";
    for (const std::string& argument : arguments) {
        out += " " + remote_quote(argument);
    }
    return out;
}

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace

std::string remote_quote(std::string_view text) {
    std::string out;
    bool open = false;
    for (const char c : text) {
        const bool outside = c == '\'' || c == '\\';
        if (outside == open) {
            out += '\'';
            open = !open;
        }
        if (outside) {
            out += '\\';
        }
        out += c;
    }
    if (open) {
        out += '\'';
    }
    return out.empty() ? "''" : out;
}

std::string sshfs_options(const SshfsMount& mount) {
    std::string out = "slave";
    out += mount.writable ? "" : ",ro";
    out += ",allow_other";
    out += mount.cache ? "" : ",cache=no";
    out += mount.follow_symlinks ? ",follow_symlinks" : "";
    out += mount.nonempty ? ",nonempty" : "";
    return out;
}

std::string sshfs_command(const SshfsMount& mount) {
    return script(kSshfs, {mount.location, mount.mount_point, sshfs_options(mount),
                           std::to_string(mount.uid), std::to_string(mount.gid), mount.tag});
}

std::string unmount_command(const std::vector<std::string>& mount_points) {
    return script(kUnmount, mount_points);
}

std::string check_command(const std::string& type, const std::vector<std::string>& mount_points) {
    std::vector<std::string> arguments = {type};
    arguments.insert(arguments.end(), mount_points.begin(), mount_points.end());
    return script(kCheck, arguments);
}

std::vector<std::optional<std::string>> read_check(const std::string& type, std::string_view out,
                                                   std::size_t count) {
    std::vector<std::optional<std::string>> result;
    for (const std::string_view line : lines(out)) {
        if (line.starts_with("type ")) {
            const std::string_view got = line.substr(5);
            result.emplace_back(got == type ? std::nullopt
                                            : std::optional(fmt::format(
                                                  "another file system ({}) is mounted there, "
                                                  "instead of {}",
                                                  got, type)));
        } else if (line.starts_with("said")) {
            const std::string_view said = trim(line.substr(4));
            result.emplace_back(said.empty() ? std::string("it is not mounted")
                                             : std::string(said));
        }
    }
    result.resize(count, "the guest gave no answer");
    return result;
}

std::string mount_hint(const std::string& type, std::string_view said) {
    struct Known {
        std::string_view text;
        const char* hint;
    };
    static constexpr std::array<Known, 11> kKnown = {{
        {"another file system", "unmount it, or choose another mount point"},
        {"user_allow_other", "add the line `user_allow_other` to /etc/fuse.conf in the guest"},
        {"/dev/fuse", "the guest's kernel has no fuse: see `modprobe fuse` in the guest"},
        {"fuse device not found",
         "the guest's kernel has no fuse: see `modprobe fuse` in the guest"},
        {"sshfs: not found", "install sshfs in the guest"},
        {"sshfs: command not found", "install sshfs in the guest"},
        {"no write access to mount", "give the mount point to the guest's user, or choose another"},
        {"No such file or directory", "see whether the directory still exists on the host"},
        {"unknown filesystem type",
         "the guest's kernel does not have this file system: set mountType to \"reverse-sshfs\", "
         "or "
         "install a kernel with it"},
        {"No such device",
         "the guest's kernel does not have this file system: set mountType to \"reverse-sshfs\", "
         "or "
         "install a kernel with it"},
        {"can't find",
         "cloud-init has made no line in /etc/fstab for it: see /var/log/cloud-init.log in the "
         "guest"},
    }};
    for (const Known& known : kKnown) {
        if (has(said, known.text)) {
            return known.hint;
        }
    }
    if (type == "reverse-sshfs") {
        return "see ha.stderr.log in the instance directory, or set mountType to \"9p\"";
    }
    return "see `sudo dmesg` in the guest, or set mountType to \"reverse-sshfs\"";
}

}  // namespace lima::hostagent
