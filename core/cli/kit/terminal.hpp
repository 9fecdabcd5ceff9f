// What the terminal is: asked once per question, no state.
#pragma once

namespace lima::cli {

bool is_terminal(int fd);
/// stdout is a terminal, or $_LIMA_OUTPUT_IS_TTY says so.
bool output_is_terminal();
/// Columns of the controlling terminal; 0 when there is none.
int terminal_width();

}  // namespace lima::cli
