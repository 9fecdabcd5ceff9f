#include "core/text/yq/program_input.hpp"

#include "core/base/fd.hpp"
#include "core/base/fs.hpp"
#include "core/base/text.hpp"

#include <unistd.h>
#include <utility>

namespace lima::text::yq {
namespace {

/// The size of the line at the offset, with its end.
std::size_t line_size(std::string_view text, std::size_t at) {
    const std::size_t end = text.find('\n', at);
    return (end == std::string_view::npos ? text.size() : end + 1) - at;
}

bool is_separator(std::string_view line) { return line.starts_with("---") && trim(line) == "---"; }

/// Where the line of --- stands that ends the front matter.
std::size_t front_matter_size(std::string_view text) {
    std::size_t at =
        !text.empty() && is_separator(text.substr(0, line_size(text, 0))) ? line_size(text, 0) : 0;
    while (at < text.size() && !is_separator(text.substr(at, line_size(text, at)))) {
        at += line_size(text, at);
    }
    return at;
}

void set_file(Node& node, int number) {
    node.file = number;
    for (const NodePtr& item : node.content) {
        set_file(*item, number);
    }
}

}  // namespace

Result<Input> read_input(const std::string& path, int number, const InputOptions& options) {
    Input out;
    std::string text;
    if (path == "-") {
        LIMA_TRY(text, read_all(STDIN_FILENO), "cannot read the standard input");
    } else {
        LIMA_TRY(text, fs::read_file(path));
    }
    if (options.front_matter) {
        const std::size_t size = front_matter_size(text);
        out.rest = text.substr(size);
        text.resize(size);
    }
    LIMA_TRY(out.documents,
             options.format.decode(text, path == "-" ? "stdin" : path, options.decode));
    for (const NodePtr& document : out.documents) {
        set_file(*document, number);
    }
    return out;
}

}  // namespace lima::text::yq
