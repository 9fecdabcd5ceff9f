#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/text/go_template_ast.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace lima::text::gotmpl {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kDigits = "0123456789";

bool is_space(char c) { return kSpaces.find(c) != std::string_view::npos; }

bool is_word(char32_t c) {
    // Beyond ASCII: what can be shown is taken for a letter; nobody writes symbols in names.
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= 0x80 && utf8::is_printable(c));
}

bool is_keyword(std::string_view word) {
    constexpr std::string_view kWords[] = {"block", "break", "continue", "define",   "else",
                                           "end",   "if",    "range",    "template", "with"};
    return std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords);
}

std::string show_character(std::string_view text) {
    const utf8::Rune rune = utf8::decode(text);
    const auto number = static_cast<std::uint32_t>(rune.value);
    if (!utf8::is_printable(rune.value)) {
        return fmt::format("U+{:04X}", number);
    }
    return fmt::format("U+{:04X} '{}'", number, text.substr(0, rune.size));
}

class Lexer {
public:
    explicit Lexer(std::string_view text) : text_(text) {}

    std::vector<Token> run() {
        while (!done_) {
            lex_text();
        }
        return std::move(tokens_);
    }

private:
    std::string_view rest() const { return text_.substr(at_); }
    bool at(std::string_view word) const { return rest().starts_with(word); }
    /// "- " after {{, which is no minus sign.
    bool at_left_trim() const {
        return rest().size() > 1 && rest()[0] == '-' && is_space(rest()[1]);
    }
    /// " -" before }}.
    bool at_right_trim() const {
        return rest().size() > 1 && is_space(rest()[0]) && rest()[1] == '-';
    }
    bool at_close() const {
        return at("}}") || (at_right_trim() && rest().substr(2).starts_with("}}"));
    }

    void emit(Kind kind, std::size_t size) {
        tokens_.push_back({kind, at_, line_, std::string(rest().substr(0, size))});
        skip(size);
    }
    void skip(std::size_t size) {
        const std::string_view gone = rest().substr(0, size);
        line_ += static_cast<std::size_t>(std::count(gone.begin(), gone.end(), '\n'));
        at_ += gone.size();
    }
    void error(std::string message) {
        tokens_.push_back({Kind::kError, at_, line_, std::move(message)});
        done_ = true;
    }

    void lex_text() {
        if (trim_next_) {
            skip(std::min(rest().find_first_not_of(kSpaces), rest().size()));
            trim_next_ = false;
        }
        const std::size_t open = rest().find("{{");
        std::string_view shown = rest().substr(0, open);
        const std::size_t all = shown.size();
        const std::string_view after =
            open == std::string_view::npos ? std::string_view() : rest().substr(open + 2);
        if (after.size() > 1 && after[0] == '-' && is_space(after[1])) {
            shown = shown.substr(0, shown.find_last_not_of(kSpaces) + 1);
        }
        const std::size_t hidden = all - shown.size();
        if (!shown.empty()) {
            emit(Kind::kText, shown.size());
        }
        skip(hidden);
        if (open == std::string_view::npos) {
            tokens_.push_back({Kind::kEnd, at_, line_, ""});
            done_ = true;
            return;
        }
        lex_action();
    }

    void lex_action() {
        const std::size_t start = at_;
        const std::size_t start_line = line_;
        skip(2);
        if (at_left_trim()) {
            skip(2);
        }
        if (at("/*")) {
            lex_comment();
            return;
        }
        tokens_.push_back({Kind::kLeftDelim, start, start_line, "{{"});
        parens_ = 0;
        while (!done_ && !at_close()) {
            lex_token();
        }
        if (done_) {
            return;
        }
        if (parens_ > 0) {
            error("unclosed left paren");
            return;
        }
        trim_next_ = at_right_trim();
        skip(trim_next_ ? 2 : 0);
        emit(Kind::kRightDelim, 2);
    }

    void lex_comment() {
        const std::size_t end = rest().find("*/");
        if (end == std::string_view::npos) {
            error("unclosed comment");
            return;
        }
        skip(end + 2);
        if (!at_close()) {
            error("comment ends before closing delimiter");
            return;
        }
        trim_next_ = at_right_trim();
        skip(trim_next_ ? 4 : 2);
    }

    void lex_token() {
        if (rest().empty()) {
            error("unclosed action");
            return;
        }
        const char c = rest()[0];
        const char next = rest().size() > 1 ? rest()[1] : '\0';
        if (is_space(c)) {
            lex_spaces();
        } else if (c == ':') {
            next == '=' ? emit(Kind::kDeclare, 2) : error("expected :=");
        } else if (c == '=') {
            emit(Kind::kAssign, 1);
        } else if (c == '|') {
            emit(Kind::kPipe, 1);
        } else if (c == ',') {
            emit(Kind::kComma, 1);
        } else if (c == '"') {
            lex_quoted('"', Kind::kString, "unterminated quoted string");
        } else if (c == '\'') {
            lex_quoted('\'', Kind::kCharConstant, "unterminated character constant");
        } else if (c == '`') {
            const std::size_t end = rest().find('`', 1);
            end == std::string_view::npos ? error("unterminated raw quoted string")
                                          : emit(Kind::kRawString, end + 1);
        } else if (c == '(') {
            ++parens_;
            emit(Kind::kLeftParen, 1);
        } else if (c == ')') {
            --parens_;
            parens_ < 0 ? error("unexpected right paren") : emit(Kind::kRightParen, 1);
        } else if (kDigits.find(c) != std::string_view::npos || c == '+' || c == '-' ||
                   (c == '.' && kDigits.find(next) != std::string_view::npos && next != '\0')) {
            lex_number();
        } else {
            lex_word();
        }
    }

    void lex_spaces() {
        std::size_t size = 0;
        while (size < rest().size() && is_space(rest()[size])) {
            // The last blank may belong to " -}}".
            if (size > 0 && rest().substr(size).size() > 3 && rest()[size + 1] == '-' &&
                rest().substr(size + 2).starts_with("}}")) {
                break;
            }
            ++size;
        }
        emit(Kind::kSpace, size);
    }

    void lex_quoted(char quote, Kind kind, const char* complaint) {
        for (std::size_t i = 1; i < rest().size() && rest()[i] != '\n'; ++i) {
            if (rest()[i] == '\\') {
                ++i;
                if (i < rest().size() && rest()[i] == '\n') {
                    break;
                }
            } else if (rest()[i] == quote) {
                emit(kind, i + 1);
                return;
            }
        }
        error(complaint);
    }

    void lex_number() {
        std::size_t size = rest()[0] == '+' || rest()[0] == '-' ? 1 : 0;
        const std::string head = to_lower(rest().substr(size, 2));
        std::string_view digits = "0123456789_";
        const bool prefixed = head == "0x" || head == "0o" || head == "0b";
        if (prefixed) {
            digits = head == "0x" ? "0123456789abcdefABCDEF_" : head == "0o" ? "01234567_" : "01_";
            size += 2;
        }
        const auto take = [&](std::string_view set) {
            while (size < rest().size() && set.find(rest()[size]) != std::string_view::npos) {
                ++size;
            }
        };
        const auto is_one_of = [&](std::string_view set) {
            return size < rest().size() && set.find(rest()[size]) != std::string_view::npos;
        };
        take(digits);
        if (is_one_of(".")) {
            ++size;
            take(digits);
        }
        if (is_one_of(prefixed ? "pP" : "eE")) {
            ++size;
            size += is_one_of("+-") ? 1 : 0;
            take("0123456789_");
        }
        if (is_one_of("+-")) {
            // The original has complex numbers; nobody writes them in templates.
            ++size;
            take(digits);
            error("bad number syntax: " + go_quote(rest().substr(0, size)));
            return;
        }
        if (size < rest().size() && is_word(utf8::decode(rest().substr(size)).value)) {
            error("bad number syntax: " +
                  go_quote(rest().substr(0, size + utf8::decode(rest().substr(size)).size)));
            return;
        }
        emit(Kind::kNumber, size);
    }

    /// Fields, variables, identifiers and whatever is no token.
    void lex_word() {
        const char c = rest()[0];
        std::size_t size = c == '.' || c == '$' ? 1 : 0;
        const std::size_t sign = size;
        while (size < rest().size()) {
            const utf8::Rune rune = utf8::decode(rest().substr(size));
            if (!rune.valid || !is_word(rune.value)) {
                break;
            }
            size += rune.size;
        }
        if (size == 0) {
            if (c >= ' ' && c < 0x7F) {
                emit(Kind::kCharacter, 1);
            } else {
                error("unrecognized character in action: " + show_character(rest()));
            }
            return;
        }
        if (!at_terminator(size)) {
            at_ += size;
            error("bad character " + show_character(rest()));
            return;
        }
        const std::string_view word = rest().substr(0, size);
        if (word == ".") {
            emit(Kind::kDot, 1);
        } else if (sign == 1) {
            emit(c == '.' ? Kind::kField : Kind::kVariable, size);
        } else if (is_keyword(word)) {
            emit(Kind::kKeyword, size);
        } else if (word == "true" || word == "false") {
            emit(Kind::kBool, size);
        } else {
            emit(word == "nil" ? Kind::kNil : Kind::kIdentifier, size);
        }
    }

    bool at_terminator(std::size_t size) const {
        const std::string_view after = rest().substr(size);
        return after.empty() || is_space(after[0]) || after.starts_with("}}") ||
               std::string_view(".,|:()").find(after[0]) != std::string_view::npos;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    int parens_ = 0;
    bool trim_next_ = false;
    bool done_ = false;
    std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> lex(std::string_view text) { return Lexer(text).run(); }

}  // namespace lima::text::gotmpl
