// The command tree of limactl: how a command is declared, parsed and run. CLI11 parses; it is seen
// by cli.cpp alone, so that a command's file names its flags through Flags and compiles fast. Help,
// completion and documentation are made from the same tree.
//
// A command's file has one function add_X(Cli&): it declares the command with Cli::add, its flags
// with Command::flags(), and gives the action that runs. Thread: main only.
#pragma once

#include "core/base/error.hpp"
#include "core/base/log_format.hpp"
#include "core/instance/instance.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lima::cli {

class Cli;
using Args = std::vector<std::string>;
/// The exit status; an error is printed as a fatal record and gives 1.
using Action = std::function<Result<int>(Cli&, const Args&)>;
/// Candidates for a word; "value\tdescription" is allowed.
using Completer = std::function<std::vector<std::string>(Cli&, const std::string& word)>;

struct FlagInfo {
    std::string name;  // without dashes
    char shorthand = 0;
    std::string type;  // "string", "int", …; empty for a bool
    std::string help;
    std::string default_text;  // shown in help when not empty
    bool hidden = false;
    Completer complete;
    bool complete_files = true;  // files as well when there is no completer
    bool complete_space = true;  // a candidate is the end of the word
    std::string section;         // of the help; empty: the first one
    bool is_bool() const { return type.empty(); }
};

/// Declares the flags of one command. Every target lives as long as the Cli; unset means: not
/// given.
class Flags {
public:
    struct Impl;
    explicit Flags(Impl* impl) : impl_(impl) {}

    /// The flags declared from now on stand below this title in the help.
    void section(const std::string& title);

    /// names: "format", or "f,format" with a shorthand. Each returns its info for more settings.
    FlagInfo& boolean(const std::string& names, std::optional<bool>& target,
                      const std::string& help);
    FlagInfo& boolean(const std::string& names, bool& target, const std::string& help);
    FlagInfo& text(const std::string& names, std::optional<std::string>& target,
                   const std::string& help);
    FlagInfo& text(const std::string& names, std::string& target, const std::string& help);
    FlagInfo& integer(const std::string& names, std::optional<int>& target,
                      const std::string& help);
    FlagInfo& number(const std::string& names, std::optional<double>& target,
                     const std::string& help);
    FlagInfo& duration(const std::string& names, std::optional<std::chrono::nanoseconds>& target,
                       const std::string& help);
    /// Comma-separated and repeatable.
    FlagInfo& csv(const std::string& names, std::optional<Args>& target, const std::string& help);
    /// Repeatable, a comma is a comma.
    FlagInfo& list(const std::string& names, Args& target, const std::string& help);

private:
    Impl* impl_;
};

enum class Group { kNone, kBasic, kAdvanced, kOther, kTopic, kHidden };

struct Spec {
    std::string name{};
    std::vector<std::string> aliases{};
    std::string args{};     // for the usage line: "INSTANCE [COMMAND...]"
    std::string summary{};  // one line
    std::string details{};  // longer text; empty: the summary
    std::string examples{};
    Group group = Group::kNone;
    int min_args = 0;
    int max_args = -1;      // -1: any number
    bool raw_tail = false;  // after the first positional everything is a positional (shell)
    Completer complete{};   // of positionals
    bool complete_files = false;
};

class Command {
public:
    struct Impl;
    explicit Command(std::unique_ptr<Impl> impl);
    ~Command();
    Command(const Command&) = delete;
    Command& operator=(const Command&) = delete;

    const Spec& spec() const;
    Flags flags();
    void run(Action action);
    Command& add(Spec spec);  // a sub-command

    const std::vector<std::unique_ptr<Command>>& commands() const;
    /// Its own flags, in order of declaration; a deque-like storage keeps references valid.
    std::vector<const FlagInfo*> flag_infos() const;
    const Command* parent() const;
    /// "limactl list".
    std::string path() const;
    Command* find(const std::string& name) const;  // by name or alias
    bool runnable() const;

    Impl& impl() { return *impl_; }

private:
    std::unique_ptr<Impl> impl_;
};

struct Globals {
    std::string log_level;
    std::string log_format = "text";
    bool debug = false;
    std::optional<bool> tty;
    std::optional<bool> yes;
    bool version = false;
};

class Cli {
public:
    Cli();
    ~Cli();

    Command& root() { return *root_; }
    Command& add(Spec spec) { return root_->add(std::move(spec)); }

    /// Parses, runs, prints the error: everything main does.
    int main(const Args& argv);

    /// Menus, editor and confirmations are wanted: --tty, --yes, else whether stdout is a terminal.
    bool tty() const;
    bool tty_given() const { return globals_.tty.has_value(); }
    bool yes_given() const { return globals_.yes.value_or(false); }
    void force_no_tty() { tty_override_ = false; }
    bool debug() const { return globals_.debug; }
    bool json_log() const { return globals_.log_format == "json"; }

    /// For completers: the words before the one to complete.
    const Args& completed_words() const { return completed_words_; }
    void set_completed_words(Args words) { completed_words_ = std::move(words); }

    /// Made at the first use; the error names what is wrong with LIMA_HOME.
    Result<instance::Context*> context();

private:
    Result<int> dispatch(const Args& args);
    Result<void> apply_globals();

    std::unique_ptr<Command> root_;
    Globals globals_;
    std::optional<bool> tty_override_;
    Args completed_words_;
    std::unique_ptr<instance::Context> context_;
};

/// The whole tree, declared by commands.cpp.
void add_commands(Cli& cli);

/// Completers of common kinds.
std::vector<std::string> complete_instances(Cli& cli, const std::string& word);
std::vector<std::string> complete_templates(Cli& cli, const std::string& word);

}  // namespace lima::cli
