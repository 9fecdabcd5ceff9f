#include "core/text/yq/yaml_comments.hpp"

#include <algorithm>
#include <string>

namespace lima::text::yq {
namespace {

/// One comment line, or several that belong together: whole lines in one column, one below the
/// other.
struct Comment {
    std::size_t begin = 0;
    std::size_t end = 0;
    int column = 0;  // from 1
    bool whole_line = false;
    bool empty_before = false;  // an empty line, or the beginning of the text
    bool empty_after = false;
    std::string text;
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Finds the comments of the text.
class Scanner {
public:
    Scanner(std::string_view text, const std::vector<Extent>& extents)
        : text_(text), extents_(extents) {}

    std::vector<Comment> run() {
        std::size_t at = 0;
        for (const Extent& extent : extents_) {
            gap(at, extent.begin);
            at = std::max(at, extent.end);
        }
        gap(at, text_.size());
        return std::move(found_);
    }

private:
    void gap(std::size_t from, std::size_t to) {
        for (std::size_t at = from; at < to;) {
            if (text_[at] == '#' && (at == 0 || is_space(text_[at - 1]))) {
                at = add(at);
            } else if (text_[at] == '%' && (at == 0 || text_[at - 1] == '\n')) {
                at = std::min(text_.find('\n', at), to);  // a directive
            } else {
                ++at;
            }
        }
    }

    std::size_t add(std::size_t at) {
        Comment comment;
        comment.begin = at;
        comment.end = std::min(text_.find('\n', at), text_.size());
        const std::size_t line = line_begin(at);
        comment.column = static_cast<int>(at - line) + 1;
        comment.whole_line = blank(line, at);
        comment.empty_before = line == 0 || blank(line_begin(line - 1), line - 1);
        comment.text = trimmed(text_.substr(at, comment.end - at));
        const std::size_t next = comment.end + 1;
        const std::size_t next_end = std::min(text_.find('\n', next), text_.size());
        comment.empty_after = next < text_.size() && blank(next, next_end);
        const std::size_t end = comment.end;
        if (!joins_last(comment)) {
            found_.push_back(std::move(comment));
        }
        return end;
    }

    /// The lines of one block become one comment.
    bool joins_last(const Comment& comment) {
        if (found_.empty() || !comment.whole_line || comment.empty_before) {
            return false;
        }
        Comment& last = found_.back();
        if (!last.whole_line || last.column != comment.column || !blank(last.end, comment.begin)) {
            return false;
        }
        last.text += "\n" + comment.text;
        last.end = comment.end;
        last.empty_after = comment.empty_after;
        return true;
    }

    std::size_t line_begin(std::size_t at) const {
        const std::size_t found = at == 0 ? std::string_view::npos : text_.rfind('\n', at - 1);
        return found == std::string_view::npos ? 0 : found + 1;
    }
    bool blank(std::size_t from, std::size_t to) const {
        const std::string_view part = text_.substr(from, to > from ? to - from : 0);
        return std::all_of(part.begin(), part.end(), is_space);
    }
    static std::string trimmed(std::string_view line) {
        while (!line.empty() && is_space(line.back())) {
            line.remove_suffix(1);
        }
        return std::string(line);
    }

    std::string_view text_;
    const std::vector<Extent>& extents_;
    std::vector<Comment> found_;
};

void add_lines(std::string& to, const Comment& comment) {
    if (!to.empty() && to != "\n") {
        to += comment.empty_before && !to.ends_with('\n') ? "\n\n" : "\n";
    }
    to += comment.text;
}

class Attacher {
public:
    Attacher(std::string_view text, std::vector<Place>& places) : text_(text), places_(places) {}

    void document(const DocumentPart& part, const Comment* comment, const Comment* end) {
        bool separated = part.separator == std::string_view::npos;
        for (; comment != end; ++comment) {
            separated = separated || separate(part, comment->begin);
            const std::size_t next = place_after(part, comment->begin);
            if (next == part.first_place) {
                head(next, *comment);
            } else if (!comment->whole_line) {
                same_line(part, *comment, next);
            } else if (Place* below = foot(part, *comment, next)) {
                std::string& foot = below->node->foot_comment;
                foot += foot.empty() && comment->empty_before && below->parent < 0 ? "\n" : "";
                add_lines(foot, *comment);
            } else {
                head(next, *comment);
            }
        }
        if (!separated) {
            separate(part, text_.size());
        }
    }

private:
    /// The line "---" that was written stays among the comments of its document.
    bool separate(const DocumentPart& part, std::size_t offset) {
        if (offset < part.separator) {
            return false;
        }
        std::string& head = places_[part.first_place].node->head_comment;
        head += head.empty() ? "---" : "\n---";
        return true;
    }

    /// The first place whose content begins behind the offset.
    std::size_t place_after(const DocumentPart& part, std::size_t offset) const {
        const auto found = std::upper_bound(
            places_.begin() + static_cast<std::ptrdiff_t>(part.first_place),
            places_.begin() + static_cast<std::ptrdiff_t>(part.last_place), offset,
            [](std::size_t value, const Place& place) { return value < place.begin; });
        return static_cast<std::size_t>(found - places_.begin());
    }

    void head(std::size_t next, const Comment& comment) {
        std::string& head = places_[next].node->head_comment;
        add_lines(head, comment);
        if (comment.empty_after) {
            head += "\n";
        }
    }

    void same_line(const DocumentPart& part, const Comment& comment, std::size_t next) {
        std::size_t at = next - 1;
        // Behind the bracket that closes a flow collection it belongs to that.
        while (places_[at].parent >= 0 && encloses_flow(places_[at].parent, comment.begin)) {
            at = static_cast<std::size_t>(places_[at].parent);
        }
        const Place& place = places_[at];
        const bool ended = place.end <= comment.begin;
        if (ended && text_.substr(place.end, comment.begin - place.end).find('\n') !=
                         std::string_view::npos) {
            head(next < part.last_place ? next : part.first_place, comment);  // behind a dash
        } else if (place.value != nullptr) {
            add_lines((ended && !place.value_follows ? place.value : place.node)->line_comment,
                      comment);
        } else {
            add_lines(is_block(*place.node) ? place.node->head_comment : place.node->line_comment,
                      comment);
        }
    }

    static bool is_block(const Node& node) {
        return (node.kind == Kind::kSequence || node.kind == Kind::kMapping) &&
               node.style != Style::kFlow;
    }

    /// A flow collection around a place has ended before the offset.
    bool encloses_flow(int parent, std::size_t offset) const {
        const Place& place = places_[static_cast<std::size_t>(parent)];
        const Node* node = place.value != nullptr ? place.value : place.node;
        return node->style == Style::kFlow && place.end <= offset;
    }

    /// The place that the comment stands below, or null when it is about what follows.
    Place* foot(const DocumentPart& part, const Comment& comment, std::size_t next) {
        const bool at_end = next == part.last_place;
        const int next_column = at_end ? 0 : places_[next].column;
        if (!at_end && places_[next].lead < comment.begin) {
            return nullptr;
        }
        if (!at_end && comment.column <= next_column &&
            (comment.empty_before || (!comment.empty_after && next_to_content(comment)))) {
            return nullptr;
        }
        if (at_end && (comment.empty_before || ends_short(places_[next - 1]))) {
            return &places_[part.first_place];
        }
        int at = static_cast<int>(next) - 1;
        while (at >= 0 && places_[static_cast<std::size_t>(at)].parent >= 0 &&
               places_[static_cast<std::size_t>(at)].column > comment.column) {
            at = places_[static_cast<std::size_t>(at)].parent;
        }
        Place& place = places_[static_cast<std::size_t>(at)];
        return !at_end && place.end > comment.begin ? nullptr : &place;
    }

    /// The last value is none, or ends with a bracket: what follows at the end is about all of it.
    static bool ends_short(const Place& last) {
        return last.value != nullptr &&
               (last.value->style == Style::kFlow ||
                (last.value->tag == "!!null" && last.value->value.empty()));
    }

    /// What follows the comment's line is no further comment.
    bool next_to_content(const Comment& comment) const {
        const std::size_t at = text_.find_first_not_of(" \t\r\n", comment.end);
        return at == std::string_view::npos || text_[at] != '#';
    }

    std::string_view text_;
    std::vector<Place>& places_;
};

}  // namespace

void attach_comments(std::string_view text, const std::vector<DocumentPart>& documents,
                     std::vector<Place>& places, const std::vector<Extent>& extents) {
    const std::vector<Comment> comments = Scanner(text, extents).run();
    const Comment* at = comments.data();
    const Comment* const end = at + comments.size();
    Attacher attacher(text, places);
    for (const DocumentPart& part : documents) {
        const bool last = &part == &documents.back();
        const Comment* const stop =
            last ? end
                 : std::find_if(at, end, [&part](const Comment& c) { return c.begin >= part.end; });
        attacher.document(part, at, stop);
        at = stop;
    }
}

}  // namespace lima::text::yq
