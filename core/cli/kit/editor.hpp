// The user's editor on a YAML text, and what becomes of a text that is not valid (spec/cli.md
// 13.3).
#pragma once

#include "core/base/error.hpp"
#include "core/instance/instance.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace lima::cli {

/// Comment lines for the top of the editor: the purpose, how to leave, and what default.yaml and
/// override.yaml say.
std::string editor_header(const instance::Context& context, const std::string& purpose);

/// The text without the comments of the header, as long as the header's last line stands there.
std::string cut_header(std::string_view text);

/// Opens $VISUAL, $EDITOR, editor, vim, vi or emacs on the text below the header. Empty: the user
/// wants to leave it.
Result<std::string> open_editor(const std::string& header, const std::string& text);

/// Gives the text to `accept`; while that finds the text invalid, and the user wants to, it is
/// edited on. False when it was left (saved empty). A text that stays invalid is kept as
/// lima.REJECTED.yaml.
Result<bool> accept_or_edit(const std::string& header, std::string text,
                            const std::function<Result<void>(std::string& text)>& accept);

/// Writes ./lima.REJECTED.yaml, and tells that.
std::string save_rejected(const std::string& text);
/// The same for an error about the text.
Error reject_yaml(Error error, const std::string& text);

}  // namespace lima::cli
