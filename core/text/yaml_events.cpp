#include "core/text/yaml_events.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lima::text {

namespace {
constexpr std::string_view kCoreTagPrefix = "tag:yaml.org,2002:";
}

YamlEvents::YamlEvents(std::string_view text, std::string_view file)
    : text_(text), file_(file), skipped_(text.starts_with(kBom) ? kBom.size() : 0) {
    const std::string_view input = text.substr(skipped_);
    // libyaml counts characters, we count bytes. Nothing to do for ASCII, a table for the rest.
    if (std::any_of(input.begin(), input.end(), [](char c) { return (c & 0x80) != 0; })) {
        for (std::size_t i = 0; i < input.size(); ++i) {
            if ((static_cast<unsigned char>(input[i]) & 0xC0U) != 0x80U) {
                offsets_.push_back(i + skipped_);
            }
        }
        offsets_.push_back(text.size());
    }
    yaml_parser_initialize(&parser_);
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    // libyaml wants an address, even of nothing.
    const char* data = input.data() == nullptr ? "" : input.data();
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(data),
                                 input.size());
}

YamlEvents::~YamlEvents() { yaml_parser_delete(&parser_); }

Result<void> YamlEvents::next(YamlEvent& event) {
    if (yaml_parser_parse(&parser_, &event.raw) == 0) {
        return fail(syntax_error());
    }
    return {};
}

Mark YamlEvents::mark(const yaml_mark_t& mark) const {
    Mark out{static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1, bytes(mark.index)};
    // libyaml ends a last line that nobody ended.
    if (out.column == 1 && out.offset == text_.size() && !text_.empty() && text_.back() != '\n') {
        const auto all = lines(text_);
        if (out.line > static_cast<int>(all.size())) {
            const auto characters = std::count_if(all.back().begin(), all.back().end(), [](char c) {
                return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
            });
            out.line = static_cast<int>(all.size());
            out.column = static_cast<int>(characters) + 1;
        }
    }
    return out;
}

Error YamlEvents::error(const Mark& at, std::string_view message) const {
    return error_at(text_, file_, at, message);
}

std::size_t YamlEvents::bytes(std::size_t characters) const {
    if (offsets_.empty()) {
        return std::min(characters + skipped_, text_.size());
    }
    return characters < offsets_.size() ? offsets_[characters] : text_.size();
}

Error YamlEvents::syntax_error() const {
    if (parser_.error == YAML_MEMORY_ERROR) {
        return Error(Code::kResourceExhausted, fmt::format("{}: out of memory", file_));
    }
    if (parser_.error == YAML_READER_ERROR) {
        return reader_error();
    }
    const Mark at = mark(parser_.problem_mark);
    const std::string problem = parser_.problem == nullptr ? "not YAML" : parser_.problem;
    if (at.offset < text_.size() && text_[at.offset] == '\t') {
        return error(at, "a tab is used for indentation or before a value: YAML wants spaces");
    }
    if (const auto tab = tab_indent(at.line)) {
        return error(*tab, "a tab is used for indentation: YAML wants spaces");
    }
    std::string message = "not valid YAML: " + problem;
    if (parser_.context != nullptr) {
        message += fmt::format(" {} (which begins at line {})", parser_.context,
                               parser_.context_mark.line + 1);
    }
    return error(at, message);
}

Error YamlEvents::reader_error() const {
    Mark at;
    at.offset = std::min(parser_.problem_offset + skipped_, text_.size());
    const std::string_view before = text_.substr(0, at.offset);
    at.line = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
    const std::size_t line_start = before.rfind('\n') + 1;
    at.column = static_cast<int>(at.offset - line_start) + 1;
    std::string message = parser_.problem == nullptr ? "unreadable" : parser_.problem;
    if (parser_.problem_value >= 0) {
        message += fmt::format(" (0x{:02x})", parser_.problem_value);
    }
    return error(at, message);
}

/// A tab in the indentation of the line, or of the one before (libyaml often notices late).
std::optional<Mark> YamlEvents::tab_indent(int line) const {
    const auto all = lines(text_);
    for (int candidate : {line, line - 1}) {
        if (candidate < 1 || candidate > static_cast<int>(all.size())) {
            continue;
        }
        const std::string_view row = all[candidate - 1];
        const std::size_t content = row.find_first_not_of(" \t");
        const std::size_t tab = row.substr(0, content).find('\t');
        if (tab != std::string_view::npos && content != std::string_view::npos) {
            return Mark{candidate, static_cast<int>(tab) + 1,
                        static_cast<std::size_t>(row.data() - text_.data()) + tab};
        }
    }
    return std::nullopt;
}

std::string tag_of(const yaml_char_t* tag) {
    const std::string text = text_of(tag);
    return text.starts_with(kCoreTagPrefix) ? "!!" + text.substr(kCoreTagPrefix.size()) : text;
}

std::string text_of(const yaml_char_t* text) {
    return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text));
}

}  // namespace lima::text
