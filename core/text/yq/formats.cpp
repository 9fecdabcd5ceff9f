#include "core/text/yq/formats.hpp"

#include "core/base/text.hpp"
#include "core/text/yaml.hpp"
#include "core/text/yq/yaml_format.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace lima::text::yq {
namespace {

Result<Documents> read_yaml(std::string_view text, std::string_view file, const DecodeOptions&) {
    return decode_yaml(text, file);
}

constexpr std::array<Format, 13> kFormats{{
    {"yaml", "y", read_yaml, encode_yaml},
    {"json", "j", decode_json, encode_json},
    {"props", "p", decode_properties, encode_properties},
    {"csv", "c", decode_csv, encode_csv},
    {"tsv", "t", decode_tsv, encode_tsv},
    {"ini", "i", decode_ini, encode_ini},
    {"toml", nullptr, decode_toml, encode_toml},
    {"xml", "x", decode_xml, encode_xml},
    {"base64", nullptr, decode_base64, encode_base64},
    {"uri", nullptr, decode_uri, encode_uri},
    {"sh", nullptr, nullptr, encode_sh},
    {"shell", "s", nullptr, encode_shell},
    {"lua", "l", nullptr, encode_lua},
}};

// What a name ends in, where that is no format's name.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kExtensions{{
    {"ndjson", "json"},
    {"jsonl", "json"},
    {"properties", "props"},
}};

/// YAML's "---" stands among the comments of its document.
std::string without_separators(const std::string& comment) {
    if (comment.find("---") == std::string::npos) {
        return comment;
    }
    std::string out;
    for (const std::string_view line : lines(comment)) {
        out += line == "---" ? "" : std::string(line) + "\n";
    }
    return std::string(trim(out));
}

class PlainCopy {
public:
    Result<NodePtr> copy(const Node& source, int depth) {
        const Node& node = follow(source);
        if (depth > kMaxDepth || ++count_ > kMaxNodes) {
            return failf(Code::kInvalidArgument,
                         "the document is too large once its aliases are written out");
        }
        if (node.kind == Kind::kAlias) {
            return failf(Code::kInvalidArgument, "nothing has the anchor {}",
                         name_quote(node.value));
        }
        auto out = std::make_shared<Node>(node);
        out->head_comment = without_separators(node.head_comment);
        out->anchor.clear();
        out->content.clear();
        out->parent = nullptr;
        out->key = nullptr;
        out->index = -1;
        if (node.kind == Kind::kSequence) {
            for (const NodePtr& item : node.content) {
                LIMA_TRY(NodePtr made, copy(*item, depth + 1));
                append(*out, std::move(made));
            }
        } else if (node.kind == Kind::kMapping) {
            LIMA_DO(fill(*out, node, depth + 1));
        }
        return out;
    }

private:
    static bool is_merge(const Node& key) { return key.tag == "!!merge"; }

    Result<void> fill(Node& out, const Node& mapping, int depth) {
        for (std::size_t i = 0; i + 1 < mapping.content.size(); i += 2) {
            const Node& key = *mapping.content[i];
            const Node& value = *mapping.content[i + 1];
            if (is_merge(key)) {
                LIMA_DO(merge(out, mapping, value, depth));
                continue;
            }
            LIMA_TRY(NodePtr key_copy, copy(key, depth));
            LIMA_TRY(NodePtr value_copy, copy(value, depth));
            append(out, std::move(key_copy), std::move(value_copy));
        }
        return {};
    }

    Result<void> merge(Node& out, const Node& mapping, const Node& source, int depth) {
        const Node& node = follow(source);
        if (node.kind == Kind::kSequence) {
            for (const NodePtr& item : node.content) {
                LIMA_DO(merge(out, mapping, *item, depth + 1));
            }
            return {};
        }
        if (node.kind != Kind::kMapping) {
            return {};
        }
        LIMA_TRY(NodePtr merged, copy(node, depth));
        for (std::size_t i = 0; i + 1 < merged->content.size(); i += 2) {
            const std::string& name = merged->content[i]->value;
            if (!find(mapping, name) && !find(out, name)) {
                append(out, merged->content[i], merged->content[i + 1]);
            }
        }
        return {};
    }

    std::size_t count_ = 0;
};

}  // namespace

const Format* find_format(std::string_view name) {
    const auto found = std::find_if(kFormats.begin(), kFormats.end(), [&](const Format& format) {
        return name == format.name || (format.alias != nullptr && name == format.alias);
    });
    return found == kFormats.end() ? nullptr : &*found;
}

const Format& format_of_file(std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const std::size_t dot = name.rfind('.');
    if (dot != std::string_view::npos) {
        std::string extension = to_lower(name.substr(dot + 1));
        for (const auto& [other, format] : kExtensions) {
            extension = extension == other ? format : extension;
        }
        // A script (.sh, .lua) or a file that happens to end in a short name is nothing to read.
        const Format* format = extension.size() > 1 ? find_format(extension) : nullptr;
        if (format != nullptr && format->decode != nullptr && extension == format->name) {
            return *format;
        }
    }
    return kFormats.front();
}

Result<NodePtr> plain_copy(const Node& node) { return PlainCopy().copy(node, 0); }

Failure fail_at(std::string_view text, std::string_view file, std::size_t offset,
                std::string_view what) {
    offset = std::min(offset, text.size());
    const std::string_view before = text.substr(0, offset);
    const std::size_t line_begin = before.rfind('\n') + 1;
    Mark mark;
    mark.line = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
    mark.column = static_cast<int>(offset - line_begin) + 1;
    mark.offset = offset;
    return fail(error_at(text, file, mark, what));
}

std::vector<std::string> comment_lines(std::string_view comment) {
    std::vector<std::string> out;
    if (comment.empty()) {
        return out;
    }
    for (std::string_view line : lines(comment)) {
        line = trim(line);
        if (line.starts_with('#')) {
            line.remove_prefix(1);
        }
        if (line.starts_with(' ')) {
            line.remove_prefix(1);
        }
        out.emplace_back(line);
    }
    return out;
}

bool all_digits(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace lima::text::yq
