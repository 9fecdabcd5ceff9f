// Maps as lists of entries, and working through all values.
#include "core/base/text.hpp"
#include "core/text/yq/operator_themes.hpp"

#include <fmt/format.h>

namespace lima::text::yq {
namespace {

Result<NodePtr> entry_of(Evaluator& evaluator, const Ast& call, const Node& key,
                         const Node& value) {
    NodePtr out = evaluator.keep(make_mapping());
    LIMA_TRY(NodePtr name, evaluator.copy(call, key));
    LIMA_TRY(NodePtr item, evaluator.copy(call, value));
    append(*out, make_string("key"), std::move(name));
    append(*out, make_string("value"), std::move(item));
    return out;
}

Result<NodePtr> entries_of(Evaluator& evaluator, const NodePtr& node, const Ast& call) {
    const Node& real = follow(*node);
    if (is_null(real)) {
        return NodePtr();
    }
    if (real.kind != Kind::kMapping && real.kind != Kind::kSequence) {
        return evaluator.error(call, "only maps and lists have entries: " + what_is_there(*node));
    }
    NodePtr out = make_sequence();
    const std::size_t stride = real.kind == Kind::kMapping ? 2 : 1;
    for (std::size_t i = 0; i + stride <= real.content.size(); i += stride) {
        const NodePtr key = stride == 2 ? real.content[i] : make_int(static_cast<std::int64_t>(i));
        LIMA_TRY(NodePtr entry, entry_of(evaluator, call, *key, *real.content[i + stride - 1]));
        append(*out, std::move(entry));
    }
    return evaluator.computed(*node, std::move(out));
}

Result<void> add_entry(Evaluator& evaluator, Node& map, const Node& entry, const Ast& call) {
    const NodePtr key = find(entry, "key");
    const NodePtr value = find(entry, "value");
    if (key == nullptr || value == nullptr) {
        return evaluator.error(call, "an entry has a `key` and a `value`");
    }
    LIMA_TRY(NodePtr name, evaluator.copy(call, follow(*key)));
    if (name->kind != Kind::kScalar) {
        return evaluator.error(call, "the key of an entry must be a scalar");
    }
    LIMA_TRY(NodePtr item, evaluator.copy(call, *value));
    LIMA_TRY(const NodePtr old, evaluator.find_entry(call, map, name->value));
    if (old != nullptr) {
        return evaluator.put(call, *old, *item);
    }
    append(map, std::move(name), std::move(item));
    return {};
}

Result<Nodes> to_entries(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context,
                     [&](const NodePtr& node) { return entries_of(evaluator, node, call); });
}

Result<Nodes> from_entries(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        const Node& real = follow(*node);
        if (real.kind != Kind::kSequence) {
            return evaluator.error(call,
                                   "from_entries wants a list of entries: " + what_is_there(*node));
        }
        NodePtr out = make_mapping();
        for (const NodePtr& entry : real.content) {
            LIMA_DO(add_entry(evaluator, *out, *entry, call));
        }
        return evaluator.computed(*node, std::move(out));
    });
}

Result<Nodes> with_entries(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_TRY(const NodePtr entries, entries_of(evaluator, node, call));
        if (entries == nullptr) {
            return NodePtr();
        }
        const Node& real = follow(*node);
        NodePtr out = evaluator.keep(make_mapping());
        if (real.kind == Kind::kMapping) {
            out->tag = real.tag;
            out->tag_written = real.tag_written;
            out->head_comment = real.head_comment;
            out->foot_comment = real.foot_comment;
        }
        for (const NodePtr& entry : entries->content) {
            LIMA_TRY(const Nodes changed, evaluator.on(*call.parts[0], entry, context));
            for (const NodePtr& each : changed) {
                LIMA_DO(add_entry(evaluator, *out, *each, call));
            }
        }
        return evaluator.computed(*node, std::move(out));
    });
}

Result<Nodes> map(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        const Node& real = follow(*node);
        if (real.kind == Kind::kScalar && !is_null(real)) {
            return evaluator.error(call,
                                   "map works for lists and maps only: " + what_is_there(*node));
        }
        LIMA_TRY(const Nodes items, evaluator.children(call, node));
        NodePtr out = make_sequence();
        out->style = real.style == Style::kFlow ? Style::kFlow : Style::kDefault;
        for (const NodePtr& item : items) {
            LIMA_TRY(const Nodes results, evaluator.on(*call.parts[0], item, context));
            for (const NodePtr& result : results) {
                LIMA_TRY(NodePtr copy, evaluator.copy(call, *result));
                append(*out, std::move(copy));
            }
        }
        return evaluator.computed(*node, std::move(out));
    });
}

/// A value for which the expression yields nothing stays.
Result<Nodes> map_values(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_TRY(const NodePtr out, evaluator.copy(call, follow(*node)));
        LIMA_TRY(const Nodes values, evaluator.children(call, out));
        for (const NodePtr& value : values) {
            LIMA_TRY(const NodePtr result, evaluator.first(*call.parts[0], value, context));
            if (result != nullptr) {
                LIMA_DO(evaluator.put(call, *value, *result));
            }
        }
        return evaluator.computed(*node, out);
    });
}

Result<Nodes> filter(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_TRY(const Nodes items, evaluator.children(call, node));
        NodePtr out = make_sequence();
        out->style = follow(*node).style == Style::kFlow ? Style::kFlow : Style::kDefault;
        for (const NodePtr& item : items) {
            LIMA_TRY(const NodePtr holds, evaluator.first(*call.parts[0], item, context));
            if (holds != nullptr && is_true(*holds)) {
                LIMA_TRY(NodePtr copy, evaluator.copy(call, *item));
                append(*out, std::move(copy));
            }
        }
        return evaluator.computed(*node, std::move(out));
    });
}

/// The indexes become keys; nulls are left out.
Result<Nodes> array_to_map(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        const Node& real = follow(*node);
        if (real.kind != Kind::kSequence) {
            return node;
        }
        NodePtr out = make_mapping();
        for (std::size_t i = 0; i < real.content.size(); ++i) {
            if (!is_null(follow(*real.content[i]))) {
                LIMA_TRY(NodePtr copy, evaluator.copy(call, *real.content[i]));
                append(*out, make_int(static_cast<std::int64_t>(i)), std::move(copy));
            }
        }
        return evaluator.computed(*node, std::move(out));
    });
}

Result<Nodes> collect(Evaluator& evaluator, const Context& context, const Ast& call) {
    const auto one = [&](const Context& at) -> Result<Nodes> {
        LIMA_TRY(const Nodes found, evaluator.eval(*call.parts[0], at));
        NodePtr out = evaluator.keep(make_sequence());
        for (const NodePtr& node : found) {
            LIMA_TRY(NodePtr copy, evaluator.copy(call, *node));
            append(*out, std::move(copy));
        }
        return Nodes{std::move(out)};
    };
    return evaluator.each_group(context, one);
}

}  // namespace

const std::vector<Operator>& entry_operators() {
    static const std::vector<Operator> kOperators = {
        {"to_entries", 0, 0, to_entries, "a map or list as a list of key and value"},
        {"from_entries", 0, 0, from_entries, "a list of key and value as a map"},
        {"with_entries", 1, 1, with_entries, "changes each key and value of a map"},
        {"map", 1, 1, map, "a list of what the expression makes of each value"},
        {"map_values", 1, 1, map_values, "replaces each value by what the expression makes of it"},
        {"filter", 1, 1, filter, "a list of the values for which the condition holds"},
        {"array_to_map", 0, 0, array_to_map, "a list as a map by its indexes"},
        {"collect", 1, 1, collect, "a list of all results, as [ ]"},
    };
    return kOperators;
}

}  // namespace lima::text::yq
