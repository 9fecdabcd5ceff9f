#include "plugins/wsl2/driver.hpp"

#include "core/driver/driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lima::wsl2 {
namespace {

using testing::HasSubstr;

LIMA_DEFINE_DRIVER_ENTRY(wsl2_entry, Wsl2Driver, "io.lima-vm.wsl2", "wsl2", "0.1.0")

HostFacts host(const std::string& os, const std::string& arch) {
    HostFacts facts;
    facts.os = os;
    facts.arch = arch;
    return facts;
}

TEST(Wsl2Test, TheReasonFollowsTheHost) {
    EXPECT_EQ(refusal(host("linux", "aarch64")).text(),
              "vmType wsl2 needs Windows with WSL2; this host is Linux on aarch64");
    EXPECT_EQ(refusal(host("windows", "x86_64")).code(), Code::kUnimplemented);
}

TEST(Wsl2Test, FillsItsDefaults) {
    Json instance = {{"name", "x"}};
    fill_defaults(instance);
    EXPECT_EQ(dump_json(instance["config"]), R"({"vmType":"wsl2","mountType":"wsl2"})");
}

class Wsl2DriverTest : public testing::Test {
protected:
    Wsl2DriverTest() {
        auto opened = driver::Driver::open_static(&wsl2_entry, {});
        EXPECT_TRUE(opened) << opened.error().text();
        driver_ = std::move(*opened);
    }
    Result<Json> configure() const {
        return driver_->configure(
            {{"name", "x"}, {"dir", "/inst/x"}, {"unknown", 1}, {"config", {{"os", "Linux"}}}});
    }
    std::unique_ptr<driver::Driver> driver_;
};

TEST_F(Wsl2DriverTest, TellsAboutItselfBeforeAndAfterConfigure) {
    auto info = driver_->info();
    ASSERT_TRUE(info) << info.error().text();
    EXPECT_EQ(info->name, "wsl2");
    EXPECT_EQ(info->instance_dir, "");
    EXPECT_TRUE(info->needs_image);
    EXPECT_TRUE(info->has_guest);
    EXPECT_TRUE(info->dynamic_ssh_address);
    EXPECT_TRUE(info->static_ssh_port);
    EXPECT_TRUE(info->skip_socket_forwarding);
    EXPECT_TRUE(info->no_cloud_init);
    EXPECT_TRUE(info->supported_image_formats.empty());
    const auto configured = configure();
    ASSERT_TRUE(configured) << configured.error().text();
    EXPECT_EQ((*configured)["unknown"], 1);
    EXPECT_EQ(driver_->info()->instance_dir, "/inst/x");
}

TEST_F(Wsl2DriverTest, RefusesToRunAndSaysWhy) {
    ASSERT_TRUE(configure());
    for (const auto& refused : {driver_->validate(), driver_->start()}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code(), Code::kFailedPrecondition);
        EXPECT_THAT(refused.error().text(), HasSubstr("needs Windows with WSL2"));
        EXPECT_THAT(refused.error().text(), HasSubstr("this host is Linux on "));
        EXPECT_THAT(refused.error().hint(), HasSubstr("--vm-type=qemu"));
    }
    EXPECT_TRUE(driver_->stop());
    EXPECT_TRUE(driver_->remove());
}

TEST_F(Wsl2DriverTest, RefusesABrokenInstance) { EXPECT_FALSE(driver_->configure(Json::array())); }

}  // namespace
}  // namespace lima::wsl2
