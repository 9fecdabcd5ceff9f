#include "core/text/yq/program_options.hpp"

#include "core/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>

namespace lima::text::yq {
namespace {

using Set = std::function<Result<void>(std::string_view value)>;

struct Flag {
    std::string name;
    char letter = 0;
    std::string type;  // "" for a switch, which needs no value
    std::string help;
    Set set;
};

Failure bad_value(std::string_view value, std::string_view why) {
    return failf(Code::kInvalidArgument, "invalid argument {}: {}", go_quote(value), why);
}

Set boolean(auto& target, bool meaning = true) {
    return [&target, meaning](std::string_view value) -> Result<void> {
        const auto parsed = parse_go_bool(value);
        if (!parsed) {
            return bad_value(value, "not a truth value");
        }
        target = *parsed == meaning;
        return {};
    };
}

/// For what is always so.
Set fixed(bool always) {
    return [always](std::string_view value) -> Result<void> {
        const auto parsed = parse_go_bool(value);
        if (!parsed) {
            return bad_value(value, "not a truth value");
        }
        return *parsed == always ? Result<void>()
                                 : bad_value(value, "this program knows no other way");
    };
}

/// For what makes no difference here.
Set ignored() {
    return [](std::string_view value) -> Result<void> {
        return parse_go_bool(value) ? Result<void>() : bad_value(value, "not a truth value");
    };
}

Set text(auto& target) {
    return [&target](std::string_view value) -> Result<void> {
        target = std::string(value);
        return {};
    };
}

Set number(int& target) {
    return [&target](std::string_view value) -> Result<void> {
        const auto parsed = std::from_chars(value.data(), value.data() + value.size(), target);
        constexpr int kWidest = 40;
        if (parsed.ec != std::errc() || parsed.ptr != value.data() + value.size() || target < 0 ||
            target > kWidest) {
            return bad_value(value, fmt::format("not a number from 0 to {}", kWidest));
        }
        return {};
    };
}

Set character(char& target) {
    return [&target](std::string_view value) -> Result<void> {
        if (value.size() != 1) {
            return bad_value(value, "not a single character");
        }
        target = value.front();
        return {};
    };
}

Set choice(std::string& target, std::vector<std::string_view> choices) {
    return [&target, choices = std::move(choices)](std::string_view value) -> Result<void> {
        if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
            return bad_value(
                value, "not one of " + [&] {
                    std::vector<std::string> names(choices.begin(), choices.end());
                    return join(names, ", ");
                }());
        }
        target = std::string(value);
        return {};
    };
}

/// Sets a name of XML for reading and for writing.
Set xml_name(ProgramOptions& options, std::string XmlNames::* name) {
    return [&options, name](std::string_view value) -> Result<void> {
        options.decode.xml.*name = std::string(value);
        options.encode.xml.*name = std::string(value);
        return {};
    };
}

void add_main_flags(std::vector<Flag>& out, ProgramOptions& o) {
    out.push_back({"null-input", 'n', "", "Read nothing: the expression makes a document",
                   boolean(o.null_input)});
    out.push_back({"inplace", 'i', "", "Write the result to the first file", boolean(o.in_place)});
    out.push_back({"input-format", 'p', "string",
                   "Format of the input; auto goes by the file's name (default \"auto\")",
                   text(o.input_format)});
    out.push_back({"output-format", 'o', "string",
                   "Format of the output; auto is that of the first file (default \"auto\")",
                   text(o.output_format)});
    out.push_back(
        {"prettyPrint", 'P', "", "Block style, quotes where they are needed", boolean(o.pretty)});
    out.push_back({"indent", 'I', "int", "Spaces of a level; 0 is one line of JSON (default 2)",
                   number(o.encode.indent)});
    out.push_back({"unwrapScalar", 'r', "",
                   "Print a plain value without quotes (default true, but not for JSON)",
                   boolean(o.unwrap)});
    out.push_back({"no-doc", 'N', "", "Print no --- between documents", boolean(o.no_documents)});
    out.push_back(
        {"nul-output", '0', "", "End each result with a NUL byte", boolean(o.nul_output)});
    out.push_back({"exit-status", 'e', "", "Fail if there is no result but null and false",
                   boolean(o.exit_status)});
    out.push_back({"colors", 'C', "", "Print with colours", boolean(o.colours)});
    out.push_back({"no-colors", 'M', "", "Print without colours", boolean(o.no_colours)});
    out.push_back({"yaml-compact-seq-indent", 'c', "",
                   "Print the items of a list below its key, not further in",
                   boolean(o.encode.compact_sequences)});
    out.push_back({"expression", 0, "string",
                   "The expression, where the first word could be taken for a file",
                   text(o.expression)});
    out.push_back(
        {"from-file", 0, "string", "Read the expression from this file", text(o.from_file)});
    out.push_back({"split-exp", 's', "string",
                   "Print each result to the file that this expression names; $index counts them",
                   text(o.split)});
    out.push_back(
        {"split-exp-file", 0, "string", "Read that expression from this file", text(o.split_file)});
    out.push_back({"front-matter", 'f', "string",
                   "The first input begins with YAML: extract prints the result for that alone, "
                   "process with the rest behind it",
                   choice(o.front_matter, {"extract", "process"})});
}

void add_format_flags(std::vector<Flag>& out, ProgramOptions& o) {
    out.push_back({"csv-separator", 0, "char", "Between the cells (default ,)",
                   [&o](std::string_view value) -> Result<void> {
                       LIMA_DO(character(o.decode.csv_separator)(value));
                       return character(o.encode.csv_separator)(value);
                   }});
    out.push_back({"csv-auto-parse", 0, "", "Cells are YAML, not strings (default true)",
                   boolean(o.decode.csv_values)});
    out.push_back({"tsv-auto-parse", 0, "", "Cells are YAML, not strings (default true)",
                   boolean(o.decode.tsv_values)});
    out.push_back({"properties-separator", 0, "string", "Between key and value (default \" = \")",
                   text(o.encode.properties_separator)});
    out.push_back({"properties-array-brackets", 0, "", "Write a[0], not a.0",
                   boolean(o.encode.properties_brackets)});
    out.push_back({"shell-key-separator", 0, "string",
                   "Between the keys of a variable's name (default \"_\")",
                   text(o.encode.shell_separator)});
    out.push_back({"xml-attribute-prefix", 0, "string", "Of an attribute's key (default \"+@\")",
                   xml_name(o, &XmlNames::attribute_prefix)});
    out.push_back({"xml-content-name", 0, "string",
                   "Key of an element's text (default \"+content\")",
                   xml_name(o, &XmlNames::content)});
    out.push_back({"xml-directive-name", 0, "string",
                   "Key of a <!DOCTYPE …> (default \"+directive\")",
                   xml_name(o, &XmlNames::directive)});
    out.push_back({"xml-proc-inst-prefix", 0, "string", "Of the key of a <?…?> (default \"+p_\")",
                   xml_name(o, &XmlNames::instruction_prefix)});
    out.push_back({"xml-keep-namespace", 0, "", "Keep the prefixes of names (default true)",
                   boolean(o.decode.xml_keep_namespace)});
    out.push_back({"xml-skip-directives", 0, "", "Leave <!DOCTYPE …> out",
                   boolean(o.decode.xml_skip_directives)});
    out.push_back(
        {"xml-skip-proc-inst", 0, "", "Leave <?…?> out", boolean(o.decode.xml_skip_instructions)});
    out.push_back({"lua-prefix", 0, "string", "Before the table (default \"return \")",
                   text(o.encode.lua_prefix)});
    out.push_back({"lua-suffix", 0, "string", "Behind the table (default \";\\n\")",
                   text(o.encode.lua_suffix)});
    out.push_back({"lua-unquoted", 0, "", "Write {a = 1}, not {[\"a\"] = 1}",
                   boolean(o.encode.lua_unquoted)});
    out.push_back({"lua-globals", 0, "", "Write global variables, not a table",
                   boolean(o.encode.lua_globals)});
}

void add_other_flags(std::vector<Flag>& out, ProgramOptions& o) {
    out.push_back({"security-disable-env-ops", 0, "", "Refuse env and its kin", boolean(o.no_env)});
    out.push_back(
        {"security-disable-file-ops", 0, "", "Refuse load and its kin", boolean(o.no_files)});
    out.push_back({"security-enable-system-operator", 0, "",
                   "Accepted; the system operator is refused all the same", ignored()});
    out.push_back({"help", 'h', "", "Help for yq", [&o](std::string_view) -> Result<void> {
                       o.action = ProgramAction::kHelp;
                       return {};
                   }});
    out.push_back({"version", 'V', "", "Version of yq", [&o](std::string_view) -> Result<void> {
                       o.action = ProgramAction::kVersion;
                       return {};
                   }});
    // Of the original, without a line in the help.
    out.push_back({"tojson", 'j', "", "", boolean(o.json)});
    out.push_back({"header-preprocess", 0, "", "", ignored()});
    out.push_back({"verbose", 'v', "", "", ignored()});
    out.push_back({"string-interpolation", 0, "", "", fixed(true)});
    out.push_back({"yaml-fix-merge-anchor-to-spec", 0, "", "", ignored()});
    out.push_back({"xml-strict-mode", 0, "", "", ignored()});
    out.push_back({"xml-raw-token", 0, "", "", fixed(true)});
}

std::vector<Flag> flags_of(ProgramOptions& options) {
    std::vector<Flag> out;
    add_main_flags(out, options);
    add_format_flags(out, options);
    add_other_flags(out, options);
    return out;
}

class Parser {
public:
    Parser(ProgramOptions& options, const std::vector<std::string>& arguments)
        : options_(options), flags_(flags_of(options)), arguments_(arguments) {}

    Result<void> parse() {
        while (at_ < arguments_.size()) {
            const std::string& word = arguments_[at_++];
            if (word == "--") {
                options_.words.insert(options_.words.end(),
                                      arguments_.begin() + static_cast<std::ptrdiff_t>(at_),
                                      arguments_.end());
                break;
            }
            if (word.starts_with("--")) {
                LIMA_DO(long_flag(std::string_view(word).substr(2)));
            } else if (word.size() > 1 && word.front() == '-') {
                LIMA_DO(letters(std::string_view(word).substr(1)));
            } else {
                options_.words.push_back(word);
            }
        }
        return {};
    }

private:
    Result<void> long_flag(std::string_view word) {
        const std::size_t equals = word.find('=');
        const std::string_view name = word.substr(0, equals);
        const auto flag = std::find_if(flags_.begin(), flags_.end(),
                                       [&](const Flag& each) { return each.name == name; });
        if (flag == flags_.end()) {
            return failf(Code::kInvalidArgument, "unknown flag: --{}", name);
        }
        std::string value = "true";
        if (equals != std::string_view::npos) {
            value = word.substr(equals + 1);
        } else if (!flag->type.empty()) {
            if (at_ >= arguments_.size()) {
                return failf(Code::kInvalidArgument, "flag needs an argument: --{}", name);
            }
            value = arguments_[at_++];
        }
        LIMA_DO(flag->set(value), "--{}", name);
        return {};
    }

    /// Several switches behind one dash; the value of a flag may follow without a space.
    Result<void> letters(std::string_view word) {
        for (std::size_t i = 0; i < word.size(); ++i) {
            const auto flag = std::find_if(flags_.begin(), flags_.end(), [&](const Flag& each) {
                return each.letter == word[i] && each.letter != 0;
            });
            if (flag == flags_.end()) {
                return failf(Code::kInvalidArgument, "unknown shorthand flag: '{}' in -{}", word[i],
                             word);
            }
            std::string_view rest = word.substr(i + 1);
            const bool equals = rest.starts_with('=');
            rest.remove_prefix(equals ? 1 : 0);
            if (flag->type.empty() && !equals) {
                LIMA_DO(flag->set("true"), "-{}", word[i]);
                continue;
            }
            std::string value(rest);
            if (!equals && rest.empty()) {
                if (at_ >= arguments_.size()) {
                    return failf(Code::kInvalidArgument, "flag needs an argument: '{}' in -{}",
                                 word[i], word);
                }
                value = arguments_[at_++];
            }
            LIMA_DO(flag->set(value), "-{}", word[i]);
            return {};
        }
        return {};
    }

    ProgramOptions& options_;
    std::vector<Flag> flags_;
    const std::vector<std::string>& arguments_;
    std::size_t at_ = 0;
};

constexpr std::string_view kHelp =
    R"(Read, change and print YAML, JSON, properties, CSV, TSV, INI, TOML and XML with expressions of
the yq v4 language.

Usage:
  yq [flags] [EXPRESSION] [FILE]...
  yq eval-all [flags] [EXPRESSION] [FILE]...

Commands:
  eval, e        The expression sees one document after the other (the default)
  eval-all, ea   The expression sees all documents of all files at once

Without a FILE, or with -, the standard input is read. Without an EXPRESSION all of it is printed.

Examples:
  Read a value:
  $ yq .name lima.yaml

  Change a file:
  $ yq -i '.cpus = 2' lima.yaml

  Another format:
  $ yq -o json . lima.yaml

Formats (-p, -o):
  yaml y, json j, props p, csv c, tsv t, ini i, toml, xml x, base64, uri;
  only for output: shell s, lua l

Flags:
)";

}  // namespace

Result<ProgramOptions> parse_program_options(const std::vector<std::string>& arguments) {
    ProgramOptions out;
    LIMA_DO(Parser(out, arguments).parse());
    if (!out.words.empty()) {
        const std::string& first = out.words.front();
        const bool all = first == "eval-all" || first == "ea";
        if (all || first == "eval" || first == "e") {
            out.all = all;
            out.words.erase(out.words.begin());
        } else if (first == "help") {
            out.action = ProgramAction::kHelp;
        }
    }
    if (out.json && out.output_format == "auto") {
        out.output_format = "json";
    }
    return out;
}

std::string program_help() {
    ProgramOptions defaults;
    const std::vector<Flag> flags = flags_of(defaults);
    std::size_t widest = 0;
    const auto label = [](const Flag& flag) {
        return fmt::format("  {}--{}{}{}",
                           flag.letter != 0 ? fmt::format("-{}, ", flag.letter) : "    ", flag.name,
                           flag.type.empty() ? "" : " ", flag.type);
    };
    for (const Flag& flag : flags) {
        widest = std::max(widest, flag.help.empty() ? 0 : label(flag).size());
    }
    std::string out(kHelp);
    for (const Flag& flag : flags) {
        if (!flag.help.empty()) {
            out += fmt::format("{:<{}}   {}\n", label(flag), widest, flag.help);
        }
    }
    return out;
}

}  // namespace lima::text::yq
