// Where the parts of a YAML tree stand in their text: what an edit of the text cuts at. libyaml
// tells where a node begins and where the next token is; comments, line ends and dashes are found
// here.
#pragma once

#include "core/text/yaml.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lima::text {

/// [ ] and { } with something in them: somebody chose that style.
bool is_filled_flow(const Node& node);
bool is_block_collection(const Node& node);

class Layout {
public:
    explicit Layout(std::string_view text) : text_(text) {}

    std::string_view text() const { return text_; }

    std::size_t line_start(std::size_t at) const;
    /// The end of the line without its line break.
    std::size_t line_end(std::size_t at) const;
    std::size_t next_line(std::size_t at) const;
    bool is_first_on_line(std::size_t at) const;
    /// The line that begins at this offset has nothing but white space.
    bool is_blank_line(std::size_t start) const;
    bool is_comment_line(std::size_t start) const;

    /// Where the value's own text ends: libyaml's end of a block reaches to the next token, over
    /// comments.
    std::size_t content_end(const Node& node) const;
    /// The same for key and value together.
    std::size_t content_end(const Node::Entry& entry) const;
    /// The comment behind the | or > of a block scalar, with the blanks before it: it outlives the
    /// value. Empty when there is none.
    std::string header_comment(const Node& node) const;
    /// True when it ends in a block scalar that keeps the empty lines behind it (|+).
    bool keeps_empty_lines(const Node& node) const;
    /// Where the header of a block scalar at the end of a text without a final line break says
    /// what becomes of its line breaks. Unset: there is none, or it drops them.
    std::optional<std::pair<std::size_t, std::size_t>> unfinished_scalar(const Node& root) const;
    bool is_one_line_scalar(const Node& node) const;
    /// Just behind the colon of an entry.
    std::size_t after_colon(const Node::Entry& entry) const;
    /// The dash that introduces an item of a block sequence.
    std::size_t dash_of(const Node& sequence, const Node& item) const;
    /// The column of a block mapping's keys.
    static std::size_t key_indent(const Node& mapping);

    /// From the end of what stands at the indent: the end of the line, and of the comment lines
    /// below it that stand deeper.
    std::size_t tail_end(std::size_t content_end, std::size_t indent) const;
    /// From the end of a block mapping's last value: behind the comments that belong to the
    /// mapping.
    std::size_t end_of_map(std::size_t content_end, std::size_t indent) const;
    /// The beginning of the comment and empty lines directly above the line of `at`, not before
    /// `bound`.
    std::size_t lead_begin(std::size_t at, std::size_t bound) const;
    /// The same without what an empty line parts from it.
    std::size_t attached_begin(std::size_t at, std::size_t bound) const;
    /// Of the empty lines above and below what goes, one stays.
    void tidy(std::size_t& begin, std::size_t& end) const;

private:
    std::size_t block_scalar_end(const Node& node) const;
    std::size_t column_of_content(std::size_t start) const;

    std::string_view text_;
};

/// A part of a flow collection, without the commas around it.
struct FlowPart {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool kept = false;
};
/// From where to where to cut: what goes takes the comma behind it along, the last ones take the
/// one before them. At least one part stays.
std::vector<std::pair<std::size_t, std::size_t>> flow_cuts(const std::vector<FlowPart>& parts);

}  // namespace lima::text
