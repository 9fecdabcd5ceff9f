// Each architecture's command line given to the real QEMU of that architecture: it is accepted as a
// whole, and the machine answers on its monitor. No guest boots.
#include "core/base/process.hpp"
#include "hosted_driver.hpp"
#include "plugins/qemu/arch.hpp"

namespace lima::qemu::test {
namespace {

using namespace std::chrono_literals;

class ArchStart : public HostedDriver, public ::testing::WithParamInterface<std::string> {
protected:
    void SetUp() override {
        const Arch& arch = *find_arch(GetParam());
        if (!find_program("qemu-system-" + std::string(arch.qemu))) {
            GTEST_SKIP() << "install " << arch.debian;
        }
        HostedDriver::SetUp();
        ASSERT_TRUE(fs::write_file_atomic(inst_ / "disk", std::string(1 << 20, '\0')));
        ASSERT_TRUE(fs::write_file_atomic(inst_ / "disk.format", "raw\n"));
        ASSERT_TRUE(fs::write_file_atomic(inst_ / "cidata.iso", std::string(65536, '\0')));
    }

    Json guest() const {
        const Arch& arch = *find_arch(GetParam());
        Json out = instance();
        out["arch"] = std::string(arch.name);
        out["config"]["arch"] = std::string(arch.name);
        // Whichever firmware is not installed here: any file of the flash's size will do.
        const std::size_t flash = arch.name == "riscv64" ? 32 << 20 : 64 << 20;
        EXPECT_TRUE(fs::write_file_atomic(inst_ / "qemu-efi-code.fd", std::string(flash, '\0')));
        out["config"]["firmware"]["legacyBIOS"] = arch.legacy_bios;
        return out;
    }

    void starts(const Json& guest) {
        auto driver = open();
        const auto configured = driver->configure(guest);
        ASSERT_TRUE(configured) << configured.error().text();
        const auto started = driver->start();
        ASSERT_TRUE(started) << started.error().text();
        driver::Cancel cancel;
        cancel.trigger();
        const auto stopped = driver->stop(&cancel);
        ASSERT_TRUE(stopped) << stopped.error().text();
        EXPECT_TRUE(events_.wait_for("exited", 5s));
        const auto left = fs::list_names(inst_);
        for (const std::string& name : *left) {
            EXPECT_FALSE(name.ends_with(".sock") || name.ends_with(".pid")) << name;
        }
    }
};

TEST_P(ArchStart, Plain) { starts(guest()); }

TEST_P(ArchStart, WithADisplayAndNineP) {
    Json config = guest();
    config["config"]["video"] = {{"display", "vnc"}, {"vnc", {{"display", "127.0.0.1:0,to=90"}}}};
    config["config"]["mountType"] = "9p";
    config["config"]["mounts"] = {{{"location", home_->path().string()}}};
    starts(config);
}

TEST_P(ArchStart, WithVirtiofs) {
    if (!fs::exists("/usr/lib/qemu/virtiofsd") && !fs::exists("/usr/libexec/virtiofsd")) {
        GTEST_SKIP() << "install virtiofsd (on Debian 12: qemu-system-common)";
    }
    Json config = guest();
    config["config"]["mountType"] = "virtiofs";
    config["config"]["mounts"] = {{{"location", home_->path().string()}, {"writable", true}}};
    starts(config);
}

TEST_P(ArchStart, WithATpm) {
    if (!find_program("swtpm")) {
        GTEST_SKIP() << "install swtpm";
    }
    if (find_arch(GetParam())->tpm.empty()) {
        GTEST_SKIP() << "there is none for " << GetParam();
    }
    Json config = guest();
    config["config"]["tpm"] = true;
    starts(config);
}

INSTANTIATE_TEST_SUITE_P(All, ArchStart,
                         ::testing::Values("x86_64", "aarch64", "armv7l", "riscv64", "ppc64le",
                                           "s390x"),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace lima::qemu::test
