#include "core/base/fs.hpp"
#include "core/base/posix/platform.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <sched.h>
#include <sys/sysinfo.h>
#include <unistd.h>

namespace lima::platform {

int cpu_count() {
    // What we may use, which in a container is less than what there is.
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        return std::max(1, CPU_COUNT(&set));
    }
    return std::max(1, static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)));
}

std::int64_t memory_bytes() {
    struct sysinfo info{};
    if (sysinfo(&info) != 0) {
        return 0;
    }
    return static_cast<std::int64_t>(info.totalram) * info.mem_unit;
}

std::string machine_id() {
    for (const char* path : {"/etc/machine-id", "/var/lib/dbus/machine-id"}) {
        if (const auto text = fs::read_file(path); text && !trim(*text).empty()) {
            return std::string(trim(*text));
        }
    }
    char name[256] = {};
    return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

}  // namespace lima::platform
