// limactl driver {list|inspect|check}
#include "core/base/exec.hpp"
#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/format/drivers.hpp"
#include "core/cli/format/json.hpp"
#include "core/cli/kit/cli.hpp"
#include "core/cli/kit/plugins.hpp"
#include "core/cli/kit/terminal.hpp"
#include "core/driver/describe.hpp"

#include <algorithm>
namespace lima::cli {

namespace {

using driver::Description;

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

struct CheckOptions {
    bool json = false;
    bool only_failed = false;
    bool list = false;
    bool isolated = false;
    std::optional<int> level;
    std::optional<int> patience;
    std::optional<int> timeout;
    Args tests;
    std::optional<std::string> instance;
};

/// A program that is shipped with limactl.
Result<std::string> own_program(const std::string& name) {
    for (const auto& dir : libexec_dirs()) {
        if (fs::exists(dir / name)) {
            return (dir / name).string();
        }
    }
    return fail(Error(Code::kNotFound, fmt::format("{} is not installed", name))
                    .with_hint("it belongs into libexec/lima beside limactl's bin"));
}

Result<std::string> driver_file(const std::string& word) {
    if (word.find('/') != std::string::npos || word.ends_with(".so")) {
        return word;
    }
    LIMA_TRY(const auto found, driver::find(driver::default_search_path(), word));
    return found.path.string();
}

/// The words for the kit, its program first.
Result<Args> check_command(const CheckOptions& options, const Args& args) {
    LIMA_TRY(const std::string kit, own_program("lima-check-driver"));
    Args words = {kit};
    for (const auto& [given, flag] : {std::pair{options.json, "--json"},
                                      {options.only_failed, "--only-failed"},
                                      {options.list, "--list"}}) {
        if (given) {
            words.emplace_back(flag);
        }
    }
    if (options.level) {
        words.push_back(fmt::format("--level={}", *options.level));
    }
    if (options.patience) {
        words.push_back(fmt::format("--patience={}", *options.patience));
    }
    if (options.timeout) {
        words.push_back(fmt::format("--timeout={}", *options.timeout));
    }
    if (options.instance) {
        words.push_back("--instance=" + *options.instance);
    }
    for (const std::string& test : options.tests) {
        words.push_back("--test=" + test);
    }
    if (args.empty()) {
        return words;
    }
    LIMA_TRY(const std::string file, driver_file(args[0]));
    if (options.isolated && file.ends_with(".so")) {
        LIMA_TRY(const std::string run_driver, own_program("lima-run-driver"));
        words.push_back("--via=" + run_driver);
    }
    words.push_back(file);
    return words;
}

/// Becomes the kit.
Result<int> check(const CheckOptions& options, const Args& args) {
    if (args.empty() && !options.list) {
        return fail(Error(Code::kInvalidArgument, "driver check requires a driver")
                        .with_hint("limactl driver check NAME|PATH; see `limactl driver list`"));
    }
    LIMA_TRY(const Args words, check_command(options, args));
    return exec_program(words[0], words);
}

void add_check(Command& group) {
    Command& command = group.add(
        {.name = "check",
         .args = "NAME|PATH",
         .summary = "Try whether a driver does what the contract says",
         .details = "Run the conformance kit, libexec/lima/lima-check-driver, on a driver: by its "
                    "name, or by the file of a module or\nprogram. Each test has a process of its "
                    "own, so that a crash or a hang of the driver is its result.\n\n"
                    "The levels are 1 to 3 file and record, 4 and 5 the contract, 6 to 8 threads, "
                    "leaks and faults, 9 and 10 stress.\n\n"
                    "The exit status is 0 when no test has failed, 1 when one has, 2 for a wrong "
                    "usage of the kit.",
         .examples = "  $ limactl driver check null\n"
                     "  $ limactl driver check --level=8 --only-failed ./lima-driver-my.so\n"
                     "  $ limactl driver check --test=vm --instance=mine.json my",
         .max_args = 1,
         .complete = complete_drivers,
         .complete_files = true});
    auto options = std::make_shared<CheckOptions>();
    Flags flags = command.flags();
    flags.text("instance", options->instance,
               "An instance as JSON that can start, instead of a plain one without an image");
    flags.boolean("isolated", options->isolated,
                  "Run the module in a process of its own, by lima-run-driver");
    flags.boolean("json", options->json, "As one JSON object");
    flags.integer("level", options->level, "Tests up to this level, 1 to 10 (default 5)");
    flags.boolean("list", options->list, "List the tests and what they want");
    flags.boolean("only-failed", options->only_failed, "Show only what has failed");
    flags.integer(
        "patience", options->patience,
        "Seconds after which a stop is cancelled, for a guest that hears no power button");
    flags.list("test", options->tests, "Only these: a name, its part before the dot, or a pattern")
        .complete_files = false;
    flags.integer("timeout", options->timeout, "Seconds for each test, instead of its own");
    command.run([options](Cli&, const Args& args) { return check(*options, args); });
}

}  // namespace

void add_driver(Cli& cli) {
    Command& group = cli.add({.name = "driver",
                              .summary = "Look at the drivers, which run the virtual machines",
                              .group = Group::kAdvanced});
    add_list_of_drivers(group);
    add_inspect(group);
    add_check(group);
}

}  // namespace lima::cli
