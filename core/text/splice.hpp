// Cuts and insertions in a text, done all at once; each line of the result knows where it was
// written.
#pragma once

#include "core/text/chunk.hpp"
#include "core/text/document.hpp"

#include <string>
#include <vector>

namespace lima::text {

struct Splice {
    std::size_t begin = 0;
    std::size_t end = 0;
    Lines lines;            // put in instead; a line break between two
    std::size_t order = 0;  // among those at one place
};

Lines one(std::string text);
/// Lines that begin with a line break, or end with one. An empty one at the end of the text is
/// ended.
Lines below(Lines lines, bool at_end = false);
Lines above(Lines lines);

/// The text in the line ends of the document; its tree is not made yet. Splices that overlap are
/// refused.
Result<Document> splice(const Document& document, std::vector<Splice> splices);

}  // namespace lima::text
