// limactl snapshot {create|apply|delete|list} INSTANCE
#include "core/instance/snapshot.hpp"

#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/kit/cli.hpp"
#include "core/cli/kit/terminal.hpp"

namespace lima::cli {

namespace {

using hostapi::SnapshotVerb;

Args words_of(std::string_view line) {
    Args out;
    for (const std::string& word : split(line, ' ')) {
        if (!word.empty()) {
            out.push_back(word);
        }
    }
    return out;
}

/// The second word of each row below the table's head.
Result<Args> tags_of(const std::string& table) {
    Args tags;
    bool head = true;
    for (const std::string_view line : lines(table)) {
        const Args words = words_of(line);
        if (words.empty()) {
            continue;
        }
        if (head && (words.size() < 2 || words[1] != "TAG")) {
            return failf(Code::kInternal,
                         "the driver's list of snapshots has an unexpected head: {}",
                         go_quote(line));
        }
        if (!head && words.size() > 1) {
            tags.push_back(words[1]);
        }
        head = false;
    }
    return tags;
}

void warn_experimental() { log::warn("`limactl snapshot` is experimental"); }

/// Those of the instance that stands on the command line already.
Args complete_tags(Cli& cli, const std::string&) {
    const auto context = cli.context();
    Args found;
    for (const std::string& word : context ? cli.completed_words() : Args{}) {
        if (!store::check_instance_name(word)) {
            continue;
        }
        const auto table = instance::list_snapshots(**context, word);
        auto tags = table ? tags_of(*table) : Result<Args>(Args{});
        if (tags && !tags->empty()) {
            found = std::move(*tags);
        }
    }
    return found;
}

Result<int> change(Cli& cli, SnapshotVerb verb, const std::string& tag, const Args& args) {
    warn_experimental();
    if (tag.empty()) {
        return fail(Error(Code::kInvalidArgument, "the flag --tag must name the snapshot")
                        .with_hint("as in `--tag before-upgrade`"));
    }
    LIMA_TRY(auto* context, cli.context());
    LIMA_DO(instance::change_snapshot(*context, args[0], verb, tag));
    return 0;
}

Result<int> list(Cli& cli, bool quiet, const Args& args) {
    warn_experimental();
    LIMA_TRY(auto* context, cli.context());
    LIMA_TRY(std::string text, instance::list_snapshots(*context, args[0]));
    if (quiet) {
        LIMA_TRY(const Args tags, tags_of(text));
        text.clear();
        for (const std::string& tag : tags) {
            text += tag + "\n";
        }
    }
    print(text);
    return 0;
}

void add_change(Command& group, SnapshotVerb verb, Spec spec) {
    spec.args = "INSTANCE";
    spec.min_args = 1;
    spec.complete = complete_instances;
    Command& command = group.add(std::move(spec));
    auto tag = std::make_shared<std::string>();
    FlagInfo& flag = command.flags().text("tag", *tag, "Name of the snapshot");
    flag.complete_files = false;
    if (verb != SnapshotVerb::kCreate) {
        flag.complete = complete_tags;
    }
    command.run([verb, tag](Cli& c, const Args& args) { return change(c, verb, *tag, args); });
}

void add_list_of_snapshots(Command& group) {
    Command& command = group.add({.name = "list",
                                  .aliases = {"ls"},
                                  .args = "INSTANCE",
                                  .summary = "List the snapshots of an instance",
                                  .min_args = 1,
                                  .complete = complete_instances});
    auto quiet = std::make_shared<bool>(false);
    command.flags().boolean("q,quiet", *quiet, "Only show the tags");
    command.run([quiet](Cli& c, const Args& args) { return list(c, *quiet, args); });
}

}  // namespace

void add_snapshot(Cli& cli) {
    Command& group = cli.add(
        {.name = "snapshot",
         .summary = "Manage the snapshots of an instance",
         .details = "Manage the snapshots of an instance (experimental).\n\nA snapshot of an "
                    "instance that runs holds its memory too: applied, the guest goes on from "
                    "where it was.\nOne of a stopped instance holds its disks. It depends on the "
                    "driver whether there are snapshots; that of\nqemu needs disks in the format "
                    "qcow2, and while the instance runs no mounts by 9p or virtiofs.",
         .group = Group::kAdvanced});
    add_change(group, SnapshotVerb::kCreate,
               {.name = "create",
                .aliases = {"save"},
                .summary = "Take a snapshot",
                .examples = "  $ limactl snapshot create default --tag before-upgrade"});
    add_change(group, SnapshotVerb::kApply,
               {.name = "apply",
                .aliases = {"load"},
                .summary = "Put an instance back to a snapshot",
                .examples = "  $ limactl snapshot apply default --tag before-upgrade"});
    add_change(group, SnapshotVerb::kDelete,
               {.name = "delete", .aliases = {"del"}, .summary = "Delete a snapshot"});
    add_list_of_snapshots(group);
}

}  // namespace lima::cli
