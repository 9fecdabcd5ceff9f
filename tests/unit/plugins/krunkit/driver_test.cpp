#include "plugins/krunkit/driver.hpp"

#include "tests/unit/plugins/described/described_driver.hpp"

namespace lima::krunkit {
namespace {

using described::host;

LIMA_DEFINE_DRIVER_ENTRY(krunkit_entry, KrunkitDriver, "io.lima-vm.krunkit", "krunkit", "0.1.0")

TEST(KrunkitTest, TheReasonFollowsTheHost) {
    EXPECT_EQ(
        kDescription.refusal(host("linux", "aarch64")).text(),
        "vmType krunkit needs macOS 13 or newer on Apple silicon, with krunkit 1.2.1 or newer "
        "in PATH; this host is Linux on aarch64");
    EXPECT_EQ(kDescription.refusal(host("darwin", "x86_64")).code(), Code::kFailedPrecondition);
    EXPECT_EQ(kDescription.refusal(host("darwin", "aarch64")).code(), Code::kUnimplemented);
}

TEST(KrunkitTest, FillsItsDefaults) {
    Json instance = {{"config", {{"vmType", "other"}}}};
    kDescription.fill_defaults(instance);
    EXPECT_EQ(dump_json(instance["config"]),
              R"({"vmType":"krunkit","arch":"aarch64","mountType":"virtiofs",)"
              R"("ssh":{"overVsock":false}})");
}

class KrunkitDriverTest : public described::DescribedDriverTest {
protected:
    KrunkitDriverTest() : DescribedDriverTest(&krunkit_entry, "krunkit") {}
};

TEST_F(KrunkitDriverTest, TellsAboutItselfBeforeAndAfterConfigure) {
    const driver::Info info = tells_about_itself();
    EXPECT_EQ(info.vsock_port, 2222);
    EXPECT_EQ(info.supported_image_formats, std::vector<std::string>{"raw"});
}

TEST_F(KrunkitDriverTest, RefusesToRunAndSaysWhy) {
    refuses_to_run("needs macOS 13 or newer on Apple silicon");
}

TEST_F(KrunkitDriverTest, RefusesABrokenInstance) { refuses_a_broken_instance(); }

}  // namespace
}  // namespace lima::krunkit
