// swtpm, the TPM of a VM: where it is, and its command line. Its state lies in the instance
// directory and outlives each run.
#pragma once

#include "core/base/error.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace lima::qemu {

inline constexpr const char* kTpmState = "swtpm";
inline constexpr const char* kTpmSocket = "swtpm.sock";

/// kNotFound says what to install.
Result<std::filesystem::path> find_swtpm();
std::vector<std::string> swtpm_argv(const std::filesystem::path& program,
                                    const std::filesystem::path& instance_dir);
/// Makes the directory of the state, and removes what a crash left.
Result<void> prepare_swtpm(const std::filesystem::path& instance_dir);

}  // namespace lima::qemu
