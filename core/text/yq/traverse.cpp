// Looking up: keys, indexes, slices, wildcards, everything below.
#include "core/base/text.hpp"
#include "core/text/scalar.hpp"
#include "core/text/yq/evaluator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace lima::text::yq {
namespace {

bool has_wildcard(std::string_view text) {
    return text.find_first_of("*?") != std::string_view::npos;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return out;
}

}  // namespace

bool matches(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star =
        std::string_view::npos;  // where the last * stands, and what it has taken so far
    std::size_t taken = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            taken = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++taken;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') {
        ++p;
    }
    return p == pattern.size();
}

Result<Nodes> Evaluator::keys(const Ast& ast, const Context& context) {
    Nodes out;
    const Node key = *make_string(ast.text);
    for (const NodePtr& node : context.nodes) {
        LIMA_DO(look_up(ast, node, key, out));
    }
    return out;
}

Result<Nodes> Evaluator::index(const Ast& ast, const Context& context) {
    const auto one = [this, &ast](const Context& at) -> Result<Nodes> {
        LIMA_TRY(const Nodes targets, eval(*ast.parts[0], at));
        Nodes out;
        if (ast.type == Ast::Type::kEach) {
            for (const NodePtr& target : targets) {
                LIMA_TRY(const Nodes found, children(ast, target));
                out.insert(out.end(), found.begin(), found.end());
            }
            return out;
        }
        LIMA_TRY(const Nodes keys, eval(*ast.parts[1], at));
        for (const NodePtr& target : targets) {
            for (const NodePtr& key : keys) {
                LIMA_DO(look_up(ast, target, follow(*key), out));
            }
        }
        return out;
    };
    return each_group(context, one);
}

Result<Nodes> Evaluator::slices(const Ast& ast, const Context& context) {
    const auto one = [this, &ast](const Context& at) -> Result<Nodes> {
        LIMA_TRY(const Slice found, slice_ends(ast, at));
        Nodes out;
        for (const NodePtr& target : found.targets) {
            LIMA_TRY(NodePtr part, slice(ast, target, found.from.get(), found.to.get()));
            out.push_back(std::move(part));
        }
        return out;
    };
    return each_group(context, one);
}

Result<Evaluator::Slice> Evaluator::slice_ends(const Ast& ast, const Context& at) {
    Slice out;
    LIMA_TRY(out.targets, eval(*ast.parts[0], at));
    for (std::size_t i = 1; i < 3; ++i) {
        if (ast.parts[i] != nullptr) {
            LIMA_TRY(const Nodes found, eval(*ast.parts[i], at));
            (i == 1 ? out.from : out.to) = found.empty() ? nullptr : found.front();
        }
    }
    return out;
}

Result<Nodes> Evaluator::sliced_items(const Ast& ast, const Context& context) {
    const auto one = [this, &ast](const Context& at) -> Result<Nodes> {
        LIMA_TRY(const Slice found, slice_ends(ast, at));
        Nodes out;
        for (const NodePtr& target : found.targets) {
            const Node& real = follow(*target);
            if (real.kind == Kind::kSequence) {
                LIMA_TRY(const Range range,
                         this->range(ast, real.content.size(), found.from.get(), found.to.get()));
                out.insert(out.end(),
                           real.content.begin() + static_cast<std::ptrdiff_t>(range.begin),
                           real.content.begin() + static_cast<std::ptrdiff_t>(range.end));
            }
        }
        return out;
    };
    return each_group(context, one);
}

Result<void> Evaluator::look_up(const Ast& at, const NodePtr& node, const Node& key, Nodes& out) {
    Node& real = follow(*node);
    if (key.kind != Kind::kScalar) {
        return error(at, "a key or an index is wanted in the brackets");
    }
    switch (real.kind) {
        case Kind::kMapping:
            return look_up_in_map(at, &real == node.get() ? node : pointer(real), key, out);
        case Kind::kSequence:
            return look_up_in_list(at, &real == node.get() ? node : pointer(real), key, out);
        case Kind::kScalar:
            break;
        case Kind::kAlias:
            return {};
    }
    if (is_null(real)) {
        const bool number = key.tag == "!!int";
        const auto index = number ? int_of(key) : std::nullopt;
        LIMA_TRY(NodePtr found,
                 absent(at, pointer(real), key, number ? static_cast<int>(index.value_or(0)) : -1));
        out.push_back(std::move(found));
        return {};
    }
    if (!blocked_) {
        blocked_ = Blocked{at.column, key.value, tag_of(real)};
    }
    return {};
}

Result<void> Evaluator::look_up_in_map(const Ast& at, const NodePtr& node, const Node& key,
                                       Nodes& out) {
    const bool pattern = has_wildcard(key.value);
    const std::size_t before = out.size();
    bool merges = false;
    for (std::size_t i = 0; i + 1 < node->content.size(); i += 2) {
        const Node& name = follow(*node->content[i]);
        merges = merges || name.tag == "!!merge";
        if (pattern ? matches(key.value, name.value) : name.value == key.value) {
            out.push_back(node->content[i + 1]);
        }
    }
    steps_ += node->content.size() / 8;
    if (merges && (pattern || out.size() == before)) {
        Nodes values;
        for (std::size_t i = 0; i + 1 < node->content.size(); i += 2) {
            if (follow(*node->content[i]).tag == "!!merge") {
                LIMA_DO(merged_values(at, node, *node->content[i + 1], values));
            }
        }
        for (NodePtr& value : values) {
            const std::string& name = value->key->value;
            if (pattern ? matches(key.value, name) : name == key.value) {
                out.push_back(std::move(value));
            }
        }
    }
    if (out.size() == before && !(pattern && key.value == "*")) {
        LIMA_TRY(NodePtr found, absent(at, node, key, -1));
        out.push_back(std::move(found));
    }
    return {};
}

/// Adds what a merge key brings into the map: what the map does not have itself, nor an earlier
/// merge.
Result<void> Evaluator::merged_values(const Ast& at, const NodePtr& map, const Node& source,
                                      Nodes& out) {
    const Node& real = follow(source);
    if (real.kind == Kind::kSequence) {
        for (const NodePtr& item : real.content) {
            LIMA_DO(merged_values(at, map, *item, out));
        }
        return {};
    }
    if (real.kind != Kind::kMapping || &real == map.get()) {
        return {};
    }
    steps_ += real.content.size();
    for (std::size_t i = 0; i + 1 < real.content.size(); i += 2) {
        const Node& key = follow(*real.content[i]);
        if (key.tag == "!!merge") {
            LIMA_DO(merged_values(at, map, *real.content[i + 1], out));
            continue;
        }
        LIMA_DO(spend(at, (map->content.size() + out.size()) / 16 + 1));
        const bool known = find(*map, key.value) != nullptr ||
                           std::any_of(out.begin(), out.end(), [&key](const NodePtr& other) {
                               return other->key->value == key.value;
                           });
        if (!known) {
            LIMA_TRY(NodePtr value, merged(at, map, key, *real.content[i + 1]));
            out.push_back(std::move(value));
        }
    }
    return {};
}

Result<NodePtr> Evaluator::merged(const Ast& at, const NodePtr& map, const Node& key,
                                  const Node& value) {
    LIMA_TRY(NodePtr out, copy(at, follow(value)));
    LIMA_TRY(NodePtr name, copy(at, key));
    out->anchor.clear();
    name->parent = map.get();
    out->parent = map.get();
    out->key = std::move(name);
    out->document = map->document;
    out->file = map->file;
    out->standing = Node::Standing::kMerged;
    absent_[out.get()] = out;
    return out;
}

Result<void> Evaluator::look_up_in_list(const Ast& at, const NodePtr& node, const Node& key,
                                        Nodes& out) {
    if (key.value == "*") {
        LIMA_TRY(const Nodes found, children(at, node));
        out.insert(out.end(), found.begin(), found.end());
        return {};
    }
    const auto index = whole_number(key.value);
    if (!index) {
        return error(at, fmt::format("cannot index array with {}: a list has numbers",
                                     name_quote(key.value)));
    }
    const auto size = static_cast<std::int64_t>(node->content.size());
    const std::int64_t place = *index < 0 ? size + *index : *index;
    if (place < 0) {
        return error(at, fmt::format("index [{}] out of range, array size is {}", *index, size));
    }
    if (place < size) {
        out.push_back(node->content[static_cast<std::size_t>(place)]);
        return {};
    }
    constexpr std::int64_t kMaxIndex = 1'000'000'000;
    LIMA_TRY(NodePtr found, absent(at, node, key, static_cast<int>(std::min(place, kMaxIndex))));
    out.push_back(std::move(found));
    return {};
}

/// A null that knows where it would stand.
Result<NodePtr> Evaluator::absent(const Ast& at, const NodePtr& parent, const Node& key,
                                  int index) {
    LIMA_DO(charge(at, 1));
    int depth = 0;
    for (const Node* up = parent.get(); up != nullptr && up->standing == Node::Standing::kAbsent;
         up = up->parent) {
        if (++depth > kMaxDepth) {
            return error(at, fmt::format("this nests more than {} levels deep", kMaxDepth),
                         Code::kResourceExhausted);
        }
    }
    NodePtr out = keep(make_null());
    out->parent = parent.get();
    out->document = parent->document;
    out->file = parent->file;
    out->standing = Node::Standing::kAbsent;
    out->index = index;
    if (index < 0) {
        out->key = make_scalar(key.tag, key.value);
        out->key->style = key.style == Style::kDefault ? Style::kDefault : key.style;
        out->key->parent = parent.get();
    }
    absent_[out.get()] = out;
    return out;
}

Result<Nodes> Evaluator::children(const Ast& at, const NodePtr& node) {
    Node& real = follow(*node);
    steps_ += real.content.size();
    if (real.kind == Kind::kSequence) {
        return real.content;
    }
    Nodes out;
    if (real.kind != Kind::kMapping) {
        return out;
    }
    const NodePtr map = &real == node.get() ? node : pointer(real);
    for (std::size_t i = 0; i + 1 < real.content.size(); i += 2) {
        if (follow(*real.content[i]).tag != "!!merge") {
            out.push_back(real.content[i + 1]);
            continue;
        }
        Nodes values;
        LIMA_DO(merged_values(at, map, *real.content[i + 1], values));
        for (NodePtr& value : values) {
            const bool known = std::any_of(out.begin(), out.end(), [&value](const NodePtr& other) {
                return other->key->value == value->key->value;
            });
            if (!known) {
                out.push_back(std::move(value));
            }
        }
    }
    return out;
}

Result<void> Evaluator::recurse(const Ast& at, const NodePtr& node, bool keys, Nodes& out) {
    ++steps_;
    out.push_back(node);
    const bool map = node->kind == Kind::kMapping;
    for (std::size_t i = 0; i < node->content.size(); ++i) {
        if (map && i % 2 == 0) {
            if (keys) {
                out.push_back(node->content[i]);
            }
            continue;
        }
        LIMA_DO(recurse(at, node->content[i], keys, out));
    }
    return {};
}

Result<Evaluator::Range> Evaluator::range(const Ast& at, std::size_t length, const Node* from,
                                          const Node* to) const {
    const auto size = static_cast<std::int64_t>(length);
    const auto end = [&](const Node* bound, std::int64_t fallback) -> Result<std::size_t> {
        const auto number = bound == nullptr ? std::optional(fallback) : int_of(*bound);
        if (!number) {
            return error(at, fmt::format("a slice goes from number to number, not {}",
                                         name_quote(bound->value)));
        }
        return static_cast<std::size_t>(
            std::clamp<std::int64_t>(*number < 0 ? size + *number : *number, 0, size));
    };
    Range out;
    LIMA_TRY(out.begin, end(from, 0));
    LIMA_TRY(out.end, end(to, size));
    out.end = std::max(out.begin, out.end);
    return out;
}

Result<NodePtr> Evaluator::slice(const Ast& at, const NodePtr& node, const Node* from,
                                 const Node* to) {
    Node& real = follow(*node);
    const bool text = real.kind == Kind::kScalar && real.tag == "!!str";
    LIMA_TRY(const Range range,
             this->range(at, text ? real.value.size() : real.content.size(), from, to));
    if (text) {
        LIMA_DO(charge(at, 1, real.value.size()));
        return computed(real, make_string(real.value.substr(range.begin, range.end - range.begin)));
    }
    if (real.kind == Kind::kMapping) {
        return error(at, "a map cannot be sliced");
    }
    LIMA_DO(charge(at, 1));
    NodePtr out = make_sequence();
    for (std::size_t i = range.begin; i < range.end; ++i) {
        LIMA_TRY(NodePtr item, copy(at, *real.content[i]));
        append(*out, std::move(item));
    }
    return computed(real, std::move(out));
}

}  // namespace lima::text::yq
