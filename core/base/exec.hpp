// Becoming another program.
#pragma once

#include "core/base/error.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace lima {

/// The program takes this process's place: its status, its terminal, its signals. argv[0] is what
/// it is called by. Returns only when it cannot be run.
Failure exec_program(const std::filesystem::path& program, std::vector<std::string> argv);

}  // namespace lima
