#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/text/expression_ast.hpp"
#include "core/text/scalar.hpp"

#include <fmt/format.h>

#include <charconv>

namespace lima::text::expression {
namespace {

constexpr int kMaxDepth = 50;

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    Result<std::vector<Statement>> run() {
        std::vector<Statement> out;
        while (true) {
            LIMA_TRY(Statement next, statement());
            out.push_back(std::move(next));
            skip();
            if (at_ == text_.size()) {
                return out;
            }
            if (!take("|")) {
                return unsupported("only assignments joined with | can be used here");
            }
        }
    }

private:
    // --- reading characters ---

    void skip() {
        while (at_ < text_.size() &&
               (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) {
            ++at_;
        }
    }
    bool sees(std::string_view token) {
        skip();
        return text_.substr(at_).starts_with(token);
    }
    bool take(std::string_view token) {
        if (!sees(token)) {
            return false;
        }
        at_ += token.size();
        return true;
    }
    std::string word() {
        skip();
        const std::size_t begin = at_;
        while (at_ < text_.size() && is_word(text_[at_])) {
            ++at_;
        }
        return std::string(text_.substr(begin, at_ - begin));
    }
    Failure wrong(std::string_view message) {
        return fail(error_in(text_, at_, Code::kInvalidArgument, message));
    }
    Failure unsupported(std::string_view message) {
        return fail(error_in(text_, at_, Code::kUnimplemented, message));
    }
    Result<void> expect(std::string_view token) {
        if (take(token)) {
            return {};
        }
        return wrong(fmt::format("expected {} here", name_quote(token)));
    }

    // --- statements ---

    Result<Statement> statement() {
        skip();
        Statement out;
        out.column = at_;
        if (sees("del(") || sees("del (")) {
            word();
            LIMA_DO(expect("("));
            LIMA_TRY(out.target, path());
            LIMA_DO(expect(")"));
            out.type = Statement::Type::kDelete;
            if (out.target.empty()) {
                return wrong("del needs the path of something");
            }
            return out;
        }
        if (!sees(".") && !sees("(")) {
            return function_refused();
        }
        LIMA_TRY(out.target, path());
        return operation(std::move(out));
    }

    Result<Statement> operation(Statement out) {
        skip();
        if (at_ == text_.size() || (sees("|") && !sees("|="))) {
            if (!out.target.empty()) {
                return wrong("a path alone changes nothing: write `= VALUE` behind it");
            }
            return out;
        }
        if (take("|=")) {
            return update(std::move(out));
        }
        if (take("+=")) {
            out.type = Statement::Type::kAppend;
        } else if (sees("==") || !take("=")) {
            return unsupported("this operator is not supported: use =, += or |=");
        } else {
            out.type = Statement::Type::kAssign;
        }
        LIMA_TRY(out.value, sum(0));
        return out;
    }

    Result<Statement> update(Statement out) {
        const std::size_t before = at_;
        const std::string name = word();
        if (name == "unique") {
            out.type = Statement::Type::kUnique;
            return out;
        }
        if (name == "unique_by") {
            out.type = Statement::Type::kUnique;
            LIMA_DO(expect("("));
            LIMA_TRY(out.by, path());
            LIMA_DO(expect(")"));
            return out;
        }
        at_ = before;
        out.type = Statement::Type::kUpdate;
        LIMA_TRY(out.value, sum(0));
        return out;
    }

    Failure function_refused() {
        const std::size_t begin = at_;
        const std::string name = word();
        at_ = begin;
        if (name == "env" || name == "strenv" || name == "envsubst") {
            return fail(
                error_in(text_, at_, Code::kPermissionDenied, "env operations have been disabled"));
        }
        if (name.starts_with("load")) {
            return fail(error_in(text_, at_, Code::kPermissionDenied,
                                 "file operations have been disabled"));
        }
        if (name == "system") {
            return fail(
                error_in(text_, at_, Code::kPermissionDenied, "system operations are disabled"));
        }
        if (name.empty()) {
            return wrong("expected a path such as .cpus");
        }
        if (const std::size_t behind = begin + name.size();
            behind == text_.size() ||
            std::string_view("=[.").find(text_[behind]) != std::string_view::npos) {
            return wrong(fmt::format("a path begins with a dot: write {}", name_quote("." + name)));
        }
        return unsupported(fmt::format("{} is not supported here", name_quote(name)));
    }

    // --- paths ---

    Result<Path> path(int depth = 0) {
        Path out;
        if (depth > kMaxDepth) {
            return wrong("nested too deep");
        }
        if (take("(")) {
            LIMA_TRY(out, path(depth + 1));
            LIMA_DO(selections(out, depth + 1));
            LIMA_DO(expect(")"));
        } else if (!sees(".")) {
            return wrong("expected a path such as .cpus");
        } else if (!text_.substr(at_).starts_with("..")) {
            LIMA_TRY(out, steps(true));
            return out;
        } else {
            return unsupported("the recursive descent .. is not supported here");
        }
        LIMA_TRY(const Path more, steps(false));
        out.insert(out.end(), more.begin(), more.end());
        return out;
    }

    /// "| select(…)" behind a path, as often as it comes.
    Result<void> selections(Path& out, int depth) {
        while (sees("|") && !sees("|=")) {
            take("|");
            skip();
            const std::size_t column = at_;
            if (word() != "select") {
                at_ = column;
                return unsupported("only select(…) is supported behind a path");
            }
            LIMA_DO(expect("("));
            LIMA_TRY(Value condition, comparison(depth));
            LIMA_DO(expect(")"));
            PathStep step;
            step.type = PathStep::Type::kSelect;
            step.condition = std::make_shared<const Value>(std::move(condition));
            step.column = column;
            out.push_back(std::move(step));
        }
        return {};
    }

    /// .a."b c".[0][]["k"]; the first dot may stand alone.
    Result<Path> steps(bool leading_dot) {
        Path out;
        if (leading_dot) {
            skip();
        }
        while (at_ < text_.size() && (text_[at_] == '.' || text_[at_] == '[')) {
            PathStep step;
            step.column = at_;
            if (text_[at_] == '.') {
                ++at_;
                if (at_ == text_.size() ||
                    std::string_view(" \t\n|=+)]}").find(text_[at_]) != std::string_view::npos) {
                    if (out.empty() && leading_dot) {
                        return out;  // "." alone: the document
                    }
                    return wrong("a key is missing behind the dot");
                }
                if (text_[at_] != '[') {
                    LIMA_TRY(step.key, key());
                    out.push_back(std::move(step));
                    continue;
                }
            }
            ++at_;  // the bracket
            LIMA_DO(bracket(step));
            out.push_back(std::move(step));
        }
        return out;
    }

    Result<std::string> key() {
        if (text_[at_] == '"') {
            return string();
        }
        const std::size_t begin = at_;
        while (at_ < text_.size() &&
               (is_word(text_[at_]) || text_[at_] == '-' || (text_[at_] & 0x80) != 0)) {
            ++at_;
        }
        if (at_ == begin) {
            return wrong("a key has letters, digits, _ and -; others go in quotes");
        }
        return std::string(text_.substr(begin, at_ - begin));
    }

    Result<void> bracket(PathStep& step) {
        if (take("]")) {
            step.type = PathStep::Type::kEach;
            return {};
        }
        if (sees("\"")) {
            LIMA_TRY(step.key, string());
            return expect("]");
        }
        skip();
        const char* const begin = text_.data() + at_;
        const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), step.index);
        if (error != std::errc()) {
            return unsupported("only [], [NUMBER] and [\"KEY\"] are supported");
        }
        at_ += static_cast<std::size_t>(end - begin);
        step.type = PathStep::Type::kIndex;
        return expect("]");
    }

    // --- values ---

    Result<Value> comparison(int depth) {
        LIMA_TRY(Value left, sum(depth));
        const bool equal = sees("==");
        if (!equal && !sees("!=")) {
            return left;
        }
        Value out;
        out.column = at_;
        at_ += 2;
        out.type = equal ? Value::Type::kEqual : Value::Type::kNotEqual;
        LIMA_TRY(Value right, sum(depth));
        out.parts.push_back(std::move(left));
        out.parts.push_back(std::move(right));
        return out;
    }

    Result<Value> sum(int depth) {
        LIMA_TRY(Value left, term(depth));
        while (sees("+")) {
            Value out;
            out.type = Value::Type::kSum;
            out.column = at_;
            take("+");
            LIMA_TRY(Value right, term(depth));
            out.parts.push_back(std::move(left));
            out.parts.push_back(std::move(right));
            left = std::move(out);
        }
        if (sees("-") || sees("*") || sees("/") || sees("%")) {
            return unsupported("only + is supported between values");
        }
        return left;
    }

    Result<Value> term(int depth) {
        skip();
        Value out;
        out.column = at_;
        if (depth > kMaxDepth) {
            return wrong("nested too deep");
        }
        if (at_ == text_.size()) {
            return wrong("a value is missing here");
        }
        const char c = text_[at_];
        if (c == '"') {
            LIMA_TRY(std::string text, string());
            out.constant = std::move(text);
            return out;
        }
        if (c == '.' || c == '(') {
            out.type = Value::Type::kPath;
            LIMA_TRY(out.path, path(depth + 1));
            return out;
        }
        if (c == '[') {
            return list(std::move(out), depth);
        }
        if (c == '{') {
            return map(std::move(out), depth);
        }
        return bare(std::move(out));
    }

    Result<Value> list(Value out, int depth) {
        out.type = Value::Type::kList;
        take("[");
        if (take("]")) {
            return out;
        }
        while (true) {
            LIMA_TRY(Value item, sum(depth + 1));
            if (item.type == Value::Type::kPath) {
                LIMA_DO(selections(item.path, depth + 1));
            }
            out.parts.push_back(std::move(item));
            if (take("]")) {
                return out;
            }
            LIMA_DO(expect(","));
        }
    }

    Result<Value> map(Value out, int depth) {
        out.type = Value::Type::kMap;
        take("{");
        if (take("}")) {
            return out;
        }
        while (true) {
            skip();
            if (at_ == text_.size()) {
                return wrong("a key is missing here");
            }
            LIMA_TRY(std::string name, key());
            LIMA_DO(expect(":"));
            LIMA_TRY(Value item, sum(depth + 1));
            out.keys.push_back(std::move(name));
            out.parts.push_back(std::move(item));
            if (take("}")) {
                return out;
            }
            LIMA_DO(expect(","));
        }
    }

    /// Numbers, true, false, null.
    Result<Value> bare(Value out) {
        const std::size_t begin = at_;
        while (at_ < text_.size() &&
               std::string_view(" \t\n,|]})=").find(text_[at_]) == std::string_view::npos) {
            ++at_;
        }
        const std::string token(text_.substr(begin, at_ - begin));
        at_ = begin;
        out.constant = resolve_plain(token, Schema::kCore);
        if (token.empty() || token == "~") {
            return wrong("a value is missing here");
        }
        if (out.constant.is_string()) {
            if (token.find('(') != std::string::npos || token.starts_with("env") ||
                token.starts_with("strenv")) {
                return function_refused();
            }
            return wrong(fmt::format("a text needs double quotes: \"{}\"", token));
        }
        at_ += token.size();
        return out;
    }

    /// A double-quoted string with the escapes of JSON and Go.
    Result<std::string> string() {
        skip();
        const std::size_t begin = at_++;
        std::string out;
        while (at_ < text_.size() && text_[at_] != '"') {
            if (text_[at_] != '\\') {
                out += text_[at_++];
                continue;
            }
            ++at_;
            LIMA_DO(escape(out));
        }
        if (at_ == text_.size()) {
            at_ = begin;
            return wrong("this text has no closing quote");
        }
        ++at_;
        return out;
    }

    Result<void> escape(std::string& out) {
        constexpr std::string_view kLetters = "\"\\/abfnrtv";
        constexpr std::string_view kMeanings = "\"\\/\a\b\f\n\r\t\v";
        const char c = at_ < text_.size() ? text_[at_] : '\0';
        if (const std::size_t found = kLetters.find(c);
            c != '\0' && found != std::string_view::npos) {
            out += kMeanings[found];
            ++at_;
            return {};
        }
        const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
        std::uint32_t value = 0;
        const std::string_view hex = digits == 0 ? "" : text_.substr(at_ + 1, digits);
        const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
        if (digits == 0 || error != std::errc() || hex.size() != digits ||
            end != hex.data() + hex.size()) {
            return wrong("unknown escape in a text");
        }
        if (digits == 2) {
            out += static_cast<char>(value);
        } else {
            utf8::append(out, value);
        }
        at_ += 1 + digits;
        return {};
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

Error error_in(std::string_view text, std::size_t column, Code code, std::string_view message) {
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

Result<std::vector<Statement>> parse(std::string_view text) { return Parser(text).run(); }

}  // namespace lima::text::expression
