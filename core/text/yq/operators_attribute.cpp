// What a value has besides its content: tag, style, anchor, comments.
#include "core/base/text.hpp"
#include "core/text/yq/operator_themes.hpp"

#include <fmt/format.h>

#include <array>

namespace lima::text::yq {
namespace {

constexpr std::array<std::pair<Style, std::string_view>, 6> kStyles = {
    {{Style::kDefault, ""},
     {Style::kSingleQuoted, "single"},
     {Style::kDoubleQuoted, "double"},
     {Style::kLiteral, "literal"},
     {Style::kFolded, "folded"},
     {Style::kFlow, "flow"}}};

Result<Nodes> texts(Evaluator& evaluator, const Context& context, const Ast& call,
                    std::string (*read)(const Node&)) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        std::string text = read(*node);
        LIMA_DO(evaluator.charge(call, 1, text.size()));
        return evaluator.computed(*node, make_string(std::move(text)));
    });
}

Result<Nodes> tag(Evaluator& evaluator, const Context& context, const Ast& call) {
    return texts(evaluator, context, call, [](const Node& node) { return tag_of(node); });
}

Result<void> set_tag(Evaluator& evaluator, Node& node, const Node& value, const Ast& call) {
    const std::string& wanted = value.value;
    if (!wanted.empty() && (!wanted.starts_with('!') || wanted == "!!")) {
        return evaluator.error(
            call, fmt::format("{} is no tag: one begins with `!`, such as !!str or !mine",
                              name_quote(wanted)));
    }
    const bool scalar = node.kind == Kind::kScalar;
    node.tag = value.value.empty() ? (scalar ? std::string(guess_tag(node.value))
                                      : node.kind == Kind::kMapping ? "!!map"
                                                                    : "!!seq")
                                   : value.value;
    const bool guessed = scalar ? node.tag == "!!str" || guess_tag(node.value) == node.tag
                                : node.tag == (node.kind == Kind::kMapping ? "!!map" : "!!seq");
    node.tag_written = !guessed;
    return {};
}

Result<Nodes> kind(Evaluator& evaluator, const Context& context, const Ast& call) {
    return texts(evaluator, context, call, [](const Node& node) -> std::string {
        switch (node.kind) {
            case Kind::kMapping:
                return "map";
            case Kind::kSequence:
                return "seq";
            case Kind::kAlias:
                return "alias";
            case Kind::kScalar:
                break;
        }
        return "scalar";
    });
}

Result<Nodes> style(Evaluator& evaluator, const Context& context, const Ast& call) {
    return texts(evaluator, context, call, [](const Node& node) {
        for (const auto& [each, name] : kStyles) {
            if (each == node.style && !(each == Style::kDefault && node.tag_written)) {
                return std::string(name);
            }
        }
        return std::string("tagged");
    });
}

Result<void> set_style(Evaluator& evaluator, Node& node, const Node& value, const Ast& call) {
    if (value.value == "tagged") {
        node.style = Style::kDefault;
        node.tag_written = true;
        return {};
    }
    for (const auto& [each, name] : kStyles) {
        if (name == value.value) {
            node.style = each;
            node.tag_written = false;
            return {};
        }
    }
    return evaluator.error(
        call,
        fmt::format(
            "unknown style {}: there are single, double, literal, folded, flow, tagged and \"\"",
            name_quote(value.value)));
}

Result<Nodes> anchor(Evaluator& evaluator, const Context& context, const Ast& call) {
    return texts(evaluator, context, call, [](const Node& node) { return node.anchor; });
}

Result<void> check_name(Evaluator& evaluator, const Node& value, const Ast& call) {
    constexpr std::string_view kLetters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    if (value.value.find_first_not_of(kLetters) == std::string::npos) {
        return {};
    }
    return evaluator.error(
        call, fmt::format("{} cannot be the name of an anchor: that has letters, digits, - and _",
                          name_quote(value.value)));
}

Result<void> set_anchor(Evaluator& evaluator, Node& node, const Node& value, const Ast& call) {
    LIMA_DO(check_name(evaluator, value, call));
    node.anchor = value.value;
    return {};
}

Result<Nodes> alias(Evaluator& evaluator, const Context& context, const Ast& call) {
    return texts(evaluator, context, call, [](const Node& node) {
        return node.kind == Kind::kAlias ? node.value : std::string();
    });
}

Result<void> set_alias(Evaluator& evaluator, Node& node, const Node& value, const Ast& call) {
    LIMA_DO(check_name(evaluator, value, call));
    if (value.value.empty()) {
        return {};
    }
    evaluator.clear(node);
    node.kind = Kind::kAlias;
    node.tag.clear();
    node.tag_written = false;
    node.style = Style::kDefault;
    node.value = value.value;
    node.target = nullptr;
    return {};
}

/// Aliases replaced by what they stand for, merge keys by what they bring in, and no anchors left.
Result<void> explode_node(Evaluator& evaluator, const NodePtr& node, const Ast& call) {
    if (node->kind == Kind::kAlias && node->target) {
        LIMA_TRY(const NodePtr value, evaluator.copy(call, follow(*node)));
        node->kind = value->kind;
        node->tag = value->tag;
        node->tag_written = value->tag_written;
        node->style = value->style;
        node->value = value->value;
        node->target = nullptr;
        node->content = value->content;
        settle(*node);
    }
    node->anchor.clear();
    if (node->kind == Kind::kMapping) {
        LIMA_TRY(const Nodes values, evaluator.children(call, node));
        Nodes content;
        for (const NodePtr& value : values) {
            value->standing = Node::Standing::kThere;
            content.push_back(value->key);
            content.push_back(value);
        }
        evaluator.clear(*node);
        node->content = std::move(content);
        settle(*node);
    }
    for (const NodePtr& item : Nodes(node->content)) {
        LIMA_DO(explode_node(evaluator, item, call));
    }
    return {};
}

Result<Nodes> explode(Evaluator& evaluator, const Context& context, const Ast& call) {
    LIMA_TRY(const Nodes found, evaluator.eval(*call.parts[0], context));
    for (const NodePtr& node : found) {
        LIMA_DO(explode_node(evaluator, node, call));
    }
    return context.nodes;
}

// --- comments ---

/// Without the # of each line, and without a "---" that stands among them.
std::string bare(const std::string& comment) {
    std::vector<std::string> out;
    for (const std::string& line : split(comment, '\n')) {
        if (line == "---") {
            continue;
        }
        const std::size_t skip = line.starts_with("# ") ? 2 : line.starts_with('#') ? 1 : 0;
        out.push_back(line.substr(skip));
    }
    std::string text = join(out, "\n");
    return text.starts_with('\n') ? text.substr(1) : text;
}

std::string commented(const std::string& text) {
    if (text.empty()) {
        return "";
    }
    std::vector<std::string> out;
    for (const std::string& line : split(text, '\n')) {
        out.push_back(line.empty() || line.starts_with('#') ? line : "# " + line);
    }
    return join(out, "\n");
}

Result<Nodes> head_comment(Evaluator& evaluator, const Context& context, const Ast& call) {
    return texts(evaluator, context, call,
                 [](const Node& node) { return bare(node.head_comment); });
}

Result<Nodes> line_comment(Evaluator& evaluator, const Context& context, const Ast& call) {
    return texts(evaluator, context, call,
                 [](const Node& node) { return bare(node.line_comment); });
}

Result<Nodes> foot_comment(Evaluator& evaluator, const Context& context, const Ast& call) {
    return texts(evaluator, context, call,
                 [](const Node& node) { return bare(node.foot_comment); });
}

Result<void> set_head_comment(Evaluator&, Node& node, const Node& value, const Ast&) {
    node.head_comment = commented(value.value);
    return {};
}

Result<void> set_line_comment(Evaluator&, Node& node, const Node& value, const Ast&) {
    node.line_comment = commented(value.value);
    return {};
}

Result<void> set_foot_comment(Evaluator&, Node& node, const Node& value, const Ast&) {
    node.foot_comment = commented(value.value);
    return {};
}

Result<void> set_comments(Evaluator&, Node& node, const Node& value, const Ast&) {
    node.head_comment = commented(value.value);
    node.line_comment = node.head_comment;
    node.foot_comment = node.head_comment;
    return {};
}

}  // namespace

const std::vector<Operator>& attribute_operators() {
    static const std::vector<Operator> kOperators = {
        {"tag", 0, 0, tag, "the tag, such as !!str", set_tag},
        {"type", 0, 0, tag, "as tag", set_tag},
        {"kind", 0, 0, kind, "scalar, map, seq or alias"},
        {"style", 0, 0, style, "how it is written: single, double, literal, folded, flow, tagged",
         set_style},
        {"anchor", 0, 0, anchor, "the name of its anchor", set_anchor},
        {"alias", 0, 0, alias, "the anchor that an alias names", set_alias},
        {"explode", 1, 1, explode, "aliases and merge keys written out"},
        {"head_comment", 0, 0, head_comment, "the comment above", set_head_comment},
        {"line_comment", 0, 0, line_comment, "the comment on the line", set_line_comment},
        {"foot_comment", 0, 0, foot_comment, "the comment below", set_foot_comment},
        {"comments", 0, 0, nullptr, "all three comments, to be set", set_comments},
    };
    return kOperators;
}

}  // namespace lima::text::yq
