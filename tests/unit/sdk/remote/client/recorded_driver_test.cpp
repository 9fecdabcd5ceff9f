// lima-remote.so at Lima's own QEMU driver, byte for byte as it was recorded (recorded_driver.cpp
// plays it): every answer must be understood, and what is asked must be what was asked then.
#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/driver/driver.hpp"
#include "tests/support/driver_events.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/temp_home.hpp"

#include <gmock/gmock.h>

#include <map>
#include <thread>
#include <unistd.h>

namespace lima::driver {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = test::RecordedStep::Kind;

// As it was then.
constexpr const char* kInstance = R"({
    "name": "v", "hostname": "lima-v", "status": "Stopped", "dir": "/l/lima/v", "vmType": "qemu",
    "arch": "x86_64", "cpus": 1, "memory": 134217728, "disk": 16777216, "sshLocalPort": 40022,
    "sshAddress": "127.0.0.1", "limaVersion": "2.2.0",
    "config": {
        "vmType": "qemu", "os": "Linux", "arch": "x86_64",
        "images": [{"location": "/i/disk", "arch": "x86_64"}],
        "cpus": 1, "memory": "128MiB", "disk": "16MiB", "mountType": "reverse-sshfs",
        "ssh": {"localPort": 40022, "overVsock": false}, "firmware": {"legacyBIOS": true},
        "video": {"display": "none", "vnc": {}}, "tpm": false,
        "audio": {"device": "", "interface": ""},
        "containerd": {"system": false, "user": false}
    }
})";

/// What a host has asked: each call with its messages, in order.
std::vector<std::string> calls_in(std::string_view bytes) {
    std::vector<std::string> out;
    std::map<std::uint32_t, std::size_t> places;
    std::map<std::uint32_t, test::http2::Messages> messages;
    test::http2::HeaderReader headers;
    test::http2::Frames frames(true);
    frames.add(bytes);
    while (const auto frame = frames.next()) {
        if (frame->type == test::http2::kHeaders) {
            for (const auto& [name, value] : headers.read(frame->payload)) {
                if (name == ":path") {
                    places[frame->stream] = out.size();
                    out.push_back(value);
                }
            }
        } else if (frame->type == test::http2::kData) {
            std::string& call = out.at(places.at(frame->stream));
            messages[frame->stream].add(frame->payload);
            while (const auto body = messages[frame->stream].next()) {
                // Hello tells our version.
                call += call.starts_with("/Driver/") ? " " + *body : "";
            }
        }
    }
    return out;
}

class RecordedDriverTest : public testing::TestWithParam<const char*> {
protected:
    RecordedDriverTest() : dir_(*fs::TempDir::create("recorded")) {
        EXPECT_TRUE(fs::make_dirs(inst()));
        const auto program = dir_.path() / "lima-driver-qemu";
        EXPECT_EQ(symlink(LIMA_RECORDED_DRIVER, program.c_str()), 0);
        OpenOptions options;
        options.on_event = events_.handler();
        options.prefixes = {LIMA_TEST_PREFIX};
        options.owner = "ha";
        options.instance_dir = inst();
        auto driver = Driver::open({"qemu", program, Origin::kExecutable}, std::move(options));
        EXPECT_TRUE(driver) << driver.error().text();
        driver_ = std::move(*driver);
    }

    std::filesystem::path inst() const { return dir_.path() / "v"; }
    bool is_first() const { return std::string_view(GetParam()).starts_with("lima-2.1"); }
    std::string heard(const std::string& mark) const {
        return fs::read_file(dir_.path() / mark).value_or("");
    }
    /// Waits for what was said after the event `exited`.
    bool is_played() const {
        for (int i = 0; i < 1000 && heard("all of it") != "was played"; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return heard("all of it") == "was played";
    }
    /// What a host said then, up to the mark.
    std::string recorded(std::string_view mark) const {
        std::string out;
        for (const auto& step : test::read_recording(GetParam())) {
            if (step.kind == Kind::kHost) {
                out += step.bytes;
            } else if (step.kind == Kind::kMark && step.bytes == mark) {
                return out;
            } else if (step.kind == Kind::kMark) {
                out.clear();
            }
        }
        return "";
    }

    void prepare();
    void run();

    fs::TempDir dir_;
    test::ScopedEnv recording_{"RECORDED", GetParam()};
    test::ScopedEnv heard_{"RECORDED_HEARD", dir_.path().string()};
    Events events_;
    std::unique_ptr<Driver> driver_;
};

void RecordedDriverTest::prepare() {
    const Json instance = *parse_json(kInstance);
    const auto inspected = driver_->inspect(instance);
    ASSERT_TRUE(inspected) << inspected.error().text();
    EXPECT_EQ((*inspected)["sshLocalPort"], 40022);
    EXPECT_EQ((*inspected)["protected"], false);

    const auto info = driver_->info();
    ASSERT_TRUE(info) << info.error().text();
    if (is_first()) {
        EXPECT_THAT(info->supported_image_formats, IsEmpty());
    } else {
        EXPECT_THAT(info->supported_image_formats, ElementsAre("qcow2", "raw", "vmdk", "vhdx"));
    }
    EXPECT_EQ(driver_->identify()->value().generation, is_first() ? "1" : "2");

    const auto configured = driver_->configure(instance);
    ASSERT_TRUE(configured) << configured.error().text();
    EXPECT_EQ((*configured)["config"]["video"]["vnc"]["display"], "127.0.0.1:0,to=9");
    EXPECT_EQ((*configured)["config"]["cpus"], 1);
    EXPECT_EQ((*configured)["config"]["tpm"], false);
    EXPECT_EQ((*configured)["config"]["user"], Json::object()) << "only in the answer";
    EXPECT_EQ((*configured)["dir"], "/l/lima/v");

    EXPECT_TRUE(driver_->validate());
    EXPECT_TRUE(driver_->create());
    const auto scripts = driver_->boot_scripts();
    ASSERT_TRUE(scripts) << scripts.error().text();
    EXPECT_THAT(*scripts, IsEmpty());
}

void RecordedDriverTest::run() {
    const auto started = driver_->start();
    ASSERT_TRUE(started) << started.error().text();
    EXPECT_TRUE(driver_->forward_guest_agent_over_ssh());
    const auto none = driver_->list_snapshots();
    ASSERT_TRUE(none) << none.error().text();
    EXPECT_EQ(*none, "");
    EXPECT_TRUE(driver_->create_snapshot("first"));
    const auto one = driver_->list_snapshots();
    ASSERT_TRUE(one) << one.error().text();
    EXPECT_THAT(*one, HasSubstr("VM SIZE"));
    EXPECT_THAT(*one, HasSubstr("--        first "));
    // Then its QEMU was killed.
    const Json exited = events_.wait("exited");
    EXPECT_EQ(exited["code"], -1);
    EXPECT_EQ(exited["stderr"], "signal: killed");
    EXPECT_THAT(events_.types(), ElementsAre("started", "exited"));
}

TEST_P(RecordedDriverTest, IsUnderstoodAndAskedTheSame) {
    ASSERT_NO_FATAL_FAILURE(prepare());
    ASSERT_NO_FATAL_FAILURE(run());
    EXPECT_TRUE(is_played());
    driver_.reset();
    EXPECT_EQ(heard("inspect-status"), recorded("inspect-status"));
    EXPECT_EQ(heard("pre-driver-action"), recorded("pre-driver-action"));
    EXPECT_EQ(calls_in(heard("connection")), calls_in(recorded("connection")));
    EXPECT_EQ(calls_in(recorded("connection")).size(), 14U);
}

INSTANTIATE_TEST_SUITE_P(Generations, RecordedDriverTest,
                         testing::Values("lima-2.1.4-driver-qemu.txt",
                                         "lima-2.2.0-driver-qemu.txt"),
                         [](const auto& of) {
                             const bool first = std::string_view(of.param).starts_with("lima-2.1");
                             return first ? "First" : "Second";
                         });

}  // namespace
}  // namespace lima::driver
