#include "core/base/text.hpp"
#include "core/text/yq/ast_builder.hpp"
#include "core/text/yq/evaluate.hpp"
#include "core/text/yq/lexer.hpp"
#include "core/text/yq/operators.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace lima::text::yq {
namespace {

class Parser : private AstBuilder {
public:
    Parser(std::string_view text, std::vector<Token> tokens, int nesting)
        : AstBuilder(text, std::move(tokens), nesting) {}

    Result<Building> run() {
        LIMA_TRY(Building out, any());
        if (here().type != Token::Type::kEnd) {
            return wrong(unexpected());
        }
        return out;
    }

private:
    // --- from the loosest to the tightest: , or and | = + ---

    Result<Building> any() {
        LIMA_TRY(Building out, disjunction());
        while (sees(",")) {
            const std::size_t column = here().column;
            ++at_;
            LIMA_TRY(Building next, disjunction());
            LIMA_TRY(out, chain(Ast::Type::kUnion, std::move(out), std::move(next), column));
        }
        return out;
    }

    Result<Building> disjunction() { return logical("or", &Parser::conjunction); }
    Result<Building> conjunction() { return logical("and", &Parser::pipe); }

    Result<Building> logical(const char* word, Result<Building> (Parser::*tighter)()) {
        LIMA_TRY(Building out, (this->*tighter)());
        while (sees_name(word)) {
            const std::size_t column = here().column;
            ++at_;
            LIMA_TRY(Building right, (this->*tighter)());
            LIMA_TRY(out,
                     make(Ast::Type::kBinary, column, {std::move(out), std::move(right)}, word));
        }
        return out;
    }

    Result<Building> pipe() {
        LIMA_TRY(Building out, statement());
        while (sees("|")) {
            const std::size_t column = here().column;
            ++at_;
            LIMA_TRY(Building next, statement());
            LIMA_TRY(out, chain(Ast::Type::kPipe, std::move(out), std::move(next), column));
        }
        return out;
    }

    /// Assignments and comparisons: they group from the right.
    Result<Building> statement() {
        const Nesting nesting(nesting_);
        if (nesting.too_deep()) {
            return wrong("nested too deep");
        }
        if (const Operator* const attribute = attribute_here()) {
            LIMA_TRY(Building self, make(Ast::Type::kSelf, here().column));
            return assign_attribute(std::move(self), attribute);
        }
        LIMA_TRY(Building left, sum());
        if (const Operator* const attribute = attribute_here()) {
            return assign_attribute(std::move(left), attribute);
        }
        if (sees_name("as") || sees_name("ref")) {
            return bind(std::move(left));
        }
        if (here().type != Token::Type::kSymbol) {
            return left;
        }
        static constexpr std::array<std::string_view, 6> kComparisons = {"==", "!=", "<",
                                                                         "<=", ">",  ">="};
        static constexpr std::array<std::string_view, 6> kUpdates = {
            "+=", "-=", "/=", "%=", "//=", "*="};
        const std::string symbol = here().text;
        if (symbol == "=" || symbol == "=c" || symbol == "|=" || symbol == "|=c") {
            return assign(std::move(left), symbol);
        }
        if (std::find(kComparisons.begin(), kComparisons.end(), symbol) != kComparisons.end()) {
            return binary(std::move(left), Ast::Type::kBinary, symbol);
        }
        for (const std::string_view update : kUpdates) {
            if (symbol.starts_with(update)) {
                LIMA_TRY(Building out, binary(std::move(left), Ast::Type::kBinaryAssign,
                                              std::string(update.substr(0, update.size() - 1))));
                out->flags = flags_of(symbol.substr(update.size()));
                return out;
            }
        }
        return left;
    }

    Result<Building> binary(Building left, Ast::Type type, const std::string& symbol) {
        const std::size_t column = here().column;
        ++at_;
        LIMA_TRY(Building right, statement());
        return make(type, column, {std::move(left), std::move(right)}, symbol);
    }

    Result<Building> assign(Building left, const std::string& symbol) {
        LIMA_TRY(Building out, binary(std::move(left), Ast::Type::kAssign, symbol));
        out->update = symbol.starts_with('|');
        out->flags.clobber_tags = symbol.ends_with('c');
        return out;
    }

    /// The word names something that can be set, and a = follows.
    const Operator* attribute_here() const {
        if (here().type != Token::Type::kName ||
            !(is_symbol(ahead(), "=") || is_symbol(ahead(), "|=") || is_symbol(ahead(), "=c"))) {
            return nullptr;
        }
        const Operator* const found = find_operator(here().text);
        return found != nullptr && found->set != nullptr ? found : nullptr;
    }

    Result<Building> assign_attribute(Building left, const Operator* attribute) {
        const std::size_t column = here().column;
        ++at_;
        const bool update = sees("|=");
        ++at_;
        LIMA_TRY(Building value, statement());
        LIMA_TRY(Building out, make(Ast::Type::kAttribute, column,
                                    {std::move(left), std::move(value)}, attribute->name));
        out->operation = attribute;
        out->update = update;
        return out;
    }

    /// EXPRESSION as $name | the rest, or EXPRESSION as $name ireduce (first; next).
    Result<Building> bind(Building value) {
        const std::size_t column = here().column;
        const bool reference = here().text == "ref";
        ++at_;
        if (here().type != Token::Type::kVariable) {
            return wrong("a variable such as `$item` is missing here");
        }
        const std::string name = here().text;
        ++at_;
        if (sees_name("ireduce") || sees_name("reduce")) {
            return reduce(std::move(value), name, column);
        }
        if (!sees("|")) {
            return wrong(fmt::format("expected `|` here, and what is to be done with ${}", name));
        }
        ++at_;
        LIMA_TRY(Building body, any());
        LIMA_TRY(Building out,
                 make(Ast::Type::kBind, column, {std::move(value), std::move(body)}, name));
        out->reference = reference;
        return out;
    }

    Result<Building> reduce(Building value, const std::string& name, std::size_t column) {
        ++at_;
        LIMA_DO(expect("("));
        LIMA_TRY(Building first, any());
        LIMA_DO(expect(";"));
        LIMA_TRY(Building next, any());
        LIMA_DO(expect(")"));
        return make(Ast::Type::kReduce, column,
                    {std::move(value), std::move(first), std::move(next)}, name);
    }

    /// As jq has it: reduce EXPRESSION as $name (first; next).
    Result<Building> reduce_first(std::size_t column) {
        LIMA_TRY(Building value, sum());
        if (!sees_name("as") || ahead().type != Token::Type::kVariable) {
            return wrong("expected `as $item` here");
        }
        const std::string name = ahead().text;
        ++at_;
        return reduce(std::move(value), name, column);
    }

    // --- arithmetic ---

    static bool is_product(std::string_view symbol) {
        return symbol.starts_with('*') || symbol == "/" || symbol == "%";
    }

    /// An operator between values here; empty when there is none.
    std::string arithmetic_here() const {
        if (here().type != Token::Type::kSymbol) {
            return "";
        }
        const std::string& symbol = here().text;
        const bool product = is_product(symbol) && !symbol.starts_with("*=");
        return product || symbol == "+" || symbol == "-" || symbol == "//" ? symbol : "";
    }

    Result<Building> sum() {
        LIMA_TRY(Building out, product());
        while (arithmetic_here() == "+" || arithmetic_here() == "-") {
            const Token symbol = here();
            ++at_;
            LIMA_TRY(Building right, product());
            LIMA_TRY(out, make(Ast::Type::kBinary, symbol.column,
                               {std::move(out), std::move(right)}, symbol.text));
        }
        return out;
    }

    Result<Building> product() {
        LIMA_TRY(Building out, alternative());
        for (std::string symbol = arithmetic_here(); is_product(symbol);
             symbol = arithmetic_here()) {
            const std::size_t column = here().column;
            ++at_;
            LIMA_TRY(Building right, alternative());
            LIMA_TRY(out, make(Ast::Type::kBinary, column, {std::move(out), std::move(right)},
                               symbol.substr(0, 1)));
            out->flags = flags_of(symbol.substr(1));
        }
        return out;
    }

    /// To its left // takes one value, to its right all of the arithmetic.
    Result<Building> alternative() {
        LIMA_TRY(Building out, postfix());
        if (arithmetic_here() != "//") {
            return out;
        }
        const Nesting nesting(nesting_);
        if (nesting.too_deep()) {
            return wrong("nested too deep");
        }
        const std::size_t column = here().column;
        ++at_;
        LIMA_TRY(Building right, sum());
        return make(Ast::Type::kBinary, column, {std::move(out), std::move(right)}, "//");
    }

    // --- paths ---

    Result<Building> postfix() {
        const Nesting nesting(nesting_);
        if (nesting.too_deep()) {
            return wrong("nested too deep");
        }
        LIMA_TRY(Building out, primary());
        while (true) {
            const std::size_t column = here().column;
            if (here().type == Token::Type::kKey || is_key_text(here())) {
                LIMA_TRY(Building step, primary());
                LIMA_TRY(out, chain(Ast::Type::kPipe, std::move(out), std::move(step), column));
            } else if (sees("[") || (sees(".") && is_symbol(ahead(), "["))) {
                at_ += sees(".") ? 2 : 1;
                LIMA_TRY(out, bracket(std::move(out), column));
            } else if (take("?")) {
                mark_optional(*out);
            } else {
                return out;
            }
        }
    }

    static bool is_key_text(const Token& token) {
        return token.type == Token::Type::kString && token.text == ".";
    }

    Result<Building> bracket(Building target, std::size_t column) {
        if (take("]")) {
            return make(Ast::Type::kEach, column, {std::move(target)});
        }
        Building from;
        if (!sees(":")) {
            LIMA_TRY(from, any());
        }
        if (take("]")) {
            return make(Ast::Type::kIndex, column, {std::move(target), std::move(from)});
        }
        if (!take(":")) {
            return wrong("expected `]` here");
        }
        Building to;
        if (!sees("]")) {
            LIMA_TRY(to, any());
        }
        LIMA_DO(expect("]"));
        return make(Ast::Type::kSlice, column, {std::move(target), std::move(from), std::move(to)});
    }

    Result<Building> primary() {
        const Token token = here();
        switch (token.type) {
            case Token::Type::kKey:
                ++at_;
                return make(Ast::Type::kKey, token.column, {}, token.text);
            case Token::Type::kNumber:
                ++at_;
                return literal(token.column,
                               make_scalar(std::string(guess_tag(token.text)), token.text));
            case Token::Type::kString:
                ++at_;
                return string(token);
            case Token::Type::kVariable:
                ++at_;
                return make(Ast::Type::kVariable, token.column, {}, token.text);
            case Token::Type::kName:
                return name();
            case Token::Type::kEnd:
                return wrong("a value is missing here");
            case Token::Type::kSymbol:
                break;
        }
        return symbol(token);
    }

    Result<Building> symbol(const Token& token) {
        if (take("(")) {
            LIMA_TRY(Building inside, any());
            LIMA_DO(expect(")"));
            // Grouped: nothing may be added to its chain.
            return inside->type == Ast::Type::kPipe || inside->type == Ast::Type::kUnion
                       ? make(Ast::Type::kPipe, token.column, {std::move(inside)}, "(")
                       : Result<Building>(std::move(inside));
        }
        if (take("[")) {
            if (take("]")) {
                return make(Ast::Type::kCollect, token.column);
            }
            LIMA_TRY(Building inside, any());
            LIMA_DO(expect("]"));
            return make(Ast::Type::kCollect, token.column, {std::move(inside)});
        }
        if (take("{")) {
            return object(token.column);
        }
        if (take(".")) {
            return make(Ast::Type::kSelf, token.column);
        }
        if (sees("..") || sees("...")) {
            LIMA_TRY(Building out, make(Ast::Type::kRecurse, token.column));
            out->keys = sees("...");
            ++at_;
            return out;
        }
        if (take("-")) {
            LIMA_TRY(Building zero, literal(token.column, make_int(0)));
            LIMA_TRY(Building value, postfix());
            return make(Ast::Type::kBinary, token.column, {std::move(zero), std::move(value)}, "-");
        }
        return wrong(token.text == ")" || token.text == "]" || token.text == "}" ||
                             token.text == "," || token.text == ";"
                         ? "a value is missing here"
                         : fmt::format("a value is missing before {}", name_quote(token.text)));
    }

    // --- texts, maps and calls ---

    Result<Building> string(const Token& token) {
        Building text;
        if (token.inner.empty()) {
            LIMA_TRY(text, literal(token.column, make_string(token.chunks.front())));
            return text;
        }
        std::vector<AstPtr> parts;
        for (std::size_t i = 0; i < token.chunks.size(); ++i) {
            LIMA_TRY(Building chunk, literal(token.column, make_string(token.chunks[i])));
            parts.push_back(std::move(chunk));
            if (i < token.inner.size()) {
                const Nesting nesting(nesting_);
                if (nesting.too_deep()) {
                    return wrong_at(token.column, "nested too deep");
                }
                LIMA_TRY(std::vector<Token> words,
                         cut(text_, token.inner[i].begin, token.inner[i].end));
                LIMA_TRY(Building inner, Parser(text_, std::move(words), nesting_).run());
                parts.push_back(std::move(inner));
            }
        }
        LIMA_TRY(text, make(Ast::Type::kText, token.column, std::move(parts)));
        if (token.text != ".") {
            return text;
        }
        LIMA_TRY(Building self, make(Ast::Type::kSelf, token.column));
        return make(Ast::Type::kIndex, token.column, {std::move(self), std::move(text)});
    }

    Result<Building> object(std::size_t column) {
        std::vector<AstPtr> parts;
        if (!take("}")) {
            while (true) {
                LIMA_TRY(Building key, object_key());
                LIMA_DO(expect(":"));
                LIMA_TRY(Building value, disjunction());
                parts.push_back(std::move(key));
                parts.push_back(std::move(value));
                if (take("}")) {
                    break;
                }
                LIMA_DO(expect(","));
            }
        }
        return make(Ast::Type::kObject, column, std::move(parts));
    }

    /// A word stands for itself; anything else is evaluated.
    Result<Building> object_key() {
        const Token token = here();
        if (token.type == Token::Type::kName && is_symbol(ahead(), ":")) {
            ++at_;
            return literal(token.column, make_string(token.text));
        }
        if (token.type == Token::Type::kEnd) {
            return wrong("a key is missing here");
        }
        return disjunction();
    }

    Result<Building> name() {
        const Token token = here();
        ++at_;
        if (token.text == "reduce") {
            return reduce_first(token.column);
        }
        const std::string_view tag = guess_tag(token.text);
        const std::string lower = to_lower(token.text);
        if (lower == "true" || lower == "false" || lower == "null" || token.text == "~") {
            return literal(
                token.column,
                make_scalar(std::string(lower == "null" || tag == "!!null" ? "!!null" : "!!bool"),
                            token.text == "~" ? "~" : lower));
        }
        const Operator* const found = find_operator(token.text);
        if (found == nullptr || found->run == nullptr) {
            --at_;
            return unknown_name(token);
        }
        LIMA_TRY(std::vector<AstPtr> arguments, call_arguments(*found));
        const int count = static_cast<int>(arguments.size());
        if (count < found->least || count > found->most) {
            return wrong_at(token.column, describe_arguments(*found));
        }
        LIMA_TRY(Building out,
                 make(Ast::Type::kCall, token.column, std::move(arguments), token.text));
        out->operation = found;
        return out;
    }

    Failure unknown_name(const Token& token) {
        const Token& next = ahead();
        const std::string near = similar_operator(token.text);
        if (!near.empty()) {
            return wrong(fmt::format("there is no operator {}: did you mean {}?",
                                     name_quote(token.text), name_quote(near)));
        }
        const bool path =
            at_ == 0 &&
            (next.type == Token::Type::kEnd ||
             (next.type == Token::Type::kKey && !next.space_before) ||
             (next.type == Token::Type::kSymbol &&
              std::string_view("=[").find(next.text.front()) != std::string_view::npos));
        if (path) {
            return wrong(
                fmt::format("a path begins with a dot: write {}", name_quote("." + token.text)));
        }
        return wrong(fmt::format("there is no operator {}; a text needs double quotes: \"{}\"",
                                 name_quote(token.text), token.text));
    }

    Result<std::vector<AstPtr>> call_arguments(const Operator& operation) {
        std::vector<AstPtr> out;
        if (!take("(")) {
            return out;
        }
        if (operation.arguments != Operator::Arguments::kExpressions) {
            return words();
        }
        while (true) {
            LIMA_TRY(Building argument, any());
            // sub("a", "b") is as good as sub("a"; "b").
            if (operation.least == 2 && argument->type == Ast::Type::kUnion &&
                argument->parts.size() == 2) {
                out.insert(out.end(), argument->parts.begin(), argument->parts.end());
            } else {
                out.push_back(std::move(argument));
            }
            if (take(")")) {
                return out;
            }
            if (!sees(";")) {
                return wrong("expected `)` here");
            }
            ++at_;
        }
    }

    /// Bare words: env(HOME), envsubst(nu, ne).
    Result<std::vector<AstPtr>> words() {
        std::vector<AstPtr> out;
        while (true) {
            if (here().type != Token::Type::kName) {
                return wrong("a name is missing here");
            }
            LIMA_TRY(Building word, literal(here().column, make_string(here().text)));
            out.push_back(std::move(word));
            ++at_;
            if (take(")")) {
                return out;
            }
            if (!sees(",")) {
                return wrong("expected `)` here");
            }
            ++at_;
        }
    }
};

}  // namespace

Result<Expression> parse(std::string_view text) {
    Expression out;
    out.text = text;
    LIMA_TRY(std::vector<Token> tokens, cut(out.text, 0, out.text.size()));
    if (tokens.size() == 1) {
        return out;
    }
    LIMA_TRY(out.root, Parser(out.text, std::move(tokens), 0).run());
    return out;
}

}  // namespace lima::text::yq
