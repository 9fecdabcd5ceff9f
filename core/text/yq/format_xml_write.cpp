#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/text/yq/formats.hpp"

#include <utility>

namespace lima::text::yq {
namespace {

/// As Go escapes XML; line feeds stay in text and are escaped in attributes.
std::string escaped(std::string_view text, bool attribute) {
    std::string out;
    while (!text.empty()) {
        const utf8::Rune rune = utf8::decode(text);
        const std::string_view bytes = text.substr(0, rune.size);
        text.remove_prefix(rune.size);
        switch (rune.value) {
            case '&':
                out += "&amp;";
                continue;
            case '<':
                out += "&lt;";
                continue;
            case '>':
                out += "&gt;";
                continue;
            case '"':
                out += "&#34;";
                continue;
            case '\'':
                out += "&#39;";
                continue;
            case '\t':
                out += "&#x9;";
                continue;
            case '\r':
                out += "&#xD;";
                continue;
            case '\n':
                out += attribute ? "&#xA;" : "\n";
                continue;
            default:
                break;
        }
        const bool good =
            rune.valid && rune.value >= 0x20 && rune.value != 0xFFFE && rune.value != 0xFFFF;
        out += good ? bytes : "\uFFFD";
    }
    return out;
}

bool is_name(std::string_view name) {
    const std::string_view first = name.substr(0, 1);
    return !name.empty() && name.find_first_of(" \t\r\n<>&\"'=/?!;,()[]{}") == std::string::npos &&
           first.find_first_of("0123456789-.") == std::string::npos && !first.starts_with('+');
}

class Writer {
public:
    explicit Writer(const EncodeOptions& options) : options_(options), names_(options.xml) {}

    Result<void> document(const Node& root) {
        comment(root.head_comment, 0);
        for (std::size_t i = 0; i + 1 < root.content.size(); i += 2) {
            LIMA_DO(entry(*root.content[i], *root.content[i + 1], 0));
        }
        comment(root.foot_comment, 0);
        return {};
    }

    std::string take() { return std::move(out_); }

private:
    bool is_content(const std::string& key) const { return key == names_.content; }
    bool is_instruction(const std::string& key) const {
        return key.starts_with(names_.instruction_prefix);
    }
    bool is_directive(const std::string& key) const { return key == names_.directive; }
    bool is_attribute(const std::string& key) const {
        return key.starts_with(names_.attribute_prefix) && !is_content(key) &&
               !is_instruction(key) && !is_directive(key);
    }

    /// To a line of its own; the first line of all is one already.
    void begin_line(int level) {
        if (options_.indent > 0 && !out_.empty()) {
            out_ += '\n';
            out_.append(static_cast<std::size_t>(level) * static_cast<std::size_t>(options_.indent),
                        ' ');
        }
    }

    static std::string spell_comment(const std::string& text) {
        std::string inner = join(comment_lines(text), "\n");
        while (inner.find("--") != std::string::npos) {
            inner = replace_all(inner, "--", "- -");
        }
        return "<!-- " + inner + " -->";
    }

    void comment(const std::string& text, int level) {
        if (!text.empty()) {
            begin_line(level);
            out_ += spell_comment(text);
        }
    }

    Result<void> entry(const Node& key, const Node& value, int level) {
        if (is_content(key.value)) {
            return content(value);
        }
        if (value.kind == Kind::kSequence) {
            comment(key.head_comment, level);
            for (const NodePtr& item : value.content) {
                // A list in a list is one list: XML has no other.
                LIMA_DO(entry(*make_string(key.value), *item, level));
            }
        } else {
            comment(key.head_comment, level);
            comment(value.head_comment, level);
            LIMA_DO(one(key.value, value, level));
            comment(value.foot_comment, level);
        }
        comment(key.foot_comment, level);
        return {};
    }

    Result<void> one(const std::string& name, const Node& value, int level) {
        begin_line(level);
        if (is_instruction(name)) {
            out_ += "<?" + name.substr(names_.instruction_prefix.size()) + " " + value.value + "?>";
            return {};
        }
        if (is_directive(name)) {
            out_ += "<!" + value.value + ">";
            return {};
        }
        return element(name, value, level);
    }

    Result<void> element(const std::string& name, const Node& value, int level) {
        if (!is_name(name)) {
            return failf(Code::kInvalidArgument, "{} cannot be the name of an XML element",
                         name_quote(name));
        }
        out_ += "<" + name;
        bool children = false;
        if (value.kind == Kind::kMapping) {
            LIMA_DO(attributes(value));
            out_ += '>';
            for (std::size_t i = 0; i + 1 < value.content.size(); i += 2) {
                const Node& key = *value.content[i];
                if (!is_attribute(key.value)) {
                    children = children || !is_content(key.value);
                    LIMA_DO(entry(key, *value.content[i + 1], level + 1));
                }
            }
        } else {
            out_ += ">" + escaped(value.value, false);
        }
        if (!value.line_comment.empty()) {
            out_ += spell_comment(value.line_comment);
        }
        if (children) {
            begin_line(level);
        }
        out_ += "</" + name + ">";
        return {};
    }

    Result<void> attributes(const Node& mapping) {
        for (std::size_t i = 0; i + 1 < mapping.content.size(); i += 2) {
            const std::string& key = mapping.content[i]->value;
            const Node& value = *mapping.content[i + 1];
            if (!is_attribute(key)) {
                continue;
            }
            const std::string name = key.substr(names_.attribute_prefix.size());
            if (value.kind != Kind::kScalar) {
                return failf(Code::kInvalidArgument,
                             "the attribute {} is a {}: attributes have plain values alone",
                             name_quote(name), value.tag);
            }
            if (!is_name(name)) {
                return failf(Code::kInvalidArgument, "{} cannot be the name of an XML attribute",
                             name_quote(name));
            }
            out_ += " " + name + "=\"" + escaped(value.value, true) + "\"";
        }
        return {};
    }

    /// The parts of a text between elements; where they stood is not known.
    Result<void> content(const Node& value) {
        if (value.kind == Kind::kSequence) {
            for (std::size_t i = 0; i < value.content.size(); ++i) {
                out_ += i > 0 ? " " : "";
                LIMA_DO(content(*value.content[i]));
            }
            return {};
        }
        if (value.kind == Kind::kMapping) {
            return failf(Code::kInvalidArgument, "{} is a map: the text of an element is none",
                         name_quote(names_.content));
        }
        out_ += escaped(value.value, false);
        if (!value.line_comment.empty()) {
            out_ += spell_comment(value.line_comment);
        }
        return {};
    }

    const EncodeOptions& options_;
    const XmlNames& names_;
    std::string out_;
};

}  // namespace

Result<std::string> encode_xml(const Node& node, const EncodeOptions& options) {
    LIMA_TRY(const NodePtr plain, plain_copy(node));
    if (plain->kind == Kind::kScalar) {
        return escaped(plain->value, false);
    }
    if (plain->kind == Kind::kSequence) {
        return failf(Code::kInvalidArgument, "xml can be written for maps alone, not for a list");
    }
    Writer writer(options);
    LIMA_DO(writer.document(*plain));
    return writer.take() + "\n";
}

}  // namespace lima::text::yq
