#include "plugins/wsl2/driver.hpp"

#include "tests/unit/plugins/described/described_driver.hpp"

namespace lima::wsl2 {
namespace {

using described::host;

LIMA_DEFINE_DRIVER_ENTRY(wsl2_entry, Wsl2Driver, "io.lima-vm.wsl2", "wsl2", "0.1.0")

TEST(Wsl2Test, TheReasonFollowsTheHost) {
    EXPECT_EQ(kDescription.refusal(host("linux", "aarch64")).text(),
              "vmType wsl2 needs Windows with WSL2; this host is Linux on aarch64");
    EXPECT_EQ(kDescription.refusal(host("windows", "x86_64")).code(), Code::kUnimplemented);
}

TEST(Wsl2Test, FillsItsDefaults) {
    Json instance = {{"name", "x"}};
    kDescription.fill_defaults(instance);
    EXPECT_EQ(dump_json(instance["config"]), R"({"vmType":"wsl2","mountType":"wsl2"})");
}

class Wsl2DriverTest : public described::DescribedDriverTest {
protected:
    Wsl2DriverTest() : DescribedDriverTest(&wsl2_entry, "wsl2") {}
};

TEST_F(Wsl2DriverTest, TellsAboutItselfBeforeAndAfterConfigure) {
    const driver::Info info = tells_about_itself();
    EXPECT_TRUE(info.dynamic_ssh_address);
    EXPECT_TRUE(info.static_ssh_port);
    EXPECT_TRUE(info.skip_socket_forwarding);
    EXPECT_TRUE(info.no_cloud_init);
    EXPECT_TRUE(info.supported_image_formats.empty());
}

TEST_F(Wsl2DriverTest, RefusesToRunAndSaysWhy) { refuses_to_run("needs Windows with WSL2"); }

TEST_F(Wsl2DriverTest, RefusesABrokenInstance) { refuses_a_broken_instance(); }

}  // namespace
}  // namespace lima::wsl2
