// The first line names a format, the rest is a text in it: it is read or refused; what was read can
// be written again, in the same format and as YAML, and is then read as the same.
#include "core/base/json.hpp"
#include "core/base/utf8.hpp"
#include "core/text/part.hpp"
#include "core/text/yq/format.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <array>

namespace lima::fuzz {
namespace {

using text::yq::Format;
using text::yq::Node;
using text::yq::NodePtr;

constexpr std::array<const char*, 10> kReadable = {"yaml", "json", "props", "csv",    "tsv",
                                                   "ini",  "toml", "xml",   "base64", "uri"};

bool is_text(const Node& node) {
    return utf8::valid(node.value) &&
           std::all_of(node.content.begin(), node.content.end(),
                       [](const NodePtr& part) { return is_text(*part); });
}

/// All values come back: YAML and JSON hold every tree, TOML what was TOML.
bool is_faithful(std::string_view format, std::string_view source) {
    return format == "yaml" || format == "json" || (format == "toml" && source == "toml");
}

void written_again(const Format& format, const Node& document, bool faithful) {
    text::yq::EncodeOptions options;
    options.unwrap_scalar = false;
    const auto once = format.encode(document, options);
    require(once.has_value() || !faithful, "{} does not write it: {}", format.name,
            once ? "" : once.error().text());
    if (!once) {
        return;  // not every tree fits into every format
    }
    const auto read = format.decode(*once, "again", {});
    if (!faithful) {
        return;
    }
    require(read.has_value(), "{} does not read what it wrote: {}\n{}", format.name,
            read ? "" : read.error().text(), *once);
    require(read->size() == 1, "{} documents in\n{}", read->size(), *once);
    const Json before = text::yq::to_json(document);
    const Json after = text::yq::to_json(*read->front());
    require(text::same_value(before, after), "{} wrote {} as\n{}\nand read {}", format.name,
            dump_json(before), *once, dump_json(after));
    const auto twice = format.encode(*read->front(), options);
    require(twice.has_value() && *twice == *once, "{} wrote\n{}\nand then\n{}", format.name, *once,
            twice ? *twice : twice.error().text());
}

}  // namespace

LIMA_FUZZ_TARGET(formats) {
    const auto [name, text] = split_line(input);
    if (std::find(kReadable.begin(), kReadable.end(), name) == kReadable.end()) {
        return;
    }
    const Format& format = *text::yq::find_format(name);
    const auto documents = format.decode(text, "input", {});
    if (!documents) {
        require(documents.error().text().starts_with("input"), "no place in: {}",
                documents.error().text());
        return;
    }
    for (const NodePtr& document : *documents) {
        const bool all_text = is_text(*document);
        for (const char* other : kReadable) {
            written_again(*text::yq::find_format(other), *document,
                          all_text && is_faithful(other, name));
        }
        for (const char* other : {"sh", "shell", "lua"}) {
            (void)text::yq::find_format(other)->encode(*document, {});
        }
    }
}

}  // namespace lima::fuzz
