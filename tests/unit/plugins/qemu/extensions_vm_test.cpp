// Snapshots, display, pictures and helpers with a real QEMU and no guest.
#include "core/base/lock.hpp"
#include "core/base/process.hpp"
#include "hosted_driver.hpp"

#include <csignal>

namespace lima::qemu::test {
namespace {

using namespace std::chrono_literals;

class QemuExtensions : public HostedDriver {
protected:
    void SetUp() override {
        if (!find_program("qemu-system-x86_64") || !find_program("qemu-img")) {
            GTEST_SKIP() << "install qemu-system-x86 and qemu-utils";
        }
        HostedDriver::SetUp();
    }
    void TearDown() override {
        if (driver_) {
            driver::Cancel cancel;
            cancel.trigger();
            EXPECT_TRUE(driver_->stop(&cancel));
        }
    }

    void make_disk(const std::string& format) {
        SpawnOptions options;
        options.argv = {"qemu-img", "create", "-q", "-f", format, (inst_ / "disk").string(), "8M"};
        const auto made = run(std::move(options));
        ASSERT_TRUE(made && made->status.ok());
        ASSERT_TRUE(fs::write_file_atomic(inst_ / "disk.format", format + "\n"));
    }
    void configure(const Json& instance) {
        driver_ = open();
        const auto configured = driver_->configure(instance);
        ASSERT_TRUE(configured) << configured.error().text();
    }
    void start(const Json& instance) {
        configure(instance);
        const auto started = driver_->start();
        ASSERT_TRUE(started) << started.error().text();
    }
    std::string listed() {
        const auto list = driver_->list_snapshots();
        EXPECT_TRUE(list) << (list ? "" : list.error().text());
        return list.value_or("");
    }
    Code create(const std::string& tag) { return code(driver_->create_snapshot(tag)); }
    Code apply(const std::string& tag) { return code(driver_->apply_snapshot(tag)); }
    Code remove(const std::string& tag) { return code(driver_->delete_snapshot(tag)); }
    Code code(const Result<void>& result) {
        last_ = result ? Error(Code::kOk, "") : result.error();
        return last_.code();
    }

    std::unique_ptr<driver::Driver> driver_;
    Error last_{Code::kOk, ""};
};

TEST_F(QemuExtensions, SnapshotsOfAStoppedVm) {
    make_disk("qcow2");
    configure(instance());
    EXPECT_EQ(listed(), "");
    EXPECT_EQ(create("one"), Code::kOk) << last_.text();
    EXPECT_EQ(create("one"), Code::kAlreadyExists) << last_.text();
    EXPECT_EQ(create("-a"), Code::kInvalidArgument);
    EXPECT_EQ(create("12"), Code::kInvalidArgument) << "it would be an id";
    EXPECT_EQ(create("two"), Code::kOk) << last_.text();
    const std::string table = listed();
    EXPECT_TRUE(table.starts_with("ID        TAG ")) << table;
    EXPECT_NE(table.find("\n1         one  "), std::string::npos) << table;
    EXPECT_NE(table.find("\n2         two  "), std::string::npos) << table;
    EXPECT_EQ(apply("one"), Code::kOk) << last_.text();
    EXPECT_EQ(apply("1"), Code::kNotFound) << "ids are no tags";
    EXPECT_EQ(remove("three"), Code::kNotFound);
    EXPECT_EQ(remove("one"), Code::kOk) << last_.text();
    EXPECT_EQ(remove("two"), Code::kOk) << last_.text();
    EXPECT_EQ(listed(), "");
}

TEST_F(QemuExtensions, SnapshotsOfARunningVm) {
    make_disk("qcow2");
    start(instance());
    EXPECT_EQ(listed(), "");
    EXPECT_EQ(create("live"), Code::kOk) << last_.text();
    EXPECT_EQ(create("live"), Code::kAlreadyExists);
    EXPECT_NE(listed().find(" live "), std::string::npos) << listed();
    EXPECT_EQ(apply("live"), Code::kOk) << last_.text();
    EXPECT_EQ(apply("dead"), Code::kNotFound);
    EXPECT_TRUE(events_.wait_for("resumed", 5s)) << "the VM goes on";
    EXPECT_TRUE(driver_->connect_guest_agent()) << "ports are there after it";
    EXPECT_EQ(remove("live"), Code::kOk) << last_.text();
    EXPECT_EQ(remove("live"), Code::kNotFound);
    EXPECT_EQ(listed(), "");
}

TEST_F(QemuExtensions, ADiskOnlySnapshotIsNoneOfARunningVm) {
    make_disk("qcow2");
    configure(instance());
    ASSERT_EQ(create("cold"), Code::kOk) << last_.text();
    ASSERT_TRUE(driver_->start());
    EXPECT_EQ(apply("cold"), Code::kFailedPrecondition);
    EXPECT_NE(last_.hint().find("stop the instance"), std::string::npos) << last_.hint();
    EXPECT_EQ(events_.count("paused"), 0U) << "refused before QEMU was asked";
}

TEST_F(QemuExtensions, RawDisksHoldNoSnapshots) {
    make_disk("raw");
    start(instance());
    EXPECT_EQ(create("x"), Code::kFailedPrecondition);
    EXPECT_NE(last_.text().find("raw, not qcow2"), std::string::npos) << last_.text();
    EXPECT_EQ(listed(), "");
}

TEST_F(QemuExtensions, AnotherHostsVmIsNotTouchedOffline) {
    make_disk("qcow2");
    start(instance());
    auto second = open();
    ASSERT_TRUE(second->configure(instance()));
    const auto refused = second->create_snapshot("x");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::kFailedPrecondition) << refused.error().text();
}

TEST_F(QemuExtensions, VncHasAPasswordAPortAndPictures) {
    Json shown = instance();
    shown["config"]["video"] = {{"display", "vnc"}, {"vnc", {{"display", "127.0.0.1:0,to=90"}}}};
    start(shown);
    const auto changed = driver_->change_display_password("12345678");
    EXPECT_TRUE(changed) << changed.error().text();
    const auto port = driver_->display_connection();
    ASSERT_TRUE(port) << port.error().text();
    EXPECT_GE(std::stoi(*port), 5900);
    EXPECT_LE(std::stoi(*port), 5990);
    const auto png = driver_->screenshot("png");
    ASSERT_TRUE(png) << png.error().text();
    EXPECT_EQ(png->format, "png");
    EXPECT_TRUE(png->bytes.starts_with("\x89PNG\r\n\x1a\n"));
    const auto bmp = driver_->screenshot("bmp");
    ASSERT_TRUE(bmp) << bmp.error().text();
    EXPECT_TRUE(bmp->bytes.starts_with("BM"));
    EXPECT_GT(bmp->bytes.size(), 320U * 200U * 3U);
    EXPECT_EQ(driver_->screenshot("jpeg").error().code(), Code::kInvalidArgument);
    const auto left = fs::list_names(inst_);
    for (const std::string& name : *left) {
        EXPECT_FALSE(name.starts_with("screen")) << name;
    }
}

TEST_F(QemuExtensions, NoDisplayNoPicture) {
    start(instance());
    EXPECT_EQ(driver_->screenshot("").error().code(), Code::kFailedPrecondition);
    EXPECT_EQ(driver_->display_connection().error().code(), Code::kFailedPrecondition);
    EXPECT_EQ(driver_->change_display_password("x").error().code(), Code::kFailedPrecondition);
}

TEST_F(QemuExtensions, AHelperThatDiesIsAWarningAlsoToTheNextHost) {
    if (!find_program("swtpm")) {
        GTEST_SKIP() << "install swtpm";
    }
    Json with_tpm = instance();
    with_tpm["config"]["tpm"] = true;
    {
        start(with_tpm);
        driver_.reset();
    }
    configure(with_tpm);
    const auto adopted = driver_->adopt();
    ASSERT_TRUE(adopted) << adopted.error().text();
    const auto state = read_pid_file(inst_ / "swtpm.pid");
    ASSERT_TRUE(state && state->held);
    EXPECT_EQ(events_.count("warning"), 0U);
    ASSERT_EQ(::kill(state->pid, SIGKILL), 0);
    const auto warning = events_.wait_for("warning", 5s);
    ASSERT_TRUE(warning);
    EXPECT_NE(json_string(warning->data, "message").find("swtpm has ended"), std::string::npos);
}

TEST_F(QemuExtensions, HelpersOfAFailedStartAreGone) {
    if (!find_program("swtpm")) {
        GTEST_SKIP() << "install swtpm";
    }
    Json broken = instance();
    broken["config"]["tpm"] = true;
    broken["config"]["vmOpts"] = {{"qemu", {{"cpuType", {{"x86_64", "max,nonsense=on"}}}}}};
    configure(broken);
    ASSERT_FALSE(driver_->start());
    EXPECT_FALSE(fs::exists(inst_ / "swtpm.pid"));
    EXPECT_FALSE(fs::exists(inst_ / "swtpm.sock"));
}

}  // namespace
}  // namespace lima::qemu::test
