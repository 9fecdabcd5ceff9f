// A YAML text with its tree that remembers, line by line, where each of its lines was written
// first: so that a mistake in a text that was put together from several files is shown in the file
// that it was made in.
#pragma once

#include "core/base/error.hpp"
#include "core/text/yaml.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lima::text {

struct Original {
    std::string text;
    std::string file;
};

/// A line of an original, moved right by `shift` columns. Without an original: nobody wrote it.
struct Origin {
    std::shared_ptr<const Original> original;
    int line = 0;
    int shift = 0;
};
/// One for each line of a text.
using Origins = std::vector<Origin>;

struct Document {
    std::string text;
    std::string file;
    Node root;
    Origins origins;
};

/// A text as it was written: each line is its own origin.
Result<Document> make_document(std::string text, std::string file);

/// As error_at of yaml.hpp, naming and showing the line where it was written first.
Error error_at(std::string_view text, std::string_view file, const Origins& origins,
               const Mark& mark, std::string_view message);
Error error_at(const Document& document, const Mark& mark, std::string_view message);
/// For a text that was edited: the lines that stayed know where they come from.
Origins carried_over(std::string_view before, const Origins& origins, std::string_view after);
/// "FILE:LINE:COLUMN" of the same.
std::string place_of(const Document& document, const Mark& mark);

}  // namespace lima::text
