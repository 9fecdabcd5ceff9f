// What nodes are worth: truth, numbers, equality, order, and how they read as a text.
#include "core/base/json.hpp"
#include "core/text/scalar.hpp"
#include "core/text/yq/evaluator.hpp"
#include "core/text/yq/yaml_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace lima::text::yq {
namespace {

std::string digits_of(const Node& node) {
    std::string out = node.value;
    std::erase(out, '_');
    return out;
}

bool is_number(const Node& node) { return node.tag == "!!int" || node.tag == "!!float"; }

int rank(const Node& node) {
    if (node.kind != Kind::kScalar) {
        return 2;
    }
    return is_null(node) ? 0 : node.tag == "!!bool" ? 1 : is_number(node) ? 3 : 4;
}

int sign(double difference) { return difference < 0 ? -1 : difference > 0 ? 1 : 0; }

int compare_numbers(const Node& a, const Node& b) {
    const auto x = int_of(a);
    const auto y = int_of(b);
    if (x && y) {
        return *x < *y ? -1 : *x > *y ? 1 : 0;
    }
    return sign(number_of(a).value_or(0) - number_of(b).value_or(0));
}

/// Mostly the keys are in the same order; where not, they are looked up.
bool same_entries(const Node& left, const Node& right) {
    if (left.content.size() != right.content.size()) {
        return false;
    }
    std::unordered_map<std::string_view, const Node*> index;
    for (std::size_t i = 0; i + 1 < left.content.size(); i += 2) {
        const std::string& key = follow(*left.content[i]).value;
        const Node* other = right.content[i + 1].get();
        if (follow(*right.content[i]).value != key) {
            if (index.empty()) {
                for (std::size_t k = 0; k + 1 < right.content.size(); k += 2) {
                    index.emplace(follow(*right.content[k]).value, right.content[k + 1].get());
                }
            }
            const auto found = index.find(key);
            other = found == index.end() ? nullptr : found->second;
        }
        if (other == nullptr || !equal(*left.content[i + 1], *other)) {
            return false;
        }
    }
    return true;
}

}  // namespace

bool is_null(const Node& node) { return node.kind == Kind::kScalar && node.tag == "!!null"; }

bool is_true(const Node& node) {
    const Node& real = follow(node);
    return !is_null(real) &&
           !(real.kind == Kind::kScalar && real.tag == "!!bool" && real.value != "true" &&
             real.value != "True" && real.value != "TRUE");
}

const std::string& tag_of(const Node& node) {
    static const std::string kNone;
    return node.kind == Kind::kAlias ? kNone : node.tag;
}

std::optional<std::int64_t> int_of(const Node& node) {
    if (node.kind != Kind::kScalar || node.tag != "!!int") {
        return std::nullopt;
    }
    const std::string word = digits_of(node);
    auto number = parse_integer(word, Schema::kCore);
    if (!number) {
        number = parse_integer(word, Schema::kGo);
    }
    if (!number || !number->is_number_integer() ||
        (number->is_number_unsigned() && number->get<std::uint64_t>() > INT64_MAX)) {
        return std::nullopt;
    }
    return number->get<std::int64_t>();
}

std::optional<double> number_of(const Node& node) {
    if (const auto whole = int_of(node)) {
        return static_cast<double>(*whole);
    }
    return node.kind == Kind::kScalar ? parse_float(digits_of(node), Schema::kCore) : std::nullopt;
}

bool equal(const Node& left, const Node& right, bool wildcards) {
    const Node& a = follow(left);
    const Node& b = follow(right);
    if (a.kind != b.kind) {
        return false;
    }
    switch (a.kind) {
        case Kind::kMapping:
            return same_entries(a, b);
        case Kind::kSequence:
            return std::equal(a.content.begin(), a.content.end(), b.content.begin(),
                              b.content.end(),
                              [](const NodePtr& x, const NodePtr& y) { return equal(*x, *y); });
        case Kind::kAlias:
            return a.value == b.value;
        case Kind::kScalar:
            break;
    }
    if (is_null(a) || is_null(b)) {
        return is_null(a) && is_null(b);
    }
    if (is_number(a) && is_number(b)) {
        return compare_numbers(a, b) == 0;
    }
    return wildcards ? matches(b.value, a.value) : a.value == b.value;
}

int compare(const Node& left, const Node& right) {
    const Node& a = follow(left);
    const Node& b = follow(right);
    if (const int order = rank(a) - rank(b); order != 0) {
        return order;
    }
    switch (rank(a)) {
        case 0:
            return 0;
        case 1:
            return static_cast<int>(is_true(a)) - static_cast<int>(is_true(b));
        case 3:
            return compare_numbers(a, b);
        case 4:
            return a.value.compare(b.value);
        default:
            break;
    }
    for (std::size_t i = 0; i < std::min(a.content.size(), b.content.size()); ++i) {
        if (const int order = compare(*a.content[i], *b.content[i]); order != 0) {
            return order;
        }
    }
    return a.content.size() < b.content.size() ? -1 : a.content.size() > b.content.size() ? 1 : 0;
}

std::string text_of_node(const Node& node) {
    const Node& real = follow(node);
    if (real.kind == Kind::kScalar) {
        return real.value;
    }
    EncodeOptions options;
    options.unwrap_scalar = false;
    auto text = encode_yaml(real, options);
    std::string out = text ? std::move(*text) : std::string();
    while (out.ends_with('\n')) {
        out.pop_back();
    }
    return out;
}

std::string show_path(const Node& node) {
    std::vector<const Node*> way;
    for (const Node* at = &node; at->parent != nullptr; at = at->parent) {
        way.push_back(at);
    }
    std::string out;
    for (auto at = way.rbegin(); at != way.rend(); ++at) {
        if ((*at)->key) {
            out += (out.empty() ? "" : ".") + (*at)->key->value;
        } else if ((*at)->index >= 0) {
            out += fmt::format("[{}]", (*at)->index);
        }
    }
    return out;
}

NodePtr path_of(const Node& node) {
    std::vector<const Node*> way;
    for (const Node* at = &node; at->parent != nullptr; at = at->parent) {
        way.push_back(at);
    }
    NodePtr out = make_sequence();
    for (auto at = way.rbegin(); at != way.rend(); ++at) {
        const Node* key = (*at)->is_key() ? *at : (*at)->key.get();
        append(*out, key != nullptr ? make_scalar(key->tag, key->value) : make_int((*at)->index));
    }
    return out;
}

}  // namespace lima::text::yq
