// lima/driver.hpp as a host in C sees it: every call here goes through the table.
#include <lima/driver.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace lima::sdk {
namespace {

using testing::ElementsAre;

std::vector<std::string> g_log;

/// A lima_call that remembers what was said through it.
struct FakeCall {
    lima_call raw{};
    std::string message;
    std::string hint;
    std::string progress;
    bool cancelled = false;

    FakeCall() {
        raw.struct_size = sizeof raw;
        raw.cancel_fd = -1;
        raw.ctx = this;
        raw.cancelled = [](const lima_call* call) -> std::int32_t { return of(call).cancelled; };
        raw.fail = [](const lima_call* call, const char* text) { of(call).message = text; };
        raw.hint = [](const lima_call* call, const char* text) { of(call).hint = text; };
        raw.progress = [](const lima_call* call, std::uint64_t done, std::uint64_t total,
                          const char* what) {
            of(call).progress =
                std::string(what) + " " + std::to_string(done) + "/" + std::to_string(total);
        };
    }
    static FakeCall& of(const lima_call* call) { return *static_cast<FakeCall*>(call->ctx); }
};

struct FakeHost {
    lima_host raw{};
    FakeHost() {
        raw.abi = LIMA_DRIVER_ABI;
        raw.name = "test";
        raw.version = "v1";
        raw.log = [](const lima_host*, lima_level level, const char* message, const char* fields) {
            g_log.push_back(std::to_string(level) + " " + message +
                            (fields != nullptr ? std::string(" ") + fields : ""));
        };
        raw.event = [](const lima_host*, const char* type, const char* json) {
            g_log.push_back(std::string(type) + " " + json);
        };
        raw.get_extension = [](const lima_host*, const char* id) -> const void* {
            static constexpr int kTable = 5;
            return std::string_view(id) == "test.five/1" ? &kTable : nullptr;
        };
        g_log.clear();
    }
};

constexpr int kOwnTable = 7;

/// Every mixin; what it does depends on the text that configure got.
class FullDriver final : public Driver,
                         public GuestAgent,
                         public GuestChannels,
                         public BootScripts,
                         public Ssh,
                         public Status,
                         public Adopt,
                         public Snapshot,
                         public Gui,
                         public Display,
                         public Screenshot,
                         public ConfigSchema {
public:
    using Driver::Driver;
    ~FullDriver() override { host().debug("destroyed"); }

    Result<std::string> configure(const Call& call, std::string_view json) override {
        call.progress(1, 2, "configuring");
        fail_schema_ = json == "no schema";
        if (json == "fail") {
            return fail(Error(Code::kInvalidArgument, "no").with_hint("yes"));
        }
        return std::string(json) + "!";
    }
    Result<> start(const Call& call) override { return call.check(); }
    Result<> stop(const Call&) override { throw std::runtime_error("why"); }
    Result<std::string> info() const override { return std::string("{}"); }
    const void* extension(std::string_view id) const noexcept override {
        return id == "test.own/1" ? &kOwnTable : nullptr;
    }

    bool forward_over_ssh() const override { return true; }
    Result<lima_handle> connect(const Call&) override { return lima_handle(44); }
    Result<lima_handle> connect_channel(const Call&, std::string_view name) override {
        if (name != "forward") {
            return fail(Code::kNotFound, "no such channel");
        }
        return lima_handle(45);
    }
    Result<std::map<std::string, std::string>> boot_scripts(const Call&) override {
        return std::map<std::string, std::string>{{"boot.Linux/a.sh", "A"}, {"b", ""}};
    }
    Result<SshAddress> ssh_address(const Call&) override { return SshAddress{"10.0.0.7", 22}; }
    Result<std::string> status(const Call&) override { return std::string("Running"); }
    Result<> adopt(const Call&) override { return fail(Code::kNotFound, "nothing runs"); }
    Result<> create_snapshot(const Call&, const std::string& tag) override { return did("+", tag); }
    Result<> apply_snapshot(const Call&, const std::string& tag) override { return did("=", tag); }
    Result<> delete_snapshot(const Call&, const std::string& tag) override { return did("-", tag); }
    Result<std::string> list_snapshots(const Call&) override { return std::string("ID TAG\n"); }
    Result<> change_display_password(const Call&, const std::string& password) override {
        return did("password ", password);
    }
    Result<std::string> display_connection(const Call&) override { return std::string("5901"); }
    Result<Picture> capture_screenshot(const Call&, std::string_view format) override {
        if (format == "gif") {
            return fail(Code::kInvalidArgument, "no GIF");
        }
        return Picture{.format = "png", .bytes = std::string("\x89PNG\0", 5)};
    }
    Result<std::string> config_schema() const override {
        if (fail_schema_) {
            throw std::runtime_error("no schema");
        }
        return std::string(R"({"type":"object"})");
    }
    Result<> run_gui(const Call&) override {
        return fail(Code::kOk, "fails, and says that it is fine");
    }

private:
    Result<> did(const char* what, const std::string& tag) {
        host().info(what + tag);
        return {};
    }

    bool fail_schema_ = false;
};
LIMA_DEFINE_DRIVER_ENTRY(full_entry, FullDriver, "org.example.full", "full", "1.2.3")

class PlainDriver final : public Driver {
public:
    explicit PlainDriver(const Host& host) : Driver(host) {
        if (const int* five = host_extension<int>("test.five/1"); five == nullptr || *five != 5) {
            throw std::runtime_error("no five");
        }
        throw std::runtime_error("cannot be made");
    }
    Result<std::string> configure(const Call&, std::string_view json) override {
        return std::string(json);
    }
    Result<> start(const Call&) override { return {}; }
    Result<> stop(const Call&) override { return {}; }
    Result<std::string> info() const override { return std::string("{}"); }
};
LIMA_DEFINE_DRIVER_ENTRY(plain_entry, PlainDriver, "org.example.plain", "plain", "1")

class FullDriverTest : public testing::Test {
protected:
    FullDriverTest() {
        EXPECT_EQ(full_entry(LIMA_DRIVER_ABI)->create(&host_.raw, &driver_), LIMA_OK);
    }
    ~FullDriverTest() override {
        if (driver_ != nullptr) {
            driver_->destroy(driver_);
        }
    }
    template <class Table>
    const Table& extension(const char* id) {
        const void* table = driver_->get_extension(driver_, id);
        EXPECT_NE(table, nullptr) << id;
        return *static_cast<const Table*>(table);
    }

    FakeHost host_;
    FakeCall call_;
    Outputs out_;
    lima_driver* driver_ = nullptr;
};

TEST_F(FullDriverTest, TheRecordSaysWhatTheMacroWasGiven) {
    const lima_driver_module* module = full_entry(LIMA_DRIVER_ABI);
    EXPECT_STREQ(module->id, "org.example.full");
    EXPECT_STREQ(module->name, "full");
    EXPECT_STREQ(module->version, "1.2.3");
    EXPECT_EQ(module->abi, LIMA_DRIVER_ABI);
    EXPECT_EQ(full_entry(LIMA_DRIVER_ABI + 9), module);
    EXPECT_EQ(full_entry(2U << 16), nullptr);
    EXPECT_EQ(full_entry(0), nullptr);
}

TEST_F(FullDriverTest, AnswersGoIntoTheSink) {
    EXPECT_EQ(driver_->configure(driver_, &call_.raw, "{}", out_.sink()), LIMA_OK);
    EXPECT_EQ(driver_->info(driver_, out_.sink()), LIMA_OK);
    EXPECT_EQ(out_.get("instance"), "{}!");
    EXPECT_EQ(out_.get("info"), "{}");
    EXPECT_EQ(call_.progress, "configuring 1/2");
}

TEST_F(FullDriverTest, FailuresHaveCodeTextAndHint) {
    EXPECT_EQ(driver_->configure(driver_, &call_.raw, "fail", out_.sink()), LIMA_INVALID_ARGUMENT);
    EXPECT_EQ(call_.message, "no");
    EXPECT_EQ(call_.hint, "yes");
    EXPECT_TRUE(out_.values().empty());
    call_.cancelled = true;
    EXPECT_EQ(driver_->start(driver_, &call_.raw), LIMA_CANCELLED);
}

TEST_F(FullDriverTest, AShorterCallHasNoHint) {
    call_.raw.struct_size = offsetof(lima_call, hint);
    call_.raw.hint = nullptr;
    EXPECT_EQ(driver_->configure(driver_, &call_.raw, "fail", out_.sink()), LIMA_INVALID_ARGUMENT);
    EXPECT_EQ(call_.message, "no");
}

TEST_F(FullDriverTest, AnExceptionIsAnInternalError) {
    EXPECT_EQ(driver_->stop(driver_, &call_.raw), LIMA_INTERNAL);
    EXPECT_EQ(call_.message, "the driver threw an exception: why");
}

TEST_F(FullDriverTest, VerbsThatAreLeftOutSucceed) {
    EXPECT_EQ(driver_->validate(driver_, &call_.raw), LIMA_OK);
    EXPECT_EQ(driver_->create(driver_, &call_.raw), LIMA_OK);
    EXPECT_EQ(driver_->create_disk(driver_, &call_.raw), LIMA_OK);
    EXPECT_EQ(driver_->remove(driver_, &call_.raw), LIMA_OK);
}

TEST_F(FullDriverTest, MixinsAreExtensions) {
    const auto& agent = extension<lima_ext_guest_agent>(LIMA_EXT_GUEST_AGENT);
    lima_handle handle = -1;
    EXPECT_EQ(agent.forward_over_ssh(driver_), 1);
    EXPECT_EQ(agent.connect(driver_, &call_.raw, &handle), LIMA_OK);
    EXPECT_EQ(handle, 44);
    const auto& channel = extension<lima_ext_guest_channel>(LIMA_EXT_GUEST_CHANNEL);
    EXPECT_EQ(channel.connect(driver_, &call_.raw, "forward", &handle), LIMA_OK);
    EXPECT_EQ(handle, 45);
    EXPECT_EQ(channel.connect(driver_, &call_.raw, "other", &handle), LIMA_NOT_FOUND);
    EXPECT_EQ(channel.connect(driver_, &call_.raw, nullptr, &handle), LIMA_NOT_FOUND);

    extension<lima_ext_boot_scripts>(LIMA_EXT_BOOT_SCRIPTS).list(driver_, &call_.raw, out_.sink());
    EXPECT_EQ(out_.get("boot.Linux/a.sh"), "A");
    EXPECT_EQ(out_.values().count("b"), 1U);
    extension<lima_ext_ssh>(LIMA_EXT_SSH).address(driver_, &call_.raw, out_.sink());
    EXPECT_EQ(out_.get("address") + ":" + out_.get("port"), "10.0.0.7:22");
    extension<lima_ext_status>(LIMA_EXT_STATUS).get(driver_, &call_.raw, out_.sink());
    EXPECT_EQ(out_.get("status"), "Running");
    EXPECT_EQ(extension<lima_ext_adopt>(LIMA_EXT_ADOPT).adopt(driver_, &call_.raw), LIMA_NOT_FOUND);
    EXPECT_EQ(call_.message, "nothing runs");
}

TEST_F(FullDriverTest, SnapshotsGetTheirTag) {
    const auto& snapshot = extension<lima_ext_snapshot>(LIMA_EXT_SNAPSHOT);
    EXPECT_EQ(snapshot.create(driver_, &call_.raw, "t"), LIMA_OK);
    EXPECT_EQ(snapshot.apply(driver_, &call_.raw, "t"), LIMA_OK);
    EXPECT_EQ(snapshot.remove(driver_, &call_.raw, "t"), LIMA_OK);
    EXPECT_EQ(snapshot.list(driver_, &call_.raw, out_.sink()), LIMA_OK);
    EXPECT_EQ(out_.get("text"), "ID TAG\n");
    EXPECT_THAT(g_log, ElementsAre("2 +t", "2 =t", "2 -t"));
}

TEST_F(FullDriverTest, ADisplayHasAPasswordAndAPort) {
    const auto& display = extension<lima_ext_display>(LIMA_EXT_DISPLAY);
    EXPECT_EQ(display.change_password(driver_, &call_.raw, "secret"), LIMA_OK);
    EXPECT_THAT(g_log, ElementsAre("2 password secret"));
    EXPECT_EQ(display.connection(driver_, &call_.raw, out_.sink()), LIMA_OK);
    EXPECT_EQ(out_.get("connection"), "5901");
}

TEST_F(FullDriverTest, AScreenshotIsBytes) {
    const auto& screenshot = extension<lima_ext_screenshot>(LIMA_EXT_SCREENSHOT);
    EXPECT_EQ(screenshot.capture(driver_, &call_.raw, nullptr, out_.sink()), LIMA_OK);
    EXPECT_EQ(out_.get("image").size(), 5U);
    EXPECT_EQ(out_.get("format"), "png");
    EXPECT_EQ(screenshot.capture(driver_, &call_.raw, "gif", out_.sink()), LIMA_INVALID_ARGUMENT);
    EXPECT_EQ(call_.message, "no GIF");
}

TEST_F(FullDriverTest, TheSchemaNeedsNoConfigureAndNoCall) {
    const auto& schema = extension<lima_ext_config_schema>(LIMA_EXT_CONFIG_SCHEMA);
    EXPECT_EQ(schema.get(driver_, out_.sink()), LIMA_OK);
    EXPECT_EQ(out_.get("schema"), R"({"type":"object"})");
    driver_->configure(driver_, &call_.raw, "no schema", out_.sink());
    EXPECT_EQ(schema.get(driver_, out_.sink()), LIMA_INTERNAL);
}

TEST_F(FullDriverTest, AnErrorIsNeverAnOk) {
    EXPECT_EQ(extension<lima_ext_gui>(LIMA_EXT_GUI).run(driver_, &call_.raw), LIMA_UNKNOWN);
}

TEST_F(FullDriverTest, OtherExtensionsAreTheDriversOwn) {
    EXPECT_EQ(driver_->get_extension(driver_, "test.own/1"), &kOwnTable);
    EXPECT_EQ(driver_->get_extension(driver_, "lima.adopt/2"), nullptr);
    EXPECT_EQ(driver_->get_extension(driver_, ""), nullptr);
}

TEST_F(FullDriverTest, DestroyEndsTheObject) {
    driver_->destroy(driver_);
    driver_ = nullptr;
    EXPECT_THAT(g_log, ElementsAre("1 destroyed"));
}

TEST(PlainDriverTest, AConstructorThatThrowsIsLogged) {
    const FakeHost host;
    lima_driver* driver = nullptr;
    EXPECT_EQ(plain_entry(LIMA_DRIVER_ABI)->create(&host.raw, &driver), LIMA_INTERNAL);
    EXPECT_EQ(driver, nullptr);
    EXPECT_THAT(g_log, ElementsAre("4 cannot be made"));
}

TEST(HostTest, EventsAreJson) {
    const FakeHost raw;
    const Host host(raw.raw);
    host.started();
    host.exited(3, 0, "a \"b\"\n\x01");
    host.phase("kernel");
    host.panic("p");
    host.warning("w\\");
    host.log(LIMA_WARN, "m", R"({"k":1})");
    EXPECT_THAT(g_log, ElementsAre("started {}",
                                   R"(exited {"code":3,"signal":0,"stderr":"a \"b\"\u000a\u0001"})",
                                   R"(phase {"name":"kernel"})", R"(panic {"message":"p"})",
                                   R"(warning {"message":"w\\"})", R"(3 m {"k":1})"));
}

TEST(CapturedCallTest, KeepsTheInnerFailureFromTheOuterCall) {
    FakeCall outer;
    const CapturedCall inner{Call(outer.raw)};
    const lima_call* raw = inner.raw();
    raw->fail(raw, "inner text");
    raw->hint(raw, "inner hint");
    raw->progress(raw, 1, 0, "inner");
    EXPECT_EQ(outer.message, "");
    EXPECT_EQ(outer.progress, "inner 1/0");
    EXPECT_EQ(raw->cancelled(raw), 0);
    outer.cancelled = true;
    EXPECT_NE(raw->cancelled(raw), 0);
    EXPECT_TRUE(inner.result(LIMA_OK));
    const auto failed = inner.result(LIMA_NOT_FOUND);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), Code::kNotFound);
    EXPECT_EQ(failed.error().text(), "inner text");
    EXPECT_EQ(failed.error().hint(), "inner hint");
}

}  // namespace
}  // namespace lima::sdk
