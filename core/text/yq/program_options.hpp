// The command line of the yq program. Pure functions.
#pragma once

#include "core/text/yq/format.hpp"

#include <optional>
#include <string>
#include <vector>

namespace lima::text::yq {

enum class ProgramAction { kEvaluate, kHelp, kVersion };

struct ProgramOptions {
    ProgramAction action = ProgramAction::kEvaluate;
    bool all = false;                // eval-all: the expression sees all documents of all files
    std::vector<std::string> words;  // what is no flag and no command
    bool null_input = false;
    bool in_place = false;
    bool exit_status = false;
    bool pretty = false;
    bool no_documents = false;
    bool nul_output = false;
    bool colours = false;
    bool no_colours = false;
    bool no_env = false;
    bool no_files = false;
    bool json = false;
    std::optional<bool> unwrap;
    std::string input_format = "auto";
    std::string output_format = "auto";
    std::optional<std::string> expression;
    std::string from_file;
    std::string split;
    std::string split_file;
    std::string front_matter;
    DecodeOptions decode;
    EncodeOptions encode;
};

/// `arguments` without the program's name. kInvalidArgument with a hint for what cannot be
/// understood.
Result<ProgramOptions> parse_program_options(const std::vector<std::string>& arguments);
std::string program_help();

}  // namespace lima::text::yq
