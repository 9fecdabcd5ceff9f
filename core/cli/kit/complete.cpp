#include "core/cli/kit/complete.hpp"

#include "core/base/text.hpp"
#include "core/store/home.hpp"
#include "core/template/template.hpp"

#include <algorithm>
#include <cstdio>

namespace lima::cli {

namespace {

// Directive bits, as cobra's shell scripts know them.
constexpr int kNoSpace = 2;
constexpr int kNoFiles = 4;

struct Candidates {
    std::vector<std::string> words;
    int directive = kNoFiles;
};

const FlagInfo* find_flag(const Command& command, const std::string& word) {
    for (const Command* at = &command; at != nullptr; at = at->parent()) {
        for (const FlagInfo* flag : at->flag_infos()) {
            const bool is_short =
                flag->shorthand != 0 && word == std::string("-") + flag->shorthand;
            if (word == "--" + flag->name || is_short) {
                return flag;
            }
        }
    }
    return nullptr;
}

Candidates flag_names(const Command& command) {
    Candidates found;
    for (const Command* at = &command; at != nullptr; at = at->parent()) {
        for (const FlagInfo* flag : at->flag_infos()) {
            if (!flag->hidden && (at == &command || flag->name != "version")) {
                found.words.push_back("--" + flag->name + "\t" + flag->help);
            }
        }
    }
    found.words.emplace_back("--help\thelp for " + command.spec().name);
    return found;
}

Candidates flag_values(Cli& cli, const FlagInfo& flag, const std::string& word) {
    if (flag.complete) {
        return {flag.complete(cli, word), flag.complete_space ? kNoFiles : kNoFiles | kNoSpace};
    }
    if (flag.is_bool()) {
        return {{"true", "false"}, kNoFiles};
    }
    return {{}, flag.complete_files ? 0 : kNoFiles};
}

/// Walks the finished words down the tree; true when the word to complete is the value of `flag`.
struct Position {
    Command* command;
    const FlagInfo* flag = nullptr;
    bool only_words = false;  // after "--"
};

Position locate(Command& root, const Args& finished) {
    Position at{&root};
    for (std::size_t i = 0; i < finished.size(); ++i) {
        const std::string& word = finished[i];
        at.flag = nullptr;
        if (at.only_words) {
            continue;
        }
        if (word == "--") {
            at.only_words = true;
        } else if (word.starts_with("-")) {
            const FlagInfo* flag = find_flag(*at.command, word);
            if (flag != nullptr && !flag->is_bool()) {
                at.flag = flag;
                ++i;  // its value is finished too, unless it is the word to complete
            }
        } else if (Command* child = at.command->find(word)) {
            at.command = child;
        }
    }
    // A flag that was the last finished word still waits for its value.
    if (!finished.empty() && at.flag != nullptr &&
        find_flag(*at.command, finished.back()) != at.flag) {
        at.flag = nullptr;
    }
    return at;
}

Candidates candidates(Cli& cli, const Args& words) {
    const Args finished(words.begin(), words.end() - 1);
    const std::string& word = words.back();
    const Position at = locate(cli.root(), finished);
    cli.set_completed_words(finished);
    if (at.flag != nullptr) {
        return flag_values(cli, *at.flag, word);
    }
    if (word.starts_with("-") && !at.only_words) {
        const auto equals = word.find('=');
        const FlagInfo* flag =
            equals != std::string::npos ? find_flag(*at.command, word.substr(0, equals)) : nullptr;
        if (flag == nullptr) {
            return flag_names(*at.command);
        }
        Candidates values = flag_values(cli, *flag, word.substr(equals + 1));
        for (auto& value : values.words) {
            value.insert(0, word.substr(0, equals + 1));
        }
        return values;
    }
    if (!at.command->commands().empty()) {
        Candidates found;
        for (const auto& child : at.command->commands()) {
            if (child->spec().group != Group::kHidden) {
                found.words.push_back(child->spec().name + "\t" + child->spec().summary);
            }
        }
        return found;
    }
    const Spec& spec = at.command->spec();
    Candidates found;
    found.directive = spec.complete_files ? 0 : kNoFiles;
    if (spec.complete) {
        found.words = spec.complete(cli, word);
    }
    return found;
}

}  // namespace

Result<int> print_completions(Cli& cli, const Args& words, bool descriptions) {
    const Args all = words.empty() ? Args{""} : words;
    Candidates found = candidates(cli, all);
    for (const auto& line : found.words) {
        const auto tab = line.find('\t');
        const std::string value = line.substr(0, tab);
        if (!value.starts_with(all.back())) {
            continue;
        }
        std::printf("%s\n", (descriptions ? line : value).c_str());
    }
    std::printf(":%d\n", found.directive);
    return 0;
}

std::vector<std::string> complete_instances(Cli& cli, const std::string&) {
    auto context = cli.context();
    if (!context) {
        return {};
    }
    return (*context)->home.instance_names().value_or(std::vector<std::string>{});
}

std::vector<std::string> complete_templates(Cli& cli, const std::string& word) {
    auto context = cli.context();
    if (!context) {
        return {};
    }
    std::vector<std::string> names;
    for (const auto& listed : tmpl::list(tmpl::default_template_dirs((*context)->home.root()))) {
        const std::string full = "template:" + listed.name;
        const bool hidden =
            listed.name.starts_with("_") || listed.name.find("/_") != std::string::npos;
        if (!hidden || (word.size() > 9 && full.starts_with(word))) {
            names.push_back(full);
        }
    }
    return names;
}

}  // namespace lima::cli
