// The terminal, asked once per question, and standard output; no state.
#pragma once

#include <string_view>

namespace lima::cli {

/// To standard output, as it is.
void print(std::string_view text);

bool is_terminal(int fd);
/// stdout is a terminal, or $_LIMA_OUTPUT_IS_TTY says so.
bool output_is_terminal();
/// Columns of the controlling terminal; 0 when there is none.
int terminal_width();

}  // namespace lima::cli
