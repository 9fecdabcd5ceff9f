// virtiofsd, the host side of a virtiofs mount: where it is, and its command line. There are two of
// that name: the one in Rust, and the one that came with QEMU before 8.0, whose options differ.
#pragma once

#include "core/base/error.hpp"
#include "plugins/qemu/config.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace lima::qemu {

struct Virtiofsd {
    std::filesystem::path binary;
    bool classic = false;        // QEMU's old one
    bool can_read_only = false;  // by itself, whatever the guest does
};

/// The directories in which programs announce themselves, in order.
std::vector<std::filesystem::path> vhost_user_directories(const std::filesystem::path& home,
                                                          const std::filesystem::path& exe);
/// The binary of an announcement when it is of the type fs; empty otherwise.
std::string announced_virtiofsd(const std::string& json);
/// Looks for one that runs.
Result<Virtiofsd> find_virtiofsd(const std::filesystem::path& home,
                                 const std::filesystem::path& exe);
std::vector<std::string> virtiofsd_argv(const Virtiofsd& program, const std::string& socket,
                                        const Mount& mount);
/// What to do when it does not start.
std::string virtiofsd_hint(const Virtiofsd& program);
/// The stem of the names of its socket and PID file.
std::string virtiofsd_file(std::size_t mount);

}  // namespace lima::qemu
