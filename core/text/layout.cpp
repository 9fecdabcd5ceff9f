#include "core/text/layout.hpp"

#include <algorithm>

namespace lima::text {

namespace {

/// The one that ends last.
const Node& last_value(const Node& node) {
    if (!node.items.empty()) {
        return last_value(node.items.back());
    }
    for (auto entry = node.entries.rbegin(); entry != node.entries.rend(); ++entry) {
        if (!entry->merged) {
            return last_value(entry->value);
        }
    }
    return node;
}

}  // namespace

bool is_filled_flow(const Node& node) {
    return node.flow && !(node.items.empty() && node.entries.empty());
}

bool is_block_collection(const Node& node) {
    return (node.kind == Kind::kMapping || node.kind == Kind::kSequence) && !node.flow &&
           !node.alias;
}

std::size_t Layout::line_start(std::size_t at) const {
    const std::size_t newline = at == 0 ? std::string_view::npos : text_.rfind('\n', at - 1);
    return newline == std::string_view::npos ? 0 : newline + 1;
}

std::size_t Layout::line_end(std::size_t at) const {
    const std::size_t end = std::min(text_.find('\n', at), text_.size());
    return end > at && text_[end - 1] == '\r' ? end - 1 : end;
}

std::size_t Layout::next_line(std::size_t at) const {
    const std::size_t newline = text_.find('\n', at);
    return newline == std::string_view::npos ? text_.size() : newline + 1;
}

bool Layout::is_first_on_line(std::size_t at) const {
    const std::string_view before = text_.substr(line_start(at), at - line_start(at));
    return before.find_first_not_of(' ') == std::string_view::npos;
}

std::size_t Layout::column_of_content(std::size_t start) const {
    const std::string_view line = text_.substr(start, line_end(start) - start);
    return std::min(line.find_first_not_of(" \t"), line.size());
}

bool Layout::is_blank_line(std::size_t start) const {
    return start + column_of_content(start) >= line_end(start);
}

bool Layout::is_comment_line(std::size_t start) const {
    const std::size_t at = start + column_of_content(start);
    return at < text_.size() && text_[at] == '#';
}

std::size_t Layout::content_end(const Node& node) const {
    if (node.alias || node.flow) {
        return node.end.offset;
    }
    if (node.block) {
        return block_scalar_end(node);
    }
    if (!is_block_collection(node)) {
        return node.end.offset;
    }
    std::size_t end = node.begin.offset;
    for (const Node& item : node.items) {
        end = std::max(end, content_end(item));
    }
    for (const Node::Entry& entry : node.entries) {
        end = std::max({end, entry.key_end.offset, content_end(entry.value)});
    }
    return end;
}

std::size_t Layout::content_end(const Node::Entry& entry) const {
    return std::max(content_end(entry.value), after_colon(entry));
}

std::size_t Layout::block_scalar_end(const Node& node) const {
    const std::size_t begin = node.begin.offset;
    const bool keep = keeps_empty_lines(node);
    const std::size_t stop = node.end.offset;
    std::size_t end = line_end(begin);
    std::size_t indent = stop;  // of the content: blanks beyond it belong to the value
    for (std::size_t start = next_line(begin); start < stop; start = next_line(start)) {
        const bool blank = is_blank_line(start);
        if (!blank) {
            indent = std::min(indent, text_.find_first_not_of(' ', start) - start);
        }
        if (keep || !blank || line_end(start) - start > indent) {
            end = line_end(start);
        }
    }
    return std::min(end, stop);
}

std::string Layout::header_comment(const Node& node) const {
    if (!node.block) {
        return {};
    }
    const std::size_t begin = node.begin.offset;
    const std::string_view header = text_.substr(begin, line_end(begin) - begin);
    const std::size_t hash = header.find(" #");
    if (hash == std::string_view::npos) {
        return {};
    }
    return std::string(header.substr(header.find_last_not_of(' ', hash) + 1));
}

bool Layout::keeps_empty_lines(const Node& node) const {
    if (node.alias) {
        return false;
    }
    if (!node.items.empty()) {
        return keeps_empty_lines(node.items.back());
    }
    if (!node.entries.empty()) {
        return keeps_empty_lines(node.entries.back().value);
    }
    const std::size_t begin = node.begin.offset;
    const std::string_view header = text_.substr(begin, line_end(begin) - begin);
    return node.block && header.substr(0, header.find('#')).find('+') != std::string_view::npos;
}

std::optional<std::pair<std::size_t, std::size_t>> Layout::unfinished_scalar(
    const Node& root) const {
    const Node& last = last_value(root);
    const std::size_t mark = text_.find_first_of("|>", last.begin.offset);
    if (!last.block || mark == std::string_view::npos || text_.ends_with('\n') ||
        text_.find_first_not_of(" \t", content_end(last)) != std::string_view::npos) {
        return std::nullopt;
    }
    const std::size_t chomp = text_.find_first_of("+-# \r\n", mark);
    if (chomp == std::string_view::npos || text_[chomp] == '-') {
        return std::nullopt;
    }
    return std::pair(chomp, text_[chomp] == '+' ? chomp + 1 : chomp);
}

bool Layout::is_one_line_scalar(const Node& node) const {
    const std::string_view written =
        text_.substr(node.begin.offset, node.end.offset - node.begin.offset);
    return node.kind == Kind::kScalar && !node.block && !node.alias &&
           written.find('\n') == std::string_view::npos;
}

std::size_t Layout::after_colon(const Node::Entry& entry) const {
    const std::size_t colon = text_.find(':', entry.key_end.offset);
    return colon == std::string_view::npos ? entry.key_end.offset : colon + 1;
}

std::size_t Layout::dash_of(const Node& sequence, const Node& item) const {
    std::size_t at = item.begin.offset;
    while (at > 0 && (text_[at - 1] == ' ' || text_[at - 1] == '\n' || text_[at - 1] == '\r')) {
        --at;
    }
    if (at > 0 && text_[at - 1] == '-') {
        return at - 1;
    }
    // A comment stands between the dash and its value.
    const std::size_t column = sequence.begin.column > 0 ? sequence.begin.column - 1 : 0;
    for (at = line_start(item.begin.offset); at > sequence.begin.offset; at = line_start(at - 1)) {
        if (at + column < text_.size() && text_[at + column] == '-') {
            return at + column;
        }
    }
    return sequence.begin.offset;
}

std::size_t Layout::key_indent(const Node& mapping) {
    for (const Node::Entry& entry : mapping.entries) {
        if (!entry.merged) {
            return static_cast<std::size_t>(entry.key_begin.column - 1);
        }
    }
    return static_cast<std::size_t>(mapping.begin.column - 1);
}

std::size_t Layout::tail_end(std::size_t content_end, std::size_t indent) const {
    std::size_t end = line_end(content_end);
    std::size_t start = next_line(end);
    while (start < text_.size()) {
        if (is_comment_line(start) && column_of_content(start) > indent) {
            end = line_end(start);
        } else if (!is_blank_line(start)) {
            break;
        }
        start = next_line(start);
    }
    return end;
}

std::size_t Layout::end_of_map(std::size_t content_end, std::size_t indent) const {
    std::size_t end = line_end(content_end);
    for (std::size_t start = next_line(end);
         indent > 0 && start < text_.size() && is_comment_line(start) &&
         text_.find_first_not_of(' ', start) - start >= indent;
         start = next_line(start)) {
        end = line_end(start);
    }
    return end;
}

std::size_t Layout::lead_begin(std::size_t at, std::size_t bound) const {
    std::size_t begin = line_start(at);
    while (begin > bound) {
        const std::size_t above = line_start(begin - 1);
        if (above < bound || !(is_comment_line(above) || is_blank_line(above))) {
            break;
        }
        begin = above;
    }
    return begin;
}

std::size_t Layout::attached_begin(std::size_t at, std::size_t bound) const {
    std::size_t begin = line_start(at);
    while (begin > bound) {
        const std::size_t above = line_start(begin - 1);
        if (above < bound || !is_comment_line(above)) {
            break;
        }
        begin = above;
    }
    return begin;
}

void Layout::tidy(std::size_t& begin, std::size_t& end) const {
    std::size_t rest = end;
    while (rest < text_.size() && is_blank_line(rest)) {
        rest = next_line(rest);
    }
    const bool blank_above = begin == 0 || is_blank_line(line_start(begin - 1));
    if (rest == text_.size()) {
        while (begin > 0 && is_blank_line(line_start(begin - 1))) {
            begin = line_start(begin - 1);
        }
        end = rest;
    } else if (blank_above) {
        end = rest;
    }
}

std::vector<std::pair<std::size_t, std::size_t>> flow_cuts(const std::vector<FlowPart>& parts) {
    std::size_t behind_kept = parts.size();
    while (!parts[behind_kept - 1].kept) {
        --behind_kept;
    }
    std::vector<std::pair<std::size_t, std::size_t>> cuts;
    for (std::size_t i = 0; i < behind_kept; ++i) {
        if (!parts[i].kept) {
            cuts.emplace_back(parts[i].begin, parts[i + 1].begin);
        }
    }
    if (behind_kept < parts.size()) {
        cuts.emplace_back(parts[behind_kept - 1].end, parts.back().end);
    }
    return cuts;
}

}  // namespace lima::text
