#include "core/cli/kit/parser.hpp"

#include "core/cli/kit/help.hpp"

#include <gtest/gtest.h>

namespace lima::cli {

std::unique_ptr<Command> make_root(Spec spec);

namespace {

struct Tree {
    std::unique_ptr<Command> root = make_root({.name = "limactl", .summary = "test"});
    std::optional<bool> tty;
    std::optional<int> cpus;
    std::optional<double> memory;
    std::optional<Args> dns;
    Args set;
    std::string format = "table";
    bool force = false;

    Tree() {
        root->flags().boolean("tty", tty, "terminal");
        Command& list = root->add({.name = "list",
                                   .aliases = {"ls"},
                                   .args = "[INSTANCE]",
                                   .summary = "List",
                                   .group = Group::kBasic});
        list.flags().text("f,format", format, "Format");
        list.run([](Cli&, const Args&) -> Result<int> { return 0; });
        Command& shell = root->add({.name = "shell", .summary = "Shell", .raw_tail = true});
        shell.flags().boolean("force", force, "Force");
        Command& create = root->add({.name = "create", .summary = "Create", .max_args = 1});
        create.flags().integer("cpus", cpus, "CPUs");
        create.flags().number("memory", memory, "Memory");
        create.flags().csv("dns", dns, "DNS");
        create.flags().list("set", set, "Set");
    }

    Parsed good(const Args& args) {
        auto parsed = parse(*root, args);
        EXPECT_TRUE(parsed) << parsed.error().text();
        return parsed.value_or(Parsed{root.get(), {}, false});
    }
    std::string bad(const Args& args) {
        auto parsed = parse(*root, args);
        return parsed ? "" : parsed.error().text();
    }
};

TEST(Parser, FindsCommandsByNameAndAlias) {
    Tree tree;
    const auto parsed = tree.good({"ls", "a", "b"});
    EXPECT_EQ(parsed.command->spec().name, "list");
    EXPECT_EQ(parsed.args, (Args{"a", "b"}));
}

TEST(Parser, GlobalFlagsMayStandAnywhere) {
    Tree before;
    before.good({"--tty=false", "list"});
    EXPECT_EQ(before.tty, false);
    Tree after;
    after.good({"list", "--tty", "x"});
    EXPECT_EQ(after.tty, true);
    EXPECT_EQ(after.format, "table");
}

TEST(Parser, AfterTheInstanceEverythingBelongsToTheCommand) {
    Tree tree;
    const auto parsed =
        tree.good({"shell", "--force", "dev", "ls", "-l", "--tty=false", "--", "x"});
    EXPECT_TRUE(tree.force);
    EXPECT_FALSE(tree.tty.has_value());
    EXPECT_EQ(parsed.args, (Args{"dev", "ls", "-l", "--tty=false", "--", "x"}));
}

TEST(Parser, ADoubleDashAfterTheInstanceIsKept) {
    Tree tree;
    EXPECT_EQ(tree.good({"shell", "dev", "--", "ls", "-l"}).args, (Args{"dev", "--", "ls", "-l"}));
}

TEST(Parser, TypedFlags) {
    Tree tree;
    tree.good({"create", "--cpus", "0x10", "--memory=1.5", "--dns=1.1.1.1,8.8.8.8", "--dns",
               "9.9.9.9", "--set", ".a=[1,2]", "--set=.b=2", "x.yaml"});
    EXPECT_EQ(tree.cpus, 16);
    EXPECT_EQ(tree.memory, 1.5);
    EXPECT_EQ(tree.dns, (Args{"1.1.1.1", "8.8.8.8", "9.9.9.9"}));
    EXPECT_EQ(tree.set, (Args{".a=[1,2]", ".b=2"}));
}

TEST(Parser, TheLastOfARepeatedFlagWins) {
    Tree tree;
    tree.good({"list", "-f", "json", "--format=yaml"});
    EXPECT_EQ(tree.format, "yaml");
}

TEST(Parser, ErrorsAreWordedAsScriptsKnowThem) {
    EXPECT_EQ(Tree().bad({"list", "--bogus=1"}), "unknown flag: --bogus");
    EXPECT_EQ(Tree().bad({"list", "-x"}), "unknown shorthand flag: 'x' in -x");
    EXPECT_EQ(Tree().bad({"list", "--format"}), "flag needs an argument: --format");
    EXPECT_EQ(Tree().bad({"create", "--cpus=two"}),
              "invalid argument \"two\" for \"--cpus\" flag: strconv.ParseInt: parsing \"two\": "
              "invalid syntax");
    EXPECT_EQ(Tree().bad({"list", "--tty=maybe"}),
              "invalid argument \"maybe\" for \"--tty\" flag: strconv.ParseBool: parsing "
              "\"maybe\": invalid syntax");
}

TEST(Parser, HelpWinsOverMistakes) {
    Tree tree;
    EXPECT_TRUE(tree.good({"list", "--bogus", "--help"}).help);
    EXPECT_TRUE(Tree().good({"-h"}).help);
    EXPECT_FALSE(Tree().good({"shell", "dev", "ls", "--help"}).help);
}

TEST(Arity, SaysTheCountAndTheUsage) {
    Tree tree;
    const auto checked = check_arity(*tree.root->find("create"), 2);
    ASSERT_FALSE(checked);
    EXPECT_TRUE(
        checked.error().text().starts_with("`limactl create` accepts at most 1 arg(s), received 2"))
        << checked.error().text();
    EXPECT_TRUE(check_arity(*tree.root->find("list"), 7));
}

TEST(Suggestions, NearbyNamesAndSynonyms) {
    Tree tree;
    EXPECT_EQ(suggestions(*tree.root, "lsit"), (Args{"list"}));
    EXPECT_EQ(suggestions(*tree.root, "ssh"), (Args{"shell"}));
    EXPECT_TRUE(suggestions(*tree.root, "frobnicate").empty());
}

TEST(Help, ShowsUsageAliasesAndFlags) {
    Tree tree;
    const std::string text = help_text(*tree.root->find("list"));
    EXPECT_NE(text.find("Usage:\n  limactl list [INSTANCE] [flags]\n"), std::string::npos) << text;
    EXPECT_NE(text.find("Aliases:\n  list, ls\n"), std::string::npos);
    EXPECT_NE(text.find("  -f, --format string"), std::string::npos);
    EXPECT_NE(text.find("(default \"table\")"), std::string::npos);
    EXPECT_NE(text.find("Global Flags:\n"), std::string::npos);
}

}  // namespace
}  // namespace lima::cli
