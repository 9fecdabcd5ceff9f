// Changing: what is assigned is put in place, with as much of what stood there left alone as
// possible.
#include "core/base/text.hpp"
#include "core/text/yq/evaluator.hpp"
#include "core/text/yq/operators.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lima::text::yq {
namespace {

/// Nodes of a tree with aliases followed, and how deep it is. Stops counting beyond the limits.
struct Size {
    std::size_t nodes = 0;
    std::size_t bytes = 0;
    int depth = 0;
    bool too_big = false;
};

void measure(const Node& node, int depth, Size& size) {
    size.depth = std::max(size.depth, depth);
    size.bytes += node.value.size();
    if (depth > 2 * kMaxDepth || ++size.nodes > kMaxNodes) {
        size.too_big = true;
    }
    if (size.too_big) {
        return;
    }
    if (node.kind == Kind::kAlias && node.target) {
        measure(*node.target, depth, size);
    }
    for (const NodePtr& item : node.content) {
        measure(*item, depth + 1, size);
    }
}

bool is_custom_tag(const std::string& tag) {
    return tag.starts_with('!') && !tag.starts_with("!!");
}

bool has_alias(const Node& node) {
    return node.kind == Kind::kAlias ||
           std::any_of(node.content.begin(), node.content.end(),
                       [](const NodePtr& item) { return has_alias(*item); });
}

/// Whether what the aliases in the tree stand for has the node in it.
bool leads_to(const Node& node, const Node* what) {
    if (&node == what ||
        (node.kind == Kind::kAlias && node.target && leads_to(*node.target, what))) {
        return true;
    }
    return std::any_of(node.content.begin(), node.content.end(),
                       [what](const NodePtr& item) { return leads_to(*item, what); });
}

/// {} and [] are written like that for want of another way, not because someone chose it.
void open_out(Node& node) {
    if (node.content.empty() && node.style == Style::kFlow) {
        node.style = Style::kDefault;
    }
}

void write_out(NodePtr& node) {
    if (node->kind == Kind::kAlias && node->target) {
        node = clone(*node->target);
        node->anchor.clear();
    }
    for (NodePtr& item : node->content) {
        write_out(item);
    }
    settle(*node);
}

}  // namespace

Result<NodePtr> Evaluator::copy(const Ast& at, const Node& node) {
    Size size;
    measure(node, 1, size);
    if (size.too_big || size.depth >= kMaxDepth) {
        return error(at,
                     fmt::format("this nests more than {} levels deep, or has more than {} values",
                                 kMaxDepth, kMaxNodes),
                     Code::kResourceExhausted);
    }
    LIMA_DO(charge(at, size.nodes, size.bytes));
    steps_ += size.nodes;
    NodePtr out = clone(node);
    out->standing = Node::Standing::kThere;
    return keep(std::move(out));
}

Result<void> Evaluator::check_depth(const Ast& at, const Node& place, const Node& below) const {
    Size size;
    measure(below, 1, size);
    int depth = size.depth;
    for (const Node* up = place.parent; up != nullptr; up = up->parent) {
        if (++depth > kMaxDepth) {
            return error(at, fmt::format("this nests more than {} levels deep", kMaxDepth),
                         Code::kResourceExhausted);
        }
    }
    return {};
}

/// An alias inside of what it stands for would have no end: there its value is written out.
Result<NodePtr> Evaluator::free_of_cycles(const Ast& at, const Node& place, NodePtr value) {
    if (!has_alias(*value)) {
        return value;
    }
    for (const Node* up = &place; up != nullptr; up = up->parent) {
        if (leads_to(*value, up)) {
            LIMA_TRY(NodePtr plain, copy(at, *value));
            write_out(plain);
            return keep(plain);
        }
    }
    return value;
}

void Evaluator::clear(Node& node) {
    kept_->insert(kept_->end(), node.content.begin(), node.content.end());
    node.content.clear();
}

Result<void> Evaluator::put(const Ast& at, Node& to, const Node& from, const Flags& flags) {
    if (&to == &from) {
        return {};
    }
    LIMA_TRY(NodePtr value, copy(at, from));
    LIMA_TRY(value, free_of_cycles(at, to, std::move(value)));
    LIMA_TRY(Node* const target, place(at, to));
    LIMA_DO(check_depth(at, *target, *value));
    Node& node = *target;
    const bool same_kind = node.kind == value->kind;
    const bool keeps_tag = is_custom_tag(node.tag) && same_kind && !flags.clobber_tags;
    const bool same_tag = node.tag == value->tag || keeps_tag;
    if (!same_tag || !same_kind || node.style == Style::kDefault) {
        node.style = value->style;
    }
    if (!keeps_tag) {
        node.tag_written = value->tag_written || (same_tag && node.tag_written);
        node.tag = value->tag;
    }
    clear(node);
    node.kind = value->kind;
    node.line = value->line;
    node.column = value->column;
    node.value = value->value;
    node.target = value->target;
    node.content = std::move(value->content);
    settle(node);
    for (std::string Node::* comment :
         {&Node::head_comment, &Node::line_comment, &Node::foot_comment}) {
        if (!((*value).*comment).empty()) {
            node.*comment = (*value).*comment;
        }
    }
    return {};
}

Result<Node*> Evaluator::place(const Ast& at, Node& node) {
    const bool waits =
        node.standing == Node::Standing::kAbsent || node.standing == Node::Standing::kMerged;
    if (node.parent == nullptr || node.standing == Node::Standing::kComputed) {
        return &node;
    }
    if (!waits) {
        LIMA_DO(place(at, *node.parent));
        return &node;
    }
    LIMA_TRY(Node* const parent, place(at, *node.parent));
    Node& real = follow(*parent);
    const bool list = node.index >= 0;
    if (real.kind == Kind::kScalar && is_null(real)) {
        real.kind = list ? Kind::kSequence : Kind::kMapping;
        real.tag = list ? "!!seq" : "!!map";
        real.tag_written = false;
        real.style = Style::kDefault;
        real.value.clear();
    }
    LIMA_DO(check_depth(at, node, node));
    if (real.kind == Kind::kMapping) {
        return place_in_map(at, real, node);
    }
    return place_in_list(at, real, node);
}

Result<Node*> Evaluator::place_in_map(const Ast& at, Node& parent, Node& node) {
    NodePtr key = node.key ? node.key : make_int(node.index);
    LIMA_TRY(const NodePtr there, find_entry(at, parent, key->value));
    if (there != nullptr) {
        return there.get();
    }
    const auto self = absent_.find(&node);
    if (self == absent_.end()) {
        return error(at, "this stands nowhere");
    }
    open_out(parent);
    node.standing = Node::Standing::kThere;
    append(parent, std::move(key), self->second);
    absent_.erase(self);
    return &node;
}

Result<Node*> Evaluator::place_in_list(const Ast& at, Node& parent, Node& node) {
    constexpr int kMaxIndex = 100'000;
    const int size = static_cast<int>(parent.content.size());
    if (parent.kind != Kind::kSequence || node.index < 0) {
        return error(at, fmt::format("there is no list, but {}", tag_of(parent)));
    }
    if (node.index < size) {
        return parent.content[static_cast<std::size_t>(node.index)].get();
    }
    const auto self = absent_.find(&node);
    if (node.index > kMaxIndex || self == absent_.end()) {
        return error(at,
                     fmt::format("index [{}] out of range, array size is {}", node.index, size));
    }
    LIMA_DO(charge(at, static_cast<std::size_t>(node.index - size)));
    open_out(parent);
    for (int i = size; i < node.index; ++i) {
        append(parent, make_null());
    }
    node.standing = Node::Standing::kThere;
    append(parent, self->second);
    absent_.erase(self);
    return &node;
}

Result<void> Evaluator::remove(const Ast& at, const Nodes& nodes) {
    std::unordered_map<Node*, std::unordered_set<const Node*>> by_parent;
    for (const NodePtr& node : nodes) {
        if (node->standing == Node::Standing::kMerged) {
            return error(at,
                         fmt::format("{} comes through a merge key: it cannot be removed here",
                                     name_quote(node->key->value)),
                         Code::kFailedPrecondition);
        }
        if (node->parent != nullptr && node->standing == Node::Standing::kThere) {
            by_parent[node->parent].insert(node.get());
        }
    }
    for (const auto& [parent, gone] : by_parent) {
        const std::size_t stride = parent->kind == Kind::kMapping ? 2 : 1;
        Nodes content;
        for (std::size_t i = 0; i + stride <= parent->content.size(); i += stride) {
            const bool goes = gone.contains(parent->content[i].get()) ||
                              gone.contains(parent->content[i + stride - 1].get());
            Nodes& to = goes ? *kept_ : content;
            to.insert(to.end(), parent->content.begin() + static_cast<std::ptrdiff_t>(i),
                      parent->content.begin() + static_cast<std::ptrdiff_t>(i + stride));
        }
        steps_ += parent->content.size();
        parent->content = std::move(content);
        settle(*parent);
    }
    return {};
}

/// A path that leads into a scalar is a mistake when something is to be assigned to it.
Result<void> Evaluator::targets_found(const Nodes& targets) const {
    if (!targets.empty() || !blocked_) {
        return {};
    }
    Ast at;
    at.column = blocked_->column;
    return error(at, fmt::format("{} cannot be found in {}: that is no map",
                                 name_quote(blocked_->key), blocked_->tag));
}

Result<Nodes> Evaluator::assign(const Ast& ast, const Context& context) {
    blocked_.reset();
    if (ast.update) {
        LIMA_TRY(const Nodes targets, eval(*ast.parts[0], context));
        LIMA_DO(targets_found(targets));
        // Children before their parents.
        for (auto target = targets.rbegin(); target != targets.rend(); ++target) {
            LIMA_TRY(const NodePtr value, first(*ast.parts[1], *target, context));
            if (value != nullptr) {
                LIMA_DO(put(ast, **target, *value, ast.flags));
            }
        }
        return context.nodes;
    }
    const auto one = [this, &ast](const Context& at) -> Result<Nodes> {
        LIMA_TRY(const Nodes targets, eval(*ast.parts[0], at));
        LIMA_DO(targets_found(targets));
        LIMA_TRY(const Nodes values, eval(*ast.parts[1], at));
        for (const NodePtr& target : targets) {
            for (const NodePtr& value : values) {
                LIMA_DO(put(ast, *target, *value, ast.flags));
            }
        }
        return Nodes{};
    };
    LIMA_DO(each_group(context, one));
    return context.nodes;
}

/// += and its kin: the right side sees what the left side was looked up in.
Result<Nodes> Evaluator::assign_binary(const Ast& ast, const Context& context) {
    blocked_.reset();
    const auto one = [this, &ast](const Context& at) -> Result<Nodes> {
        LIMA_TRY(const Nodes targets, eval(*ast.parts[0], at));
        LIMA_DO(targets_found(targets));
        for (const NodePtr& target : targets) {
            LIMA_TRY(const Nodes values, eval(*ast.parts[1], at));
            for (const NodePtr& value : values) {
                LIMA_TRY(const NodePtr result, calculate(ast, target, value));
                if (result != nullptr) {
                    LIMA_DO(put(ast, *target, *result, ast.flags));
                }
            }
        }
        return Nodes{};
    };
    LIMA_DO(each_group(context, one));
    return context.nodes;
}

Result<Nodes> Evaluator::assign_attribute(const Ast& ast, const Context& context) {
    const auto one = [this, &ast](const Context& at) -> Result<Nodes> {
        LIMA_TRY(const Nodes targets, eval(*ast.parts[0], at));
        LIMA_TRY(const NodePtr common, ast.update || targets.empty() || at.nodes.empty()
                                           ? Result<NodePtr>(NodePtr())
                                           : first(*ast.parts[1], at.nodes.front(), at));
        for (const NodePtr& target : targets) {
            NodePtr value = common;
            if (ast.update) {
                LIMA_TRY(value, first(*ast.parts[1], target, at));
            }
            if (value != nullptr) {
                LIMA_TRY(Node* const node, place(ast, *target));
                LIMA_DO(ast.operation->set(*this, *node, *value, ast));
            }
        }
        return Nodes{};
    };
    LIMA_DO(each_group(context, one));
    return context.nodes;
}

}  // namespace lima::text::yq
