// The parts of the conformance kit that are functions of values, and its children.
#include "check/elf.hpp"
#include "check/http2.hpp"
#include "check/instance.hpp"
#include "check/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <mutex>
#include <thread>

namespace lima::check {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(CheckOptionsTest, PatternsAreNamesGroupsOrWildcards) {
    EXPECT_TRUE(matches("vm", "vm.events"));
    EXPECT_TRUE(matches("vm.events", "vm.events"));
    EXPECT_TRUE(matches("vm.*", "vm.events"));
    EXPECT_TRUE(matches("*start*", "vm.second-start"));
    EXPECT_TRUE(matches("?m.again", "vm.again"));
    EXPECT_TRUE(matches("*", "vm.again"));
    EXPECT_FALSE(matches("v", "vm.events"));
    EXPECT_FALSE(matches("vm.event", "vm.events"));
    EXPECT_FALSE(matches("vm.events?", "vm.events"));
    EXPECT_FALSE(matches("", "vm.events"));
}

TEST(CheckOptionsTest, ALevelIsFiveUnlessTestsAreNamed) {
    EXPECT_EQ(parse_options({"/proc/self/exe"}).level, 5);
    EXPECT_EQ(parse_options({"--test=vm", "/proc/self/exe"}).level, 10);
    EXPECT_EQ(parse_options({"--test=vm", "--level", "3", "/proc/self/exe"}).level, 3);
}

TEST(CheckOptionsTest, WhatIsWrongIsNamed) {
    EXPECT_THAT(parse_options({}).error, HasSubstr("which driver?"));
    EXPECT_THAT(parse_options({"--level=0", "x"}).error, HasSubstr("--level"));
    EXPECT_THAT(parse_options({"--level"}).error, HasSubstr("needs a value"));
    EXPECT_THAT(parse_options({"--frobnicate", "x"}).error, HasSubstr("--frobnicate"));
    EXPECT_THAT(parse_options({"/no/such/file"}).error, HasSubstr("/no/such/file"));
}

TEST(CheckSchemaTest, FindsWhatIsWrongWithASchema) {
    EXPECT_THAT(schema_problems(Json::parse(R"({"type": "object", "properties": {
        "a": {"type": ["integer", "null"], "minimum": 1}, "b": {"items": {"pattern": "^x+$"}}}})"),
                                "s"),
                IsEmpty());
    EXPECT_THAT(
        schema_problems(Json::parse(R"({"type": "objekt", "properties": {
        "a": {"minimum": "1"}, "b": {"items": {"pattern": "("}}}})"),
                        "s"),
        ElementsAre(HasSubstr("s.type"), HasSubstr("s.a.minimum"), HasSubstr("s.b[].pattern")));
}

TEST(CheckSchemaTest, FindsWhatBreaksASchema) {
    const Json schema = Json::parse(R"({"type": "object", "required": ["n"],
        "properties": {"n": {"type": "integer", "minimum": 1, "maximum": 4}, "w": {"enum": ["a", "b"]},
                       "l": {"items": {"type": "string"}}}, "additionalProperties": false})");
    EXPECT_THAT(schema_violations(schema, Json::parse(R"({"n": 4, "w": "a", "l": ["x"]})"), "v"),
                IsEmpty());
    EXPECT_THAT(schema_violations(schema, Json::parse(R"({"n": 4, "w": null, "x": null})"), "v"),
                IsEmpty())
        << "a null is absent";
    EXPECT_THAT(schema_violations(schema, Json::parse(R"({"l": ["x", 1], "w": "c", "x": 1})"), "v"),
                ElementsAre(HasSubstr("v.l[1]"), HasSubstr("v.w"), HasSubstr("v.x is unknown"),
                            HasSubstr("v.n is missing")));
    EXPECT_THAT(schema_violations(schema, Json::parse(R"({"n": 5})"), "v"),
                ElementsAre(HasSubstr("more than 4")));
}

TEST(CheckInstanceTest, IsPlainAndNamesItsDriver) {
    const Json instance = plain_instance("my", "/d");
    EXPECT_EQ(instance.at("vmType"), "my");
    EXPECT_EQ(instance.at("config").at("vmType"), "my");
    EXPECT_EQ(instance.at("dir"), "/d");
}

TEST(CheckElfTest, TellsWhatIsNoModule) {
    EXPECT_EQ(read_module_file("/no/such/file").error, "cannot be read");
    const Path dir = make_directory();
    std::ofstream(dir / "text") << "this is no library, whatever its name says";
    EXPECT_EQ(read_module_file(dir / "text").error, "not an ELF file");
    std::ofstream(dir / "cut") << std::string(
        "\x7f"
        "ELF\x02\x01\x01 too short");
    EXPECT_EQ(read_module_file(dir / "cut").error, "the file ends within its header");
    std::filesystem::remove_all(dir);
    EXPECT_EQ(read_module_file("/proc/self/exe").error, "");
}

TEST(CheckHttp2Test, ReadsTheFirstField) {
    EXPECT_EQ(first_field(std::string("\x0a\x03"
                                      "abc\x12\x01x")),
              "abc");
    EXPECT_EQ(first_field("\x0a\x96\x01" + std::string(150, 'y')), std::string(150, 'y'));
    EXPECT_EQ(first_field(""), "");
    EXPECT_EQ(first_field("\x12\x01x"), "");
    EXPECT_EQ(first_field("\x0a\x05x"), "x") << "a size that lies is no size";
}

TEST(CheckChildTest, TellsHowAChildEnds) {
    std::string error;
    const auto code = start({.argv = {"sh", "-c", "exit 3"}}, error);
    ASSERT_NE(code, nullptr) << error;
    EXPECT_EQ(code->wait(-1)->text(), "exit status 3");
    EXPECT_EQ(code->pid(), -1);
    const auto killed = start({.argv = {"sleep", "infinity"}}, error);
    ASSERT_NE(killed, nullptr) << error;
    EXPECT_FALSE(killed->wait(20));
    killed->signal(SIGKILL);
    EXPECT_EQ(killed->wait(-1)->signal, SIGKILL);
    EXPECT_EQ(start({.argv = {"/no/such/program"}}, error), nullptr);
    EXPECT_THAT(error, HasSubstr("/no/such/program"));
}

TEST(CheckChildTest, GivesLinesAndTheEndAfterThem) {
    std::mutex mutex;
    std::vector<std::string> seen;
    const auto note = [&](const std::string& text) {
        const std::lock_guard guard(mutex);
        seen.push_back(text);
    };
    std::string error;
    {
        const auto child =
            start({.argv = {"sh", "-c", "echo one; echo two >&2; echo $X"},
                   .env = {"X=three"},
                   .on_line = [&](int stream,
                                  const std::string& line) { note(std::to_string(stream) + line); },
                   .on_exit = [&](const Exit& exit) { note(exit.text()); }},
                  error);
        ASSERT_NE(child, nullptr) << error;
    }
    ASSERT_EQ(seen.size(), 4U);
    EXPECT_EQ(seen.back(), "exit status 0");
    EXPECT_THAT(seen, ::testing::IsSupersetOf({"1one", "2two", "1three"}));
}

TEST(CheckChildTest, ThePidFileIsLockedAsLongAsItLives) {
    const Path dir = make_directory();
    const Path file = dir / "vm.pid";
    std::string error;
    const auto child = start({.argv = {"sleep", "infinity"}, .pid_file = file}, error);
    ASSERT_NE(child, nullptr) << error;
    EXPECT_EQ(locked_pid(file), child->pid());
    EXPECT_EQ(start({.argv = {"true"}, .pid_file = file}, error), nullptr);
    EXPECT_THAT(error, HasSubstr("cannot lock"));
    child->signal(SIGKILL);
    child->wait(-1);
    EXPECT_EQ(locked_pid(file), std::nullopt);
    EXPECT_FALSE(std::filesystem::exists(file));
    std::filesystem::remove_all(dir);
}

TEST(CheckChildTest, AWaitEndsWhenItsFlagIsSet) {
    std::string error;
    const auto child = start({.argv = {"sleep", "infinity"}}, error);
    ASSERT_NE(child, nullptr) << error;
    Flag flag;
    std::thread setter([&] { flag.set(); });
    EXPECT_FALSE(child->wait(-1, flag.fd()));
    setter.join();
    child->signal(SIGKILL);
}

}  // namespace
}  // namespace lima::check
