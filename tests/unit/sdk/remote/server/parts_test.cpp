// The parts of lima-run-driver that need no wire: command line, inspection, ga.sock, sockets.
#include "core/base/json.hpp"
#include "core/text/yaml.hpp"
#include "sdk/remote/server/actions.hpp"
#include "sdk/remote/server/options.hpp"
#include "tests/unit/sdk/remote/server/served_rig.hpp"

#include <gmock/gmock.h>

#include <sys/socket.h>

namespace lima::remote {
namespace {

using testing::HasSubstr;

std::string message_of(const Result<Options>& options) {
    return options ? "fine" : options.error().text();
}

TEST(RunDriverOptions, ReadsFlagsAsGoDoes) {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"--inst-dir", "/i"},
                                                  {"-inst-dir", "/i"},
                                                  {"--inst-dir=/i"},
                                                  {"-inst-dir=/i/"}}) {
        std::vector<std::string> argv{"/x/lima-driver-qemu"};
        argv.insert(argv.end(), words.begin(), words.end());
        const auto options = parse_options(argv);
        ASSERT_TRUE(options) << options.error().text();
        EXPECT_EQ(options->action, Action::kServe);
        EXPECT_EQ(options->inst_dir, "/i");
    }
    EXPECT_EQ(parse_options({"lima-driver-x"})->action, Action::kServeFirst);
    EXPECT_EQ(parse_options({"lima-driver-x", "-inspect-status"})->action, Action::kInspectStatus);
    EXPECT_EQ(parse_options({"lima-driver-x", "--inspect-status=false"})->action,
              Action::kServeFirst);
    EXPECT_EQ(parse_options({"lima-driver-x", "--pre-driver-action"})->action,
              Action::kPreDriverAction);
    EXPECT_EQ(parse_options({"lima-run-driver", "--help"})->action, Action::kHelp);
    EXPECT_EQ(parse_options({"lima-run-driver", "--module", "/d/lima-driver-x.so"})->module,
              "/d/lima-driver-x.so");
}

TEST(RunDriverOptions, RefusesTheRest) {
    EXPECT_EQ(message_of(parse_options({"lima-driver-x", "--frob"})), "unknown flag --frob");
    EXPECT_EQ(message_of(parse_options({"lima-driver-x", "word"})), "unexpected argument \"word\"");
    EXPECT_EQ(message_of(parse_options({"lima-driver-x", "--inst-dir"})),
              "flag --inst-dir needs a value");
    EXPECT_EQ(message_of(parse_options({"lima-driver-x", "--inst-dir="})),
              "flag --inst-dir needs a value");
    EXPECT_EQ(message_of(parse_options({"lima-driver-x", "--inspect-status=maybe"})),
              "flag --inspect-status is true or false, not \"maybe\"");
    EXPECT_THAT(message_of(parse_options({"lima-run-driver"})), HasSubstr("which driver?"));
}

TEST(RunDriverOptions, NamesComeFromThePrograms) {
    EXPECT_EQ(driver_name_of("/x/lima-driver-qemu"), "qemu");
    EXPECT_EQ(driver_name_of("lima-driver-a.b.exe"), "a.b");
    EXPECT_EQ(driver_name_of("/x/lima-driver-qemu.so"), "qemu");
    EXPECT_EQ(driver_name_of("/x/lima-run-driver"), "");
}

TEST(ReasonOfExit, SaysWhatIsKnown) {
    EXPECT_EQ(reason_of_exit(R"({"code":0,"signal":0})"), std::nullopt);
    EXPECT_EQ(reason_of_exit(R"({"code":2})"), "the VM has ended with exit code 2");
    EXPECT_EQ(reason_of_exit(R"({"signal":9,"stderr":"x\n"})"), "the VM was ended by signal 9: x");
    EXPECT_EQ(reason_of_exit(R"({"code":-1})"), "the VM has ended");
    EXPECT_EQ(reason_of_exit("?"), "the VM has ended");
}

class ActionsTest : public testing::Test {
protected:
    ActionsTest() {
        Played::current().reset();
        driver_ = *driver::Driver::open_static(&lima_played_entry, {});
    }
    /// The whole way of --inspect-status, from an instance to an instance.
    std::string inspect(const std::string& instance) {
        const auto answer = inspect_status(*driver_, "\"" + text::encode_base64(instance) + "\"\n");
        if (!answer) {
            return answer.error().text();
        }
        EXPECT_TRUE(answer->ends_with("\"\n"));
        return *text::decode_base64(parse_json(*answer)->get<std::string>());
    }
    std::unique_ptr<driver::Driver> driver_;
};

TEST_F(ActionsTest, InspectStatusIsBase64InAJsonString) {
    const auto answer = inspect_status(*driver_, "\"eyJuYW1lIjoieCJ9\"\n");
    ASSERT_TRUE(answer) << answer.error().text();
    // {"name":"x","status":"Installing"}
    EXPECT_EQ(*answer, "\"eyJuYW1lIjoieCIsInN0YXR1cyI6Ikluc3RhbGxpbmcifQ==\"\n");
}

TEST_F(ActionsTest, InspectStatusKeepsWhatItDoesNotKnow) {
    EXPECT_EQ(inspect(R"({"status":"Running","odd":{"a":[1.5]},"errors":null})"),
              R"({"status":"Installing","odd":{"a":[1.5]},"errors":null})");
}

TEST_F(ActionsTest, ADriverThatCannotTellIsBroken) {
    Played::current().on("status", [](const auto&) -> Result<void> {
        return fail(Code::kUnavailable, "no answer");
    });
    EXPECT_EQ(inspect(R"({"status":""})"), R"({"status":"Broken","errors":["no answer"]})");
}

TEST_F(ActionsTest, InspectStatusRefusesWhatItCannotRead) {
    EXPECT_FALSE(inspect_status(*driver_, ""));
    EXPECT_FALSE(inspect_status(*driver_, "{}"));
    EXPECT_FALSE(inspect_status(*driver_, "\"!!\""));
    EXPECT_FALSE(inspect_status(*driver_, "\"W10=\""));  // []
}

TEST_F(ActionsTest, FillConfigMakesAnInstanceAroundTheConfiguration) {
    const auto filled = fill_config(
        *driver_,
        R"({"config":{"arch":"x86_64","cpus":2,"memory":"1GiB","x":1},"filePath":"/h/my.vm/lima.yaml"})");
    ASSERT_TRUE(filled) << filled.error().text();
    EXPECT_EQ(*filled, R"({"arch":"x86_64","cpus":2,"memory":"1GiB","x":1})"
                       "\n");
    const auto instance = parse_json(Played::current().last_configured());
    ASSERT_TRUE(instance);
    EXPECT_EQ(json_string(*instance, "name"), "my.vm");
    EXPECT_EQ(json_string(*instance, "hostname"), "lima-my-vm");
    EXPECT_EQ(json_string(*instance, "dir"), "/h/my.vm");
    EXPECT_EQ(json_string(*instance, "vmType"), "played");
    EXPECT_EQ(json_int(*instance, "memory"), 1024 * 1024 * 1024);
    EXPECT_EQ(json_int(*instance, "disk"), 0);
}

TEST_F(ActionsTest, FillConfigRefusesWhatIsNoConfiguration) {
    EXPECT_FALSE(fill_config(*driver_, "{}"));
    EXPECT_FALSE(fill_config(*driver_, R"({"config":[]})"));
    EXPECT_FALSE(fill_config(*driver_, ""));
}

TEST(DoorTest, ReplacesAFileThatNobodyListensOn) {
    const auto dir = fs::TempDir::create("door");
    const auto path = dir->path() / "x.sock";
    {
        const auto first = Door::open(path);
    }
    ASSERT_TRUE(fs::write_file_atomic(path, "not a socket"));
    const auto door = Door::open(path);
    ASSERT_TRUE(door) << door.error().text();
    EXPECT_TRUE(connect_unix(path.string()));
}

TEST(DoorTest, LeavesALivingOneAlone) {
    const auto dir = fs::TempDir::create("door");
    const auto path = dir->path() / "x.sock";
    const auto first = Door::open(path);
    const auto second = Door::open(path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), Code::kAlreadyExists);
    EXPECT_TRUE(connect_unix(path.string()));
}

TEST(DoorTest, RemovesOnlyItsOwnFile) {
    const auto dir = fs::TempDir::create("door");
    const auto path = dir->path() / "x.sock";
    {
        const auto door = Door::open(path);
        ASSERT_TRUE(fs::write_file_atomic(path, "another's"));
    }
    EXPECT_EQ(fs::read_file(path), "another's");
}

TEST(DoorTest, NamesAPathThatIsTooLong) {
    const auto door = Door::open("/tmp/" + std::string(110, 'x'));
    ASSERT_FALSE(door);
    EXPECT_THAT(door.error().text(), HasSubstr("at most 107 bytes"));
}

class GuestBridgeTest : public ServedRig {
protected:
    GuestBridgeTest() : stub_(original()) {}

    grpc::Status guest_agent_conn() {
        grpc::ClientContext context;
        DriverEmpty reply;
        return stub_->GuestAgentConn(&context, DriverEmpty(), &reply);
    }
    bool forwards() {
        grpc::ClientContext context;
        ForwardGuestAgentResponse reply;
        EXPECT_TRUE(stub_->ForwardGuestAgent(&context, DriverEmpty(), &reply).ok());
        return reply.should_forward();
    }
    std::string ga_sock() const { return (dir_.path() / "ga.sock").string(); }

    std::unique_ptr<::Driver::Stub> stub_;
};

TEST_F(GuestBridgeTest, JoinsEachConnectionWithOneOfTheDrivers) {
    ASSERT_TRUE(guest_agent_conn().ok());
    ASSERT_TRUE(guest_agent_conn().ok());  // nobody has come yet
    EXPECT_FALSE(forwards());
    for (const std::string& word : {std::string("one"), std::string("two")}) {
        auto connection = connect_unix(ga_sock());
        ASSERT_TRUE(connection) << connection.error().text();
        ASSERT_TRUE(write_all(connection->get(), word));
        shutdown(connection->get(), SHUT_WR);
        const auto ends = [&] { return played().called().size(); };
        ASSERT_TRUE(eventually([&, want = word == "one" ? 1U : 2U] { return ends() == want; }));
        ASSERT_TRUE(eventually([&] { return bool(played().guest_end); }));
        // The other direction is still open after the first has ended.
        EXPECT_EQ(*read_all(played().guest_end.get()), word);
        ASSERT_TRUE(write_all(played().guest_end.get(), "answer to " + word));
        played().guest_end.reset();
        EXPECT_EQ(*read_all(connection->get()), "answer to " + word);
    }
}

TEST_F(GuestBridgeTest, AStaleFileIsReplaced) {
    ASSERT_TRUE(fs::write_file_atomic(ga_sock(), ""));
    ASSERT_TRUE(guest_agent_conn().ok());
    EXPECT_TRUE(connect_unix(ga_sock()));
}

TEST_F(GuestBridgeTest, TheVmsOwnSocketIsLeftAlone) {
    const auto vm = Door::open(ga_sock());
    ASSERT_TRUE(vm);
    ASSERT_TRUE(guest_agent_conn().ok());
    EXPECT_FALSE(vm->accept()) << "it was connected to";
    const auto host = connect_unix(ga_sock());
    EXPECT_TRUE(vm->accept());
}

TEST_F(GuestBridgeTest, NothingIsMadeWhereSshForwards) {
    played().over_ssh = true;
    ASSERT_TRUE(guest_agent_conn().ok());
    EXPECT_TRUE(forwards());
    EXPECT_FALSE(fs::exists(ga_sock()));
}

TEST_F(GuestBridgeTest, AGuestThatIsNotThereEndsTheConnection) {
    played().on("connect",
                [](const auto&) -> Result<void> { return fail(Code::kUnavailable, "not up"); });
    ASSERT_TRUE(guest_agent_conn().ok());
    const auto connection = connect_unix(ga_sock());
    ASSERT_TRUE(connection);
    EXPECT_EQ(*read_all(connection->get()), "");
}

TEST_F(GuestBridgeTest, TheSocketGoesWithTheServer) {
    ASSERT_TRUE(guest_agent_conn().ok());
    const auto connection = connect_unix(ga_sock());
    ASSERT_TRUE(eventually([&] { return played().was_called("connect"); }));
    shut_down();
    EXPECT_FALSE(fs::exists(ga_sock()));
}

TEST(FirstGeneration, ConfigureAnswersWithNothing) {
    Played::current().reset();
    const auto dir = fs::TempDir::create("gen1");
    Poller poller;
    poller.start();
    const auto served = Served::create(
        [](driver::OpenOptions options) {
            return driver::Driver::open_static(&lima_played_entry, std::move(options));
        },
        {}, [] {});
    ASSERT_TRUE(served);
    const auto socket = dir->path() / "lima-driver-played-1.sock";
    const auto server =
        Server::start(**served, poller, {.socket = socket, .generation = Generation::kOne});
    ASSERT_TRUE(server) << server.error().text();
    const auto stub = ::Driver::NewStub(channel_to(socket));
    grpc::ClientContext context;
    SetConfigRequest request;
    request.set_instance_config_json(R"({"name":"x","dir":"/h/x"})");
    SetConfigResponse reply;
    ASSERT_TRUE(stub->Configure(&context, request, &reply).ok());
    EXPECT_EQ(reply.ByteSizeLong(), 0U);
    EXPECT_EQ((*served)->instance_dir(), "/h/x");
    EXPECT_EQ(Played::current().last_configured(), R"({"name":"x","dir":"/h/x"})");
}

}  // namespace
}  // namespace lima::remote
