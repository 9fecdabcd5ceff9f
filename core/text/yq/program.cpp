#include "core/text/yq/program.hpp"

#include "core/base/fd.hpp"
#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/base/version.hpp"
#include "core/text/yq/evaluate.hpp"
#include "core/text/yq/format.hpp"
#include "core/text/yq/program_input.hpp"
#include "core/text/yq/program_options.hpp"

#include <cstdio>
#include <cstdlib>
#include <unistd.h>
#include <utility>

namespace lima::text::yq {
namespace {

/// Block style, and quotes only where the encoder wants them.
void make_pretty(Node& node) {
    node.style = Style::kDefault;
    node.tag_written = node.tag_written && !node.tag.starts_with("!!");
    for (const NodePtr& item : node.content) {
        make_pretty(*item);
    }
}

const char* extension_of(const Format& format) {
    const std::string_view name = format.name;
    return name == "yaml"    ? "yml"
           : name == "props" ? "properties"
           : name == "shell" ? "sh"
                             : format.name;
}

/// Encodes results one after the other, and knows what stands between them.
class Printer {
public:
    Printer(const Format& format, const ProgramOptions& options, bool terminal)
        : format_(format), options_(options), encode_(options.encode) {
        const bool plain = std::getenv("NO_COLOR") != nullptr;
        encode_.colour = options.colours || (terminal && !plain && !options.no_colours);
        encode_.unwrap_scalar = options.unwrap.value_or(std::string_view("json") != format.name);
        encode_.document_separators = !options.no_documents;
        if (is_yaml()) {
            // As the original's encoder takes 0 and 1.
            encode_.indent = encode_.indent == 0 ? 4 : encode_.indent == 1 ? 2 : encode_.indent;
        }
    }

    /// The text of one result with its end.
    Result<std::string> print(Node& node) const {
        if (options_.pretty) {
            make_pretty(node);
        }
        LIMA_TRY(std::string text, format_.encode(node, encode_));
        if (options_.nul_output) {
            if (text.ends_with('\n')) {
                text.pop_back();
            }
            if (text.find('\0') != std::string::npos) {
                return failf(Code::kInvalidArgument,
                             "the result has a NUL byte, which would end it too early");
            }
            text += '\0';
        }
        return text;
    }

    /// What stands between the last result and this one.
    std::string separator(const Node& node) {
        const bool other = printed_ && (node.file != file_ || node.document != document_);
        printed_ = true;
        file_ = node.file;
        document_ = node.document;
        return other && is_yaml() && !options_.no_documents ? "---\n" : "";
    }

    const Format& format() const { return format_; }

private:
    bool is_yaml() const { return std::string_view("yaml") == format_.name; }

    const Format& format_;
    const ProgramOptions& options_;
    EncodeOptions encode_;
    bool printed_ = false;
    int file_ = 0;
    int document_ = 0;
};

/// One run of the program.
class Run {
public:
    explicit Run(ProgramOptions options) : options_(std::move(options)) {}

    /// The exit status.
    Result<int> run() {
        LIMA_DO(find_words());
        if (files_.empty() && !options_.null_input) {
            if (isatty(STDIN_FILENO) != 0) {
                return show(program_help());
            }
            files_.emplace_back("-");
        }
        LIMA_TRY(expression_, parse(expression_text_));
        LIMA_TRY(const Format* output, output_format());
        const bool terminal =
            isatty(STDOUT_FILENO) != 0 && !options_.in_place && options_.split.empty();
        Printer printer(*output, options_, terminal);
        if (!options_.split_file.empty()) {
            LIMA_TRY(options_.split, fs::read_file(options_.split_file));
        }
        if (!options_.split.empty()) {
            LIMA_TRY(split_, parse(options_.split));
        }
        set_up_evaluation();
        LIMA_DO(evaluate_inputs(printer));
        if (options_.exit_status && !matched_) {
            return failf(Code::kNotFound, "no matches found");
        }
        if (options_.in_place) {
            LIMA_DO(fs::replace_file(files_.front(), collected_));
        }
        return 0;
    }

    static Result<int> show(const std::string& text) {
        LIMA_DO(write_all(STDOUT_FILENO, text));
        return 0;
    }

private:
    /// Which of the words is the expression, and which are files.
    Result<void> find_words() {
        files_ = options_.words;
        bool given = true;
        if (options_.expression) {
            expression_text_ = *options_.expression;
        } else if (!options_.from_file.empty()) {
            LIMA_TRY(expression_text_, fs::read_file(options_.from_file));
        } else if (!files_.empty() && !is_input(files_.front())) {
            expression_text_ = files_.front();
            files_.erase(files_.begin());
        } else {
            given = !files_.empty();
        }
        if (options_.null_input && !files_.empty()) {
            return failf(Code::kInvalidArgument, "cannot pass files in when using null-input flag");
        }
        if (options_.in_place && (!given || files_.empty() || files_.front() == "-")) {
            return failf(Code::kInvalidArgument,
                         "write in place flag only applicable when giving an expression and at "
                         "least one file");
        }
        return {};
    }

    static bool is_input(const std::string& word) {
        std::error_code error;
        return word == "-" || std::filesystem::is_regular_file(word, error) ||
               std::filesystem::is_fifo(word, error);
    }

    static Result<const Format*> format_named(const std::string& name) {
        // The original knows shell variables by this name too; here it is the operator's.
        const Format* format = find_format(name == "sh" ? "shell" : name);
        if (format == nullptr) {
            return fail(
                Error(Code::kInvalidArgument, fmt::format("unknown format {}", name_quote(name)))
                    .with_hint("the formats are yaml, json, props, csv, tsv, ini, toml, xml, "
                               "base64, uri, shell and lua"));
        }
        return format;
    }

    static bool is_auto(const std::string& name) { return name == "auto" || name == "a"; }

    Result<const Format*> output_format() const {
        const Format* format = find_format("yaml");
        if (!is_auto(options_.output_format)) {
            LIMA_TRY(format, format_named(options_.output_format));
        } else if (is_auto(options_.input_format) && !files_.empty()) {
            format = &format_of_file(files_.front());
        }
        if (format->encode == nullptr) {
            return failf(Code::kInvalidArgument, "{} can be read, but not written", format->name);
        }
        return format;
    }

    Result<const Format*> input_format(const std::string& file) const {
        if (is_auto(options_.input_format)) {
            return &format_of_file(file);
        }
        LIMA_TRY(const Format* format, format_named(options_.input_format));
        if (format->decode == nullptr) {
            return failf(Code::kInvalidArgument, "{} can be written, but not read", format->name);
        }
        return format;
    }

    void set_up_evaluation() {
        if (!options_.no_env) {
            evaluation_.env = [](const std::string& name) -> std::optional<std::string> {
                const char* value = std::getenv(name.c_str());
                return value == nullptr ? std::nullopt : std::optional<std::string>(value);
            };
        }
        if (!options_.no_files) {
            evaluation_.read_file = [](const std::string& path) { return fs::read_file(path); };
        }
        evaluation_.file_names = files_;
    }

    Result<void> evaluate_inputs(Printer& printer) {
        std::vector<NodePtr> all;
        std::string rest;  // of the first file, behind its front matter
        for (std::size_t i = 0; i < files_.size(); ++i) {
            LIMA_TRY(const Format* format, input_format(files_[i]));
            InputOptions how{*format, options_.decode, i == 0 && !options_.front_matter.empty()};
            LIMA_TRY(Input input, read_input(files_[i], static_cast<int>(i), how));
            rest += options_.front_matter == "process" ? input.rest : "";
            if (options_.all) {
                all.insert(all.end(), input.documents.begin(), input.documents.end());
                continue;
            }
            for (const NodePtr& document : input.documents) {
                seen_ = true;
                LIMA_TRY(auto results, evaluate(expression_, document, evaluation_));
                LIMA_DO(print(results, printer));
            }
        }
        if (options_.all && !all.empty()) {
            LIMA_TRY(auto results, evaluate_all(expression_, all, evaluation_));
            LIMA_DO(print(results, printer));
        } else if (!seen_) {
            // Nothing was read: the expression starts from nothing.
            LIMA_TRY(auto results, evaluate(expression_, make_scalar("!!null", ""), evaluation_));
            LIMA_DO(print(results, printer));
        }
        return put(rest);
    }

    Result<void> print(const std::vector<NodePtr>& results, Printer& printer) {
        for (const NodePtr& node : results) {
            matched_ = matched_ || (node->tag != "!!null" &&
                                    !(node->tag == "!!bool" && to_lower(node->value) == "false"));
            const std::string separator = split_.root ? "" : printer.separator(*node);
            LIMA_TRY(const std::string text, printer.print(*node));
            if (split_.root) {
                LIMA_DO(write_split(node, text, printer.format()));
            } else {
                LIMA_DO(put(separator + text));
            }
        }
        return {};
    }

    Result<void> put(const std::string& text) {
        if (options_.in_place) {
            collected_ += text;
            return {};
        }
        return write_all(STDOUT_FILENO, text);
    }

    /// Into the file that the split expression names.
    Result<void> write_split(const NodePtr& node, const std::string& text, const Format& format) {
        Options evaluation = evaluation_;
        evaluation.variables.emplace_back("index", make_int(count_++));
        LIMA_TRY(const auto names, evaluate(split_, node, evaluation));
        if (names.size() != 1 || names.front()->kind != Kind::kScalar ||
            names.front()->tag == "!!null" || names.front()->value.empty()) {
            return failf(Code::kInvalidArgument,
                         "the split expression does not name one file for result {}", count_ - 1);
        }
        fs::Path path(names.front()->value);
        if (!path.has_extension()) {
            path += std::string(".") + extension_of(format);
        }
        if (path.has_parent_path()) {
            LIMA_DO(fs::make_dirs(path.parent_path()));
        }
        return fs::write_file_atomic(path, text);
    }

    ProgramOptions options_;
    std::vector<std::string> files_;
    std::string expression_text_;
    Expression expression_;
    Expression split_;
    Options evaluation_;
    std::string collected_;
    std::int64_t count_ = 0;
    bool matched_ = false;
    bool seen_ = false;
};

Result<int> run_program(const std::vector<std::string>& arguments) {
    LIMA_TRY(ProgramOptions options, parse_program_options(arguments));
    switch (options.action) {
        case ProgramAction::kHelp:
            return Run::show(program_help());
        case ProgramAction::kVersion:
            // Scripts look for the address and for "version v4" in this line.
            return Run::show(
                fmt::format("yq (Lima's own {}, compatible with "
                            "https://github.com/mikefarah/yq/) version v4.53.2\n",
                            version()));
        case ProgramAction::kEvaluate:
            break;
    }
    return Run(std::move(options)).run();
}

}  // namespace

bool is_yq(std::string_view program) {
    const std::string_view name = program.substr(program.rfind('/') + 1);
    return name.substr(0, name.find('.')) == "yq";
}

int yq_main(const std::vector<std::string>& arguments) {
    const auto status = run_program(arguments);
    if (status) {
        return *status;
    }
    std::string text = "Error: " + status.error().text() + "\n";
    if (!status.error().hint().empty()) {
        text += "Hint: " + status.error().hint() + "\n";
    }
    // There is nobody left to tell if that cannot be written.
    [[maybe_unused]] const auto written = write_all(STDERR_FILENO, text);
    return 1;
}

}  // namespace lima::text::yq
