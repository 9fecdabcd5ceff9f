// Questions on a terminal: yes or no, one of a few, one of many (spec/cli.md section 13). Drawn on
// stdout, read from stdin, plain lines: it works over any connection.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace lima::cli {

/// Enter is the default. No terminal on stdin, or no answer: no.
bool confirm(const std::string& question, bool fallback);

/// The number of the chosen option, Enter for the first; nullopt when there is no answer (end of
/// file, no terminal).
std::optional<std::size_t> choose(const std::string& question,
                                  const std::vector<std::string>& options);

/// A name of a long list; what is typed narrows it. nullopt: none was chosen.
std::optional<std::string> pick(const std::string& question, const std::vector<std::string>& names);

/// What a typed word means in a numbered list: the number of one of its lines, a whole line, or a
/// part of lines. The indexes of the lines that it can mean; one of them is the choice.
std::vector<std::size_t> matches(const std::vector<std::string>& list, const std::string& word);

/// "  1  alpha    3  gamma\n  2  beta\n": numbered, down the columns, as many as the width holds.
std::string numbered_columns(const std::vector<std::string>& list, int width);

}  // namespace lima::cli
