#include "core/cli/kit/help.hpp"

#include "core/base/text.hpp"
#include "core/cli/kit/plugins.hpp"
#include "core/cli/kit/terminal.hpp"

#include <algorithm>
#include <cstdio>

namespace lima::cli {

namespace {

std::string pad(const std::string& text, std::size_t width) {
    return text.size() < width ? text + std::string(width - text.size(), ' ') : text;
}

using Rows = std::vector<std::pair<std::string, std::string>>;

std::string render_rows(const Rows& rows, std::size_t gap) {
    std::size_t width = 0;
    for (const auto& [left, right] : rows) {
        width = std::max(width, left.size());
    }
    std::string out;
    for (const auto& [left, right] : rows) {
        out += right.empty() ? left + "\n" : pad(left, width + gap) + right + "\n";
    }
    return out;
}

void add_flag_row(Rows& rows, const FlagInfo& flag) {
    std::string left =
        flag.shorthand != 0 ? std::string("  -") + flag.shorthand + ", --" : "      --";
    left += flag.name + (flag.type.empty() ? "" : " " + flag.type);
    std::string right = flag.help;
    if (!flag.default_text.empty()) {
        right += " (default " + flag.default_text + ")";
    }
    rows.emplace_back(left, right);
}

std::string flag_rows(const Command& command) {
    Rows rows;
    for (const FlagInfo* flag : command.flag_infos()) {
        if (!flag->hidden && flag->section.empty()) {
            add_flag_row(rows, *flag);
        }
    }
    rows.emplace_back("  -h, --help", "help for " + command.spec().name);
    return render_rows(rows, 3);
}

/// Each below its title, in the order of the declarations.
std::string section_rows(const Command& command) {
    std::string out;
    std::string title;
    Rows rows;
    const auto finish = [&] {
        out += rows.empty() ? "" : "\n" + title + "\n" + render_rows(rows, 3);
        rows.clear();
    };
    for (const FlagInfo* flag : command.flag_infos()) {
        if (flag->hidden || flag->section.empty()) {
            continue;
        }
        if (flag->section != title) {
            finish();
            title = flag->section;
        }
        add_flag_row(rows, *flag);
    }
    finish();
    return out;
}

std::string group_rows(const Command& command, Group group) {
    Rows rows;
    for (const auto& child : command.commands()) {
        if (child->spec().group == group) {
            rows.emplace_back("  " + child->spec().name, child->spec().summary);
        }
    }
    std::sort(rows.begin(), rows.end());
    return render_rows(rows, 2);
}

std::string commands_text(const Command& command) {
    std::string out;
    const auto section = [&](const char* title, Group group) {
        const std::string rows = group_rows(command, group);
        if (!rows.empty()) {
            out += std::string("\n") + title + "\n" + rows;
        }
    };
    if (command.parent() != nullptr) {
        section("Available Commands:", Group::kNone);
        return out;
    }
    section("Basic Commands:", Group::kBasic);
    section("Advanced Commands:", Group::kAdvanced);
    Rows plugins;
    for (const auto& plugin : list_plugins()) {
        if (!plugin.name.starts_with("url-") && command.find(plugin.name) == nullptr) {
            plugins.emplace_back("  " + plugin.name, plugin.description);
        }
    }
    out += "\nAvailable Plugins (Experimental):\n" + render_rows(plugins, 2);
    section("Additional Commands:", Group::kOther);
    return out;
}

}  // namespace

std::string help_text(const Command& command) {
    const Spec& spec = command.spec();
    if (spec.group == Group::kTopic) {
        return spec.details + "\n";
    }
    std::string out = (spec.details.empty() ? spec.summary : spec.details) + "\n\nUsage:\n";
    const std::string path = command.path();
    if (command.runnable()) {
        out += "  " + path + (spec.args.empty() ? "" : " " + spec.args) + " [flags]\n";
    }
    if (!command.commands().empty()) {
        out += "  " + path + " [command]\n";
    }
    if (!spec.aliases.empty()) {
        out += "\nAliases:\n  " + spec.name + ", " + join(spec.aliases, ", ") + "\n";
    }
    if (!spec.examples.empty()) {
        out += "\nExamples:\n" + spec.examples + "\n";
    }
    if (!command.commands().empty()) {
        out += commands_text(command);
    }
    out += "\nFlags:\n" + flag_rows(command) + section_rows(command);
    if (command.parent() != nullptr) {
        const Command* root = command.parent();
        while (root->parent() != nullptr) {
            root = root->parent();
        }
        const std::string rows = flag_rows(*root);
        std::string kept;
        for (const auto line : lines(rows)) {
            if (line.find("--help") == std::string_view::npos &&
                line.find("--version") == std::string_view::npos) {
                kept += std::string(line) + "\n";
            }
        }
        out += "\nGlobal Flags:\n" + kept;
    }
    if (const std::string topics = group_rows(command, Group::kTopic); !topics.empty()) {
        out += "\nAdditional help topics:\n" + topics;
    }
    if (!command.commands().empty()) {
        out += "\nUse \"" + path + " [command] --help\" for more information about a command.\n";
    }
    return out;
}

void print_help(const Command& command) { print(help_text(command)); }

const Command& help_target(const Command& root, const Args& words) {
    const Command* command = &root;
    for (const auto& word : words) {
        const Command* next = command->find(word);
        if (next == nullptr) {
            std::fprintf(stderr, "Unknown help topic %s\n", name_quote(word).c_str());
            return root;  // NOLINT(bugprone-return-const-ref-from-parameter): the tree outlives us
        }
        command = next;
    }
    return *command;
}

}  // namespace lima::cli
