#include "core/cli/format/instances.hpp"
#include "core/cli/format/progress.hpp"
#include "core/cli/format/table.hpp"

#include <gtest/gtest.h>

namespace lima::cli {
namespace {

store::Instance instance(const std::string& name) {
    store::Instance in;
    in.name = name;
    in.hostname = "lima-" + name;
    in.status = "Running";
    in.dir = "/home/u/.lima/" + name;
    in.vm_type = "qemu";
    in.arch = "x86_64";
    in.cpus = 4;
    in.memory = 4LL << 30;
    in.disk = 100LL << 30;
    in.ssh_local_port = 60906;
    in.ssh_address = "127.0.0.1";
    in.lima_version = "v2.2.0";
    in.config.emplace();
    return in;
}

ListFacts facts(int width = 0) {
    ListFacts f;
    f.host.home = "/home/u";
    f.host.arch = "x86_64";
    f.host.os = "linux";
    f.lima_home = "/home/u/.lima";
    f.identity_file = "/home/u/.lima/_config/user";
    f.width = width;
    return f;
}

TEST(Table, IsElastic) {
    EXPECT_EQ(format_table({{"A", "LONGER", "END"}, {"abcdef", "b", "c"}}),
              "A         LONGER    END\nabcdef    b         c\n");
}

TEST(Table, CountsCodePoints) {
    EXPECT_EQ(format_table({{"ä", "x"}, {"a", "y"}}), "ä    x\na    y\n");
}

TEST(InstancesTable, IsAsSpecified) {
    EXPECT_EQ(instances_table({instance("dev")}, facts(), false),
              "NAME    STATUS     SSH                VMTYPE    ARCH      CPUS    MEMORY    DISK    "
              "  DIR\n"
              "dev     Running    127.0.0.1:60906    qemu      x86_64    4       4GiB      100GiB  "
              "  ~/.lima/dev\n");
}

TEST(InstancesTable, HidesWhatSaysNothingOnANarrowTerminal) {
    const auto head = [](int width) {
        const auto text = instances_table({instance("dev")}, facts(width), false);
        return text.substr(0, text.find('\n'));
    };
    EXPECT_EQ(head(80).find("VMTYPE"), std::string::npos);
    EXPECT_EQ(head(80).find("ARCH"), std::string::npos);
    EXPECT_NE(head(80).find("DIR"), std::string::npos);
    EXPECT_EQ(head(60).find("DIR"), std::string::npos);
    EXPECT_NE(head(96).find("VMTYPE"), std::string::npos);
    EXPECT_NE(instances_table({instance("dev")}, facts(40), true).find("VMTYPE"),
              std::string::npos);
}

TEST(InstancesJson, OneCompactObjectALineWithoutEmptyObjects) {
    const auto text = instances_json({instance("a"), instance("b")}, facts());
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
    EXPECT_EQ(text.find("{}"), std::string::npos);
    EXPECT_TRUE(text.starts_with(
        "{\"name\":\"a\",\"hostname\":\"lima-a\",\"status\":\"Running\","
        "\"dir\":\"/home/u/.lima/a\",\"vmType\":\"qemu\",\"arch\":\"x86_64\",\"cpus\":4,"
        "\"memory\":4294967296,\"disk\":107374182400,"))
        << text;
    EXPECT_NE(
        text.find("\"HostOS\":\"linux\",\"HostArch\":\"x86_64\",\"LimaHome\":\"/home/u/.lima\","
                  "\"IdentityFile\":\"/home/u/.lima/_config/user\"}"),
        std::string::npos)
        << text;
}

// Ours: the errors are texts, not objects that come out empty (docs/differences.md).
TEST(ConfigVectors, V70_ErrorsAreTextsAndEmptySectionsAbsent) {
    auto in = instance("a");
    in.errors = {"bad <yaml>"};
    in.config->mounts.resize(1);
    const Json json = *parse_json(instances_json({in}, facts()));
    EXPECT_EQ(json["errors"], Json::array({"bad <yaml>"}));
    EXPECT_EQ(json["config"]["mounts"][0], (Json{{"location", ""}}));
    for (const char* section : {"rosetta", "video", "ssh", "caCerts"}) {
        EXPECT_FALSE(json["config"].contains(section)) << section;
    }
    in.errors.clear();
    EXPECT_FALSE(parse_json(instances_json({in}, facts()))->contains("errors"));
}

TEST(InstancesTemplate, FieldsHaveGosNames) {
    auto in = instance("dev");
    in.param["x"] = "1";
    in.config->ssh.local_port = 22022;
    const auto text = instances_template({in}, facts(),
                                         "unix://{{.Dir}}/s {{.CPUs}} {{.Status}} {{.Param.x}} "
                                         "{{.Config.SSH.LocalPort}} {{.HostArch}}");
    ASSERT_TRUE(text) << text.error().text();
    EXPECT_EQ(*text, "unix:///home/u/.lima/dev/s 4 Running 1 22022 x86_64\n");
}

TEST(InstancesTemplate, UnknownFieldIsAnError) {
    const auto text = instances_template({instance("dev")}, facts(), "{{.Unknown}}");
    ASSERT_FALSE(text);
    EXPECT_NE(text.error().text().find("can't evaluate field Unknown"), std::string::npos)
        << text.error().text();
}

TEST(InstancesTemplate, Functions) {
    const auto text = instances_template(
        {instance("dev")}, facts(),
        "{{json .Name}}{{missing .Message}}{{missing \"none\" .Message}}{{indent .Name}}");
    ASSERT_TRUE(text) << text.error().text();
    EXPECT_EQ(*text, "\"dev\"<missing>none  dev\n");
}

TEST(Progress, LineFitsTheColumns) {
    const fetch::Progress half{"downloading", 512 << 20, 1 << 30};
    const auto line = progress_line(half, 10, 80);
    EXPECT_LE(line.size(), 80U);
    EXPECT_NE(line.find("50%"), std::string::npos);
    EXPECT_NE(line.find("512MiB / 1GiB"), std::string::npos);
    EXPECT_NE(line.find("51.2MiB/s"), std::string::npos);
    EXPECT_EQ(progress_line({"verifying", 1024, 0}, 1, 80), "verifying 1KiB  1KiB/s");
}

}  // namespace
}  // namespace lima::cli
