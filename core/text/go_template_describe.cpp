#include "core/base/text.hpp"
#include "core/text/go_template_ast.hpp"

#include <fmt/core.h>

namespace lima::text::gotmpl {
namespace {

std::string dotted(const std::vector<std::string>& names, std::size_t from) {
    std::string out;
    for (std::size_t i = from; i < names.size(); ++i) {
        out += "." + names[i];
    }
    return out;
}

std::string describe_all(const std::vector<NodePtr>& nodes, std::string_view separator) {
    std::vector<std::string> parts;
    for (const NodePtr& node : nodes) {
        // As an argument a pipeline stands in brackets.
        parts.push_back(node->kind == NodeKind::kPipe ? "(" + describe(*node) + ")"
                                                      : describe(*node));
    }
    return join(parts, separator);
}

std::string describe_branch(std::string_view word, const Node& node) {
    std::string out =
        fmt::format("{{{{{} {}}}}}{}", word, describe(*node.pipe), describe(*node.body));
    if (node.otherwise) {
        out += "{{else}}" + describe(*node.otherwise);
    }
    return out + "{{end}}";
}

}  // namespace

std::string describe(const Node& node) {
    switch (node.kind) {
        case NodeKind::kList:
            return describe_all(node.children, "");
        case NodeKind::kAction:
            return "{{" + describe(*node.pipe) + "}}";
        case NodeKind::kIf:
            return describe_branch("if", node);
        case NodeKind::kRange:
            return describe_branch("range", node);
        case NodeKind::kWith:
            return describe_branch("with", node);
        case NodeKind::kTemplate:
            return "{{template " + go_quote(node.text) +
                   (node.pipe ? " " + describe(*node.pipe) : "") + "}}";
        case NodeKind::kBreak:
            return "{{break}}";
        case NodeKind::kContinue:
            return "{{continue}}";
        case NodeKind::kPipe: {
            const std::string declared =
                node.names.empty() ? "" : join(node.names, ", ") + (node.assigns ? " = " : " := ");
            return declared + describe_all(node.children, " | ");
        }
        case NodeKind::kCommand:
            return describe_all(node.children, " ");
        case NodeKind::kField:
            return dotted(node.names, 0);
        case NodeKind::kVariable:
            return node.names[0] + dotted(node.names, 1);
        case NodeKind::kChain:
            return describe_all(node.children, "") + dotted(node.names, 0);
        case NodeKind::kText:
        case NodeKind::kIdentifier:
        case NodeKind::kDot:
        case NodeKind::kNil:
        case NodeKind::kBool:
        case NodeKind::kNumber:
        case NodeKind::kString:
            break;
    }
    return node.text;
}

}  // namespace lima::text::gotmpl
