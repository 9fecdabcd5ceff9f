#include "core/text/yq/token_reader.hpp"

#include "core/base/text.hpp"
#include "core/text/yq/evaluate.hpp"

#include <fmt/format.h>

namespace lima::text::yq {

bool TokenReader::take(std::string_view symbol) {
    const bool found = sees(symbol);
    at_ += found ? 1 : 0;
    return found;
}

Result<void> TokenReader::expect(std::string_view symbol) {
    if (take(symbol)) {
        return {};
    }
    return wrong(fmt::format("expected {} here", name_quote(symbol)));
}

Failure TokenReader::wrong_at(std::size_t column, std::string_view message) const {
    return fail(error_in(text_, column, Code::kInvalidArgument, message));
}

std::string TokenReader::unexpected() const {
    const Token& token = here();
    if (token.type == Token::Type::kEnd) {
        return "a value is missing here";
    }
    if (token.type == Token::Type::kSymbol &&
        (token.text == ")" || token.text == "]" || token.text == "}")) {
        return fmt::format("nothing is open that {} could close", name_quote(token.text));
    }
    const bool text = token.type == Token::Type::kString;
    return fmt::format(
        "{} does not belong here: an operator such as `|` or `=` may be missing before it",
        text ? "this text" : name_quote(text_.substr(token.column, token.end - token.column)));
}

}  // namespace lima::text::yq
