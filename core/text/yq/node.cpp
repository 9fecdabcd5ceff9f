#include "core/text/yq/node.hpp"

#include "core/base/json.hpp"
#include "core/text/scalar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

namespace lima::text::yq {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits_at(std::string_view text, std::size_t at) {
    std::size_t end = at;
    while (end < text.size() && is_digit(text[end])) {
        ++end;
    }
    return end - at;
}

/// Sign, digits with at most one point, exponent.
bool is_float(std::string_view word) {
    if (word.starts_with('-') || word.starts_with('+')) {
        word.remove_prefix(1);
    }
    std::size_t at = digits_at(word, 0);
    const bool leading = at > 0;
    if (at < word.size() && word[at] == '.') {
        const std::size_t behind = digits_at(word, at + 1);
        if (!leading && behind == 0) {
            return false;
        }
        at += 1 + behind;
    } else if (!leading) {
        return false;
    }
    if (at < word.size() && (word[at] == 'e' || word[at] == 'E')) {
        ++at;
        at += at < word.size() && (word[at] == '-' || word[at] == '+') ? 1 : 0;
        const std::size_t digits = digits_at(word, at);
        if (digits == 0) {
            return false;
        }
        at += digits;
    }
    return at == word.size();
}

/// YYYY-MM-DD, alone or with a time behind T, t or a space.
bool is_timestamp(std::string_view word) {
    if (word.size() < 8 || digits_at(word, 0) != 4 || word[4] != '-') {
        return false;
    }
    const std::size_t month = digits_at(word, 5);
    const std::size_t dash = 5 + month;
    if (month < 1 || month > 2 || dash >= word.size() || word[dash] != '-') {
        return false;
    }
    const std::size_t day = digits_at(word, dash + 1);
    if (day < 1 || day > 2) {
        return false;
    }
    const auto between = [](std::string_view number, int low, int high) {
        const int value = (number.size() == 2 ? (number[0] - '0') * 10 : 0) + number.back() - '0';
        return value >= low && value <= high;
    };
    if (!between(word.substr(5, month), 1, 12) || !between(word.substr(dash + 1, day), 1, 31)) {
        return false;
    }
    std::string_view rest = word.substr(dash + 1 + day);
    if (rest.empty()) {
        return true;
    }
    if (std::string_view("Tt ").find(rest.front()) == std::string_view::npos) {
        return false;
    }
    rest.remove_prefix(1);
    const std::size_t hour = digits_at(rest, 0);
    return hour >= 1 && hour <= 2 && rest.size() >= hour + 6 && rest[hour] == ':' &&
           digits_at(rest, hour + 1) == 2 && rest[hour + 3] == ':' &&
           digits_at(rest, hour + 4) == 2;
}

Json scalar_json(const Node& node) {
    if (node.tag == "!!null") {
        return nullptr;
    }
    if (node.tag == "!!bool") {
        return node.value == "true" || node.value == "True" || node.value == "TRUE";
    }
    if (node.tag != "!!int" && node.tag != "!!float") {
        return node.value;
    }
    std::string word = node.value;
    std::erase(word, '_');
    if (node.tag == "!!int") {
        // 010 is ten, as in YAML 1.2; 0b10 is the older reading, which nothing else could be meant
        // by.
        for (const Schema schema : {Schema::kCore, Schema::kGo}) {
            if (auto number = parse_integer(word, schema)) {
                return std::move(*number);
            }
        }
    }
    const auto number = parse_float(word, Schema::kCore);
    return number ? Json(*number) : Json(node.value);
}

void merge_json(Json& out, const Node& source) {
    const Node& node = follow(source);
    if (node.kind == Kind::kSequence) {
        for (const NodePtr& item : node.content) {
            merge_json(out, *item);
        }
        return;
    }
    const Json values = to_json(node);
    if (!values.is_object()) {
        return;
    }
    for (const auto& [key, value] : values.items()) {
        if (!out.contains(key)) {
            out[key] = value;
        }
    }
}

Json mapping_json(const Node& node) {
    Json out = Json::object();
    std::vector<const Node*> merges;
    for (std::size_t i = 0; i + 1 < node.content.size(); i += 2) {
        const Node& key = follow(*node.content[i]);
        if (key.tag == "!!merge") {
            merges.push_back(node.content[i + 1].get());
        } else {
            out[key.value] = to_json(*node.content[i + 1]);
        }
    }
    // Keys written out win over merged ones, earlier merges over later ones.
    for (const Node* merge : merges) {
        merge_json(out, *merge);
    }
    return out;
}

using Copies = std::unordered_map<const Node*, NodePtr>;

NodePtr copy(const Node& node, Copies& copies, std::vector<Node*>& aliases) {
    auto out = std::make_shared<Node>(node);
    out->parent = nullptr;
    out->key = nullptr;
    out->index = -1;
    if (!node.anchor.empty()) {
        copies[&node] = out;
    }
    if (node.kind == Kind::kAlias) {
        aliases.push_back(out.get());
    }
    for (NodePtr& item : out->content) {
        item = copy(*item, copies, aliases);
    }
    settle(*out);
    return out;
}

NodePtr scalar(std::string tag, std::string value, Style style = Style::kDefault) {
    auto out = std::make_shared<Node>();
    out->tag = std::move(tag);
    out->value = std::move(value);
    out->style = style;
    return out;
}

}  // namespace

std::string_view guess_tag(std::string_view word) {
    if (is_null_word(word)) {
        return "!!null";
    }
    if (word == "true" || word == "True" || word == "TRUE" || word == "false" || word == "False" ||
        word == "FALSE") {
        return "!!bool";
    }
    if (word == "<<") {
        return "!!merge";
    }
    const char first = word.front();
    if (!is_digit(first) && first != '-' && first != '+' && first != '.') {
        return "!!str";
    }
    if (parse_integer(word, Schema::kGo)) {
        return "!!int";
    }
    if (is_float(word)) {
        return "!!float";
    }
    if (first == '.' || ((first == '-' || first == '+') && word.size() > 1 && word[1] == '.')) {
        return parse_float(word, Schema::kCore) ? "!!float" : "!!str";
    }
    return is_timestamp(word) ? "!!timestamp" : "!!str";
}

NodePtr make_scalar(std::string tag, std::string value) {
    return scalar(std::move(tag), std::move(value));
}

NodePtr make_string(std::string value) { return scalar("!!str", std::move(value)); }

NodePtr make_null() { return scalar("!!null", "null"); }

NodePtr make_bool(bool value) { return scalar("!!bool", value ? "true" : "false"); }

NodePtr make_int(std::int64_t value) { return scalar("!!int", fmt::format("{}", value)); }

NodePtr make_float(double value) {
    if (std::isnan(value)) {
        return scalar("!!float", ".nan");
    }
    if (std::isinf(value)) {
        return scalar("!!float", value > 0 ? ".inf" : "-.inf");
    }
    return scalar("!!float", go_float(value));
}

NodePtr make_sequence() {
    auto out = scalar("!!seq", "");
    out->kind = Kind::kSequence;
    return out;
}

NodePtr make_mapping() {
    auto out = scalar("!!map", "");
    out->kind = Kind::kMapping;
    return out;
}

NodePtr clone(const Node& node) {
    Copies copies;
    std::vector<Node*> aliases;
    NodePtr out = copy(node, copies, aliases);
    for (Node* alias : aliases) {
        if (const auto found = copies.find(alias->target.get()); found != copies.end()) {
            alias->target = found->second;
        }
    }
    return out;
}

const Node& follow(const Node& node) {
    const Node* at = &node;
    for (int i = 0; i < kMaxDepth && at->kind == Kind::kAlias && at->target; ++i) {
        at = at->target.get();
    }
    return *at;
}

Node& follow(Node& node) { return const_cast<Node&>(follow(std::as_const(node))); }

NodePtr find(const Node& mapping, std::string_view key) {
    const Node& node = follow(mapping);
    if (node.kind != Kind::kMapping) {
        return nullptr;
    }
    for (std::size_t i = 0; i + 1 < node.content.size(); i += 2) {
        if (follow(*node.content[i]).value == key) {
            return node.content[i + 1];
        }
    }
    return nullptr;
}

void append(Node& mapping, NodePtr key, NodePtr value) {
    key->parent = &mapping;
    key->key = nullptr;
    key->index = -1;
    value->parent = &mapping;
    value->key = key;
    value->index = -1;
    mapping.content.push_back(std::move(key));
    mapping.content.push_back(std::move(value));
}

void append(Node& sequence, NodePtr item) {
    item->parent = &sequence;
    item->key = nullptr;
    item->index = static_cast<int>(sequence.content.size());
    sequence.content.push_back(std::move(item));
}

void settle(Node& node) {
    const bool mapping = node.kind == Kind::kMapping;
    for (std::size_t i = 0; i < node.content.size(); ++i) {
        Node& item = *node.content[i];
        item.parent = &node;
        item.key = mapping && i % 2 == 1 ? node.content[i - 1] : nullptr;
        item.index = mapping ? -1 : static_cast<int>(i);
    }
}

void replace_content(Node& to, const Node& from) {
    const NodePtr source = clone(from);  // `from` may stand inside of `to`
    to.kind = source->kind;
    to.style = source->style;
    to.tag = source->tag;
    to.tag_written = source->tag_written;
    to.value = source->value;
    to.anchor = source->anchor;
    to.target = source->target;
    to.head_comment = source->head_comment;
    to.line_comment = source->line_comment;
    to.foot_comment = source->foot_comment;
    to.content = std::move(source->content);
    settle(to);
}

Json to_json(const Node& node) {
    const Node& real = follow(node);
    switch (real.kind) {
        case Kind::kScalar:
            return scalar_json(real);
        case Kind::kMapping:
            return mapping_json(real);
        case Kind::kSequence: {
            Json out = Json::array();
            for (const NodePtr& item : real.content) {
                out.push_back(to_json(*item));
            }
            return out;
        }
        case Kind::kAlias:
            break;  // names nothing
    }
    return nullptr;
}

NodePtr from_json(const Json& value) {
    switch (value.type()) {
        case Json::value_t::object: {
            NodePtr out = make_mapping();
            for (const auto& [key, item] : value.items()) {
                append(*out, make_string(key), from_json(item));
            }
            return out;
        }
        case Json::value_t::array: {
            NodePtr out = make_sequence();
            for (const Json& item : value) {
                append(*out, from_json(item));
            }
            return out;
        }
        case Json::value_t::string:
            return make_string(value.get<std::string>());
        case Json::value_t::boolean:
            return make_bool(value.get<bool>());
        case Json::value_t::number_integer:
            return make_int(value.get<std::int64_t>());
        case Json::value_t::number_unsigned:
            return make_scalar("!!int", fmt::format("{}", value.get<std::uint64_t>()));
        case Json::value_t::number_float:
            return make_float(value.get<double>());
        default:
            return make_null();
    }
}

}  // namespace lima::text::yq
