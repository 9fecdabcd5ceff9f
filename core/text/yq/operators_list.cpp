// Order, sets and sums of lists.
#include "core/base/text.hpp"
#include "core/text/yq/operator_themes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>

namespace lima::text::yq {
namespace {

Result<Nodes> length(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        const Node& real = follow(*node);
        const std::size_t size = is_null(real)                 ? 0
                                 : real.kind == Kind::kScalar  ? real.value.size()
                                 : real.kind == Kind::kMapping ? real.content.size() / 2
                                                               : real.content.size();
        LIMA_DO(evaluator.charge(call, 1));
        return evaluator.computed(*node, make_int(static_cast<std::int64_t>(size)));
    });
}

Failure not_a_list(Evaluator& evaluator, const Node& node, const Ast& call) {
    return evaluator.error(
        call, fmt::format("{} works for lists only: {}", call.text, what_is_there(node)));
}

/// A list with the items at these places, or a map with the entries; in the style of the old one.
Result<NodePtr> rearranged(Evaluator& evaluator, const NodePtr& node,
                           const std::vector<std::size_t>& order, const Ast& call) {
    const Node& real = follow(*node);
    const bool map = real.kind == Kind::kMapping;
    NodePtr out = map ? make_mapping() : make_sequence();
    out->style = real.style;
    out->tag = real.tag;
    out->tag_written = real.tag_written;
    for (const std::size_t place : order) {
        LIMA_TRY(NodePtr value, evaluator.copy(call, *real.content[map ? place * 2 + 1 : place]));
        if (!map) {
            append(*out, std::move(value));
            continue;
        }
        LIMA_TRY(NodePtr key, evaluator.copy(call, *real.content[place * 2]));
        append(*out, std::move(key), std::move(value));
    }
    return evaluator.computed(*node, std::move(out));
}

std::vector<std::size_t> places(std::size_t count) {
    std::vector<std::size_t> out(count);
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = i;
    }
    return out;
}

/// What the argument yields for each item, or value of a map; the item itself without an argument.
Result<std::vector<Nodes>> sort_keys_of(Evaluator& evaluator, const Node& list,
                                        const Context& context, const Ast& call) {
    std::vector<Nodes> out;
    const std::size_t stride = list.kind == Kind::kMapping ? 2 : 1;
    for (std::size_t i = stride - 1; i < list.content.size(); i += stride) {
        const NodePtr& item = list.content[i];
        if (call.parts.empty()) {
            out.push_back({item});
            continue;
        }
        LIMA_TRY(Nodes found, evaluator.on(*call.parts[0], item, context));
        out.push_back(std::move(found));
    }
    return out;
}

bool is_before(const Nodes& a, const Nodes& b) {
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        if (const int order = compare(*a[i], *b[i]); order != 0) {
            return order < 0;
        }
    }
    return a.size() < b.size();
}

Result<Nodes> sort(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        const Node& real = follow(*node);
        if (real.kind != Kind::kSequence && real.kind != Kind::kMapping) {
            return not_a_list(evaluator, *node, call);
        }
        LIMA_TRY(const std::vector<Nodes> keys, sort_keys_of(evaluator, real, context, call));
        std::vector<std::size_t> order = places(keys.size());
        LIMA_DO(evaluator.spend(call, keys.size() * 4));
        std::stable_sort(order.begin(), order.end(), [&keys](std::size_t a, std::size_t b) {
            return is_before(keys[a], keys[b]);
        });
        return rearranged(evaluator, node, order, call);
    });
}

void sort_entries(Node& map) {
    std::vector<std::pair<NodePtr, NodePtr>> entries;
    for (std::size_t i = 0; i + 1 < map.content.size(); i += 2) {
        entries.emplace_back(map.content[i], map.content[i + 1]);
    }
    std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
        return follow(*a.first).value < follow(*b.first).value;
    });
    map.content.clear();
    for (auto& [key, value] : entries) {
        map.content.push_back(std::move(key));
        map.content.push_back(std::move(value));
    }
    settle(map);
}

Result<Nodes> sort_keys(Evaluator& evaluator, const Context& context, const Ast& call) {
    Nodes found = context.nodes;
    if (!call.parts.empty()) {
        LIMA_TRY(found, evaluator.eval(*call.parts[0], context));
    }
    for (const NodePtr& node : found) {
        if (Node& real = follow(*node); real.kind == Kind::kMapping) {
            sort_entries(real);
        }
    }
    return context.nodes;
}

/// What tells items apart: their text, so that "1" and 1 are the same.
Result<std::string> identity(Evaluator& evaluator, const Nodes& nodes, const Ast& call) {
    std::string out;
    for (const NodePtr& node : nodes) {
        const std::string text = text_of_node(*node);
        LIMA_DO(evaluator.spend(call, 1 + text.size() / 16));
        out += fmt::format("{}:{}{}", text.size(), is_null(follow(*node)) ? '0' : '=',
                           is_null(follow(*node)) ? "" : text);
    }
    return out;
}

Result<Nodes> unique(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        const Node& real = follow(*node);
        if (real.kind != Kind::kSequence) {
            return not_a_list(evaluator, *node, call);
        }
        LIMA_TRY(const std::vector<Nodes> keys, sort_keys_of(evaluator, real, context, call));
        std::map<std::string, bool> seen;
        std::vector<std::size_t> kept;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            LIMA_TRY(std::string what, identity(evaluator, keys[i], call));
            if (seen.emplace(std::move(what), true).second) {
                kept.push_back(i);
            }
        }
        return rearranged(evaluator, node, kept, call);
    });
}

Result<Nodes> group_by(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        const Node& real = follow(*node);
        if (real.kind != Kind::kSequence) {
            return not_a_list(evaluator, *node, call);
        }
        LIMA_TRY(const std::vector<Nodes> keys, sort_keys_of(evaluator, real, context, call));
        NodePtr out = make_sequence();
        std::map<std::string, Node*> groups;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            LIMA_TRY(const std::string what, identity(evaluator, keys[i], call));
            Node*& group = groups[what];
            if (group == nullptr) {
                append(*out, make_sequence());
                group = out->content.back().get();
            }
            LIMA_TRY(NodePtr copy, evaluator.copy(call, *real.content[i]));
            append(*group, std::move(copy));
        }
        return evaluator.computed(*node, std::move(out));
    });
}

Result<Nodes> extreme(Evaluator& evaluator, const Context& context, const Ast& call, int sign) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_TRY(const Nodes items, evaluator.children(call, node));
        NodePtr best;
        for (const NodePtr& item : items) {
            if (best == nullptr || sign * compare(*item, *best) > 0) {
                best = item;
            }
        }
        return best;
    });
}

Result<Nodes> min(Evaluator& evaluator, const Context& context, const Ast& call) {
    return extreme(evaluator, context, call, -1);
}

Result<Nodes> max(Evaluator& evaluator, const Context& context, const Ast& call) {
    return extreme(evaluator, context, call, 1);
}

Result<Nodes> reverse(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        if (follow(*node).kind != Kind::kSequence) {
            return not_a_list(evaluator, *node, call);
        }
        std::vector<std::size_t> order = places(follow(*node).content.size());
        std::reverse(order.begin(), order.end());
        return rearranged(evaluator, node, order, call);
    });
}

Result<Nodes> shuffle(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        if (follow(*node).kind != Kind::kSequence) {
            return not_a_list(evaluator, *node, call);
        }
        std::vector<std::size_t> order = places(follow(*node).content.size());
        std::shuffle(order.begin(), order.end(), std::mt19937(std::random_device()()));
        return rearranged(evaluator, node, order, call);
    });
}

Result<void> flatten_into(Evaluator& evaluator, Node& out, const Node& list, std::int64_t depth,
                          const Ast& call) {
    for (const NodePtr& item : list.content) {
        const Node& real = follow(*item);
        if (real.kind == Kind::kSequence && depth != 0) {
            LIMA_DO(flatten_into(evaluator, out, real, depth - 1, call));
            continue;
        }
        LIMA_TRY(NodePtr copy, evaluator.copy(call, *item));
        append(out, std::move(copy));
    }
    return {};
}

Result<Nodes> flatten(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        const Node& real = follow(*node);
        if (real.kind != Kind::kSequence) {
            return not_a_list(evaluator, *node, call);
        }
        std::int64_t depth = -1;
        if (!call.parts.empty()) {
            LIMA_TRY(const NodePtr count, evaluator.first(*call.parts[0], node, context));
            const auto number = count == nullptr ? std::nullopt : int_of(*count);
            if (!number || *number < 0) {
                return evaluator.error(call, "flatten wants the number of levels");
            }
            depth = *number;
        }
        NodePtr out = make_sequence();
        out->style = real.style;
        LIMA_DO(flatten_into(evaluator, *out, real, depth, call));
        return evaluator.computed(*node, std::move(out));
    });
}

/// any, all: whether an item is true, or fulfils the condition.
Result<Nodes> quantify(Evaluator& evaluator, const Context& context, const Ast& call, bool wanted) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        const Node& real = follow(*node);
        if (real.kind != Kind::kSequence) {
            return not_a_list(evaluator, *node, call);
        }
        bool found = false;
        for (const NodePtr& item : real.content) {
            NodePtr holds = item;
            if (!call.parts.empty()) {
                LIMA_TRY(holds, evaluator.first(*call.parts[0], item, context));
            }
            if ((holds != nullptr && is_true(*holds)) == wanted) {
                found = true;
                break;
            }
        }
        LIMA_DO(evaluator.charge(call, 1));
        return evaluator.computed(*node, make_bool(found == wanted));
    });
}

Result<Nodes> any(Evaluator& evaluator, const Context& context, const Ast& call) {
    return quantify(evaluator, context, call, true);
}

Result<Nodes> all(Evaluator& evaluator, const Context& context, const Ast& call) {
    return quantify(evaluator, context, call, false);
}

Result<Nodes> negate(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_DO(evaluator.charge(call, 1));
        return evaluator.computed(*node, make_bool(!is_true(*node)));
    });
}

Result<bool> contains_value(Evaluator& evaluator, const Node& left, const Node& right,
                            const Ast& call);

Result<bool> contains_items(Evaluator& evaluator, const Node& list, const Node& wanted,
                            const Ast& call) {
    for (const NodePtr& each : wanted.content) {
        bool found = false;
        for (const NodePtr& item : list.content) {
            LIMA_TRY(found, contains_value(evaluator, *item, *each, call));
            if (found) {
                break;
            }
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

Result<bool> contains_entries(Evaluator& evaluator, const Node& map, const Node& wanted,
                              const Ast& call) {
    for (std::size_t i = 0; i + 1 < wanted.content.size(); i += 2) {
        LIMA_TRY(const NodePtr there,
                 evaluator.find_entry(call, map, follow(*wanted.content[i]).value));
        if (there == nullptr) {
            return false;
        }
        LIMA_TRY(const bool found, contains_value(evaluator, *there, *wanted.content[i + 1], call));
        if (!found) {
            return false;
        }
    }
    return true;
}

/// A text within a text, items within a list, entries within a map.
Result<bool> contains_value(Evaluator& evaluator, const Node& left, const Node& right,
                            const Ast& call) {
    const Node& a = follow(left);
    const Node& b = follow(right);
    LIMA_DO(evaluator.spend(call, 1 + a.value.size() / 64));
    if (a.kind != b.kind) {
        return false;
    }
    if (a.kind != Kind::kScalar) {
        return a.kind == Kind::kSequence ? contains_items(evaluator, a, b, call)
                                         : contains_entries(evaluator, a, b, call);
    }
    if (a.tag != b.tag) {
        return false;
    }
    return a.tag == "!!str" ? a.value.find(b.value) != std::string::npos : equal(a, b);
}

Result<Nodes> contains(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_TRY(const NodePtr wanted, evaluator.first(*call.parts[0], node, context));
        if (wanted == nullptr) {
            return evaluator.error(call, "contains wants a value to look for");
        }
        if (follow(*node).kind != follow(*wanted).kind && !is_null(follow(*node))) {
            return evaluator.error(
                call, fmt::format("{} cannot be contained in {}", tag_of(follow(*wanted)),
                                  tag_of(follow(*node))));
        }
        LIMA_DO(evaluator.charge(call, 1));
        LIMA_TRY(const bool found, contains_value(evaluator, *node, *wanted, call));
        return evaluator.computed(*node, make_bool(found));
    });
}

/// Rows become columns.
Result<NodePtr> pivot_lists(Evaluator& evaluator, const Node& rows, const Ast& call) {
    NodePtr out = make_sequence();
    std::size_t width = 0;
    for (const NodePtr& row : rows.content) {
        width = std::max(width, follow(*row).content.size());
    }
    for (std::size_t i = 0; i < width; ++i) {
        NodePtr column = make_sequence();
        for (const NodePtr& row : rows.content) {
            const Node& real = follow(*row);
            LIMA_TRY(NodePtr cell,
                     evaluator.copy(call, i < real.content.size() ? *real.content[i]
                                                                  : *make_scalar("!!null", "")));
            append(*column, std::move(cell));
        }
        append(*out, std::move(column));
    }
    return out;
}

Result<NodePtr> pivot_maps(Evaluator& evaluator, const Node& rows, const Ast& call) {
    NodePtr out = make_mapping();
    for (const NodePtr& row : rows.content) {
        const Node& real = follow(*row);
        for (std::size_t i = 0; i + 1 < real.content.size(); i += 2) {
            LIMA_TRY(const NodePtr there,
                     evaluator.find_entry(call, *out, follow(*real.content[i]).value));
            if (there == nullptr) {
                LIMA_TRY(NodePtr key, evaluator.copy(call, follow(*real.content[i])));
                append(*out, std::move(key), make_sequence());
            }
        }
    }
    for (std::size_t i = 0; i + 1 < out->content.size(); i += 2) {
        for (const NodePtr& row : rows.content) {
            LIMA_TRY(const NodePtr value, evaluator.find_entry(call, *row, out->content[i]->value));
            LIMA_TRY(NodePtr cell,
                     evaluator.copy(call, value ? *value : *make_scalar("!!null", "")));
            append(*out->content[i + 1], std::move(cell));
        }
    }
    return out;
}

Result<Nodes> pivot(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        const Node& real = follow(*node);
        if (real.kind != Kind::kSequence) {
            return not_a_list(evaluator, *node, call);
        }
        const bool lists =
            std::all_of(real.content.begin(), real.content.end(),
                        [](const NodePtr& row) { return follow(*row).kind == Kind::kSequence; });
        const bool maps =
            std::all_of(real.content.begin(), real.content.end(),
                        [](const NodePtr& row) { return follow(*row).kind == Kind::kMapping; });
        if (!lists && !maps) {
            return evaluator.error(call, "pivot wants a list of lists, or a list of maps");
        }
        LIMA_TRY(NodePtr out,
                 lists ? pivot_lists(evaluator, real, call) : pivot_maps(evaluator, real, call));
        return evaluator.computed(*node, std::move(out));
    });
}

}  // namespace

const std::vector<Operator>& list_operators() {
    static const std::vector<Operator> kOperators = {
        {"length", 0, 0, length, "how many items, entries or bytes"},
        {"sort", 0, 0, sort, "a list in order"},
        {"sort_by", 1, 1, sort, "a list in the order of what the expression yields"},
        {"sort_keys", 0, 1, sort_keys, "the keys in order, of all maps that the path leads to"},
        {"unique", 0, 0, unique, "each item once"},
        {"unique_by", 1, 1, unique, "one item for each value of the expression"},
        {"group_by", 1, 1, group_by,
         "lists of the items that have the same value of the expression"},
        {"min", 0, 0, min, "the smallest item"},
        {"max", 0, 0, max, "the greatest item"},
        {"reverse", 0, 0, reverse, "the last item first"},
        {"shuffle", 0, 0, shuffle, "the items in any order"},
        {"flatten", 0, 1, flatten, "lists within the list taken apart, all or that many levels"},
        {"any", 0, 1, any, "whether an item is true"},
        {"any_c", 1, 1, any, "whether the condition holds for an item"},
        {"all", 0, 1, all, "whether all items are true"},
        {"all_c", 1, 1, all, "whether the condition holds for all items"},
        {"not", 0, 0, negate, "true for false and null"},
        {"contains", 1, 1, contains, "whether the value is a part of it"},
        {"pivot", 0, 0, pivot, "rows as columns"},
    };
    return kOperators;
}

}  // namespace lima::text::yq
