// Lines of one text on their way into another: cut out with their comments, moved to the left edge,
// each with its origin.
#pragma once

#include "core/base/json_fwd.hpp"
#include "core/text/document.hpp"
#include "core/text/layout.hpp"
#include "core/text/part.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lima::text {

struct Line {
    std::string text;
    Origin origin;  // without an original: that of the line that it is put at
};
using Lines = std::vector<Line>;

struct Chunk {
    Lines comments;  // above it
    Lines body;
    bool spaced = false;  // an empty line stands above it, where it comes from
    bool copied = false;  // written by somebody
};

/// A field with its key, an item with its dash; what cannot be cut out (an alias, a flow style that
/// needs its brackets) is written anew. `target` is the text that it goes to: its anchors must stay
/// the only ones of their names.
Chunk chunk_of_field(const Field& field, std::string_view target);
Chunk chunk_of_item(const Part& item, std::string_view target);
/// The fields or items of a map or list; one chunk for anything else.
std::vector<Chunk> chunks_of(const Part& part, std::string_view target);

/// All of them, one below the other, with the empty lines that were between them.
Lines joined(const std::vector<Chunk>& chunks);
void move_right(Lines& lines, std::size_t columns);

/// A string as a block scalar or as !!binary: the header for the key's line, and the lines below
/// it, for an indent of 0.
struct BlockText {
    std::string header;
    std::vector<std::string> lines;
};
BlockText block_text(const std::string& value, Part::Style style);
/// Lines of text in the place of a block scalar, with its indent. Unset where they need another
/// form.
std::optional<Lines> block_like(const Layout& layout, const Node& old, const Json& wanted);

}  // namespace lima::text
