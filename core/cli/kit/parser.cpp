#include "core/cli/kit/parser.hpp"

#include "core/base/text.hpp"
#include "core/base/units.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <deque>

namespace lima::cli {

struct Flags::Impl {
    CLI::App* app = nullptr;
    std::deque<FlagInfo> infos;
    std::string section;
    std::vector<std::function<Result<void>()>> after_parse;  // raw words into typed targets
};

struct Command::Impl {
    Spec spec;
    Command* self = nullptr;
    Command* parent = nullptr;
    std::unique_ptr<CLI::App> owned;  // the root only
    CLI::App* app = nullptr;
    Flags::Impl flags;
    Args positionals;
    bool help = false;
    Action action;
    std::vector<std::unique_ptr<Command>> commands;
};

namespace {

FlagInfo describe(const std::string& section, const std::string& names, const std::string& type,
                  const std::string& help) {
    FlagInfo info;
    info.section = section;
    const auto comma = names.find(',');
    if (comma != std::string::npos) {
        info.shorthand = names[0];
    }
    info.name = comma == std::string::npos ? names : names.substr(comma + 1);
    info.type = type;
    info.help = help;
    return info;
}

std::string cli11_names(const FlagInfo& info) {
    const std::string name = "--" + info.name;
    return info.shorthand != 0 ? std::string("-") + info.shorthand + "," + name : name;
}

Error invalid_argument(const std::string& value, const FlagInfo& info, const std::string& cause) {
    return Error(Code::kInvalidArgument, fmt::format("invalid argument {} for \"--{}\" flag: {}",
                                                     go_quote(value), info.name, cause));
}

/// A flag that takes one word; the last one given wins.
FlagInfo& add_word(Flags::Impl& impl, const std::string& names, const std::string& type,
                   const std::string& help,
                   std::function<Result<void>(const std::string&, const FlagInfo&)> store) {
    FlagInfo& info = impl.infos.emplace_back(describe(impl.section, names, type, help));
    auto raw = std::make_shared<std::string>();
    CLI::Option* option = impl.app->add_option(cli11_names(info), *raw, help)->take_last();
    impl.after_parse.emplace_back([raw, option, &info, store = std::move(store)]() -> Result<void> {
        return option->count() > 0 ? store(*raw, info) : Result<void>{};
    });
    return info;
}

Result<bool> parse_bool(const std::string& word) {
    static const std::vector<std::string> kTrue{"1", "t", "T", "true", "TRUE", "True"};
    static const std::vector<std::string> kFalse{"0", "f", "F", "false", "FALSE", "False"};
    if (std::find(kTrue.begin(), kTrue.end(), word) != kTrue.end()) {
        return true;
    }
    if (std::find(kFalse.begin(), kFalse.end(), word) != kFalse.end()) {
        return false;
    }
    return failf(Code::kInvalidArgument, "parsing {}: invalid syntax", go_quote(word));
}

}  // namespace

void Flags::section(const std::string& title) { impl_->section = title; }

FlagInfo& Flags::boolean(const std::string& names, std::optional<bool>& target,
                         const std::string& help) {
    FlagInfo& info = impl_->infos.emplace_back(describe(impl_->section, names, "", help));
    auto raw = std::make_shared<std::string>();
    // A flag in CLI11's sense that keeps its "=VALUE" as text, so that the value is judged by our
    // rules.
    CLI::Option* option = impl_->app->add_flag(cli11_names(info), *raw, help)->take_last();
    impl_->after_parse.emplace_back([raw, option, &info, &target]() -> Result<void> {
        if (option->count() == 0) {
            return {};
        }
        auto value = parse_bool(*raw);
        if (!value) {
            return fail(invalid_argument(*raw, info, "strconv.ParseBool: " + value.error().text()));
        }
        target = *value;
        return {};
    });
    return info;
}

FlagInfo& Flags::boolean(const std::string& names, bool& target, const std::string& help) {
    auto given = std::make_shared<std::optional<bool>>();
    FlagInfo& info = boolean(names, *given, help);
    impl_->after_parse.emplace_back([given, &target]() -> Result<void> {
        target = given->value_or(target);
        return {};
    });
    return info;
}

FlagInfo& Flags::text(const std::string& names, std::optional<std::string>& target,
                      const std::string& help) {
    return add_word(*impl_, names, "string", help,
                    [&target](const std::string& raw, const FlagInfo&) -> Result<void> {
                        target = raw;
                        return {};
                    });
}

FlagInfo& Flags::text(const std::string& names, std::string& target, const std::string& help) {
    FlagInfo& info = add_word(*impl_, names, "string", help,
                              [&target](const std::string& raw, const FlagInfo&) -> Result<void> {
                                  target = raw;
                                  return {};
                              });
    info.default_text = target.empty() ? "" : go_quote(target);
    return info;
}

FlagInfo& Flags::integer(const std::string& names, std::optional<int>& target,
                         const std::string& help) {
    return add_word(
        *impl_, names, "int", help,
        [&target](const std::string& raw, const FlagInfo& info) -> Result<void> {
            std::size_t used = 0;
            const std::string plain = replace_all(raw, "_", "");
            try {
                target = std::stoi(plain, &used, 0);
            } catch (const std::exception&) {
                used = 0;
            }
            if (used == 0 || used != plain.size()) {
                return fail(invalid_argument(
                    raw, info,
                    fmt::format("strconv.ParseInt: parsing {}: invalid syntax", go_quote(raw))));
            }
            return {};
        });
}

FlagInfo& Flags::number(const std::string& names, std::optional<double>& target,
                        const std::string& help) {
    return add_word(
        *impl_, names, "float32", help,
        [&target](const std::string& raw, const FlagInfo& info) -> Result<void> {
            double value = 0;
            const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
            if (error != std::errc{} || end != raw.data() + raw.size()) {
                return fail(invalid_argument(
                    raw, info,
                    fmt::format("strconv.ParseFloat: parsing {}: invalid syntax", go_quote(raw))));
            }
            target = value;
            return {};
        });
}

FlagInfo& Flags::duration(const std::string& names, std::optional<std::chrono::nanoseconds>& target,
                          const std::string& help) {
    return add_word(*impl_, names, "duration", help,
                    [&target](const std::string& raw, const FlagInfo& info) -> Result<void> {
                        auto value = parse_duration(raw);
                        if (!value) {
                            return fail(invalid_argument(raw, info, value.error().text()));
                        }
                        target = *value;
                        return {};
                    });
}

FlagInfo& Flags::csv(const std::string& names, std::optional<Args>& target,
                     const std::string& help) {
    auto raw = std::make_shared<Args>();
    FlagInfo& info = list(names, *raw, help);
    info.type = "strings";
    impl_->after_parse.emplace_back([raw, &target]() -> Result<void> {
        for (const auto& word : *raw) {
            if (!target) {
                target.emplace();
            }
            for (auto& part : split(word, ',')) {
                target->push_back(std::move(part));
            }
        }
        return {};
    });
    return info;
}

FlagInfo& Flags::list(const std::string& names, Args& target, const std::string& help) {
    FlagInfo& info =
        impl_->infos.emplace_back(describe(impl_->section, names, "stringArray", help));
    impl_->app->add_option(cli11_names(info), target, help)->allow_extra_args(false);
    return info;
}

Command::Command(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Command::~Command() = default;

const Spec& Command::spec() const { return impl_->spec; }
Flags Command::flags() { return Flags(&impl_->flags); }
void Command::run(Action action) { impl_->action = std::move(action); }
const std::vector<std::unique_ptr<Command>>& Command::commands() const { return impl_->commands; }
const Command* Command::parent() const { return impl_->parent; }
bool Command::runnable() const { return static_cast<bool>(impl_->action); }

std::vector<const FlagInfo*> Command::flag_infos() const {
    std::vector<const FlagInfo*> all;
    for (const auto& info : impl_->flags.infos) {
        all.push_back(&info);
    }
    return all;
}

std::string Command::path() const {
    return impl_->parent != nullptr ? impl_->parent->path() + " " + impl_->spec.name
                                    : impl_->spec.name;
}

Command* Command::find(const std::string& name) const {
    for (const auto& command : impl_->commands) {
        const auto& aliases = command->spec().aliases;
        if (command->spec().name == name ||
            std::find(aliases.begin(), aliases.end(), name) != aliases.end()) {
            return command.get();
        }
    }
    return nullptr;
}

Command& Command::add(Spec spec) {
    auto impl = std::make_unique<Impl>();
    impl->spec = std::move(spec);
    impl->parent = impl_->self;
    impl->app = impl_->app->add_subcommand(impl->spec.name, impl->spec.summary);
    for (const auto& alias : impl->spec.aliases) {
        impl->app->alias(alias);
    }
    impl->app->set_help_flag();
    impl->app->fallthrough();
    if (impl->spec.raw_tail) {
        impl->app->positionals_at_end();
    }
    impl->app->add_option("positionals", impl->positionals);
    impl->app->add_flag("-h,--help", impl->help);
    impl->flags.app = impl->app;
    auto command = std::make_unique<Command>(std::move(impl));
    command->impl_->self = command.get();
    return *impl_->commands.emplace_back(std::move(command));
}

std::unique_ptr<Command> make_root(Spec spec) {
    auto impl = std::make_unique<Command::Impl>();
    impl->spec = std::move(spec);
    impl->owned = std::make_unique<CLI::App>(impl->spec.summary, impl->spec.name);
    impl->app = impl->owned.get();
    impl->app->set_help_flag();
    impl->app->require_subcommand(0, 1);
    impl->app->add_flag("-h,--help", impl->help);
    impl->flags.app = impl->app;
    auto root = std::make_unique<Command>(std::move(impl));
    root->impl().self = root.get();
    return root;
}

namespace {

/// pflag's words for CLI11's troubles.
Error usage_error(const Command& command, const CLI::ParseError& error) {
    const std::string what = error.what();
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
        const auto start = what.find(": ");
        const auto words = split(start == std::string::npos ? what : what.substr(start + 2), ' ');
        for (const auto& word : words) {
            if (word.starts_with("--")) {
                return {Code::kInvalidArgument, "unknown flag: " + word.substr(0, word.find('='))};
            }
            if (word.starts_with("-") && word.size() > 1) {
                return {Code::kInvalidArgument, fmt::format("unknown shorthand flag: {} in {}",
                                                            "'" + word.substr(1, 1) + "'", word)};
            }
        }
        if (auto arity = check_arity(command, words.size()); !arity) {
            return arity.error();
        }
    }
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
        return {Code::kInvalidArgument,
                "flag needs an argument: " + what.substr(0, what.find_first_of(": "))};
    }
    return {Code::kInvalidArgument, what};
}

Command* chosen(Command& root) {
    Command* command = &root;
    for (bool deeper = true; deeper;) {
        deeper = false;
        for (const auto& child : command->commands()) {
            if (child->impl().app->parsed()) {
                command = child.get();
                deeper = true;
                break;
            }
        }
    }
    return command;
}

/// --help wins over every other mistake, unless it belongs to the tail of `shell`.
bool asks_for_help(const Command& command, const Args& args) {
    bool seen_positional = false;
    for (const auto& word : args) {
        if (word == "--" || (seen_positional && command.spec().raw_tail)) {
            return false;
        }
        if (word == "--help" || word == "-h") {
            return true;
        }
        seen_positional =
            seen_positional || (!word.starts_with("-") && word != command.spec().name);
    }
    return false;
}

}  // namespace

Result<Parsed> parse(Command& root, const Args& args) {
    CLI::App& app = *root.impl().app;
    std::vector<std::string> reversed(args.rbegin(), args.rend());
    std::optional<Error> error;
    try {
        app.parse(reversed);
    } catch (const CLI::ParseError& caught) {
        error = usage_error(*chosen(root), caught);
    }
    Parsed parsed;
    parsed.command = chosen(root);
    if (parsed.command->impl().help || root.impl().help ||
        (error && asks_for_help(*parsed.command, args))) {
        parsed.help = true;
        return parsed;
    }
    if (error) {
        return fail(std::move(*error));
    }
    for (Command* at = parsed.command; at != nullptr; at = at->impl().parent) {
        for (const auto& step : at->impl().flags.after_parse) {
            LIMA_DO(step());
        }
    }
    parsed.args = parsed.command->impl().positionals;
    return parsed;
}

const Action& action_of(Command& command) { return command.impl().action; }

Result<void> check_arity(const Command& command, std::size_t count) {
    const Spec& spec = command.spec();
    const int n = static_cast<int>(count);
    std::string sentence;
    if (spec.min_args == spec.max_args && n != spec.min_args) {
        sentence = fmt::format("accepts {} arg(s), received {}", spec.min_args, n);
    } else if (n < spec.min_args) {
        sentence = fmt::format("requires at least {} arg(s), only received {}", spec.min_args, n);
    } else if (spec.max_args >= 0 && n > spec.max_args) {
        sentence = spec.max_args == 0
                       ? fmt::format("accepts no arguments, received {}", n)
                       : fmt::format("accepts at most {} arg(s), received {}", spec.max_args, n);
    } else {
        return {};
    }
    return failf(Code::kInvalidArgument, "{} {}.\nSee '{} --help'.\n\nUsage:  {} {}\n\n{}",
                 name_quote(command.path()), sentence, command.path(), command.path(), spec.args,
                 spec.summary);
}

std::vector<std::string> suggestions(const Command& parent, const std::string& word) {
    std::vector<std::string> close;
    for (const auto& command : parent.commands()) {
        const Spec& spec = command->spec();
        if (spec.group == Group::kHidden) {
            continue;
        }
        if (edit_distance(to_lower(word), spec.name) <= 2 ||
            spec.name.starts_with(to_lower(word)) || (word == "ssh" && spec.name == "shell")) {
            close.push_back(spec.name);
        }
    }
    return close;
}

}  // namespace lima::cli
