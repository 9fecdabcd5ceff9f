// Where things stand, choosing among them, and taking them away.
#include "core/base/text.hpp"
#include "core/text/yq/operator_themes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lima::text::yq {
namespace {

Result<Nodes> select(Evaluator& evaluator, const Context& context, const Ast& call) {
    Nodes out;
    for (const NodePtr& node : context.nodes) {
        LIMA_TRY(const Nodes found, evaluator.on(*call.parts[0], node, context));
        if (std::any_of(found.begin(), found.end(),
                        [](const NodePtr& each) { return is_true(*each); })) {
            out.push_back(node);
        }
    }
    return out;
}

Result<Nodes> path(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        NodePtr out = path_of(*node);
        LIMA_DO(evaluator.charge(call, out->content.size() + 1));
        return evaluator.keep(std::move(out));
    });
}

/// The key itself, so that it can be changed; a number for an item.
Result<Nodes> key(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        if (node->key) {
            return node->key;
        }
        if (node->is_key() || node->index < 0) {
            return node->is_key() ? node : nullptr;
        }
        LIMA_DO(evaluator.charge(call, 1));
        return evaluator.keep(make_int(node->index));
    });
}

Result<Nodes> is_key(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_DO(evaluator.charge(call, 1));
        return evaluator.keep(make_bool(node->is_key()));
    });
}

std::vector<Node*> way_up(const Node& node) {
    std::vector<Node*> out;
    for (Node* at = node.parent; at != nullptr; at = at->parent) {
        out.push_back(at);
    }
    return out;
}

Result<Nodes> parent(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        std::int64_t levels = 1;
        if (!call.parts.empty()) {
            LIMA_TRY(const NodePtr count, evaluator.first(*call.parts[0], node, context));
            const auto number = count == nullptr ? std::nullopt : int_of(*count);
            if (!number) {
                return evaluator.error(call, "parent wants the number of levels");
            }
            levels = *number;
        }
        const std::vector<Node*> way = way_up(*node);
        const auto size = static_cast<std::int64_t>(way.size());
        const std::int64_t at = levels < 0 ? size + levels : levels - 1;
        if (levels == 0) {
            return node;
        }
        return at >= 0 && at < size ? evaluator.pointer(*way[static_cast<std::size_t>(at)])
                                    : nullptr;
    });
}

Result<Nodes> root(Evaluator& evaluator, const Context& context, const Ast&) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        const std::vector<Node*> way = way_up(*node);
        return way.empty() ? node : evaluator.pointer(*way.back());
    });
}

Result<Nodes> parents(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        NodePtr out = evaluator.keep(make_sequence());
        for (Node* const each : way_up(*node)) {
            LIMA_TRY(NodePtr copy, evaluator.copy(call, *each));
            append(*out, std::move(copy));
        }
        return out;
    });
}

Result<Nodes> has(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_TRY(const NodePtr wanted, evaluator.first(*call.parts[0], node, context));
        LIMA_DO(evaluator.charge(call, 1));
        const Node& real = follow(*node);
        bool found = false;
        if (wanted != nullptr && real.kind == Kind::kMapping) {
            found = find(real, follow(*wanted).value) != nullptr;
        } else if (wanted != nullptr && real.kind == Kind::kSequence) {
            const auto index = int_of(*wanted);
            found = index && *index < static_cast<std::int64_t>(real.content.size());
        }
        return evaluator.computed(*node, make_bool(found));
    });
}

Result<Nodes> keys(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        const Node& real = follow(*node);
        if (real.kind != Kind::kMapping && real.kind != Kind::kSequence) {
            return evaluator.error(call,
                                   "keys works for maps and lists only: " + what_is_there(*node));
        }
        NodePtr out = make_sequence();
        const std::size_t stride = real.kind == Kind::kMapping ? 2 : 1;
        for (std::size_t i = 0; i + stride <= real.content.size(); i += stride) {
            LIMA_TRY(NodePtr name,
                     evaluator.copy(call, stride == 2 ? *real.content[i]
                                                      : *make_int(static_cast<std::int64_t>(i))));
            name->foot_comment.clear();  // it stood below the value
            append(*out, std::move(name));
        }
        return evaluator.computed(*node, std::move(out));
    });
}

Result<Nodes> del(Evaluator& evaluator, const Context& context, const Ast& call) {
    const Ast& path = *call.parts[0];
    LIMA_TRY(const Nodes found, path.type == Ast::Type::kSlice
                                    ? evaluator.sliced_items(path, context)
                                    : evaluator.eval(path, context));
    LIMA_DO(evaluator.remove(call, found));
    Nodes out;
    std::copy_if(context.nodes.begin(), context.nodes.end(), std::back_inserter(out),
                 [&found](const NodePtr& node) {
                     return node->parent != nullptr ||
                            std::find(found.begin(), found.end(), node) == found.end();
                 });
    return out;
}

Result<Nodes> look_up_path(Evaluator& evaluator, const NodePtr& node, const Node& path,
                           const Ast& call) {
    Nodes at{node};
    for (const NodePtr& step : follow(path).content) {
        Nodes next;
        for (const NodePtr& each : at) {
            LIMA_DO(evaluator.look_up(call, each, follow(*step), next));
        }
        at = std::move(next);
    }
    return at;
}

Result<Nodes> del_paths(Evaluator& evaluator, const Context& context, const Ast& call) {
    for (const NodePtr& node : context.nodes) {
        LIMA_TRY(const NodePtr paths, evaluator.first(*call.parts[0], node, context));
        if (paths == nullptr || follow(*paths).kind != Kind::kSequence) {
            return evaluator.error(call, "del_paths wants a list of paths");
        }
        Nodes all;
        for (const NodePtr& each : follow(*paths).content) {
            LIMA_TRY(const Nodes found, look_up_path(evaluator, node, *each, call));
            all.insert(all.end(), found.begin(), found.end());
        }
        LIMA_DO(evaluator.remove(call, all));
    }
    return context.nodes;
}

Result<Nodes> set_path(Evaluator& evaluator, const Context& context, const Ast& call) {
    for (const NodePtr& node : context.nodes) {
        LIMA_TRY(const NodePtr path, evaluator.first(*call.parts[0], node, context));
        LIMA_TRY(const NodePtr value, evaluator.first(*call.parts[1], node, context));
        if (path == nullptr || follow(*path).kind != Kind::kSequence || value == nullptr) {
            return evaluator.error(call, "set_path wants a path such as [\"a\", 0] and a value");
        }
        LIMA_TRY(const Nodes found, look_up_path(evaluator, node, *path, call));
        for (const NodePtr& target : found) {
            LIMA_DO(evaluator.put(call, *target, *value));
        }
    }
    return context.nodes;
}

/// Copies the entries or items for which `keep` says so.
template <class Keep>
Result<NodePtr> part_of(Evaluator& evaluator, const Node& node, const Ast& call, Keep keep) {
    NodePtr out = node.kind == Kind::kMapping ? make_mapping() : make_sequence();
    out->style = node.style;
    out->tag = node.tag;
    out->tag_written = node.tag_written;
    out->head_comment = node.head_comment;
    out->foot_comment = node.foot_comment;
    const std::size_t stride = node.kind == Kind::kMapping ? 2 : 1;
    for (std::size_t i = 0; i + stride <= node.content.size(); i += stride) {
        if (!keep(i / stride)) {
            continue;
        }
        LIMA_TRY(NodePtr value, evaluator.copy(call, *node.content[i + stride - 1]));
        if (stride == 1) {
            append(*out, std::move(value));
            continue;
        }
        LIMA_TRY(NodePtr name, evaluator.copy(call, *node.content[i]));
        append(*out, std::move(name), std::move(value));
    }
    return out;
}

/// Positions in the node that the keys or indexes name, in their order.
Result<std::vector<std::size_t>> positions(Evaluator& evaluator, const NodePtr& node,
                                           const Context& context, const Ast& call) {
    LIMA_TRY(const NodePtr wanted, evaluator.first(*call.parts[0], node, context));
    if (wanted == nullptr || follow(*wanted).kind != Kind::kSequence) {
        return evaluator.error(
            call, fmt::format("{} wants a list of keys or indexes", name_quote(call.text)));
    }
    const Node& real = follow(*node);
    const std::size_t stride = real.kind == Kind::kMapping ? 2 : 1;
    std::vector<std::size_t> out;
    for (const NodePtr& each : follow(*wanted).content) {
        const auto index = int_of(follow(*each));
        for (std::size_t i = 0; i < real.content.size(); i += stride) {
            const bool same = stride == 2
                                  ? matches(follow(*each).value, follow(*real.content[i]).value)
                                  : index && *index == static_cast<std::int64_t>(i);
            if (same && std::find(out.begin(), out.end(), i / stride) == out.end()) {
                out.push_back(i / stride);
            }
        }
    }
    return out;
}

Result<Nodes> pick(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        const Node& real = follow(*node);
        if (real.kind != Kind::kMapping && real.kind != Kind::kSequence) {
            return evaluator.error(call,
                                   "pick works for maps and lists only: " + what_is_there(*node));
        }
        LIMA_TRY(const std::vector<std::size_t> wanted, positions(evaluator, node, context, call));
        LIMA_TRY(NodePtr out, part_of(evaluator, real, call, [](std::size_t) { return false; }));
        for (const std::size_t place : wanted) {
            LIMA_TRY(const NodePtr one,
                     part_of(evaluator, real, call, [place](std::size_t i) { return i == place; }));
            out->content.insert(out->content.end(), one->content.begin(), one->content.end());
        }
        settle(*out);
        return evaluator.computed(*node, std::move(out));
    });
}

Result<Nodes> omit(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        if (is_null(*node)) {
            return node;
        }
        LIMA_TRY(const std::vector<std::size_t> unwanted,
                 positions(evaluator, node, context, call));
        LIMA_TRY(NodePtr out, part_of(evaluator, follow(*node), call, [&unwanted](std::size_t i) {
                     return std::find(unwanted.begin(), unwanted.end(), i) == unwanted.end();
                 }));
        return evaluator.computed(*node, std::move(out));
    });
}

Result<Nodes> with(Evaluator& evaluator, const Context& context, const Ast& call) {
    LIMA_TRY(const Nodes found, evaluator.eval(*call.parts[0], context));
    for (const NodePtr& node : found) {
        LIMA_DO(evaluator.on(*call.parts[1], node, context));
    }
    return context.nodes;
}

Result<Nodes> first_of(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_TRY(const Nodes items, evaluator.children(call, node));
        for (const NodePtr& item : items) {
            if (call.parts.empty()) {
                return item;
            }
            LIMA_TRY(const NodePtr holds, evaluator.first(*call.parts[0], item, context));
            if (holds != nullptr && is_true(*holds)) {
                return item;
            }
        }
        return nullptr;
    });
}

Result<Nodes> number(Evaluator& evaluator, const Context& context, const Ast& call,
                     int Node::* member) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_DO(evaluator.charge(call, 1));
        return evaluator.keep(make_int((*node).*member));
    });
}

Result<Nodes> line(Evaluator& evaluator, const Context& context, const Ast& call) {
    return number(evaluator, context, call, &Node::line);
}

Result<Nodes> column(Evaluator& evaluator, const Context& context, const Ast& call) {
    return number(evaluator, context, call, &Node::column);
}

Result<Nodes> document_index(Evaluator& evaluator, const Context& context, const Ast& call) {
    return number(evaluator, context, call, &Node::document);
}

Result<Nodes> file_index(Evaluator& evaluator, const Context& context, const Ast& call) {
    return number(evaluator, context, call, &Node::file);
}

Result<Nodes> file_name(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        const auto& names = evaluator.options().file_names;
        LIMA_DO(evaluator.charge(call, 1));
        const auto file = static_cast<std::size_t>(node->file);
        return evaluator.keep(make_string(file < names.size() ? names[file] : ""));
    });
}

/// Each node becomes a document of its own.
Result<Nodes> split_doc(Evaluator& evaluator, const Context& context, const Ast& call) {
    int document = 0;
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_TRY(NodePtr out, evaluator.copy(call, *node));
        out->document = document++;
        return out;
    });
}

}  // namespace

std::string what_is_there(const Node& node) {
    const std::string place = show_path(node);
    return place.empty()
               ? fmt::format("this is {}", node.kind == Kind::kAlias ? "an alias" : tag_of(node))
               : fmt::format("{} is {}", place,
                             node.kind == Kind::kAlias ? "an alias" : tag_of(node));
}

const std::vector<Operator>& path_operators() {
    static const std::vector<Operator> kOperators = {
        {"select", 1, 1, select, "only those for which the condition holds"},
        {"path", 0, 0, path, "the keys and indexes that lead here"},
        {"key", 0, 0, key, "the key or index under which it stands"},
        {"is_key", 0, 0, is_key, "whether it is a key itself"},
        {"parent", 0, 1, parent, "what it stands in, or that many levels up; -1 is the root"},
        {"parents", 0, 0, parents, "all that it stands in, the nearest first"},
        {"root", 0, 0, root, "the top of the document"},
        {"has", 1, 1, has, "whether there is such a key or index"},
        {"keys", 0, 0, keys, "the keys of a map, the indexes of a list"},
        {"del", 1, 1, del, "takes away what the path leads to"},
        {"del_paths", 1, 1, del_paths, "takes away what a list of paths leads to"},
        {"set_path", 2, 2, set_path, "puts a value at a path such as [\"a\", 0]"},
        {"pick", 1, 1, pick, "only the named keys or indexes"},
        {"omit", 1, 1, omit, "all but the named keys or indexes"},
        {"with", 2, 2, with, "changes what the path leads to: with(.a; .b = 1 | .c = 2)"},
        {"first", 0, 1, first_of, "the first item, or the first for which the condition holds"},
        {"line", 0, 0, line, "the line in its file"},
        {"column", 0, 0, column, "the column in its file"},
        {"document_index", 0, 0, document_index, "which document of its file it is in, from 0"},
        {"di", 0, 0, document_index, "as document_index"},
        {"file_index", 0, 0, file_index, "which file it is in, from 0"},
        {"fi", 0, 0, file_index, "as file_index"},
        {"filename", 0, 0, file_name, "the name of its file"},
        {"split_doc", 0, 0, split_doc, "each result becomes a document of its own"},
    };
    return kOperators;
}

}  // namespace lima::text::yq
