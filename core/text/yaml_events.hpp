// libyaml's events with our positions and our messages: what both trees (core/text/yaml.hpp,
// core/text/yq/node.hpp) are built from. Internal to core/text.
#pragma once

#include "core/base/error.hpp"
#include "core/base/utf8.hpp"
#include "core/text/yaml.hpp"

#include <yaml.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lima::text {

using utf8::kBom;

/// Owns one event.
class YamlEvent {
public:
    YamlEvent() = default;
    YamlEvent(const YamlEvent&) = delete;
    YamlEvent& operator=(const YamlEvent&) = delete;
    ~YamlEvent() { yaml_event_delete(&raw); }
    yaml_event_t raw{};
};

/// The text and the name of the file must outlive it.
class YamlEvents {
public:
    YamlEvents(std::string_view text, std::string_view file);
    YamlEvents(const YamlEvents&) = delete;
    YamlEvents& operator=(const YamlEvents&) = delete;
    ~YamlEvents();

    Result<void> next(YamlEvent& event);
    Mark mark(const yaml_mark_t& mark) const;
    /// "FILE:LINE:COLUMN: message" with the line shown.
    Error error(const Mark& at, std::string_view message) const;

private:
    std::size_t bytes(std::size_t characters) const;
    Error syntax_error() const;
    Error reader_error() const;
    std::optional<Mark> tab_indent(int line) const;

    std::string_view text_;
    std::string_view file_;
    std::size_t skipped_;  // libyaml is not shown the byte order mark: it would shift the first
                           // line's columns
    std::vector<std::size_t> offsets_;  // of each character; empty when all are bytes
    yaml_parser_t parser_{};
};

/// "!!str" for YAML's own tags, else as it is; empty for none.
std::string tag_of(const yaml_char_t* tag);
std::string text_of(const yaml_char_t* text);

}  // namespace lima::text
