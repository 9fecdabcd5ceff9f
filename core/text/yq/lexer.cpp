#include "core/text/yq/lexer.hpp"

#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/text/yaml.hpp"
#include "core/text/yq/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace lima::text::yq {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Longer ones first.
constexpr std::array<std::string_view, 33> kSymbols = {
    "...", "//=", "..", "==", "!=", "<=", ">=", "//", "|=", "+=", "-=",
    "*=",  "/=",  "%=", "(",  ")",  "[",  "]",  "{",  "}",  ":",  ";",
    ",",   "|",   "?",  ".",  "=",  "<",  ">",  "+",  "-",  "/",  "%"};

class Lexer {
public:
    Lexer(std::string_view all, std::size_t begin, std::size_t end)
        : all_(all), text_(all.substr(0, end)), first_(begin), at_(begin) {}

    Result<std::vector<Token>> run() {
        std::vector<Token> out;
        while (true) {
            const std::size_t before = at_;
            skip();
            Token token;
            token.space_before = at_ > before || at_ == first_;
            token.column = at_;
            if (at_ == text_.size()) {
                token.end = at_;
                out.push_back(std::move(token));
                return out;
            }
            const bool operand = out.empty() || !ends_operand(out.back());
            LIMA_DO(next(token, operand));
            token.end = at_;
            out.push_back(std::move(token));
        }
    }

private:
    /// White space and comments.
    void skip() {
        while (at_ < text_.size()) {
            if (is_space(text_[at_])) {
                ++at_;
            } else if (text_[at_] == '#') {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else {
                return;
            }
        }
    }

    Failure wrong(std::size_t column, std::string_view message) const {
        return fail(error_in(all_, column, Code::kInvalidArgument, message));
    }

    /// After it a minus is an operator, not a sign.
    static bool ends_operand(const Token& token) {
        switch (token.type) {
            case Token::Type::kSymbol:
                return token.text == ")" || token.text == "]" || token.text == "}" ||
                       token.text == "." || token.text == "?" || token.text.starts_with("..");
            case Token::Type::kEnd:
                return false;
            default:
                return token.text != "and" && token.text != "or";
        }
    }

    char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }

    Result<void> next(Token& token, bool operand) {
        const char c = peek();
        // A name may also begin as those of XML's attributes and texts do.
        const bool marked = peek(1) == '+' && (peek(2) == '@' || is_letter(peek(2)));
        if (c == '.' && (starts_key(peek(1)) || marked)) {
            return key(token);
        }
        if (c == '"') {
            return string(token);
        }
        if (is_digit(c) || (c == '-' && operand && is_digit(peek(1)))) {
            return number(token);
        }
        if (c == '$') {
            return variable(token);
        }
        if (is_letter(c) || c == '@') {
            token.type = Token::Type::kName;
            const std::size_t begin = at_++;
            while (is_letter(peek()) || is_digit(peek())) {
                ++at_;
            }
            token.text = text_.substr(begin, at_ - begin);
            return {};
        }
        if (c == '~') {
            token.type = Token::Type::kName;
            token.text = text_.substr(at_++, 1);
            return {};
        }
        return symbol(token);
    }

    static bool starts_key(char c) {
        return c != '\0' && !is_space(c) &&
               std::string_view(";}{:[],|.()=!<>?+/%").find(c) == std::string_view::npos;
    }

    /// What cannot be part of .name; // and a ? end it too, as do an operator with = behind it.
    bool ends_key() const {
        const char c = peek();
        if (c == '\0' || is_space(c) ||
            std::string_view(";}{:[],|.()=!<>?\"").find(c) != std::string_view::npos) {
            return true;
        }
        const bool operation = std::string_view("+-*/%").find(c) != std::string_view::npos;
        return (operation && peek(1) == '=' && peek(2) != '=') || (c == '/' && peek(1) == '/');
    }

    Result<void> key(Token& token) {
        token.type = Token::Type::kKey;
        ++at_;
        if (peek() == '"') {
            Token name;
            LIMA_DO(string(name));
            if (!name.inner.empty()) {
                // .["…"] with an expression in it.
                token.type = Token::Type::kString;
                token.text = ".";
                token.chunks = std::move(name.chunks);
                token.inner = std::move(name.inner);
                return {};
            }
            token.text = name.chunks.front();
            return {};
        }
        const std::size_t begin = at_;
        while (!ends_key()) {
            ++at_;
        }
        token.text = text_.substr(begin, at_ - begin);
        return {};
    }

    Result<void> number(Token& token) {
        token.type = Token::Type::kNumber;
        const std::size_t begin = at_;
        at_ += peek() == '-' ? 1 : 0;
        const bool based =
            peek() == '0' && (peek(1) == 'x' || peek(1) == 'X' || peek(1) == 'o' || peek(1) == 'b');
        at_ += based ? 2 : 0;
        while (is_digit(peek()) || is_letter(peek()) || (peek() == '.' && is_digit(peek(1))) ||
               ((peek() == '-' || peek() == '+') && !based &&
                (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E'))) {
            ++at_;
        }
        token.text = text_.substr(begin, at_ - begin);
        const std::string_view what = yq::guess_tag(token.text);
        if (what != "!!int" && what != "!!float") {
            return wrong(begin, fmt::format("{} is no number", name_quote(token.text)));
        }
        return {};
    }

    Result<void> variable(Token& token) {
        token.type = Token::Type::kVariable;
        const std::size_t begin = at_++;
        while (is_letter(peek()) || is_digit(peek()) || (peek() == '-' && is_letter(peek(1)))) {
            ++at_;
        }
        token.text = text_.substr(begin + 1, at_ - begin - 1);
        return token.text.empty() ? Result<void>(wrong(begin, "a name is missing behind the `$`"))
                                  : Result<void>();
    }

    Result<void> symbol(Token& token) {
        token.type = Token::Type::kSymbol;
        if (peek() == '*') {
            multiply(token);
            return {};
        }
        const std::string_view rest = text_.substr(at_);
        const auto* const found =
            std::find_if(kSymbols.begin(), kSymbols.end(),
                         [&](std::string_view s) { return rest.starts_with(s); });
        if (found == kSymbols.end()) {
            const char* const hint = peek() == '\'' ? ": a text goes in double quotes" : "";
            return wrong(at_,
                         fmt::format("{} has no meaning here{}",
                                     name_quote(rest.substr(0, utf8::decode(rest).size)), hint));
        }
        token.text = *found;
        at_ += found->size();
        if ((token.text == "=" || token.text == "|=") && peek() == 'c' && !is_letter(peek(1)) &&
            !is_digit(peek(1))) {
            token.text += 'c';
            ++at_;
        }
        return {};
    }

    /// * and *= with the letters that say how to merge, before or behind the =.
    void multiply(Token& token) {
        ++at_;
        std::string flags = merge_flags();
        const bool assign = peek() == '=' && peek(1) != '=';
        if (assign) {
            ++at_;
            flags += merge_flags();
        }
        token.text = (assign ? "*=" : "*") + flags;
    }

    std::string merge_flags() {
        std::size_t end = at_;
        while (end < text_.size() &&
               std::string_view("+?cdn").find(text_[end]) != std::string_view::npos) {
            ++end;
        }
        // "*null" is a multiplication by null.
        while (end > at_ && end < text_.size() && is_letter(text_[end - 1]) &&
               (is_letter(text_[end]) || is_digit(text_[end]))) {
            --end;
        }
        std::string out(text_.substr(at_, end - at_));
        at_ = end;
        return out;
    }

    Result<void> string(Token& token) {
        token.type = Token::Type::kString;
        const std::size_t begin = at_++;
        std::string chunk;
        while (at_ < text_.size() && text_[at_] != '"') {
            if (text_[at_] != '\\') {
                chunk += text_[at_++];
                continue;
            }
            if (peek(1) == '(') {
                token.chunks.push_back(std::move(chunk));
                chunk.clear();
                LIMA_DO(inner(token));
                continue;
            }
            LIMA_DO(escape(chunk));
        }
        if (at_ == text_.size()) {
            return wrong(begin, "this text has no closing quote");
        }
        ++at_;
        token.chunks.push_back(std::move(chunk));
        return {};
    }

    /// \( up to the bracket that closes it; strings in it may have brackets of their own.
    Result<void> inner(Token& token) {
        const std::size_t begin = at_ + 2;
        int depth = 1;
        bool quoted = false;
        for (at_ = begin; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (quoted && c == '\\') {
                ++at_;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (!quoted && c == '(') {
                ++depth;
            } else if (!quoted && c == ')' && --depth == 0) {
                token.inner.push_back(Token::Inner{begin, at_});
                ++at_;
                return {};
            }
        }
        return wrong(begin - 2, "this `\\(` has no closing bracket");
    }

    Result<void> escape(std::string& out) {
        constexpr std::string_view kLetters = "\"\\abfnrtv";
        constexpr std::string_view kMeanings = "\"\\\a\b\f\n\r\t\v";
        const char c = peek(1);
        if (const std::size_t found = kLetters.find(c);
            c != '\0' && found != std::string_view::npos) {
            out += kMeanings[found];
            at_ += 2;
            return {};
        }
        const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
        std::uint32_t value = 0;
        const std::string_view hex = digits == 0
                                         ? std::string_view()
                                         : text_.substr(std::min(at_ + 2, text_.size()), digits);
        const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
        if (digits == 0 || error != std::errc() || hex.size() != digits ||
            end != hex.data() + hex.size()) {
            out += '\\';  // \d and the like are for regular expressions
            ++at_;
            return {};
        }
        if (digits == 2) {
            out += static_cast<char>(value);
        } else {
            utf8::append(out, value);
        }
        at_ += 2 + digits;
        return {};
    }

    std::string_view all_;   // for messages
    std::string_view text_;  // up to where it is cut
    std::size_t first_ = 0;
    std::size_t at_ = 0;
};

}  // namespace

Error error_in(std::string_view text, std::size_t column, Code code, std::string_view message) {
    // One line for what may be several: the place is told by the column alone.
    std::string shown(text);
    for (char& c : shown) {
        c = c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
    }
    std::size_t characters = 0;
    for (std::size_t i = 0; i < column && i < shown.size(); ++i) {
        characters += (static_cast<unsigned char>(shown[i]) & 0xC0U) != 0x80U ? 1 : 0;
    }
    const Mark mark{1, static_cast<int>(characters) + 1, column};
    return error_at(shown, "expression", mark, message).with_code(code);
}

Result<std::vector<Token>> cut(std::string_view text, std::size_t begin, std::size_t end) {
    return Lexer(text, begin, end).run();
}

}  // namespace lima::text::yq
