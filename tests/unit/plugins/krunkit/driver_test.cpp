#include "plugins/krunkit/driver.hpp"

#include "core/driver/driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lima::krunkit {
namespace {

using testing::HasSubstr;

LIMA_DEFINE_DRIVER_ENTRY(krunkit_entry, KrunkitDriver, "io.lima-vm.krunkit", "krunkit", "0.1.0")

HostFacts host(const std::string& os, const std::string& arch) {
    HostFacts facts;
    facts.os = os;
    facts.arch = arch;
    return facts;
}

TEST(KrunkitTest, TheReasonFollowsTheHost) {
    EXPECT_EQ(
        refusal(host("linux", "aarch64")).text(),
        "vmType krunkit needs macOS 13 or newer on Apple silicon, with krunkit 1.2.1 or newer "
        "in PATH; this host is Linux on aarch64");
    EXPECT_EQ(refusal(host("darwin", "x86_64")).code(), Code::kFailedPrecondition);
    EXPECT_EQ(refusal(host("darwin", "aarch64")).code(), Code::kUnimplemented);
}

TEST(KrunkitTest, FillsItsDefaults) {
    Json instance = {{"config", {{"vmType", "other"}}}};
    fill_defaults(instance);
    EXPECT_EQ(dump_json(instance["config"]),
              R"({"vmType":"krunkit","arch":"aarch64","mountType":"virtiofs",)"
              R"("ssh":{"overVsock":false}})");
}

class KrunkitDriverTest : public testing::Test {
protected:
    KrunkitDriverTest() {
        auto opened = driver::Driver::open_static(&krunkit_entry, {});
        EXPECT_TRUE(opened) << opened.error().text();
        driver_ = std::move(*opened);
    }
    Result<Json> configure() const {
        return driver_->configure(
            {{"name", "x"}, {"dir", "/inst/x"}, {"unknown", 1}, {"config", {{"os", "Linux"}}}});
    }
    std::unique_ptr<driver::Driver> driver_;
};

TEST_F(KrunkitDriverTest, TellsAboutItselfBeforeAndAfterConfigure) {
    auto info = driver_->info();
    ASSERT_TRUE(info) << info.error().text();
    EXPECT_EQ(info->name, "krunkit");
    EXPECT_EQ(info->instance_dir, "");
    EXPECT_TRUE(info->needs_image);
    EXPECT_TRUE(info->has_guest);
    EXPECT_EQ(info->vsock_port, 2222);
    EXPECT_EQ(info->supported_image_formats, std::vector<std::string>{"raw"});
    const auto configured = configure();
    ASSERT_TRUE(configured) << configured.error().text();
    EXPECT_EQ((*configured)["unknown"], 1);
    EXPECT_EQ(driver_->info()->instance_dir, "/inst/x");
}

TEST_F(KrunkitDriverTest, RefusesToRunAndSaysWhy) {
    ASSERT_TRUE(configure());
    for (const auto& refused : {driver_->validate(), driver_->start()}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code(), Code::kFailedPrecondition);
        EXPECT_THAT(refused.error().text(), HasSubstr("needs macOS 13 or newer on Apple silicon"));
        EXPECT_THAT(refused.error().text(), HasSubstr("this host is Linux on "));
        EXPECT_THAT(refused.error().hint(), HasSubstr("--vm-type=qemu"));
    }
    EXPECT_TRUE(driver_->stop());
    EXPECT_TRUE(driver_->remove());
}

TEST_F(KrunkitDriverTest, RefusesABrokenInstance) {
    EXPECT_FALSE(driver_->configure(Json::array()));
}

}  // namespace
}  // namespace lima::krunkit
