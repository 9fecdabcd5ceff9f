// Goes through the words of an expression, and says what is wrong with one. Internal to
// core/text/yq.
#pragma once

#include "core/text/yq/lexer.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lima::text::yq {

class TokenReader {
public:
    TokenReader(std::string_view text, std::vector<Token> tokens)
        : text_(text), tokens_(std::move(tokens)) {}

protected:
    const Token& here() const { return tokens_[at_]; }
    const Token& ahead() const {
        return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : tokens_.size() - 1];
    }
    bool sees(std::string_view symbol) const { return is_symbol(here(), symbol); }
    static bool is_symbol(const Token& token, std::string_view symbol) {
        return token.type == Token::Type::kSymbol && token.text == symbol;
    }
    bool sees_name(std::string_view name) const {
        return here().type == Token::Type::kName && here().text == name;
    }
    bool take(std::string_view symbol);
    Result<void> expect(std::string_view symbol);
    Failure wrong(std::string_view message) const { return wrong_at(here().column, message); }
    Failure wrong_at(std::size_t column, std::string_view message) const;
    /// Why the word cannot stand here.
    std::string unexpected() const;

    std::string_view text_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
};

}  // namespace lima::text::yq
