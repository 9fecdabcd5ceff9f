#include "plugins/vz/driver.hpp"

#include "core/driver/driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lima::vz {
namespace {

using testing::HasSubstr;

LIMA_DEFINE_DRIVER_ENTRY(vz_entry, VzDriver, "io.lima-vm.vz", "vz", "0.1.0")

HostFacts host(const std::string& os, const std::string& arch) {
    HostFacts facts;
    facts.os = os;
    facts.arch = arch;
    return facts;
}

TEST(VzTest, TheReasonFollowsTheHost) {
    EXPECT_EQ(refusal(host("linux", "x86_64")).text(),
              "vmType vz needs macOS 13 or newer, for Apple's Virtualization framework; this host "
              "is Linux on x86_64");
    EXPECT_EQ(refusal(host("darwin", "aarch64")).code(), Code::kUnimplemented);
}

TEST(VzTest, FillsItsDefaults) {
    Json instance = {{"config", {{"os", "Linux"}, {"rosetta", {{"enabled", true}}}}}};
    fill_defaults(instance);
    EXPECT_EQ(dump_json(instance["config"]["vmOpts"]),
              R"({"vz":{"rosetta":{"enabled":true,"binfmt":false},"diskImageFormat":"raw"}})");
    EXPECT_EQ(json_string(instance["config"], "vmType"), "vz");
    EXPECT_EQ(json_string(instance["config"], "mountType"), "virtiofs");
    EXPECT_TRUE(json_bool(instance["config"]["ssh"], "overVsock"));
    Json given = {{"config",
                   {{"os", "Darwin"},
                    {"rosetta", {{"enabled", true}}},
                    {"vmOpts", {{"vz", {{"rosetta", {{"enabled", false}}}}}}}}}};
    fill_defaults(given);
    EXPECT_FALSE(json_bool(given["config"]["vmOpts"]["vz"]["rosetta"], "enabled", true));
    EXPECT_FALSE(json_bool(given["config"]["ssh"], "overVsock", true));
}

class VzDriverTest : public testing::Test {
protected:
    VzDriverTest() {
        auto opened = driver::Driver::open_static(&vz_entry, {});
        EXPECT_TRUE(opened) << opened.error().text();
        driver_ = std::move(*opened);
    }
    Result<Json> configure() const {
        return driver_->configure(
            {{"name", "x"}, {"dir", "/inst/x"}, {"unknown", 1}, {"config", {{"os", "Linux"}}}});
    }
    std::unique_ptr<driver::Driver> driver_;
};

TEST_F(VzDriverTest, TellsAboutItselfBeforeAndAfterConfigure) {
    auto info = driver_->info();
    ASSERT_TRUE(info) << info.error().text();
    EXPECT_EQ(info->name, "vz");
    EXPECT_EQ(info->instance_dir, "");
    EXPECT_TRUE(info->needs_image);
    EXPECT_TRUE(info->has_guest);
    EXPECT_EQ(info->vsock_port, 2222);
    EXPECT_EQ(info->supported_image_formats, (std::vector<std::string>{"raw", "asif"}));
    EXPECT_FALSE(info->rosetta_enabled);
    const auto configured = configure();
    ASSERT_TRUE(configured) << configured.error().text();
    EXPECT_EQ((*configured)["unknown"], 1);
    EXPECT_EQ(driver_->info()->instance_dir, "/inst/x");
}

TEST_F(VzDriverTest, RefusesToRunAndSaysWhy) {
    ASSERT_TRUE(configure());
    for (const auto& refused : {driver_->validate(), driver_->start()}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code(), Code::kFailedPrecondition);
        EXPECT_THAT(refused.error().text(), HasSubstr("needs macOS 13 or newer"));
        EXPECT_THAT(refused.error().text(), HasSubstr("this host is Linux on "));
        EXPECT_THAT(refused.error().hint(), HasSubstr("--vm-type=qemu"));
    }
    EXPECT_TRUE(driver_->stop());
    EXPECT_TRUE(driver_->remove());
}

TEST_F(VzDriverTest, RefusesABrokenInstance) { EXPECT_FALSE(driver_->configure(Json::array())); }

}  // namespace
}  // namespace lima::vz
