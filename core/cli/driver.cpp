// limactl driver {list|inspect}
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/format/drivers.hpp"
#include "core/cli/format/instances.hpp"
#include "core/cli/kit/cli.hpp"
#include "core/cli/kit/terminal.hpp"
#include "core/driver/describe.hpp"

#include <algorithm>
#include <cstdio>

namespace lima::cli {

namespace {

using driver::Description;

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

std::vector<std::string> complete_drivers(Cli&, const std::string&) {
    std::vector<std::string> names;
    for (const auto& found : driver::discover(driver::default_search_path()).drivers) {
        names.push_back(found.name);
    }
    return names;
}

bool is_loaded(const Description& driver) { return driver.identity.has_value(); }

Result<int> list(bool json) {
    const auto drivers = driver::describe_all(driver::default_search_path());
    if (!json) {
        print(drivers_table(drivers));
    }
    for (const Description& driver : drivers) {
        if (json && driver.candidate.verdict != driver::Verdict::kNothing) {
            print(dump_json(driver_json(driver)) + "\n");
        }
    }
    if (std::none_of(drivers.begin(), drivers.end(), is_loaded)) {
        return fail(Error(Code::kNotFound, "no driver can be used")
                        .with_hint("set LIMA_DRIVERS_PATH to the directory of the drivers"));
    }
    return 0;
}

void print_json(const Description& driver, const std::vector<Description>& others) {
    Json object = driver_json(driver);
    object["others"] = Json::array();
    for (const Description& other : others) {
        object["others"].push_back(driver_json(other));
    }
    print((output_is_terminal() ? colour_json(object) : dump_json(object, 4)) + "\n");
}

Result<int> inspect(const std::string& name, bool json) {
    const driver::SearchPath search = driver::default_search_path();
    auto others = driver::describe_all(search);
    std::erase_if(others, [&](const Description& other) { return other.candidate.name != name; });
    if (others.empty()) {
        LIMA_TRY(const auto found, driver::find(search, name));
        return failf(Code::kNotFound, "{} has appeared just now", found.path.string());
    }
    const auto loaded = std::find_if(others.begin(), others.end(), is_loaded);
    const auto chosen = loaded == others.end() ? others.begin() : loaded;
    const Description driver = *chosen;
    others.erase(chosen);
    if (json) {
        print_json(driver, others);
    } else {
        print(driver_text(driver, others));
    }
    if (!driver.identity) {
        return fail(Error(Code::kFailedPrecondition,
                          fmt::format("the driver {} cannot be used: {}", name, driver.reason))
                        .with_hint(driver.hint));
    }
    return 0;
}

void add_list_of_drivers(Command& group) {
    Command& command = group.add(
        {.name = "list",
         .aliases = {"ls"},
         .summary = "List drivers, and the files that were refused",
         .details =
             "List the drivers that are found: in LIMA_DRIVERS_PATH (directories or files, "
             "separated by colons), then beside limactl\nin lib/lima/drivers and libexec/lima. The "
             "first of a name counts. Each module is loaded and asked what it is.\n\n"
             "KIND is module (a library), external (a program) or in-tree (linked in). STATE is "
             "loaded, refused, or hidden (by\nanother one of that name); below the table it is "
             "said why. Whether a driver that loads can run guests on\nthis host, it says when "
             "an instance is created.\n\n"
             "The exit status is 1 when no driver can be used.",
         .examples = "  $ limactl driver list\n  $ limactl driver list --json | jq -r "
                     "'select(.state == \"refused\") | .location + \": \" + .reason'",
         .max_args = 0});
    auto json = std::make_shared<bool>(false);
    command.flags().boolean("json", *json, "A JSON object for each file, one a line");
    command.run([json](Cli&, const Args&) { return list(*json); });
}

void add_inspect(Command& group) {
    Command& command = group.add(
        {.name = "inspect",
         .args = "NAME",
         .summary = "Show what a driver is and can do",
         .details = "Show where a driver is, what it speaks and what it can do, or why it cannot "
                    "be used.\nNAME is what an instance has as `vmType`.\n\n"
                    "The exit status is 1 when there is no such driver or it cannot be used.",
         .examples = "  $ limactl driver inspect qemu",
         .min_args = 1,
         .max_args = 1,
         .complete = complete_drivers});
    auto json = std::make_shared<bool>(false);
    command.flags().boolean("json", *json, "As one JSON object");
    command.run([json](Cli&, const Args& args) { return inspect(args[0], *json); });
}

}  // namespace

void add_driver(Cli& cli) {
    Command& group = cli.add({.name = "driver",
                              .summary = "Look at the drivers, which run the virtual machines",
                              .group = Group::kAdvanced});
    add_list_of_drivers(group);
    add_inspect(group);
}

}  // namespace lima::cli
