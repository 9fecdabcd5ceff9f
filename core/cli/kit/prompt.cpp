#include "core/cli/kit/prompt.hpp"

#include "core/base/text.hpp"
#include "core/cli/kit/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <iostream>
#include <unistd.h>

namespace lima::cli {

namespace {

std::optional<std::string> read_line() {
    std::fflush(stdout);
    std::string line;
    if (!std::getline(std::cin, line)) {
        std::cin.clear();
        return std::nullopt;
    }
    return std::string(trim(line));
}

std::optional<std::size_t> as_number(const std::string& word) {
    std::size_t number = 0;
    const char* const end = word.data() + word.size();
    const auto parsed = std::from_chars(word.data(), end, number);
    return parsed.ec == std::errc() && parsed.ptr == end ? std::optional(number) : std::nullopt;
}

}  // namespace

std::vector<std::size_t> matches(const std::vector<std::string>& list, const std::string& word) {
    if (const auto number = as_number(word)) {
        return *number >= 1 && *number <= list.size() ? std::vector{*number - 1}
                                                      : std::vector<std::size_t>();
    }
    const std::string wanted = to_lower(word);
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const std::string line = to_lower(list[i]);
        if (line == wanted) {
            return {i};
        }
        if (line.find(wanted) != std::string::npos) {
            found.push_back(i);
        }
    }
    return found;
}

std::string numbered_columns(const std::vector<std::string>& list, int width) {
    std::size_t widest = 0;
    for (const auto& line : list) {
        widest = std::max(widest, line.size());
    }
    const std::size_t digits = std::to_string(list.size()).size();
    const std::size_t column = 2 + digits + 2 + widest;
    const std::size_t columns =
        std::max<std::size_t>(1, (static_cast<std::size_t>(std::max(width, 1)) + 2) / (column + 2));
    const std::size_t rows = (list.size() + columns - 1) / columns;
    std::string out;
    for (std::size_t row = 0; row < rows; ++row) {
        std::string line;
        for (std::size_t i = row; i < list.size(); i += rows) {
            line.resize(i / rows * (column + 2), ' ');
            line += fmt::format("  {:>{}}  {}", i + 1, digits, list[i]);
        }
        out += line + "\n";
    }
    return out;
}

bool confirm(const std::string& question, bool fallback) {
    if (!is_terminal(STDIN_FILENO)) {
        return false;
    }
    for (;;) {
        std::printf("? %s [%s] ", question.c_str(), fallback ? "Y/n" : "y/N");
        const auto line = read_line();
        if (!line) {
            std::printf("\n");
            return false;
        }
        const std::string word = to_lower(*line);
        if (word.empty()) {
            return fallback;
        }
        if (word == "y" || word == "yes" || word == "n" || word == "no") {
            return word[0] == 'y';
        }
    }
}

std::optional<std::size_t> choose(const std::string& question,
                                  const std::vector<std::string>& options) {
    if (!is_terminal(STDIN_FILENO)) {
        return std::nullopt;
    }
    for (;;) {
        std::printf("? %s\n%s[1-%zu, Enter for 1] ", question.c_str(),
                    numbered_columns(options, 0).c_str(), options.size());
        const auto line = read_line();
        if (!line) {
            std::printf("\n");
            return std::nullopt;
        }
        if (line->empty()) {
            return 0;
        }
        const auto found = matches(options, *line);
        if (found.size() == 1) {
            return found.front();
        }
        std::printf("%s is %s of them\n", go_quote(*line).c_str(),
                    found.empty() ? "none" : "part of several");
    }
}

std::optional<std::string> pick(const std::string& question,
                                const std::vector<std::string>& names) {
    if (!is_terminal(STDIN_FILENO)) {
        return std::nullopt;
    }
    std::vector<std::string> shown = names;
    for (;;) {
        std::printf(
            "? %s\n%s[a number, a name, or a part of a name to narrow the list; Enter to %s] ",
            question.c_str(), numbered_columns(shown, terminal_width()).c_str(),
            shown.size() < names.size() ? "show all" : "go back");
        const auto line = read_line();
        if (!line) {
            std::printf("\n");
            return std::nullopt;
        }
        if (line->empty() && shown.size() == names.size()) {
            return std::nullopt;
        }
        if (line->empty()) {
            shown = names;
            continue;
        }
        auto found = matches(shown, *line);
        if (found.size() == 1) {
            return shown[found.front()];
        }
        if (found.empty()) {
            std::printf("%s is none of them\n", go_quote(*line).c_str());
            continue;
        }
        std::vector<std::string> narrowed;
        for (const std::size_t i : found) {
            narrowed.push_back(shown[i]);
        }
        shown = std::move(narrowed);
    }
}

}  // namespace lima::cli
