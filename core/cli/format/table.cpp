#include "core/cli/format/table.hpp"

#include <algorithm>

namespace lima::cli {

namespace {

/// Code points, not bytes: names may have accents.
std::size_t display_width(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

}  // namespace

std::string format_table(const std::vector<Row>& rows) {
    constexpr std::size_t kMinimum = 4;
    constexpr std::size_t kPadding = 4;
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()), 0);
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], std::max(kMinimum, display_width(row[i]) + kPadding));
        }
    }
    std::string out;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            out += row[i];
            if (i + 1 < row.size()) {
                out.append(widths[i] - display_width(row[i]), ' ');
            }
        }
        out += '\n';
    }
    return out;
}

}  // namespace lima::cli
