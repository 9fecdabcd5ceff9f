#include "plugins/vz/driver.hpp"

#include "tests/unit/plugins/described/described_driver.hpp"

namespace lima::vz {
namespace {

using described::host;

LIMA_DEFINE_DRIVER_ENTRY(vz_entry, VzDriver, "io.lima-vm.vz", "vz", "0.1.0")

TEST(VzTest, TheReasonFollowsTheHost) {
    EXPECT_EQ(kDescription.refusal(host("linux", "x86_64")).text(),
              "vmType vz needs macOS 13 or newer, for Apple's Virtualization framework; this host "
              "is Linux on x86_64");
    EXPECT_EQ(kDescription.refusal(host("darwin", "aarch64")).code(), Code::kUnimplemented);
}

TEST(VzTest, FillsItsDefaults) {
    Json instance = {{"config", {{"os", "Linux"}, {"rosetta", {{"enabled", true}}}}}};
    kDescription.fill_defaults(instance);
    EXPECT_EQ(dump_json(instance["config"]["vmOpts"]),
              R"({"vz":{"rosetta":{"enabled":true,"binfmt":false},"diskImageFormat":"raw"}})");
    EXPECT_EQ(json_string(instance["config"], "vmType"), "vz");
    EXPECT_EQ(json_string(instance["config"], "mountType"), "virtiofs");
    EXPECT_TRUE(json_bool(instance["config"]["ssh"], "overVsock"));
    Json given = {{"config",
                   {{"os", "Darwin"},
                    {"rosetta", {{"enabled", true}}},
                    {"vmOpts", {{"vz", {{"rosetta", {{"enabled", false}}}}}}}}}};
    kDescription.fill_defaults(given);
    EXPECT_FALSE(json_bool(given["config"]["vmOpts"]["vz"]["rosetta"], "enabled", true));
    EXPECT_FALSE(json_bool(given["config"]["ssh"], "overVsock", true));
}

class VzDriverTest : public described::DescribedDriverTest {
protected:
    VzDriverTest() : DescribedDriverTest(&vz_entry, "vz") {}
};

TEST_F(VzDriverTest, TellsAboutItselfBeforeAndAfterConfigure) {
    const driver::Info info = tells_about_itself();
    EXPECT_EQ(info.vsock_port, 2222);
    EXPECT_EQ(info.supported_image_formats, (std::vector<std::string>{"raw", "asif"}));
    EXPECT_FALSE(info.rosetta_enabled);
}

TEST_F(VzDriverTest, RefusesToRunAndSaysWhy) { refuses_to_run("needs macOS 13 or newer"); }

TEST_F(VzDriverTest, RefusesABrokenInstance) { refuses_a_broken_instance(); }

}  // namespace
}  // namespace lima::vz
