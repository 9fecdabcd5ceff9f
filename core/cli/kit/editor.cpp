#include "core/cli/kit/editor.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/cli/kit/prompt.hpp"
#include "core/cli/kit/terminal.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace lima::cli {

namespace {

constexpr const char* kEndOfHeader = "# ----- comments above this line are not kept -----";

/// While the editor has the terminal, ^C is its affair.
class IgnoreInterrupts {
public:
    IgnoreInterrupts()
        : interrupt_(std::signal(SIGINT, SIG_IGN)), quit_(std::signal(SIGQUIT, SIG_IGN)) {}
    ~IgnoreInterrupts() {
        std::signal(SIGINT, interrupt_);
        std::signal(SIGQUIT, quit_);
    }
    IgnoreInterrupts(const IgnoreInterrupts&) = delete;
    IgnoreInterrupts& operator=(const IgnoreInterrupts&) = delete;

private:
    using Handler = void (*)(int);
    Handler interrupt_;
    Handler quit_;
};

using Words = std::vector<std::string>;

/// The command that a variable names: a program, or a program with arguments.
Result<Words> editor_command(const std::string& value) {
    if (find_program(value)) {
        return Words{value};
    }
    LIMA_TRY(Words words, split_shell_words(value));
    if (words.empty()) {
        return failf(Code::kNotFound, "it is empty");
    }
    LIMA_DO(find_program(words.front()));
    return words;
}

Result<Words> find_editor() {
    for (const char* variable : {"VISUAL", "EDITOR"}) {
        const char* value = std::getenv(variable);
        if (value == nullptr || trim(value).empty()) {
            continue;
        }
        auto command = editor_command(value);
        if (command) {
            return command;
        }
        log::warn("${} names no editor that can be run: {}", variable, command.error().text());
    }
    for (const char* name : {"editor", "vim", "vi", "emacs"}) {
        if (find_program(name)) {
            return Words{name};
        }
    }
    return fail(
        Error(Code::kNotFound, "could not find a text editor")
            .with_hint("set $EDITOR, or change the configuration with flags such as --set"));
}

std::string commented(std::string_view text, std::string_view prefix) {
    std::string out;
    for (const auto line : lines(text)) {
        out += line.empty() ? "#\n" : fmt::format("{}{}\n", prefix, line);
    }
    return out;
}

std::string with_error(const std::string& header, const Error& error) {
    return "# This is not valid yet; lines are counted from below this header:\n" +
           commented(error.text(), "#   ") + "#\n" + header;
}

/// What another text may cure.
bool is_about_the_text(Code code) {
    return code == Code::kInvalidArgument || code == Code::kNotFound ||
           code == Code::kFailedPrecondition || code == Code::kUnimplemented;
}

/// Shows what is wrong and asks.
bool wants_to_edit_on(const Error& error) {
    log::Fields fields;
    if (!error.hint().empty()) {
        fields.emplace_back("hint", error.hint());
    }
    log::write(log::Level::kError, error.text(), fields);
    return confirm("The configuration is not valid. Do you want to go on editing?", true);
}

}  // namespace

std::string editor_header(const instance::Context& context, const std::string& purpose) {
    std::string header = commented(purpose, "# ") + "# An empty file cancels.\n";
    for (const auto& [name, what] :
         {std::pair{"default.yaml", "counts where nothing is set below"},
          std::pair{"override.yaml", "counts more than what is set below"}}) {
        const auto text = fs::read_file_if_exists(context.home.config_dir() / name);
        if (text && *text && !trim(**text).empty()) {
            header +=
                fmt::format("#\n# {} {}:\n", (context.home.config_dir() / name).string(), what) +
                commented(**text, "#   ");
        }
    }
    return header + "#\n" + kEndOfHeader + "\n";
}

std::string cut_header(std::string_view text) {
    std::string above;
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
        const std::string_view line = trim(rest.substr(0, end));
        if (line == kEndOfHeader) {
            return above + std::string(rest.substr(end));
        }
        if (!line.empty() && !line.starts_with('#')) {
            above += rest.substr(0, end);
        }
        rest.remove_prefix(end);
    }
    return std::string(text);
}

Result<std::string> open_editor(const std::string& header, const std::string& text) {
    SpawnOptions options;
    LIMA_TRY(options.argv, find_editor());
    LIMA_TRY(const auto dir, fs::TempDir::create("lima-editor-"));
    const auto file = dir.path() / "lima.yaml";
    LIMA_DO(fs::write_file_atomic(file, header + text, 0600));
    const std::string editor = join(options.argv, " ");
    options.argv.push_back(file.string());
    options.inherit_stdio = true;
    options.new_group = false;
    std::fflush(stdout);
    const IgnoreInterrupts ignore;
    LIMA_TRY(Child child, spawn(options));
    LIMA_TRY(const auto status, child.wait());
    if (!status.ok()) {
        return failf(Code::kAborted, "the editor {} failed: {}; nothing was changed",
                     name_quote(editor), status.text());
    }
    LIMA_TRY(const auto saved, fs::read_file(file));
    std::string edited = cut_header(saved);
    return trim(edited).empty() ? std::string() : edited;
}

Result<bool> accept_or_edit(const std::string& header, std::string text,
                            const std::function<Result<void>(std::string& text)>& accept) {
    for (;;) {
        auto accepted = accept(text);
        if (accepted) {
            return true;
        }
        if (!is_about_the_text(accepted.error().code())) {
            return fail(std::move(accepted.error()));
        }
        if (!is_terminal(STDIN_FILENO)) {
            return fail(reject_yaml(std::move(accepted.error()), text));
        }
        if (!wants_to_edit_on(accepted.error())) {
            return fail(
                Error(Code::kInvalidArgument, "the YAML is invalid, " + save_rejected(text)));
        }
        LIMA_TRY(text, open_editor(with_error(header, accepted.error()), text));
        if (text.empty()) {
            return false;
        }
    }
}

std::string save_rejected(const std::string& text) {
    const char* file = "lima.REJECTED.yaml";
    const auto written = fs::write_file_atomic(file, text);
    return written ? "saved it as " + name_quote(file)
                   : "it could not be saved (" + written.error().text() + ")";
}

Error reject_yaml(Error error, const std::string& text) {
    return std::move(error).wrap("the YAML is invalid, " + save_rejected(text));
}

}  // namespace lima::cli
