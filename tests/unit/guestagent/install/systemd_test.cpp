#include "guestagent/install/systemd.hpp"

#include "tests/support/golden.hpp"

namespace lima::guestagent::install {
namespace {

Endpoint virtio() {
    Endpoint out;
    out.virtio_port = "io.lima-vm.guest_agent.0";
    return out;
}

TEST(Systemd, UnitOnAVirtioPort) {
    test::expect_golden("guestagent/virtio.service",
                        systemd_unit("/usr/local/bin/lima-guestagent", virtio(), false));
}

TEST(Systemd, UnitOnASocketWithDebug) {
    Endpoint endpoint;
    endpoint.vsock_port = 2222;
    endpoint.socket_owner = 501;
    test::expect_golden("guestagent/vsock-debug.service",
                        systemd_unit("/opt/with blank/100%/lima-guestagent", endpoint, true));
}

class InstallTest : public ::testing::Test {
protected:
    InstallTest() : dir_(std::move(*fs::TempDir::create("lima-install"))) {
        target_.unit = dir_.path() / "system/lima-guestagent.service";
        target_.program = "/usr/local/bin/lima-guestagent";
        target_.systemctl = [this](const std::vector<std::string>& arguments) -> Result<void> {
            calls_.push_back(join(arguments, " "));
            return {};
        };
        options_.endpoint = virtio();
    }
    std::vector<std::string> install() {
        calls_.clear();
        const auto done = install_systemd(target_, options_);
        EXPECT_TRUE(done) << done.error().text();
        return calls_;
    }

    fs::TempDir dir_;
    SystemdTarget target_;
    Options options_;
    std::vector<std::string> calls_;
};

TEST_F(InstallTest, WritesTheUnitAndStartsItWithoutWaiting) {
    const std::vector<std::string> all{"daemon-reload", "enable lima-guestagent.service",
                                       "try-restart --no-block lima-guestagent.service",
                                       "start --no-block lima-guestagent.service"};
    EXPECT_EQ(install(), all);
    EXPECT_EQ(*fs::read_file(target_.unit), systemd_unit(target_.program, virtio(), false));
    EXPECT_TRUE(install().empty());  // the second time there is nothing to do
    options_.debug = true;
    EXPECT_EQ(install(), all);
}

TEST_F(InstallTest, StartsAnUpdatedProgramAnew) {
    install();
    options_.guestagent_updated = true;
    const std::vector<std::string> calls = install();
    ASSERT_EQ(calls.size(), 3U);
    EXPECT_EQ(calls[0], "enable lima-guestagent.service");
}

TEST_F(InstallTest, PassesTheFailureOfSystemctlOn) {
    target_.systemctl = [](const std::vector<std::string>&) -> Result<void> {
        return fail(Code::kUnknown, "no bus");
    };
    EXPECT_EQ(install_systemd(target_, options_).error().text(), "no bus");
}

}  // namespace
}  // namespace lima::guestagent::install
