// Texts: splitting, joining, regular expressions, case.
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/text/yq/operator_themes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <re2/re2.h>

namespace lima::text::yq {
namespace {

Result<NodePtr> text_node(Evaluator& evaluator, const NodePtr& from, std::string text,
                          const Ast& call) {
    LIMA_DO(evaluator.charge(call, 1, text.size()));
    NodePtr out = make_string(std::move(text));
    out->style = follow(*from).style;
    return evaluator.computed(*from, std::move(out));
}

/// The text of a node with the tag !!str or one of the user's.
Result<const std::string*> text_here(Evaluator& evaluator, const NodePtr& node, const Ast& call) {
    const Node& real = follow(*node);
    const bool other = real.kind != Kind::kScalar || real.tag == "!!int" || real.tag == "!!float" ||
                       real.tag == "!!bool" || real.tag == "!!null";
    if (other) {
        return evaluator.error(
            call, fmt::format("{} works for texts only: {}", call.text, what_is_there(*node)));
    }
    return &real.value;
}

Result<Nodes> join(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        const Node& real = follow(*node);
        if (real.kind != Kind::kSequence) {
            return evaluator.error(call, "join works for lists only: " + what_is_there(*node));
        }
        LIMA_TRY(const std::string separator, evaluator.text_argument(call, 0, node, context));
        std::string out;
        for (const NodePtr& item : real.content) {
            const Node& value = follow(*item);
            out += item == real.content.front() ? "" : separator;
            out += is_null(value) ? "" : text_of_node(value);
            LIMA_DO(evaluator.charge(call, 0, separator.size() + value.value.size()));
        }
        LIMA_DO(evaluator.charge(call, 1));
        return evaluator.computed(*node, make_string(std::move(out)));
    });
}

Result<Nodes> split(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        if (is_null(follow(*node))) {
            return NodePtr();
        }
        LIMA_TRY(const std::string* const text, text_here(evaluator, node, call));
        LIMA_TRY(const std::string separator, evaluator.text_argument(call, 0, node, context));
        LIMA_TRY(NodePtr out, evaluator.split_text(call, *text, separator));
        return evaluator.computed(*node, std::move(out));
    });
}

/// A regular expression, which must be one.
class Pattern {
public:
    explicit Pattern(const std::string& text) : expression_(text, options()) {}
    const RE2& get() const { return expression_; }

private:
    static RE2::Options options() {
        RE2::Options out;
        out.set_log_errors(false);
        return out;
    }
    RE2 expression_;
};

struct Match {
    std::vector<re2::StringPiece> groups;  // the first is all of it
};

class Matcher {
public:
    Matcher(Evaluator& evaluator, const NodePtr& node, const Context& context, const Ast& call)
        : evaluator_(evaluator), node_(node), context_(context), call_(call) {}

    Result<void> open() {
        LIMA_TRY(text_, text_here(evaluator_, node_, call_));
        LIMA_TRY(const std::string pattern, evaluator_.text_argument(call_, 0, node_, context_));
        pattern_ = std::make_unique<Pattern>(pattern);
        if (!pattern_->get().ok()) {
            return evaluator_.error(
                *call_.parts[0], fmt::format("{} is no regular expression: {}", name_quote(pattern),
                                             pattern_->get().error()));
        }
        return evaluator_.charge(call_, 1, pattern.size());
    }

    /// Only match and capture have options: "g" is all matches.
    Result<bool> all() {
        if (call_.parts.size() < 2) {
            return false;
        }
        LIMA_TRY(const std::string options, evaluator_.text_argument(call_, 1, node_, context_));
        if (options.find_first_not_of('g') != std::string::npos) {
            return evaluator_.error(*call_.parts[1],
                                    fmt::format("{} is no option: there is \"g\" for all matches; "
                                                "(?i) in the expression ignores case",
                                                name_quote(options)));
        }
        return !options.empty();
    }

    /// Calls for the first match, or for each.
    Result<void> each(bool all, const std::function<Result<void>(const Match&)>& call) const {
        const re2::StringPiece text(*text_);
        Match match;
        match.groups.resize(static_cast<std::size_t>(pattern_->get().NumberOfCapturingGroups()) +
                            1);
        const int count = static_cast<int>(match.groups.size());
        std::size_t at = 0;
        while (at <= text.size() && pattern_->get().Match(text, at, text.size(), RE2::UNANCHORED,
                                                          match.groups.data(), count)) {
            constexpr std::size_t kCost = 256;
            LIMA_DO(evaluator_.charge(call_, 0, kCost));
            LIMA_DO(call(match));
            const re2::StringPiece& whole = match.groups[0];
            at = static_cast<std::size_t>(whole.data() - text.data()) +
                 std::max<std::size_t>(whole.size(), 1);
            if (!all) {
                break;
            }
        }
        return {};
    }

    bool matches() const { return RE2::PartialMatch(*text_, pattern_->get()); }

    const std::string& text() const { return *text_; }
    const RE2& pattern() const { return pattern_->get(); }

private:
    Evaluator& evaluator_;
    const NodePtr& node_;
    const Context& context_;
    const Ast& call_;
    const std::string* text_ = nullptr;
    std::unique_ptr<Pattern> pattern_;
};

Result<Nodes> test(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        Matcher matcher(evaluator, node, context, call);
        LIMA_DO(matcher.open());
        return evaluator.computed(*node, make_bool(matcher.matches()));
    });
}

NodePtr describe_group(const re2::StringPiece& group, const std::string& text) {
    NodePtr out = make_mapping();
    const bool taken = group.data() != nullptr;
    append(*out, make_string("string"), taken ? make_string(std::string(group)) : make_null());
    append(*out, make_string("offset"), make_int(taken ? group.data() - text.data() : -1));
    append(*out, make_string("length"), make_int(static_cast<std::int64_t>(group.size())));
    return out;
}

Result<Nodes> match(Evaluator& evaluator, const Context& context, const Ast& call) {
    Nodes out;
    for (const NodePtr& node : context.nodes) {
        Matcher matcher(evaluator, node, context, call);
        LIMA_DO(matcher.open());
        LIMA_TRY(const bool all, matcher.all());
        const auto& names = matcher.pattern().CapturingGroupNames();
        const auto take = [&](const Match& found) -> Result<void> {
            LIMA_DO(evaluator.charge(call, 8 * (found.groups.size() + 1)));
            NodePtr one = describe_group(found.groups[0], matcher.text());
            NodePtr captures = make_sequence();
            for (std::size_t i = 1; i < found.groups.size(); ++i) {
                NodePtr capture = describe_group(found.groups[i], matcher.text());
                if (const auto name = names.find(static_cast<int>(i)); name != names.end()) {
                    append(*capture, make_string("name"), make_string(name->second));
                }
                append(*captures, std::move(capture));
            }
            append(*one, make_string("captures"), std::move(captures));
            out.push_back(evaluator.computed(*node, std::move(one)));
            return {};
        };
        LIMA_DO(matcher.each(all, take));
    }
    return out;
}

Result<Nodes> capture(Evaluator& evaluator, const Context& context, const Ast& call) {
    Nodes out;
    for (const NodePtr& node : context.nodes) {
        Matcher matcher(evaluator, node, context, call);
        LIMA_DO(matcher.open());
        LIMA_TRY(const bool all, matcher.all());
        const auto take = [&](const Match& found) -> Result<void> {
            NodePtr one = make_mapping();
            for (const auto& [index, name] : matcher.pattern().CapturingGroupNames()) {
                const re2::StringPiece& group = found.groups[static_cast<std::size_t>(index)];
                LIMA_DO(evaluator.charge(call, 2, group.size()));
                append(*one, make_string(name),
                       group.data() == nullptr ? make_null() : make_string(std::string(group)));
            }
            out.push_back(evaluator.computed(*node, std::move(one)));
            return {};
        };
        LIMA_DO(matcher.each(all, take));
    }
    return out;
}

bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// The replacement with $1, $name and ${name} filled in.
std::string expand(std::string_view replacement, const Match& match, const RE2& pattern) {
    std::string out;
    for (std::size_t i = 0; i < replacement.size(); ++i) {
        if (replacement[i] != '$') {
            out += replacement[i];
            continue;
        }
        const bool braces = i + 1 < replacement.size() && replacement[i + 1] == '{';
        const std::size_t begin = i + (braces ? 2 : 1);
        std::size_t end = begin;
        while (end < replacement.size() && is_word(replacement[end])) {
            ++end;
        }
        const std::string name(replacement.substr(begin, end - begin));
        if (name.empty() || (braces && (end == replacement.size() || replacement[end] != '}'))) {
            out += '$';
            i += replacement.substr(i).starts_with("$$") ? 1 : 0;
            continue;
        }
        const auto& names = pattern.NamedCapturingGroups();
        std::size_t group = match.groups.size();
        if (const auto found = names.find(name); found != names.end()) {
            group = static_cast<std::size_t>(found->second);
        } else if (name.size() < 3 && name.find_first_not_of("0123456789") == std::string::npos) {
            group = static_cast<std::size_t>(std::stoi(name));
        }
        if (group < match.groups.size()) {
            out += std::string(match.groups[group]);
        }
        i = end - (braces ? 0 : 1);
    }
    return out;
}

Result<Nodes> sub(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        Matcher matcher(evaluator, node, context, call);
        LIMA_DO(matcher.open());
        LIMA_TRY(const std::string replacement, evaluator.text_argument(call, 1, node, context));
        const std::string& text = matcher.text();
        std::string out;
        std::size_t at = 0;
        const auto take = [&](const Match& found) -> Result<void> {
            const auto begin = static_cast<std::size_t>(found.groups[0].data() - text.data());
            out += text.substr(at, begin - at);
            const std::string put = expand(replacement, found, matcher.pattern());
            LIMA_DO(evaluator.charge(call, 0, put.size() + begin - at));
            out += put;
            at = begin + found.groups[0].size();
            return {};
        };
        LIMA_DO(matcher.each(true, take));
        out += text.substr(at);
        return text_node(evaluator, node, std::move(out), call);
    });
}

bool between(char32_t c, char32_t low, char32_t high) { return c >= low && c <= high; }

/// Latin, Greek and Cyrillic letters, whose cases lie at a fixed distance.
char32_t in_case(char32_t c, bool upper) {
    const char32_t from = upper ? 0x20 : 0;
    if (between(c, 'A' + from, 'Z' + from) ||
        (between(c, 0xC0 + from, 0xDE + from) && c != 0xD7 + from) ||
        (between(c, 0x391 + from, 0x3A9 + from) && c != 0x3A2 + from) ||
        between(c, 0x410 + from, 0x42F + from)) {
        return upper ? c - 0x20 : c + 0x20;
    }
    const char32_t cyrillic = upper ? 0x450 : 0x400;
    if (between(c, cyrillic, cyrillic + 0xF)) {
        return upper ? c - 0x50 : c + 0x50;
    }
    // Pairs, one next to the other.
    const bool even = between(c, 0x100, 0x137) || between(c, 0x14A, 0x177) ||
                      between(c, 0x460, 0x481) || between(c, 0x48A, 0x4BF);
    if (even) {
        return upper ? c & ~char32_t{1} : c | 1U;
    }
    return c;
}

Result<Nodes> change_case(Evaluator& evaluator, const Context& context, const Ast& call,
                          bool upper) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_TRY(const std::string* const text, text_here(evaluator, node, call));
        std::string out;
        for (std::string_view rest = *text; !rest.empty();) {
            const utf8::Rune rune = utf8::decode(rest);
            if (rune.valid) {
                utf8::append(out, in_case(rune.value, upper));
            } else {
                out += rest.front();
            }
            rest.remove_prefix(rune.size);
        }
        return text_node(evaluator, node, std::move(out), call);
    });
}

Result<Nodes> upcase(Evaluator& evaluator, const Context& context, const Ast& call) {
    return change_case(evaluator, context, call, true);
}

Result<Nodes> downcase(Evaluator& evaluator, const Context& context, const Ast& call) {
    return change_case(evaluator, context, call, false);
}

Result<Nodes> trim_text(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_TRY(const std::string* const text, text_here(evaluator, node, call));
        return text_node(evaluator, node, std::string(trim(*text)), call);
    });
}

Result<Nodes> trim_prefix(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_TRY(const std::string* const text, text_here(evaluator, node, call));
        LIMA_TRY(const std::string prefix, evaluator.text_argument(call, 0, node, context));
        return text_node(evaluator, node,
                         text->starts_with(prefix) ? text->substr(prefix.size()) : *text, call);
    });
}

Result<Nodes> trim_suffix(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_TRY(const std::string* const text, text_here(evaluator, node, call));
        LIMA_TRY(const std::string suffix, evaluator.text_argument(call, 0, node, context));
        return text_node(
            evaluator, node,
            text->ends_with(suffix) ? text->substr(0, text->size() - suffix.size()) : *text, call);
    });
}

Result<Nodes> to_string(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        std::string text = text_of_node(*node);
        LIMA_DO(evaluator.charge(call, 1, text.size()));
        return evaluator.computed(*node, make_string(std::move(text)));
    });
}

Result<Nodes> to_number(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        const Node& real = follow(*node);
        const std::string_view tag = real.kind == Kind::kScalar ? guess_tag(real.value) : "";
        if (tag != "!!int" && tag != "!!float") {
            return evaluator.error(
                call, fmt::format("{} cannot be read as a number: {}",
                                  name_quote(text_of_node(real)), what_is_there(*node)));
        }
        LIMA_DO(evaluator.charge(call, 1));
        return evaluator.computed(*node, make_scalar(std::string(tag), real.value));
    });
}

}  // namespace

const std::vector<Operator>& string_operators() {
    static const std::vector<Operator> kOperators = {
        {"join", 1, 1, join, "the items as one text, with the separator between them"},
        {"split", 1, 1, split, "the pieces of a text between separators"},
        {"test", 1, 1, test, "whether the regular expression matches"},
        {"match", 1, 2, match,
         "where the regular expression matches, with its groups; \"g\" for all"},
        {"capture", 1, 2, capture, "the named groups of the regular expression as a map"},
        {"sub", 2, 2, sub, "replaces all that the regular expression matches; $1 is a group"},
        {"upcase", 0, 0, upcase, "capital letters"},
        {"ascii_upcase", 0, 0, upcase, "as upcase"},
        {"downcase", 0, 0, downcase, "small letters"},
        {"ascii_downcase", 0, 0, downcase, "as downcase"},
        {"trim", 0, 0, trim_text, "without white space at both ends"},
        {"ltrimstr", 1, 1, trim_prefix, "without the text at the beginning"},
        {"rtrimstr", 1, 1, trim_suffix, "without the text at the end"},
        {"to_string", 0, 0, to_string, "a value as a text"},
        {"to_number", 0, 0, to_number, "a text as a number"},
    };
    return kOperators;
}

}  // namespace lima::text::yq
