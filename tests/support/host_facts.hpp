// One host, the same on every machine, for tests of what depends on the host's facts.
#pragma once

#include "core/base/host.hpp"

namespace lima::test {

inline HostFacts host() {
    HostFacts facts;
    facts.os = "linux";
    facts.arch = "x86_64";
    facts.cpus = 8;
    facts.memory = std::int64_t{16} << 30;
    facts.user = "jane";
    facts.comment = "Jane Doe";
    facts.home = "/home/jane";
    facts.uid = 501;
    facts.gid = 1000;
    facts.timezone = "Europe/Berlin";
    facts.machine_id = "0123456789abcdef";
    facts.temp_dir = "/tmp";
    return facts;
}

}  // namespace lima::test
