// The driver inside a real host, as far as it goes without QEMU.
#include "core/base/process.hpp"
#include "hosted_driver.hpp"

namespace lima::qemu::test {
namespace {

using QemuDriverTest = HostedDriver;

TEST_F(QemuDriverTest, TellsAboutItselfBeforeAndAfterConfigure) {
    auto driver = open();
    auto info = driver->info();
    ASSERT_TRUE(info) << info.error().text();
    EXPECT_EQ(info->name, "qemu");
    EXPECT_EQ(info->vsock_port, 0);
    EXPECT_EQ(info->virtio_port, "io.lima-vm.guest_agent.0");
    EXPECT_EQ(info->instance_dir, "");
    EXPECT_EQ(info->supported_image_formats,
              (std::vector<std::string>{"qcow2", "raw", "vmdk", "vhdx"}));
    EXPECT_TRUE(info->needs_image);
    EXPECT_TRUE(info->has_guest);
    ASSERT_TRUE(driver->configure(instance()));
    EXPECT_EQ(driver->info()->instance_dir, inst_.string());
    EXPECT_FALSE(driver->forward_guest_agent_over_ssh());
    EXPECT_TRUE(driver->has_extension(LIMA_EXT_ADOPT));
    EXPECT_FALSE(driver->has_extension(LIMA_EXT_GUI));
}

TEST_F(QemuDriverTest, ConfigureReturnsTheInstanceWithDefaults) {
    auto driver = open();
    Json given = instance();
    given["config"].erase("mountType");
    given["config"]["futureKey"] = 1;
    const auto answer = driver->configure(given);
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(json_string((*answer)["config"], "mountType"), "9p");
    EXPECT_EQ(json_int((*answer)["config"], "futureKey"), 1);
    given["config"]["mountType"] = "wsl2";
    EXPECT_FALSE(driver->configure(given));
}

TEST_F(QemuDriverTest, VerbsNeedAConfiguration) {
    auto driver = open();
    EXPECT_EQ(driver->validate().error().code(), Code::kFailedPrecondition);
    EXPECT_EQ(driver->create_disk().error().code(), Code::kFailedPrecondition);
    EXPECT_EQ(driver->start().error().code(), Code::kFailedPrecondition);
}

TEST_F(QemuDriverTest, AStoppedVmIsStoppedAndNotThere) {
    auto driver = open();
    ASSERT_TRUE(driver->configure(instance()));
    EXPECT_TRUE(driver->create());
    EXPECT_TRUE(driver->stop());
    EXPECT_TRUE(driver->remove());
    EXPECT_EQ(driver->adopt().error().code(), Code::kNotFound);
    const auto agent = driver->connect_guest_agent();
    ASSERT_FALSE(agent);
    EXPECT_NE(agent.error().text().find("guest agent"), std::string::npos);
    const auto forward = driver->connect_guest_channel("forward");
    ASSERT_FALSE(forward);
    EXPECT_NE(forward.error().text().find("port for forwards"), std::string::npos);
    EXPECT_EQ(driver->connect_guest_channel("other").error().code(), Code::kNotFound);
}

TEST_F(QemuDriverTest, AnUnrelatedPidInAStaleFileIsNoVm) {
    ASSERT_TRUE(fs::write_file_atomic(inst_ / "qemu.pid", std::to_string(::getpid()) + "\n"));
    auto driver = open();
    ASSERT_TRUE(driver->configure(instance()));
    EXPECT_EQ(driver->adopt().error().code(), Code::kNotFound);
    EXPECT_TRUE(driver->stop());
    EXPECT_FALSE(fs::exists(inst_ / "qemu.pid")) << "the stale file is swept";
}

TEST_F(QemuDriverTest, AnImageBecomesTheDisk) {
    ASSERT_TRUE(fs::write_file_atomic(inst_ / "image", "QFI\xfb and more"));
    auto driver = open();
    ASSERT_TRUE(driver->configure(instance()));
    const auto made = driver->create_disk();
    ASSERT_TRUE(made) << made.error().text();
    EXPECT_EQ(fs::read_file(inst_ / "disk").value(), "QFI\xfb and more");
    EXPECT_FALSE(fs::exists(inst_ / "image"));
    EXPECT_TRUE(driver->create_disk()) << "once more changes nothing";
}

TEST_F(QemuDriverTest, AnIsoGetsADiskBesideIt) {
    std::string iso(0x8800, '\0');
    iso.replace(0x8001, 5, "CD001");
    ASSERT_TRUE(fs::write_file_atomic(inst_ / "image", iso));
    auto driver = open();
    ASSERT_TRUE(driver->configure(instance()));

    FakeDisks::instance().refuse_create = true;
    ASSERT_FALSE(driver->create_disk());
    EXPECT_TRUE(fs::exists(inst_ / "image")) << "back where it was";
    EXPECT_FALSE(fs::exists(inst_ / "iso"));

    FakeDisks::instance().refuse_create = false;
    const auto made = driver->create_disk();
    ASSERT_TRUE(made) << made.error().text();
    EXPECT_TRUE(fs::exists(inst_ / "iso"));
    EXPECT_EQ(std::filesystem::file_size(inst_ / "disk"), 64U << 20);
}

TEST_F(QemuDriverTest, AnIsoWhoseDiskIsMissingGetsOne) {
    ASSERT_TRUE(fs::write_file_atomic(inst_ / "iso", "x"));
    auto driver = open();
    ASSERT_TRUE(driver->configure(instance()));
    ASSERT_TRUE(driver->create_disk());
    EXPECT_TRUE(fs::exists(inst_ / "disk"));
}

TEST_F(QemuDriverTest, ImagesThatCannotBeADisk) {
    auto driver = open();
    ASSERT_TRUE(driver->configure(instance()));
    const auto none = driver->create_disk();
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code(), Code::kNotFound);
    ASSERT_TRUE(fs::write_file_atomic(inst_ / "image", "QFI\xfb"));
    FakeDisks::instance().backing_file = "/base.qcow2";
    const auto backed = driver->create_disk();
    ASSERT_FALSE(backed);
    EXPECT_NE(backed.error().text().find("/base.qcow2"), std::string::npos);
    EXPECT_TRUE(fs::exists(inst_ / "image"));
}

TEST_F(QemuDriverTest, ValidateNamesWhatServesATpm) {
    Json with_tpm = instance();
    with_tpm["config"]["tpm"] = true;
    auto driver = open();
    ASSERT_TRUE(driver->configure(with_tpm));
    const auto checked = driver->validate();
    const bool there = find_program("swtpm").has_value();
    EXPECT_EQ(checked.has_value(), there);
    if (!there) {
        EXPECT_NE(checked.error().text().find("swtpm"), std::string::npos);
        EXPECT_NE(checked.error().hint().find("install"), std::string::npos);
    }
    // It has no such device, whatever is installed.
    with_tpm["config"]["arch"] = "s390x";
    ASSERT_TRUE(driver->configure(with_tpm));
    const auto refused = driver->validate();
    ASSERT_FALSE(refused);
    if (find_program("qemu-system-s390x")) {
        EXPECT_NE(refused.error().text().find("`tpm`"), std::string::npos);
    }
}

}  // namespace
}  // namespace lima::qemu::test
