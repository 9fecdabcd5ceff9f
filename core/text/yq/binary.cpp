// Operators between two values: arithmetic, comparison, merging, alternatives.
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/text/scalar.hpp"
#include "core/text/yq/date.hpp"
#include "core/text/yq/evaluator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_set>

namespace lima::text::yq {
namespace {

bool is_number(const Node& node) {
    return node.kind == Kind::kScalar && (node.tag == "!!int" || node.tag == "!!float");
}
bool is_text(const Node& node) {
    return node.kind == Kind::kScalar && !is_number(node) && !is_null(node) && node.tag != "!!bool";
}

/// In the base that the left side is written in.
std::string format_int(std::int64_t value, std::string_view like) {
    if (like.starts_with("0x") || like.starts_with("0X")) {
        return value < 0 ? fmt::format("-0x{:X}", 0 - static_cast<std::uint64_t>(value))
                         : fmt::format("0x{:X}", value);
    }
    if (like.starts_with("0o")) {
        return value < 0 ? fmt::format("-0o{:o}", 0 - static_cast<std::uint64_t>(value))
                         : fmt::format("0o{:o}", value);
    }
    return fmt::format("{}", value);
}

NodePtr text_like(const Node& left, std::string value) {
    NodePtr out = make_string(std::move(value));
    out->style = left.style;
    return out;
}

/// What tells the items of lists apart.
std::string identity(const Node& node) {
    const Node& real = follow(node);
    return real.tag + " " + text_of_node(real);
}

/// "!!map (a.b)", for messages.
std::string describe(const Node& node) {
    const std::string path = show_path(node);
    return path.empty() ? tag_of(node) : fmt::format("{} ({})", tag_of(node), path);
}

}  // namespace

Result<Nodes> Evaluator::binary(const Ast& ast, const Context& context) {
    const std::string& symbol = ast.text;
    const bool compares =
        symbol == "==" || symbol == "!=" || symbol.starts_with('<') || symbol.starts_with('>');
    const auto one = [this, &ast, &symbol, compares](const Context& at) -> Result<Nodes> {
        LIMA_TRY(Nodes left, eval(*ast.parts[0], at));
        LIMA_TRY(Nodes right, eval(*ast.parts[1], at));
        if (left.empty() || right.empty()) {
            if (symbol == "+" || symbol == "//") {
                return left.empty() ? right : left;
            }
            if (!compares) {
                return Nodes{};
            }
            Nodes& side = left.empty() ? left : right;
            side.push_back(keep(make_null()));
            if (right.empty()) {
                right.push_back(keep(make_null()));
            }
        }
        Nodes out;
        for (const NodePtr& a : left) {
            if (symbol == "//" && is_true(*a)) {
                out.push_back(a);
                continue;
            }
            for (const NodePtr& b : right) {
                ++steps_;
                LIMA_TRY(NodePtr result, calculate(ast, a, b));
                out.push_back(std::move(result));
            }
        }
        return out;
    };
    return each_group(context, one);
}

Result<NodePtr> Evaluator::calculate(const Ast& ast, const NodePtr& left, const NodePtr& right) {
    const NodePtr a = left->kind == Kind::kAlias ? pointer(follow(*left)) : left;
    const NodePtr b = right->kind == Kind::kAlias ? pointer(follow(*right)) : right;
    LIMA_DO(charge(ast, 1));
    const std::string& symbol = ast.text;
    if (symbol == "//") {
        return is_true(*a) ? left : right;
    }
    if (symbol == "==" || symbol == "!=") {
        return computed(*left, make_bool(equal(*a, *b, true) == (symbol == "==")));
    }
    NodePtr out;
    switch (symbol.front()) {
        case '+': {
            LIMA_TRY(out, add(ast, a, b));
            break;
        }
        case '-': {
            LIMA_TRY(out, subtract(ast, a, b));
            break;
        }
        case '*': {
            LIMA_TRY(out, multiply(ast, a, b));
            break;
        }
        case '/': {
            LIMA_TRY(out, divide(ast, a, b));
            break;
        }
        case '%': {
            if (!is_number(*a) || !is_number(*b)) {
                return error(ast,
                             fmt::format("{} cannot modulo by {}", describe(*a), describe(*b)));
            }
            LIMA_TRY(out, arithmetic(ast, a, b, '%'));
            break;
        }
        default: {
            LIMA_TRY(out, ordered(ast, *a, *b));
            break;
        }
    }
    LIMA_DO(charge(ast, 0, out->value.size()));
    return out == a || out == b ? out : computed(*left, std::move(out));
}

Result<NodePtr> Evaluator::arithmetic(const Ast& at, const NodePtr& left, const NodePtr& right,
                                      char operation) {
    const auto a = int_of(*left);
    const auto b = int_of(*right);
    if (a && b && operation != '/') {
        // Overflow wraps around, as with the original.
        const auto x = static_cast<std::uint64_t>(*a);
        const auto y = static_cast<std::uint64_t>(*b);
        if (operation == '%' && *b == 0) {
            return error(at, "cannot modulo by 0");
        }
        const std::uint64_t result = operation == '+'   ? x + y
                                     : operation == '-' ? x - y
                                     : operation == '*' ? x * y
                                     : *b == -1         ? 0
                                                        : static_cast<std::uint64_t>(*a % *b);
        return make_scalar("!!int", format_int(static_cast<std::int64_t>(result), left->value));
    }
    const auto x = number_of(*left);
    const auto y = number_of(*right);
    if (!x || !y) {
        return error(at, fmt::format("{} is no number", name_quote((x ? right : left)->value)));
    }
    switch (operation) {
        case '+':
            return make_float(*x + *y);
        case '-':
            return make_float(*x - *y);
        case '*':
            return make_float(*x * *y);
        case '/':
            return make_float(*x / *y);
        default:
            return make_float(std::fmod(*x, *y));
    }
}

Result<NodePtr> Evaluator::add(const Ast& at, const NodePtr& left, const NodePtr& right) {
    if (is_null(*left)) {
        return copy(at, *right);
    }
    if (is_null(*right)) {
        return copy(at, *left);
    }
    if (left->kind == Kind::kSequence) {
        LIMA_TRY(NodePtr out, copy(at, *left));
        LIMA_TRY(const NodePtr more, copy(at, *right));
        if (more->kind != Kind::kSequence) {
            append(*out, more);
        } else {
            for (const NodePtr& item : more->content) {
                append(*out, item);
            }
        }
        return out;
    }
    if (left->kind == Kind::kMapping && right->kind == Kind::kMapping) {
        LIMA_TRY(NodePtr out, copy(at, *left));
        for (std::size_t i = 0; i + 1 < right->content.size(); i += 2) {
            LIMA_DO(add_entry(at, *out, *right->content[i], *right->content[i + 1]));
        }
        return out;
    }
    if (left->kind != Kind::kScalar || right->kind != Kind::kScalar) {
        return error(at,
                     fmt::format("{} cannot be added to a {}", describe(*right), describe(*left)));
    }
    if (is_number(*left) && is_number(*right)) {
        return arithmetic(at, left, right, '+');
    }
    if (left->tag == "!!timestamp") {
        if (const auto moved = add_duration(left->value, right->value, 1)) {
            return make_scalar("!!timestamp", *moved);
        }
    }
    if (!is_text(*left) && !is_text(*right)) {
        return error(at,
                     fmt::format("{} cannot be added to a {}", describe(*right), describe(*left)));
    }
    return text_like(*left, left->value + right->value);
}

Result<NodePtr> Evaluator::subtract(const Ast& at, const NodePtr& left, const NodePtr& right) {
    if (is_null(*left)) {
        return copy(at, *right);
    }
    if (left->kind == Kind::kSequence && right->kind == Kind::kSequence) {
        std::unordered_set<std::string> unwanted;
        for (const NodePtr& item : right->content) {
            unwanted.insert(identity(*item));
        }
        LIMA_TRY(NodePtr out, copy(at, *left));
        LIMA_TRY(const NodePtr read, copy(at, *right));  // reading counts too
        std::erase_if(out->content, [&unwanted](const NodePtr& item) {
            return unwanted.contains(identity(*item));
        });
        settle(*out);
        return out;
    }
    if (is_number(*left) && is_number(*right)) {
        return arithmetic(at, left, right, '-');
    }
    if (left->tag == "!!timestamp") {
        if (const auto moved = add_duration(left->value, right->value, -1)) {
            return make_scalar("!!timestamp", *moved);
        }
    }
    return error(at,
                 fmt::format("{} cannot be subtracted from {}", describe(*right), describe(*left)));
}

Result<NodePtr> Evaluator::multiply(const Ast& at, const NodePtr& left, const NodePtr& right) {
    if (is_number(*left) && is_number(*right)) {
        return arithmetic(at, left, right, '*');
    }
    if (is_null(*right)) {
        return copy(at, *left);
    }
    if (right->kind != Kind::kScalar && is_null(*left)) {
        LIMA_TRY(NodePtr out, copy(at, *right));
        out->style = Style::kDefault;
        return out;
    }
    if (right->kind != Kind::kScalar && left->kind == right->kind) {
        LIMA_TRY(NodePtr out, copy(at, *left));
        LIMA_DO(merge(at, *out, *right));
        return out;
    }
    const NodePtr& count = left->tag == "!!int" ? left : right;
    const NodePtr& text = left->tag == "!!int" ? right : left;
    const auto times = int_of(*count);
    if (!times || !is_text(*text)) {
        return error(at,
                     fmt::format("cannot multiply {} with {}", describe(*left), describe(*right)));
    }
    if (*times < 0) {
        return error(at, fmt::format("cannot repeat string by a negative number ({})", *times));
    }
    constexpr std::int64_t kMaxTimes = 1'000'000'000;  // far beyond what is allowed
    LIMA_DO(charge(
        at, 1, static_cast<std::size_t>(std::min(*times, kMaxTimes)) * (text->value.size() + 1)));
    std::string out;
    for (std::int64_t i = 0; i < *times; ++i) {
        out += text->value;
    }
    return text_like(*text, std::move(out));
}

Result<NodePtr> Evaluator::divide(const Ast& at, const NodePtr& left, const NodePtr& right) {
    if (is_number(*left) && is_number(*right)) {
        return arithmetic(at, left, right, '/');
    }
    if (!is_text(*left) || !is_text(*right)) {
        return error(at,
                     fmt::format("{} cannot be divided by {}", describe(*left), describe(*right)));
    }
    return split_text(at, left->value, right->value);
}

Result<NodePtr> Evaluator::split_text(const Ast& at, std::string_view text,
                                      std::string_view separator) {
    NodePtr out = keep(make_sequence());
    while (!text.empty()) {
        std::size_t end = separator.empty() ? 1 : text.find(separator);
        if (separator.empty()) {
            while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
                ++end;
            }
        }
        LIMA_DO(charge(at, 1, std::min(end, text.size())));
        append(*out, make_string(std::string(text.substr(0, end))));
        if (end == std::string_view::npos) {
            return out;
        }
        text.remove_prefix(end + separator.size());
        if (text.empty() && !separator.empty()) {
            append(*out, make_string(""));
        }
    }
    return out;
}

Result<NodePtr> Evaluator::ordered(const Ast& at, const Node& left, const Node& right) {
    const bool nulls = is_null(left) || is_null(right);
    const bool both = (is_number(left) && is_number(right)) || (is_text(left) && is_text(right));
    if (!nulls && !both) {
        return error(at,
                     fmt::format("{} cannot be compared with {}", describe(left), describe(right)));
    }
    if (nulls) {
        return make_bool(is_null(left) && is_null(right) && at.text.ends_with('='));
    }
    const auto dates = is_number(left) ? std::nullopt : compare_dates(left.value, right.value);
    const int order = dates ? *dates : compare(left, right);
    const bool smaller = at.text.starts_with('<') ? order < 0 : order > 0;
    return make_bool(smaller || (order == 0 && at.text.ends_with('=')));
}

Result<void> Evaluator::merge(const Ast& at, Node& to, const Node& from) {
    if (to.kind == Kind::kSequence) {
        return merge_lists(at, to, from);
    }
    for (std::size_t i = 0; i + 1 < from.content.size(); i += 2) {
        LIMA_DO(merge_entry(at, to, *from.content[i], *from.content[i + 1]));
    }
    return {};
}

Result<void> Evaluator::merge_lists(const Ast& at, Node& to, const Node& from) {
    if (at.flags.deep) {
        for (std::size_t i = 0; i < from.content.size(); ++i) {
            const Node& item = *from.content[i];
            if (i >= to.content.size()) {
                LIMA_TRY(NodePtr fresh, copy(at, item));
                append(to, std::move(fresh));
            } else if (to.content[i]->kind == Kind::kMapping &&
                       follow(item).kind == Kind::kMapping) {
                LIMA_DO(merge(at, *to.content[i], follow(item)));
            } else if (!at.flags.only_new) {
                LIMA_DO(put(at, *to.content[i], item, at.flags));
            }
        }
        return {};
    }
    if (!at.flags.append) {
        return at.flags.only_new ? Result<void>() : put(at, to, from, at.flags);
    }
    for (const NodePtr& item : from.content) {
        LIMA_TRY(NodePtr fresh, copy(at, *item));
        append(to, std::move(fresh));
    }
    return {};
}

Result<void> Evaluator::merge_entry(const Ast& at, Node& to, const Node& key, const Node& value) {
    LIMA_TRY(const NodePtr there, find_entry(at, to, follow(key).value));
    if (there == nullptr) {
        return at.flags.existing ? Result<void>() : add_entry(at, to, key, value);
    }
    const Node& from = follow(value);
    if (there->kind == Kind::kAlias) {
        // What others see through the anchor stays as it is.
        LIMA_TRY(const NodePtr own, copy(at, follow(*there)));
        LIMA_DO(put(at, *there, *own));
    }
    if (there->kind == from.kind && from.kind != Kind::kScalar) {
        return merge(at, *there, from);
    }
    if (at.flags.only_new && !is_null(*there)) {
        return {};
    }
    return put(at, *there, value, at.flags);
}

}  // namespace lima::text::yq
