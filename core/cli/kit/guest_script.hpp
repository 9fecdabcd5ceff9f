// The line that `limactl shell` gives to ssh: where to go in the guest, and what to run there.
// Pure.
#pragma once

#include "core/config/fields.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lima::cli {

struct GuestScriptInput {
    std::optional<std::string> workdir;  // --workdir
    std::optional<std::string> shell;    // --shell
    std::vector<std::string> env;        // "K=V" of --preserve-env
    std::vector<std::string> command;
    std::filesystem::path host_cwd;  // links resolved
    std::filesystem::path host_home;
    const config::Config* config = nullptr;
};

std::string guest_script(const GuestScriptInput& input);

}  // namespace lima::cli
