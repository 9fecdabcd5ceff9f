// What hosts of the original have said to a driver process, said again byte by byte: the answers
// must come as they came then.
#include "core/base/json.hpp"
#include "tests/support/recording.hpp"
#include "tests/unit/sdk/remote/server/served_rig.hpp"

#include <gmock/gmock.h>

#include <array>
#include <map>
#include <sys/socket.h>

namespace lima::remote {
namespace {

using testing::ElementsAre;
using Kind = test::RecordedStep::Kind;

/// The frames of one direction as far as it has come: what was answered on which stream.
struct Heard {
    Heard() : frames(false) {}

    void add(std::string_view bytes) {
        frames.add(bytes);
        while (auto frame = frames.next()) {
            if (frame->type == test::http2::kData) {
                data[frame->stream] += frame->payload;
            } else if (frame->type == test::http2::kReset) {
                ADD_FAILURE() << "stream " << frame->stream << " was reset";
            } else if (frame->type == test::http2::kHeaders) {
                headers[frame->stream].push_back(frame->payload);
            }
            if (frame->ends_stream()) {
                ended.insert(frame->stream);
            }
        }
    }
    std::size_t messages(std::uint32_t stream) const {
        test::http2::Messages reader;
        const auto found = data.find(stream);
        if (found != data.end()) {
            reader.add(found->second);
        }
        std::size_t count = 0;
        while (reader.next()) {
            ++count;
        }
        return count;
    }

    test::http2::Frames frames;
    std::map<std::uint32_t, std::string> data;
    std::map<std::uint32_t, std::vector<std::string>> headers;
    std::set<std::uint32_t> ended;
};

class Replay {
public:
    Replay(const std::filesystem::path& socket, std::string_view recording)
        : socket_(*connect_unix(socket.string())), steps_(test::read_recording(recording)) {}

    /// As far as the mark, or before the host opens that stream; everything without.
    void run(std::uint32_t until_stream = 0) {
        for (; at_ < steps_.size(); ++at_) {
            const test::RecordedStep& step = steps_[at_];
            if (step.kind == Kind::kAgent) {
                then_.add(step.bytes);
            } else if (step.kind == Kind::kHost) {
                if (until_stream != 0 && opens(step.bytes, until_stream)) {
                    return;
                }
                catch_up();
                if (testing::Test::HasFatalFailure()) {
                    return;
                }
                EXPECT_TRUE(write_all(socket_.get(), step.bytes));
            }
        }
        catch_up();
    }

    const Heard& now() const { return now_; }
    const Heard& then() const { return then_; }

    /// "0" for each stream that has ended.
    std::vector<std::string> statuses() {
        std::vector<std::string> out;
        test::http2::HeaderReader reader;
        for (const auto& [stream, blocks] : now_.headers) {
            for (const std::string& block : blocks) {
                for (const auto& [name, value] : reader.read(block)) {
                    if (name == "grpc-status") {
                        out.push_back(value);
                    }
                }
            }
        }
        return out;
    }

private:
    static bool opens(std::string_view bytes, std::uint32_t stream) {
        return bytes.size() > 9 && bytes[3] == test::http2::kHeaders &&
               test::http2::number(bytes.substr(5, 4)) == stream;
    }
    bool behind() const {
        for (const std::uint32_t stream : then_.ended) {
            if (!now_.ended.contains(stream)) {
                return true;
            }
        }
        for (const auto& [stream, data] : then_.data) {
            if (now_.messages(stream) < then_.messages(stream)) {
                return true;
            }
        }
        return false;
    }
    /// Waits until everything is answered that was then.
    void catch_up() {
        std::array<char, 65536> buffer{};
        while (behind()) {
            const auto readable = wait_readable(socket_.get(), std::chrono::seconds(10));
            ASSERT_TRUE(readable && *readable) << "no answer at step " << at_;
            const ssize_t count = recv(socket_.get(), buffer.data(), buffer.size(), 0);
            ASSERT_GT(count, 0) << "the connection has ended at step " << at_;
            now_.add({buffer.data(), static_cast<std::size_t>(count)});
        }
    }

    Fd socket_;
    std::vector<test::RecordedStep> steps_;
    std::size_t at_ = 0;
    Heard then_;
    Heard now_;
};

class RecordedHostTest : public ServedRig {};

void expect_same_shape(const Replay& replay) {
    EXPECT_EQ(replay.now().ended, replay.then().ended);
    for (const auto& [stream, data] : replay.then().data) {
        EXPECT_EQ(replay.now().messages(stream), replay.then().messages(stream)) << stream;
    }
}

TEST_F(RecordedHostTest, PreparesAnInstance) {
    Replay replay(socket(), "lima-2.2.0-driver-cli.txt");
    replay.run();
    EXPECT_THAT(played().called(), ElementsAre("configure", "validate", "create", "create_disk"));
    expect_same_shape(replay);
    EXPECT_THAT(replay.statuses(), testing::Each("0"));
    const auto instance = parse_json(played().last_configured());
    ASSERT_TRUE(instance);
    EXPECT_EQ(json_string(*instance, "vmType"), "qemu");
    // The answer is the whole instance back.
    test::http2::Messages answers;
    answers.add(replay.now().data.at(3));
    SetConfigResponse reply;
    ASSERT_TRUE(reply.ParseFromString(answers.next().value_or("")));
    EXPECT_EQ(reply.instance_config_json(), played().last_configured());
}

TEST_F(RecordedHostTest, RunsAnInstanceWhileACommandLooksAtIt) {
    constexpr std::uint32_t kStop = 25;
    played().over_ssh = true;  // the instance's directory, for ga.sock, is not of this machine
    Replay agent(socket(), "lima-2.2.0-driver-hostagent.txt");
    // In the recording the VM's end comes with the answer to Stop; here Stop makes it end.
    agent.run(kStop);
    EXPECT_THAT(played().called(), ElementsAre("configure", "boot_scripts", "start"));
    const auto running = parse_json(played().last_configured());
    const std::int64_t port = json_int(*running, "sshLocalPort");
    EXPECT_GT(port, 0);

    Replay command(socket(), "lima-2.2.0-driver-snapshot.txt");
    command.run();
    EXPECT_TRUE(played().was_called("list_snapshots"));
    EXPECT_FALSE(played().was_called("stop"));
    EXPECT_EQ(json_int(*parse_json(played().last_configured()), "sshLocalPort"), port);
    expect_same_shape(command);

    agent.run();
    EXPECT_TRUE(played().was_called("stop"));
    expect_same_shape(agent);
    EXPECT_THAT(agent.statuses(), testing::Each("0"));
    // Boot under way, and the end.
    EXPECT_EQ(agent.now().messages(9), 2U);
}

/// Of the first generation Configure answers with nothing.
class FirstGenerationHostTest : public ServedRig {
protected:
    FirstGenerationHostTest() : ServedRig(Generation::kOne) {}
};

/// The streams whose answer has no bytes, as all of Configure's have there.
std::vector<std::uint32_t> empty_answers(const Heard& heard) {
    std::vector<std::uint32_t> out;
    for (const auto& [stream, data] : heard.data) {
        if (data == std::string(5, '\0')) {
            out.push_back(stream);
        }
    }
    return out;
}

TEST_F(FirstGenerationHostTest, CreatesAndPreparesAnInstance) {
    Replay replay(socket(), "lima-2.1.4-driver-cli.txt");
    replay.run();
    EXPECT_THAT(played().called(), ElementsAre("configure", "create", "configure", "validate",
                                               "create", "create_disk"));
    expect_same_shape(replay);
    EXPECT_EQ(empty_answers(replay.now()), empty_answers(replay.then()));
    EXPECT_THAT(replay.statuses(), testing::Each("0"));
}

TEST_F(FirstGenerationHostTest, RunsAnInstance) {
    played().over_ssh = true;
    Replay agent(socket(), "lima-2.1.4-driver-hostagent.txt");
    agent.run();
    EXPECT_THAT(played().called(), ElementsAre("configure", "boot_scripts", "start", "stop"));
    expect_same_shape(agent);
    constexpr std::uint32_t kConfigure = 3;
    EXPECT_THAT(empty_answers(agent.now()), testing::Contains(kConfigure));
}

}  // namespace
}  // namespace lima::remote
