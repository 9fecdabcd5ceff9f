#include "plugins/qemu/qmp.hpp"

#include "core/base/fd.hpp"
#include "core/base/fs.hpp"
#include "plugins/qemu/diagnose.hpp"
#include "plugins/qemu/qmp_client.hpp"

#include <gtest/gtest.h>

#include <future>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace lima::qemu {
namespace {

using namespace std::chrono_literals;
constexpr const char* kGreeting =
    R"({"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian"},
        "capabilities": ["oob"]}})";

TEST(QmpMessage, Greeting) {
    const auto message = qmp::parse_message(kGreeting);
    ASSERT_TRUE(message) << message.error().text();
    ASSERT_TRUE(std::holds_alternative<qmp::Greeting>(*message));
    EXPECT_EQ(std::get<qmp::Greeting>(*message).version, "7.2.22");
}

TEST(QmpMessage, Replies) {
    const auto good = qmp::parse_message(R"({"return": {"status": "running"}, "id": 7})");
    ASSERT_TRUE(good);
    EXPECT_EQ(std::get<qmp::Reply>(*good).id, 7);
    EXPECT_EQ(json_string(std::get<qmp::Reply>(*good).value, "status"), "running");
    EXPECT_FALSE(std::get<qmp::Reply>(*good).error);
    const auto bad = qmp::parse_message(
        R"({"id": 8, "error": {"class": "CommandNotFound", "desc": "no such"}})");
    ASSERT_TRUE(bad);
    EXPECT_EQ(std::get<qmp::Reply>(*bad).error, "no such");
    EXPECT_EQ(std::get<qmp::Reply>(*bad).error_class, "CommandNotFound");
}

TEST(QmpMessage, Events) {
    const auto event = qmp::parse_message(
        R"({"timestamp": {"seconds": 1}, "event": "SHUTDOWN", "data": {"guest": true}})");
    ASSERT_TRUE(event);
    EXPECT_EQ(std::get<qmp::Event>(*event).name, "SHUTDOWN");
    EXPECT_TRUE(json_bool(std::get<qmp::Event>(*event).data, "guest"));
    EXPECT_TRUE(
        std::get<qmp::Event>(qmp::parse_message(R"({"event": "STOP"})").value()).data.is_object());
}

TEST(QmpMessage, RefusesWhatIsNone) {
    for (const char* line : {"", "[]", "1", "{", "{}", R"({"foo": 1})", "\xff\xfe"}) {
        EXPECT_FALSE(qmp::parse_message(line)) << line;
    }
}

TEST(QmpMessage, Commands) {
    EXPECT_EQ(qmp::format_command("stop", nullptr, 3), "{\"execute\":\"stop\",\"id\":3}\n");
    EXPECT_EQ(qmp::format_command("x", {{"a", 1}}, 4),
              "{\"execute\":\"x\",\"arguments\":{\"a\":1},\"id\":4}\n");
}

TEST(QmpLines, AreCutWhereverTheyArrive) {
    qmp::LineReader reader;
    const std::string text = "{\"a\":1}\r\n\n{\"b\":2}\r\n{\"c\"";
    std::vector<std::string> all;
    for (const char c : text) {
        const auto whole = reader.feed(std::string_view(&c, 1));
        ASSERT_TRUE(whole);
        all.insert(all.end(), whole->begin(), whole->end());
    }
    EXPECT_EQ(all, (std::vector<std::string>{"{\"a\":1}", "{\"b\":2}"}));
    EXPECT_EQ(reader.feed(":3}\n").value(), std::vector<std::string>{"{\"c\":3}"});
    EXPECT_FALSE(reader.feed(std::string(qmp::LineReader::kLimit + 1, 'x')));
}

/// The other end of a monitor, driven by the test.
class FakeQemu : public ::testing::Test {
protected:
    void SetUp() override {
        int ends[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        client_end_.reset(ends[0]);
        server_.reset(ends[1]);
    }
    void say(const std::string& line) { ASSERT_TRUE(write_all(server_.get(), line + "\n")); }
    Json hear() {
        std::string line;
        char c = 0;
        while (::read(server_.get(), &c, 1) == 1 && c != '\n') {
            line += c;
        }
        return parse_json(line).value_or(Json());
    }
    void answer(const std::string& value) {
        const Json command = hear();
        say(fmt::format(R"({{"return": {}, "id": {}}})", value, json_int(command, "id")));
    }
    std::unique_ptr<QmpClient> connected() {
        std::thread qemu([this] {
            say(R"({"QMP": {"version": {}, "capabilities": []}})");
            answer("{}");
        });
        auto client = QmpClient::open(
            std::move(client_end_),
            [this](const qmp::Event& event) { events_.push_back(event.name); }, 5s);
        qemu.join();
        EXPECT_TRUE(client) << (client ? "" : client.error().text());
        return client ? std::move(*client) : nullptr;
    }

    Fd client_end_;
    Fd server_;
    std::vector<std::string> events_;
};

TEST_F(FakeQemu, NegotiatesAndExecutes) {
    auto client = connected();
    ASSERT_TRUE(client);
    std::thread qemu([this] {
        const Json command = hear();
        EXPECT_EQ(json_string(command, "execute"), "query-status");
        say(R"({"event": "RESET", "data": {}})");
        say(R"({"return": {}, "id": 99})");
        say("this is noise");
        say(fmt::format(R"({{"id": {}, "return": {{"running": true}}}})", json_int(command, "id")));
    });
    const auto status = client->execute("query-status");
    qemu.join();
    ASSERT_TRUE(status) << status.error().text();
    EXPECT_TRUE(json_bool(*status, "running"));
    EXPECT_EQ(events_, std::vector<std::string>{"RESET"});
}

TEST_F(FakeQemu, TellsErrorsApart) {
    auto client = connected();
    std::thread qemu([this] {
        say(fmt::format(R"({{"error": {{"class": "GenericError", "desc": "not now"}}, "id": {}}})",
                        json_int(hear(), "id")));
    });
    const auto refused = client->execute("eject");
    qemu.join();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().text(), "eject: not now");
    EXPECT_EQ(client->execute("slow", nullptr, 20ms).error().code(), Code::kDeadlineExceeded);
    hear();
    std::thread hanging_up([this] {
        hear();
        server_.reset();
    });
    const auto gone = client->execute("quit");
    hanging_up.join();
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code(), Code::kUnavailable);
    EXPECT_EQ(client->execute("quit").error().code(), Code::kUnavailable);
}

TEST_F(FakeQemu, ASilentOrClosedPeerIsNoMonitor) {
    const auto silent = QmpClient::open(std::move(client_end_), {}, 20ms);
    ASSERT_FALSE(silent);
    EXPECT_EQ(silent.error().code(), Code::kDeadlineExceeded);
    SetUp();
    server_.reset();
    const auto closed = QmpClient::open(std::move(client_end_), {}, 5s);
    ASSERT_FALSE(closed);
    EXPECT_EQ(closed.error().code(), Code::kUnavailable);
}

struct EarlyExit {
    const char* line;
    Code code;
    const char* part;
};
class EarlyExits : public ::testing::TestWithParam<EarlyExit> {};

TEST_P(EarlyExits, AreExplained) {
    const EarlyExit& c = GetParam();
    const Error error = explain_early_exit("exit status 1",
                                           {"qemu: warning: host doesn't support feature", c.line});
    EXPECT_EQ(error.code(), c.code) << error.text();
    EXPECT_NE(error.text().find(c.part), std::string::npos) << error.text();
    EXPECT_NE(error.text().find(c.line), std::string::npos) << "QEMU's own words stay";
    EXPECT_EQ(error.text().find("doesn't support"), std::string::npos);
    EXPECT_EQ(error.phase(), "boot");
}
// The lines are what QEMU 7.2 says.
INSTANTIATE_TEST_SUITE_P(
    Lines, EarlyExits,
    ::testing::Values(
        EarlyExit{"qemu-system-x86_64: -netdev user,id=a,hostfwd=tcp:127.0.0.1:60022-:22: Could "
                  "not set up host forwarding rule 'tcp:127.0.0.1:60022-:22'",
                  Code::kUnavailable, "host port 60022 is taken: "},
        EarlyExit{"qemu-system-x86_64: -device virtio-blk-pci,drive=boot-disk: Failed to get "
                  "\"write\" lock",
                  Code::kFailedPrecondition, "a disk is in use"},
        EarlyExit{"qemu-system-x86_64: -drive file=/x,format=qcow2: Could not open '/x': No such "
                  "file or directory",
                  Code::kNotFound, "cannot be opened"},
        EarlyExit{"qemu-system-x86_64: -drive file=/x: Could not open '/x': Permission denied",
                  Code::kPermissionDenied, "Permission denied"},
        EarlyExit{"qemu-system-x86_64: -drive file=/x,format=qcow2: Image is not in qcow2 format",
                  Code::kInvalidArgument, "damaged or not of its format"},
        EarlyExit{"qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory",
                  Code::kResourceExhausted, "not enough memory"},
        EarlyExit{"qemu-system-x86_64: unable to find CPU model 'foo'", Code::kInvalidArgument,
                  "cpu model"},
        EarlyExit{"qemu-system-x86_64: Invalid SMP CPUs 999. The max CPUs supported by machine "
                  "'pc-q35-7.2' is 288",
                  Code::kInvalidArgument, "more CPUs"},
        EarlyExit{"qemu-system-x86_64: -device foo: 'foo' is not a valid device model name",
                  Code::kFailedPrecondition, "built without a device"},
        EarlyExit{"something else", Code::kInternal, "QEMU ended at once (exit status 1)"}));

TEST(EarlyExitText, WithoutWords) {
    EXPECT_EQ(explain_early_exit("signal 9 (Killed)", {}).text(),
              "QEMU ended at once (signal 9 (Killed)): it said nothing");
}

TEST(LineRing, KeepsTheLast) {
    LineRing ring(2);
    for (const char* line : {"a", "b", "c"}) {
        ring.add(line);
    }
    EXPECT_EQ(ring.snapshot(), (std::vector<std::string>{"b", "c"}));
}

TEST(TailOfFile, IsPrintableAndShort) {
    auto dir = fs::TempDir::create("lq");
    ASSERT_TRUE(dir);
    const auto log = dir->path() / "serial.log";
    EXPECT_TRUE(tail_of_file(log, 3).empty());
    std::string text;
    for (int i = 0; i < 5000; ++i) {
        text += fmt::format("line {}\r\n", i);
    }
    text +=
        "\x1b[0;32mOK\x1b[0m \x07"
        "done\n\n   \nlogin: ";
    ASSERT_TRUE(fs::write_file_atomic(log, text));
    EXPECT_EQ(tail_of_file(log, 3), (std::vector<std::string>{"line 4999", "OK done", "login: "}));
}

}  // namespace
}  // namespace lima::qemu
