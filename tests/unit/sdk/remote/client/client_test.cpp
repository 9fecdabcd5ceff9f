// lima-remote.so as the core uses it, against a program that plays every kind of driver
// (played_driver.cpp): what is sent, what comes back, and how it ends.
#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/lock.hpp"
#include "core/base/text.hpp"
#include "core/driver/describe.hpp"
#include "core/driver/driver.hpp"
#include "tests/support/driver_events.hpp"
#include "tests/support/temp_home.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>

namespace lima::driver {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

template <class T>
std::string error_text(const Result<T>& result) {
    EXPECT_FALSE(result.has_value());
    return result ? "" : result.error().text();
}

class ClientTest : public testing::Test {
protected:
    ClientTest() : dir_(*fs::TempDir::create("client")) {
        const std::filesystem::path link = program();
        EXPECT_EQ(symlink(LIMA_PLAYED_DRIVER, link.c_str()), 0);
        log_.emplace("PLAYED_LOG", (dir_.path() / "played.log").string());
        EXPECT_TRUE(fs::make_dirs(inst()));
    }

    std::filesystem::path program() const { return dir_.path() / "lima-driver-played"; }
    std::filesystem::path inst() const { return dir_.path() / "inst"; }
    std::filesystem::path socket() const { return inst() / "played.drv.sock"; }
    std::filesystem::path pid_file() const { return inst() / "lima-driver-played-ha.pid"; }

    void play(const std::string& words) { words_.emplace("PLAYED", words); }

    std::unique_ptr<Driver> open(bool with_instance = true) {
        OpenOptions options;
        options.on_event = events_.handler();
        options.prefixes = {LIMA_TEST_PREFIX};
        options.owner = "ha";
        if (with_instance) {
            options.instance_dir = inst();
        }
        auto driver = Driver::open({"played", program(), Origin::kExecutable}, std::move(options));
        EXPECT_TRUE(driver) << driver.error().text();
        return std::move(*driver);
    }
    Json instance() const {
        return {{"name", "x"},
                {"dir", inst().string()},
                {"sshLocalPort", 60022},
                {"unknown", {1, 2}},
                {"config", {{"cpus", 2}, {"memory", "4GiB"}}}};
    }
    std::unique_ptr<Driver> open_configured() {
        auto driver = open();
        EXPECT_TRUE(driver->configure(instance()));
        return driver;
    }

    std::vector<std::string> log() const {
        std::vector<std::string> out;
        const std::string text = fs::read_file(dir_.path() / "played.log").value_or("");
        for (const std::string_view line : lines(text)) {
            out.emplace_back(line);
        }
        return out;
    }
    /// The calls without the bytes, and without what does not matter for the order.
    std::size_t count(const std::string& line) const {
        const auto all = log();
        return static_cast<std::size_t>(std::count(all.begin(), all.end(), line));
    }
    bool comes(const std::string& line) const {
        for (int i = 0; i < 500 && count(line) == 0; ++i) {
            std::this_thread::sleep_for(milliseconds(10));
        }
        return count(line) == 1;
    }
    pid_t pid() const { return std::stoi(fs::read_file(pid_file()).value_or("0")); }

    fs::TempDir dir_;
    Events events_;
    std::optional<test::ScopedEnv> words_;
    std::optional<test::ScopedEnv> log_;
};

TEST_F(ClientTest, NothingIsLaunchedBeforeItIsNeeded) {
    play("gen2");
    open();
    EXPECT_THAT(log(), ElementsAre());
}

TEST_F(ClientTest, AsksForInfoFirstAndSendsEmptyAsNoBytes) {
    play("gen2");
    {
        const auto driver = open();
        const auto info = driver->info();
        ASSERT_TRUE(info) << info.error().text();
        EXPECT_FALSE(info->needs_image);
        ASSERT_TRUE(driver->configure(instance()));
        EXPECT_TRUE(driver->validate());
        EXPECT_TRUE(driver->create());
        EXPECT_TRUE(driver->create_disk());
        EXPECT_TRUE(driver->remove());
    }
    const std::string size = std::to_string(2 + dump_json(instance()).size());
    const auto all = log();
    EXPECT_THAT(all, ElementsAre("process --inst-dir " + inst().string(), "Info 0", "Info 0",
                                 "Configure " + size, "told it is stopped", "Validate 0",
                                 "Create 0", "CreateDisk 0", "Delete 0"));
}

TEST_F(ClientTest, TheAnswerIsMergedOverWhatWasSent) {
    play("gen2");
    const auto driver = open();
    const auto reply = driver->configure(instance());
    ASSERT_TRUE(reply) << reply.error().text();
    EXPECT_EQ((*reply)["config"]["cpus"], 7);
    EXPECT_EQ((*reply)["config"]["memory"], "4GiB");
    EXPECT_EQ((*reply)["unknown"], Json({1, 2}));
    EXPECT_EQ((*reply)["added"], Json({1}));
}

TEST_F(ClientTest, TheProcessHasAPidFileThatIsLockedForItsLife) {
    play("gen2");
    {
        const auto driver = open_configured();
        const auto state = read_pid_file(pid_file());
        ASSERT_TRUE(state);
        EXPECT_TRUE(state->held);
        const std::string whole = *fs::read_file(pid_file());
        const auto text = lines(whole);
        ASSERT_EQ(text.size(), 3U);
        EXPECT_EQ(text[1], std::to_string(process_id(state->pid)->start_ticks));
        EXPECT_EQ(text[2], program().string());
        EXPECT_NE(getpgid(state->pid), getpgid(0));
    }
    EXPECT_FALSE(fs::exists(pid_file()));
    EXPECT_FALSE(fs::exists(socket()));
}

TEST_F(ClientTest, OffersWhatTheOriginalHas) {
    play("gen2");
    const auto driver = open();
    for (const char* id : {"lima.guest-agent/1", "lima.boot-scripts/1", "lima.snapshot/1",
                           "lima.display/1", "lima.status/1"}) {
        EXPECT_TRUE(driver->has_extension(id)) << id;
    }
    for (const char* id : {"lima.ssh/1", "lima.gui/1", "lima.adopt/1", "lima.screenshot/1",
                           "lima.config-schema/1", "lima.snapshot/1x"}) {
        EXPECT_FALSE(driver->has_extension(id)) << id;
    }
    EXPECT_EQ(driver->identify()->value().generation, "2");
}

TEST_F(ClientTest, OffersSshAndAWindowWhereInfoSaysSo) {
    play("gen2 dynamic");
    const auto driver = open_configured();
    EXPECT_TRUE(driver->has_extension("lima.gui/1"));
    const auto address = driver->ssh_address();
    ASSERT_TRUE(address) << address.error().text();
    EXPECT_EQ(address->address, "10.0.0.7");
    EXPECT_EQ(address->port, 60022);
}

TEST_F(ClientTest, PassesTheFurtherCallsOn) {
    play("gen2");
    const auto driver = open_configured();
    EXPECT_EQ(driver->boot_scripts()->at("boot.Linux/01-x.sh"), "true\n");
    EXPECT_TRUE(driver->forward_guest_agent_over_ssh());
    EXPECT_EQ(*driver->list_snapshots(), "ID TAG\n1 first\n");
    EXPECT_EQ(error_text(driver->create_snapshot("t")), "unimplemented");
    EXPECT_EQ(*driver->display_connection(), "5901");
    EXPECT_TRUE(driver->change_display_password("secret"));
    EXPECT_EQ(count("CreateSnapshot 3"), 1U);
    EXPECT_EQ(count("ChangeDisplayPassword 8"), 1U);
}

// The original's QEMU driver would use qemu-img on the disk of a VM that runs.
TEST_F(ClientTest, BeforeASnapshotTheStatusIsTold) {
    play("gen2");
    const auto driver = open_configured();
    EXPECT_TRUE(driver->list_snapshots());
    EXPECT_EQ(count("told it is stopped"), 1U);
    ASSERT_TRUE(driver->start());
    EXPECT_TRUE(driver->apply_snapshot("t"));
    EXPECT_TRUE(driver->delete_snapshot("t"));
    EXPECT_EQ(count("told it runs"), 1U);
    ASSERT_TRUE(driver->stop());
    EXPECT_TRUE(driver->list_snapshots());
    EXPECT_EQ(count("told it runs"), 1U);
    EXPECT_EQ(count("told it is stopped"), 2U);
}

TEST_F(ClientTest, AnErrorKeepsItsCodeTextAndHint) {
    play("gen2 invalid");
    const auto result = open_configured()->validate();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kInvalidArgument);
    EXPECT_EQ(result.error().text(), "no such machine");
    EXPECT_EQ(result.error().hint(), "buy a bigger one");
}

TEST_F(ClientTest, TheStreamOfStartIsTheLifeOfTheVm) {
    play("gen2");
    const auto driver = open_configured();
    ASSERT_TRUE(driver->start());
    EXPECT_THAT(events_.types(), ElementsAre("started"));
    EXPECT_EQ(driver->start().error().code(), Code::kFailedPrecondition);
    EXPECT_EQ(count("AdditionalSetupForSSH 0"), 1U);
    ASSERT_TRUE(driver->stop());
    EXPECT_EQ(events_.wait("exited")["code"], 0);
    EXPECT_THAT(events_.types(), ElementsAre("started", "exited"));
    ASSERT_TRUE(driver->start()) << "once more";
    ASSERT_TRUE(driver->stop());
    EXPECT_EQ(count("Start 0"), 2U);
}

TEST_F(ClientTest, AMissingSetupForSshIsNoFailure) {
    play("gen2 no-setup");
    const auto driver = open_configured();
    EXPECT_TRUE(driver->start());
    EXPECT_TRUE(driver->stop());
}

TEST_F(ClientTest, AStreamThatDoesNotEndAfterStopIsEnded) {
    play("gen2 stream-stays");
    const auto driver = open_configured();
    ASSERT_TRUE(driver->start());
    const auto begin = steady_clock::now();
    ASSERT_TRUE(driver->stop());
    EXPECT_LT(steady_clock::now() - begin, seconds(5));
    EXPECT_EQ(events_.wait("exited")["code"], 0);
}

TEST_F(ClientTest, AFailedStartHasTheTextOfTheFirstMessage) {
    play("gen2 fail-start");
    const auto driver = open_configured();
    EXPECT_EQ(error_text(driver->start()), "no machine");
    EXPECT_THAT(events_.types(), ElementsAre());
    EXPECT_TRUE(driver->validate()) << "the process serves on";
}

TEST_F(ClientTest, AnErrorInTheStreamIsTheEnd) {
    play("gen2 vm-fails");
    const auto driver = open_configured();
    ASSERT_TRUE(driver->start());
    EXPECT_EQ(events_.wait("exited")["stderr"], "the VM caught fire");
}

TEST_F(ClientTest, ACancelledStopGivesUpAndTheVmGoesAtOnce) {
    play("gen2 hang-stop");
    const auto driver = open_configured();
    ASSERT_TRUE(driver->start());
    Cancel cancel;
    std::thread later([&cancel] {
        std::this_thread::sleep_for(milliseconds(200));
        cancel.trigger();
    });
    const auto begin = steady_clock::now();
    EXPECT_TRUE(driver->stop(&cancel));
    EXPECT_LT(steady_clock::now() - begin, seconds(3));
    later.join();
    EXPECT_EQ(events_.wait("exited")["code"], 0);
    EXPECT_TRUE(comes("Start-cancelled"));
}

TEST_F(ClientTest, ACrashIsAnExitWithTheLastLines) {
    play("gen2 crash");
    const auto driver = open_configured();
    static_cast<void>(driver->start());
    const Json event = events_.wait("exited");
    EXPECT_THAT(event["message"].get<std::string>(), HasSubstr("signal 6"));
    EXPECT_THAT(event["stderr"].get<std::string>(), HasSubstr("the played driver has had enough"));
    // Launched anew, and configured as before.
    play("gen2");
    EXPECT_TRUE(driver->start());
    EXPECT_EQ(count("process --inst-dir " + inst().string()), 2U);
    EXPECT_TRUE(driver->stop());
}

TEST_F(ClientTest, ALivingSocketIsUsedAgainAndItsProcessIsNotOurs) {
    play("gen2");
    const auto first = open_configured();
    const pid_t process = pid();
    {
        const auto second = open();
        EXPECT_TRUE(second->validate());
        EXPECT_EQ(second->identify()->value().pid, 0);
    }
    EXPECT_EQ(pid(), process);
    EXPECT_TRUE(first->validate());
    EXPECT_EQ(count("process --inst-dir " + inst().string()), 1U);
}

TEST_F(ClientTest, AStaleSocketIsInNobodysWay) {
    play("gen2");
    {
        const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, socket().c_str(), sizeof address.sun_path - 1);
        ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        close(fd);
    }
    ASSERT_TRUE(fs::write_file_atomic(pid_file(), "1\n"));
    EXPECT_TRUE(open()->info());
}

TEST_F(ClientTest, WithoutAnInstanceItHasADirectoryOfItsOwn) {
    play("gen2");
    std::string directory;
    {
        const auto driver = open(false);
        EXPECT_TRUE(driver->info());
        directory = log().at(0).substr(std::string("process --inst-dir ").size());
        EXPECT_TRUE(fs::exists(directory));
    }
    EXPECT_FALSE(fs::exists(directory));
    EXPECT_FALSE(fs::exists(pid_file()));
}

TEST_F(ClientTest, ASlowOneIsWaitedFor) {
    play("gen2 slow");
    EXPECT_TRUE(open()->info());
}

TEST_F(ClientTest, OneThatEndsIsAnErrorWithItsLastLines) {
    play("exits");
    const auto driver = open();
    const std::string text = error_text(driver->info());
    EXPECT_THAT(text, HasSubstr("exit status 3"));
    EXPECT_THAT(text, HasSubstr("no luck today"));
    EXPECT_FALSE(fs::exists(pid_file()));
}

TEST_F(ClientTest, OneThatSpeaksRubbishIsAnError) {
    play("garbage");
    const auto begin = steady_clock::now();
    EXPECT_THAT(error_text(open()->info()), HasSubstr("does not speak the protocol"));
    EXPECT_LT(steady_clock::now() - begin, seconds(15));
    EXPECT_FALSE(fs::exists(pid_file()));
}

TEST_F(ClientTest, OneThatNeverListensIsGivenUpAndCanBeCancelled) {
    play("silent");
    const auto driver = open();
    Cancel cancel;
    cancel.trigger();
    EXPECT_EQ(driver->validate(&cancel).error().code(), Code::kCancelled);
    const auto begin = steady_clock::now();
    const auto result = driver->configure(instance());
    EXPECT_THAT(error_text(result), HasSubstr("does not serve within 10 s"));
    EXPECT_LT(steady_clock::now() - begin, seconds(14));
    // What cannot be cancelled fails at once with the reason that is known.
    EXPECT_THAT(error_text(driver->info()), HasSubstr("does not serve"));
    EXPECT_LT(steady_clock::now() - begin, seconds(14));
}

TEST_F(ClientTest, OneThatIgnoresSigtermIsKilled) {
    play("gen2 stubborn");
    pid_t process = 0;
    {
        const auto driver = open_configured();
        process = pid();
    }
    EXPECT_FALSE(process_id(process)) << "it lives";
}

TEST_F(ClientTest, TheFirstGenerationIsFoundOutAndFilledByAProcess) {
    play("gen1");
    const auto driver = open();
    const auto reply = driver->configure(instance());
    ASSERT_TRUE(reply) << reply.error().text();
    EXPECT_EQ((*reply)["config"]["memory"], "7GiB");
    EXPECT_EQ((*reply)["config"]["cpus"], 2);
    EXPECT_EQ(driver->identify()->value().generation, "1");
    EXPECT_TRUE(read_pid_file(pid_file())->held);
    const auto all = log();
    ASSERT_GE(all.size(), 3U);
    EXPECT_EQ(all[0], "process --inst-dir " + inst().string());
    EXPECT_EQ(all[1], "process");
    const auto filled = std::find_if(all.begin(), all.end(), [](const std::string& line) {
        return line.starts_with("pre-driver-action ");
    });
    ASSERT_NE(filled, all.end());
    const Json input = *parse_json(filled->substr(std::string("pre-driver-action ").size()));
    EXPECT_EQ(input["filePath"], (inst() / "lima.yaml").string());
    EXPECT_EQ(input["config"]["cpus"], 2);
    ASSERT_TRUE(driver->start());
    ASSERT_TRUE(driver->stop());
    EXPECT_EQ(count("printed"), 1U) << "what it prints has to be read";
}

TEST_F(ClientTest, OursIsKnownByHello) {
    play("own");
    const auto driver = open_configured();
    EXPECT_TRUE(driver->has_extension("lima.adopt/1"));
    EXPECT_FALSE(driver->has_extension("lima.snapshot/1"));
    EXPECT_EQ(*driver->config_schema(), R"({"type":"object"})");
    const auto identity = driver->identify();
    EXPECT_EQ(identity->value().generation, "own");
    EXPECT_EQ(identity->value().version, "3.2.1");
    EXPECT_EQ(identity->value().abi, 0x10000U);
}

TEST_F(ClientTest, WhatOursTellsComesBeforeTheCallEnds) {
    play("own");
    const auto driver = open_configured();
    ASSERT_TRUE(driver->start());
    EXPECT_THAT(events_.types(), ElementsAre("started"));
}

TEST_F(ClientTest, OursLeavesByItselfWhenWeDo) {
    play("own");
    pid_t process = 0;
    {
        const auto driver = open_configured();
        process = pid();
    }
    EXPECT_FALSE(process_id(process));
    EXPECT_EQ(count("Watch-ended"), 1U);
    EXPECT_FALSE(fs::exists(pid_file()));
}

TEST_F(ClientTest, ACallOfOursIsCancelledByItsNumberAndSaysHowItEnded) {
    play("own hang-start");
    const auto driver = open_configured();
    Cancel cancel;
    std::thread later([&cancel] {
        std::this_thread::sleep_for(milliseconds(100));
        cancel.trigger();
    });
    const auto result = driver->start(&cancel);
    later.join();
    EXPECT_EQ(error_text(result), "its true result");
    EXPECT_GE(log().size(), 1U);
}

TEST_F(ClientTest, AfterACrashOfOursAnotherProcessTakesTheVmOver) {
    play("own crash");
    const auto driver = open_configured();
    static_cast<void>(driver->start());
    EXPECT_THAT(events_.wait("warning")["message"].get<std::string>(),
                HasSubstr("a new one has taken the VM over"));
    EXPECT_TRUE(driver->stop());
    EXPECT_EQ(count("Adopt 0"), 1U);
    EXPECT_EQ(count("Stop 0"), 1U);
    EXPECT_THAT(events_.types(), Not(testing::Contains("exited")));
}

TEST_F(ClientTest, AVmThatIsGoneWithTheProcessIsAnExit) {
    play("own crash no-vm");
    const auto driver = open_configured();
    static_cast<void>(driver->start());
    const Json event = events_.wait("exited");
    EXPECT_THAT(event["message"].get<std::string>(), HasSubstr("signal 6"));
    EXPECT_THAT(event["stderr"].get<std::string>(), HasSubstr("the played driver has had enough"));
    EXPECT_TRUE(driver->stop());
    EXPECT_EQ(count("Adopt 0"), 1U);
}

TEST_F(ClientTest, AProcessThatCrashesAgainAndAgainIsGivenUp) {
    play("own crash started-at-adopt");
    const auto driver = open_configured();
    static_cast<void>(driver->start());
    events_.wait("exited");
    EXPECT_EQ(count("Adopt 0"), 3U);
}

TEST_F(ClientTest, InspectIsAProcessThatEnds) {
    play("gen2");
    const test::ScopedEnv answer("PLAYED_INSPECT",
                                 R"("eyJzdGF0dXMiOiJSdW5uaW5nIiwic3NoTG9jYWxQb3J0Ijo3fQ==")");
    const auto driver = open();
    const auto inspected = driver->inspect({{"name", "a"}});
    ASSERT_TRUE(inspected) << inspected.error().text();
    EXPECT_EQ((*inspected)["status"], "Running");
    EXPECT_EQ((*inspected)["sshLocalPort"], 7);
    EXPECT_THAT(log(), ElementsAre("process --inspect-status", R"(input "eyJuYW1lIjoiYSJ9")"));
}

TEST_F(ClientTest, InspectThatFailsSaysHow) {
    play("gen2 inspect-fails");
    EXPECT_THAT(error_text(open()->inspect({{"name", "a"}})), HasSubstr("exit status 1"));
    play("gen2");
    EXPECT_THAT(error_text(open()->inspect({{"name", "a"}})),
                HasSubstr("something else than JSON"));
    const test::ScopedEnv answer("PLAYED_INSPECT", R"("not base64!!")");
    EXPECT_THAT(error_text(open()->inspect({{"name", "a"}})), HasSubstr("base64"));
}

TEST_F(ClientTest, AProgramIsDescribedAsAModuleIs) {
    play("own");
    const auto all = describe_all({.drivers_path = program().string(),
                                   .prefixes = {std::filesystem::path(LIMA_TEST_PREFIX)}});
    const auto found = std::find_if(all.begin(), all.end(), [](const Description& one) {
        return one.candidate.name == "played";
    });
    ASSERT_NE(found, all.end());
    const Description& description = *found;
    ASSERT_TRUE(description.identity) << description.reason;
    EXPECT_EQ(description.identity->generation, "own");
    EXPECT_THAT(description.identity->extensions,
                ElementsAre("lima.adopt/1", "lima.config-schema/1"));
}

}  // namespace
}  // namespace lima::driver
