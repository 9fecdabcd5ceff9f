// Facts of the machine and user that we run on, as a value: pure functions get it as an argument.
#pragma once

#include "core/base/error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace lima {

struct HostFacts {
    std::string os = "linux";     // Go's GOOS: linux, darwin, windows
    std::string arch = "x86_64";  // Lima's word: x86_64 aarch64 armv7l ppc64le riscv64 s390x
    int cpus = 1;
    std::int64_t memory = 0;  // bytes of RAM
    std::string user;         // login name
    std::string comment;      // full name: GECOS up to the first comma
    std::filesystem::path home;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::string timezone;  // "Europe/Berlin", "" when unknown
    std::string machine_id;
    std::string temp_dir;  // $TMPDIR or /tmp
};

Result<HostFacts> host_facts();
/// Lima's word for Go's or the kernel's ("amd64", "x86_64"); empty when unknown.
std::string normalize_arch(std::string_view word);
/// Go's word (amd64, arm64 …) for Lima's.
std::string go_arch(std::string_view arch);

/// Where the name of the host's time zone is looked for: a file with the name, then a link into the
/// directory of zones.
struct TimezoneFiles {
    std::filesystem::path name = "/etc/timezone";
    std::filesystem::path link = "/etc/localtime";
    std::filesystem::path zones = "/usr/share/zoneinfo";
};
/// "" with a warning when it cannot be told.
std::string host_timezone(const TimezoneFiles& files = {});
/// True for a name that the zone files know.
bool zone_exists(std::string_view name, const std::filesystem::path& zones = "/usr/share/zoneinfo");

}  // namespace lima
