// Questions on a terminal: the creation menu, the editor, yes or no (spec/cli.md section 13). Drawn
// on stdout, read from stdin, plain lines: it works over any connection.
#pragma once

#include "core/cli/kit/edit_flags.hpp"
#include "core/instance/instance.hpp"

#include <string>

namespace lima::cli {

/// Proceed, edit, or leave: the text to create the instance from. kCancelled when the user leaves.
Result<std::string> creation_menu(const instance::Context& context, const EditFlags& edit,
                                  const EditInput& input, const std::string& name,
                                  const std::string& text, const std::string& file);

/// Opens $VISUAL, $EDITOR, editor, vim, vi or emacs on the text below a header of comment lines. An
/// untouched header is cut off; an empty result means: leave it.
Result<std::string> open_editor(const std::string& header, const std::string& text);

/// Enter is the default. No terminal on stdin: no.
bool confirm(const std::string& question, bool fallback);

/// The number of the chosen option; nullopt when there is no answer (end of file, no terminal).
std::optional<std::size_t> choose(const std::string& question,
                                  const std::vector<std::string>& options);

}  // namespace lima::cli
