#include "core/base/process.hpp"

namespace lima {
namespace {

constexpr std::string_view kSpace = " \t\n";

/// Reads the word at `at` and moves `at` behind it.
Result<std::string> read_word(std::string_view text, std::size_t& at) {
    std::string word;
    while (at < text.size() && kSpace.find(text[at]) == std::string_view::npos) {
        const char c = text[at++];
        if (c == '\'') {
            const auto end = text.find('\'', at);
            if (end == std::string_view::npos) {
                return failf(Code::kInvalidArgument, "unterminated single quote in \"{}\"", text);
            }
            word += text.substr(at, end - at);
            at = end + 1;
        } else if (c == '\\') {
            if (at >= text.size()) {
                return failf(Code::kInvalidArgument, "trailing backslash in \"{}\"", text);
            }
            if (text[at] != '\n') {
                word += text[at];
            }
            ++at;
        } else if (c == '"') {
            while (at < text.size() && text[at] != '"') {
                const bool escape =
                    text[at] == '\\' && at + 1 < text.size() &&
                    std::string_view("\\\"$`\n").find(text[at + 1]) != std::string_view::npos;
                at += escape ? 1 : 0;
                if (!escape || text[at] != '\n') {
                    word += text[at];
                }
                ++at;
            }
            if (at >= text.size()) {
                return failf(Code::kInvalidArgument, "unterminated double quote in \"{}\"", text);
            }
            ++at;
        } else {
            word += c;
        }
    }
    return word;
}

}  // namespace

Result<std::vector<std::string>> split_shell_words(std::string_view text) {
    std::vector<std::string> words;
    for (std::size_t at = text.find_first_not_of(kSpace); at < text.size();
         at = text.find_first_not_of(kSpace, at)) {
        LIMA_TRY(std::string word, read_word(text, at));
        words.push_back(std::move(word));
    }
    return words;
}

}  // namespace lima
