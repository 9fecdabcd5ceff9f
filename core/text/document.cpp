#include "core/text/document.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lima::text {
namespace {

const Origin* origin_of(const Origins& origins, const Mark& mark) {
    const auto index = static_cast<std::size_t>(std::max(mark.line, 1)) - 1;
    return index < origins.size() && origins[index].original ? &origins[index] : nullptr;
}

/// Where the line comes next; the number of rows when it does not come soon.
std::size_t next_equal(const std::vector<std::string_view>& rows, std::size_t from,
                       std::string_view row) {
    constexpr std::size_t kSoon = 2000;
    const std::size_t end = std::min(rows.size(), from + kSoon);
    for (std::size_t i = from; i < end; ++i) {
        if (rows[i] == row) {
            return i;
        }
    }
    return rows.size();
}

Mark moved(const Mark& mark, const Origin& origin) {
    return Mark{origin.line, std::max(1, mark.column - origin.shift), 0};
}

}  // namespace

Result<Document> make_document(std::string text, std::string file) {
    Document out;
    LIMA_TRY(out.root, parse_yaml(text, file));
    const auto original = std::make_shared<const Original>(Original{text, file});
    const auto count = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1;
    for (int line = 1; line <= count; ++line) {
        out.origins.push_back(Origin{original, line, 0});
    }
    out.text = std::move(text);
    out.file = std::move(file);
    return out;
}

Error error_at(std::string_view text, std::string_view file, const Origins& origins,
               const Mark& mark, std::string_view message) {
    if (const Origin* origin = origin_of(origins, mark)) {
        return error_at(origin->original->text, origin->original->file, moved(mark, *origin),
                        message);
    }
    return error_at(text, file, mark, message);
}

Error error_at(const Document& document, const Mark& mark, std::string_view message) {
    return error_at(document.text, document.file, document.origins, mark, message);
}

Origins carried_over(std::string_view before, const Origins& origins, std::string_view after) {
    const auto old_rows = lines(before);
    const auto new_rows = lines(after);
    Origins out(new_rows.size());
    std::size_t at = 0;
    for (std::size_t i = 0; i < new_rows.size(); ++i) {
        // The nearest line that is the same, unless one that it would skip comes later here too.
        const std::size_t found = next_equal(old_rows, at, new_rows[i]);
        const bool skips = found > at && found < old_rows.size() &&
                           next_equal(new_rows, i + 1, old_rows[at]) < new_rows.size();
        if (found < std::min(old_rows.size(), origins.size()) && !skips) {
            out[i] = origins[found];
            at = found + 1;
        }
    }
    return out;
}

std::string place_of(const Document& document, const Mark& mark) {
    const Origin* origin = origin_of(document.origins, mark);
    const Mark at = origin == nullptr ? mark : moved(mark, *origin);
    return fmt::format("{}:{}:{}", origin == nullptr ? document.file : origin->original->file,
                       at.line, at.column);
}

}  // namespace lima::text
