#include "core/base/text.hpp"
#include "core/text/go_template_ast.hpp"
#include "core/text/go_template_literal.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace lima::text::gotmpl {
namespace {

// Deeper than anybody writes, and shallow enough for the stack.
constexpr int kMaxDepth = 200;

NodePtr make_node(NodeKind kind, const Token& token) {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->pos = token.pos;
    node->text = token.text;
    return node;
}

bool is_word(const Token& token, std::string_view keyword) {
    return token.kind == Kind::kKeyword && token.text == keyword;
}

std::string show(const Token& token) {
    constexpr std::size_t kLongest = 10;
    switch (token.kind) {
        case Kind::kEnd:
            return "EOF";
        case Kind::kError:
            return token.text;
        case Kind::kKeyword:
        case Kind::kDot:
        case Kind::kNil:
            return fmt::format("<{}>", token.text);
        default:
            return token.text.size() > kLongest ? go_quote(token.text.substr(0, kLongest)) + "..."
                                                : go_quote(token.text);
    }
}

std::string why_malformed(const Token& token) {
    if (token.kind == Kind::kCharConstant && unquote(token.text).value_or("").size() > 1) {
        return "malformed character constant: " + token.text;
    }
    if (token.kind != Kind::kNumber) {
        return "invalid syntax";
    }
    const bool digits = token.text.find_first_not_of("+-0123456789_") == std::string::npos &&
                        token.text.find_first_of("0123456789") != std::string::npos;
    return (digits ? "integer overflow: " : "illegal number syntax: ") + go_quote(token.text);
}

class Parser {
public:
    Parser(std::vector<Token> tokens, const std::string& name,
           const std::function<bool(const std::string&)>& has_function)
        : tokens_(std::move(tokens)), name_(name), has_function_(has_function) {}

    Result<Trees> run() {
        auto root = std::make_unique<Node>();
        while (peek().kind != Kind::kEnd) {
            if (peek().kind == Kind::kLeftDelim && is_word(peek_after_spaces(1), "define")) {
                LIMA_DO(define());
                continue;
            }
            LIMA_TRY(NodePtr node, text_or_action());
            if (!node) {
                return error(fmt::format("unexpected {{{{{}}}}}", terminator_.substr(0, 4)));
            }
            root->children.push_back(std::move(node));
        }
        LIMA_DO(add_tree(name_, std::move(root)));
        return std::move(trees_);
    }

private:
    // Tokens. The last is kEnd or kError and is never passed.
    const Token& peek() const { return tokens_[at_]; }
    const Token& next() {
        const Token& token = tokens_[at_];
        line_ = token.line;
        at_ += at_ + 1 < tokens_.size() ? 1 : 0;
        return token;
    }
    const Token& peek_after_spaces(std::size_t ahead = 0) const {
        std::size_t i = std::min(at_ + ahead, tokens_.size() - 1);
        while (tokens_[i].kind == Kind::kSpace) {
            ++i;
        }
        return tokens_[i];
    }
    const Token& next_after_spaces() {
        while (peek().kind == Kind::kSpace) {
            next();
        }
        return next();
    }

    Failure error(std::string_view message) const {
        return failf(Code::kInvalidArgument, "template: {}:{}: {}", name_, line_, message);
    }
    Failure unexpected(const Token& token, std::string_view context) const {
        if (token.kind == Kind::kError) {
            std::string where;
            if (action_line_ != 0 && action_line_ != token.line) {
                where = fmt::format("{} started at {}:{}",
                                    token.text.ends_with(" action") ? "" : " in action", name_,
                                    action_line_);
            }
            return error(token.text + where);
        }
        return error(fmt::format("unexpected {} in {}", show(token), context));
    }

    Result<void> add_tree(const std::string& name, NodePtr root) {
        const auto blank = [](const Node& list) {
            return std::all_of(list.children.begin(), list.children.end(), [](const NodePtr& node) {
                return node->kind == NodeKind::kText && trim(node->text).empty();
            });
        };
        // A definition without content gives way to one with.
        NodePtr& known = trees_[name];
        if (!known || blank(*known)) {
            known = std::move(root);
        } else if (!blank(*root)) {
            return error(
                fmt::format("template: multiple definition of template {}", go_quote(name)));
        }
        return {};
    }

    Result<void> define() {
        next();
        next_after_spaces();
        LIMA_TRY(const std::string name, quoted_name("define clause"));
        if (const Token& token = next_after_spaces(); token.kind != Kind::kRightDelim) {
            return unexpected(token, "define clause");
        }
        const auto outer = std::exchange(variables_, {"$"});
        LIMA_TRY(NodePtr list, item_list());
        if (terminator_ != "end") {
            return error(fmt::format("unexpected {{{{{}}}}} in define clause", terminator_));
        }
        variables_ = outer;
        return add_tree(name, std::move(list));
    }

    Result<std::string> quoted_name(std::string_view context) {
        const Token& token = next_after_spaces();
        if (token.kind != Kind::kString && token.kind != Kind::kRawString) {
            return unexpected(token, context);
        }
        auto name = unquote(token.text);
        if (!name) {
            return error("invalid syntax");
        }
        return std::move(*name);
    }

    /// Up to {{end}} or {{else}}; which of the two it was is in terminator_.
    Result<NodePtr> item_list() {
        auto list = std::make_unique<Node>();
        list->pos = peek().pos;
        while (peek_after_spaces().kind != Kind::kEnd) {
            LIMA_TRY(NodePtr node, text_or_action());
            if (!node) {
                return list;
            }
            list->children.push_back(std::move(node));
        }
        next_after_spaces();
        return error("unexpected EOF");
    }

    /// Null for {{end}} and {{else}}.
    Result<NodePtr> text_or_action() {
        const Token& token = next_after_spaces();
        if (token.kind == Kind::kText) {
            return make_node(NodeKind::kText, token);
        }
        if (token.kind != Kind::kLeftDelim) {
            return unexpected(token, "input");
        }
        if (++depth_ > kMaxDepth) {
            return error("too many nested actions");
        }
        action_line_ = token.line;
        auto node = action();
        action_line_ = 0;
        --depth_;
        return node;
    }

    Result<NodePtr> action() {
        const Token& token = peek_after_spaces();
        if (token.kind != Kind::kKeyword) {
            auto node = make_node(NodeKind::kAction, token);
            LIMA_TRY(node->pipe, pipeline("command", Kind::kRightDelim));
            return node;
        }
        next_after_spaces();
        if (token.text == "if") {
            return control(NodeKind::kIf, "if", token);
        }
        if (token.text == "range") {
            return control(NodeKind::kRange, "range", token);
        }
        if (token.text == "with") {
            return control(NodeKind::kWith, "with", token);
        }
        if (token.text == "break" || token.text == "continue") {
            return loop_exit(token);
        }
        if (token.text == "template") {
            return template_call(token);
        }
        if (token.text == "block") {
            return block(token);
        }
        if (token.text == "end") {
            return end_of_list("end");
        }
        if (token.text == "else") {
            // "else if" and "else with": the caller reads on at the word.
            const Token& word = peek_after_spaces();
            if (is_word(word, "if") || is_word(word, "with")) {
                terminator_ = "else " + word.text;
                return NodePtr();
            }
            return end_of_list("else");
        }
        return unexpected(token, "command");
    }

    Result<NodePtr> end_of_list(std::string_view word) {
        if (const Token& token = next_after_spaces(); token.kind != Kind::kRightDelim) {
            return unexpected(token, word);
        }
        terminator_ = word;
        return NodePtr();
    }

    Result<NodePtr> loop_exit(const Token& token) {
        const bool breaks = token.text == "break";
        if (const Token& after = next_after_spaces(); after.kind != Kind::kRightDelim) {
            return unexpected(after, fmt::format("{{{{{}}}}}", token.text));
        }
        if (loops_ == 0) {
            return error(fmt::format("{{{{{}}}}} outside {{{{range}}}}", token.text));
        }
        return make_node(breaks ? NodeKind::kBreak : NodeKind::kContinue, token);
    }

    /// if, range and with; "else if" is an if of its own in the else branch, which shares the
    /// {{end}}.
    Result<NodePtr> control(NodeKind kind, const std::string& context, const Token& token) {
        auto node = make_node(kind, token);
        node->pos = peek_after_spaces().pos;
        const std::size_t variables = variables_.size();
        LIMA_TRY(node->pipe, pipeline(context, Kind::kRightDelim));
        loops_ += kind == NodeKind::kRange ? 1 : 0;
        LIMA_TRY(node->body, item_list());
        loops_ -= kind == NodeKind::kRange ? 1 : 0;
        if (terminator_.starts_with("else ")) {
            if (terminator_ != "else " + context) {
                next_after_spaces();
                return error(fmt::format("unexpected <{}> in input", terminator_.substr(5)));
            }
            const Token& word = next_after_spaces();
            if (++depth_ > kMaxDepth) {
                return error("too many nested actions");
            }
            auto inner = control(kind, context, word);
            --depth_;
            LIMA_TRY(NodePtr chained, std::move(inner));
            node->otherwise = std::make_unique<Node>();
            node->otherwise->children.push_back(std::move(chained));
        } else if (terminator_ == "else") {
            LIMA_TRY(node->otherwise, item_list());
            if (terminator_ != "end") {
                return error(fmt::format("expected end; found {{{{{}}}}}", terminator_));
            }
        }
        variables_.resize(variables);
        return node;
    }

    Result<NodePtr> template_call(const Token& token) {
        auto node = make_node(NodeKind::kTemplate, token);
        node->pos = peek_after_spaces().pos;
        LIMA_TRY(node->text, quoted_name("template clause"));
        if (peek_after_spaces().kind == Kind::kRightDelim) {
            next_after_spaces();
            return node;
        }
        LIMA_TRY(node->pipe, pipeline("template clause", Kind::kRightDelim));
        return node;
    }

    Result<NodePtr> block(const Token& token) {
        auto node = make_node(NodeKind::kTemplate, token);
        node->pos = peek_after_spaces().pos;
        LIMA_TRY(node->text, quoted_name("block clause"));
        LIMA_TRY(node->pipe, pipeline("block clause", Kind::kRightDelim));
        const auto outer = std::exchange(variables_, {"$"});
        const int loops = std::exchange(loops_, 0);
        LIMA_TRY(NodePtr list, item_list());
        if (terminator_ != "end") {
            return error(fmt::format("unexpected {{{{{}}}}} in block clause", terminator_));
        }
        variables_ = outer;
        loops_ = loops;
        LIMA_DO(add_tree(node->text, std::move(list)));
        return node;
    }

    Result<NodePtr> pipeline(const std::string& context, Kind end) {
        auto pipe = std::make_unique<Node>();
        pipe->kind = NodeKind::kPipe;
        pipe->pos = peek_after_spaces().pos;
        LIMA_DO(declarations(*pipe, context));
        for (;;) {
            const Token& token = peek_after_spaces();
            if (token.kind == end) {
                next_after_spaces();
                LIMA_DO(check_pipeline(*pipe, context));
                return pipe;
            }
            switch (token.kind) {
                case Kind::kBool:
                case Kind::kCharConstant:
                case Kind::kDot:
                case Kind::kField:
                case Kind::kIdentifier:
                case Kind::kNumber:
                case Kind::kNil:
                case Kind::kRawString:
                case Kind::kString:
                case Kind::kVariable:
                case Kind::kLeftParen: {
                    LIMA_TRY(NodePtr made, command());
                    pipe->children.push_back(std::move(made));
                    break;
                }
                default:
                    return unexpected(next_after_spaces(), context);
            }
        }
    }

    /// "$x :=", "$x =", and in a range "$i, $x :=".
    Result<void> declarations(Node& pipe, const std::string& context) {
        while (peek_after_spaces().kind == Kind::kVariable) {
            const std::size_t start = at_;
            const std::string name = next_after_spaces().text;
            const Token& after = peek_after_spaces();
            if (after.kind == Kind::kAssign || after.kind == Kind::kDeclare) {
                pipe.assigns = after.kind == Kind::kAssign;
                next_after_spaces();
                pipe.names.push_back(name);
                variables_.push_back(name);
                return {};
            }
            if (after.kind != Kind::kComma) {
                at_ = start;
                return {};
            }
            next_after_spaces();
            pipe.names.push_back(name);
            variables_.push_back(name);
            if (context != "range" || pipe.names.size() > 1) {
                return error(fmt::format("too many declarations in {}", context));
            }
            const Kind kind = peek_after_spaces().kind;
            if (kind != Kind::kVariable && kind != Kind::kRightDelim && kind != Kind::kRightParen) {
                return error("range can only initialize variables");
            }
        }
        return {};
    }

    Result<void> check_pipeline(const Node& pipe, const std::string& context) const {
        if (pipe.children.empty()) {
            return error(fmt::format("missing value for {}", context));
        }
        for (std::size_t i = 1; i < pipe.children.size(); ++i) {
            switch (pipe.children[i]->children[0]->kind) {
                case NodeKind::kBool:
                case NodeKind::kDot:
                case NodeKind::kNil:
                case NodeKind::kNumber:
                case NodeKind::kString:
                    return error(fmt::format("non executable command in pipeline stage {}", i + 1));
                default:
                    break;
            }
        }
        return {};
    }

    Result<NodePtr> command() {
        auto node = std::make_unique<Node>();
        node->kind = NodeKind::kCommand;
        node->pos = peek_after_spaces().pos;
        for (;;) {
            while (peek().kind == Kind::kSpace) {
                next();
            }
            LIMA_TRY(NodePtr made, operand());
            if (made) {
                node->children.push_back(std::move(made));
            }
            const Token& token = peek();
            if (token.kind == Kind::kSpace) {
                continue;
            }
            if (token.kind == Kind::kPipe) {
                next();
                break;
            }
            if (token.kind == Kind::kRightDelim || token.kind == Kind::kRightParen) {
                break;
            }
            return unexpected(next(), "operand");
        }
        if (node->children.empty()) {
            return error("empty command");
        }
        return node;
    }

    /// A term and the fields behind it: ".a.b", "$x.y", "(pipe).z". Null where no term begins.
    Result<NodePtr> operand() {
        LIMA_TRY(NodePtr node, term());
        if (!node || peek().kind != Kind::kField) {
            return node;
        }
        const std::size_t pos = peek().pos;
        std::vector<std::string> fields;
        while (peek().kind == Kind::kField) {
            fields.push_back(next().text.substr(1));
        }
        switch (node->kind) {
            case NodeKind::kField:
            case NodeKind::kVariable:
                node->pos = pos;
                node->names.insert(node->names.end(), fields.begin(), fields.end());
                return node;
            case NodeKind::kBool:
            case NodeKind::kString:
            case NodeKind::kNumber:
            case NodeKind::kNil:
            case NodeKind::kDot:
                return error(fmt::format("unexpected . after term {}", go_quote(describe(*node))));
            default:
                break;
        }
        auto chain = std::make_unique<Node>();
        chain->kind = NodeKind::kChain;
        chain->pos = pos;
        chain->names = std::move(fields);
        chain->children.push_back(std::move(node));
        return chain;
    }

    Result<NodePtr> term() {
        const Token& token = peek();
        switch (token.kind) {
            case Kind::kIdentifier:
                next();
                if (!has_function_(token.text)) {
                    return error(fmt::format("function {} not defined", go_quote(token.text)));
                }
                return make_node(NodeKind::kIdentifier, token);
            case Kind::kDot:
                return make_node(NodeKind::kDot, next());
            case Kind::kNil:
                return make_node(NodeKind::kNil, next());
            case Kind::kField: {
                auto node = make_node(NodeKind::kField, next());
                node->names.push_back(node->text.substr(1));
                return node;
            }
            case Kind::kVariable: {
                auto node = make_node(NodeKind::kVariable, next());
                if (std::find(variables_.begin(), variables_.end(), node->text) ==
                    variables_.end()) {
                    return error(fmt::format("undefined variable {}", go_quote(node->text)));
                }
                node->names.push_back(node->text);
                return node;
            }
            case Kind::kLeftParen: {
                next();
                if (++depth_ > kMaxDepth) {
                    return error("too many nested parentheses");
                }
                auto pipe = pipeline("parenthesized pipeline", Kind::kRightParen);
                --depth_;
                return pipe;
            }
            default:
                return literal();
        }
    }

    Result<NodePtr> literal() {
        const Token& token = peek();
        std::optional<Json> value;
        NodeKind kind = NodeKind::kNumber;
        switch (token.kind) {
            case Kind::kBool:
                kind = NodeKind::kBool;
                value = token.text == "true";
                break;
            case Kind::kNumber:
                value = parse_number(token.text);
                break;
            case Kind::kCharConstant:
                value = parse_character(token.text);
                break;
            case Kind::kString:
            case Kind::kRawString:
                kind = NodeKind::kString;
                if (auto text = unquote(token.text)) {
                    value = std::move(*text);
                }
                break;
            default:
                return NodePtr();
        }
        next();
        if (!value) {
            return error(why_malformed(token));
        }
        auto node = make_node(kind, token);
        node->value = std::move(*value);
        return node;
    }

    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    const std::string& name_;
    const std::function<bool(const std::string&)>& has_function_;
    std::vector<std::string> variables_ = {"$"};
    std::string terminator_;
    int loops_ = 0;
    int depth_ = 0;
    std::size_t action_line_ = 0;  // where the open {{ is; 0 outside
    Trees trees_;
};

}  // namespace

Result<Trees> parse_trees(std::string_view text, const std::string& name,
                          const std::function<bool(const std::string&)>& has_function) {
    return Parser(lex(text), name, has_function).run();
}

}  // namespace lima::text::gotmpl
