#include "core/cli/kit/menu.hpp"

#include "core/base/fs.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/cli/kit/terminal.hpp"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <unistd.h>

namespace lima::cli {

namespace {

std::optional<std::string> read_line() {
    std::string line;
    if (!std::getline(std::cin, line)) {
        std::cin.clear();
        return std::nullopt;
    }
    return std::string(trim(line));
}

Result<std::filesystem::path> find_editor() {
    for (const char* variable : {"VISUAL", "EDITOR"}) {
        if (const char* name = std::getenv(variable); name != nullptr && *name != '\0') {
            if (auto found = find_program(name)) {
                return found;
            }
        }
    }
    for (const char* name : {"editor", "vim", "vi", "emacs"}) {
        if (auto found = find_program(name)) {
            return found;
        }
    }
    return fail(
        Error(Code::kNotFound, "could not find a text editor")
            .with_hint("set $EDITOR, or change the configuration with flags such as --set"));
}

std::string editor_header(const std::string& name) {
    std::string header =
        "# Please edit the following configuration for Lima instance " + go_quote(name) + "\n";
    if (name == "default") {
        header += "# This is usually unnecessary.\n";
    }
    return header + "# An empty file cancels.\n\n";
}

}  // namespace

std::optional<std::size_t> choose(const std::string& question,
                                  const std::vector<std::string>& options) {
    if (!is_terminal(STDIN_FILENO)) {
        return std::nullopt;
    }
    for (;;) {
        std::printf("? %s\n", question.c_str());
        for (std::size_t i = 0; i < options.size(); ++i) {
            std::printf("  %zu  %s\n", i + 1, options[i].c_str());
        }
        std::printf("[1-%zu, Enter for 1] ", options.size());
        std::fflush(stdout);
        const auto line = read_line();
        if (!line) {
            return std::nullopt;
        }
        if (line->empty()) {
            return 0;
        }
        const auto number = std::strtoul(line->c_str(), nullptr, 10);
        if (number >= 1 && number <= options.size()) {
            return number - 1;
        }
    }
}

bool confirm(const std::string& question, bool fallback) {
    if (!is_terminal(STDIN_FILENO)) {
        return false;
    }
    for (;;) {
        std::printf("? %s (%s) ", question.c_str(), fallback ? "Y/n" : "y/N");
        std::fflush(stdout);
        const auto line = read_line();
        if (!line) {
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

Result<std::string> open_editor(const std::string& header, const std::string& text) {
    LIMA_TRY(const auto editor, find_editor());
    LIMA_TRY(const auto dir, fs::TempDir::create("lima-editor-"));
    const auto file = dir.path() / "lima.yaml";
    LIMA_DO(fs::write_file_atomic(file, header + text, 0600));
    SpawnOptions options;
    options.argv = {editor.string(), file.string()};
    options.inherit_stdio = true;
    options.new_group = false;
    LIMA_TRY(Child child, spawn(options));
    LIMA_TRY(const auto status, child.wait());
    if (!status.ok()) {
        return failf(Code::kAborted, "could not run the editor {}: {}", name_quote(editor.string()),
                     status.text());
    }
    LIMA_TRY(auto edited, fs::read_file(file));
    if (edited.starts_with(header)) {
        edited.erase(0, header.size());
    }
    return trim(edited).empty() ? std::string() : edited;
}

Result<std::string> creation_menu(const instance::Context&, const EditFlags& edit,
                                  const EditInput& input, const std::string& name,
                                  const std::string& text, const std::string& file) {
    LIMA_TRY(auto edited, apply_edit_flags(edit, input, text, file));
    const auto choice =
        choose("Creating an instance " + go_quote(name),
               {"Proceed with the current configuration",
                "Open an editor to review or modify the current configuration", "Exit"});
    if (!choice) {
        log::warn("Failed to open the menu, proceeding with the current configuration");
        return edited;
    }
    if (*choice == 2) {
        return failf(Code::kCancelled, "exiting");
    }
    if (*choice == 1) {
        LIMA_TRY(edited, open_editor(editor_header(name), edited));
        if (edited.empty()) {
            log::info("Aborting, as requested by saving the file with empty content");
            return failf(Code::kCancelled, "aborted: the saved file was empty");
        }
    }
    return edited;
}

}  // namespace lima::cli
