// lima-run-driver as it is built, with the null driver's module.
#include "core/base/process.hpp"

#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/lock.hpp"
#include "tests/unit/sdk/remote/server/served_rig.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <fcntl.h>

namespace lima::remote {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

/// A directory as an instance's, and beside it the program under a driver's name, with its module.
class ProcessTest : public testing::Test {
protected:
    ProcessTest() : dir_(*fs::TempDir::create("run")) {
        std::error_code ec;
        std::filesystem::create_symlink(LIMA_RUN_DRIVER, program(), ec);
        std::filesystem::create_symlink(LIMA_NULL_DRIVER, dir_.path() / "lima-driver-null.so", ec);
        std::filesystem::create_directory(instance(), ec);
        EXPECT_FALSE(ec) << ec.message();
    }
    ~ProcessTest() override {
        if (child_.pid() > 0) {
            (void)child_.terminate(seconds(5));
        }
        kill_vm();
    }

    std::filesystem::path program() const { return dir_.path() / "lima-driver-null"; }
    std::filesystem::path instance() const { return dir_.path() / "i"; }
    std::filesystem::path socket() const { return instance() / "null.drv.sock"; }
    std::filesystem::path log() const { return dir_.path() / "log"; }

    void spawn_program(std::vector<std::string> flags, int stdout_fd = -1) {
        const Fd err(open(log().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
        SpawnOptions options;
        options.argv = {program().string()};
        options.argv.insert(options.argv.end(), flags.begin(), flags.end());
        options.extra_env["TMPDIR"] = dir_.path().string();
        options.stdout_fd = stdout_fd;
        options.stderr_fd = err.get();
        options.new_group = false;  // as hosts of the original start it
        auto child = spawn(options);
        ASSERT_TRUE(child) << child.error().text();
        child_ = std::move(*child);
    }
    void serve() {
        spawn_program({"--inst-dir", instance().string()});
        ASSERT_TRUE(eventually([&] { return bool(connect_unix(socket().string())); })) << said();
    }
    /// nullopt: it still runs.
    std::optional<ExitStatus> ended(milliseconds within) {
        const auto status = child_.wait_for(within);
        EXPECT_TRUE(status) << status.error().text();
        if (*status) {
            child_ = Child();
        }
        return *status;
    }
    std::string said() const { return fs::read_file(log()).value_or(""); }
    Result<Output> run_program(const std::string& flag, const std::string& input) {
        SpawnOptions options;
        options.argv = {program().string(), flag};
        return run(options, input, seconds(20));
    }

    grpc::Status configure(::Driver::Stub& stub, const std::string& knobs = "{}",
                           SetConfigResponse* answer = nullptr) {
        grpc::ClientContext context;
        SetConfigRequest request;
        request.set_instance_config_json(fmt::format(R"({{"name":"i","dir":"{}","vmType":"null",)"
                                                     R"("config":{{"vmOpts":{{"null":{}}}}}}})",
                                                     instance().string(), knobs));
        SetConfigResponse reply;
        const grpc::Status status = stub.Configure(&context, request, &reply);
        if (answer != nullptr) {
            *answer = reply;
        }
        return status;
    }
    std::unique_ptr<::Driver::Stub> original() const {
        return ::Driver::NewStub(channel_to(socket()));
    }
    bool vm_runs() const {
        const auto state = read_pid_file(instance() / "null.pid");
        return state && state->held;
    }
    void kill_vm() const {
        if (const auto state = read_pid_file(instance() / "null.pid"); state && state->held) {
            kill(state->pid, SIGKILL);
        }
    }

    fs::TempDir dir_;
    Child child_;
};

/// A Start of the original's service that goes on.
struct OpenStart {
    explicit OpenStart(::Driver::Stub& stub) : reader(stub.Start(&context, DriverEmpty())) {}
    std::string next() {
        StartResponse message;
        if (!reader->Read(&message)) {
            return "end";
        }
        return (message.success() ? "ok" : "failed ") + message.error();
    }
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<StartResponse>> reader;
};

TEST_F(ProcessTest, HelpHelps) {
    const auto output = run_program("--help", "");
    ASSERT_TRUE(output) << output.error().text();
    EXPECT_TRUE(output->status.ok());
    EXPECT_THAT(output->out, HasSubstr("--inspect-status"));
    EXPECT_EQ(output->err, "");
}

TEST_F(ProcessTest, AnUnknownFlagIsExitCode2) {
    const auto output = run_program("-frob", "");
    ASSERT_TRUE(output);
    EXPECT_EQ(output->status.code, 2);
    EXPECT_EQ(output->out, "");
    EXPECT_THAT(output->err, HasSubstr("unknown flag --frob"));
}

TEST_F(ProcessTest, AMissingInstanceDirectoryIsNamed) {
    const auto output = run_program("--inst-dir=/nowhere/at/all", "");
    ASSERT_TRUE(output);
    EXPECT_EQ(output->status.code, 1);
    EXPECT_THAT(output->err, HasSubstr("/nowhere/at/all is not there"));
}

TEST_F(ProcessTest, AModuleThatIsNotThereIsNamed) {
    std::error_code ec;
    const auto other = dir_.path() / "lima-driver-absent";
    std::filesystem::create_symlink(LIMA_RUN_DRIVER, other, ec);
    SpawnOptions options;
    options.argv = {other.string(), "--inst-dir", instance().string()};
    const auto output = run(options, "", seconds(20));
    ASSERT_TRUE(output);
    EXPECT_EQ(output->status.code, 1);
    EXPECT_THAT(output->err, HasSubstr("there is no module lima-driver-absent.so"));
}

TEST_F(ProcessTest, InspectStatusAnswersByteForByte) {
    // {"name":"x","status":"Running","dir":"/i"} and the same without the status, which the null
    // driver leaves to the PID files.
    const auto output = run_program(
        "--inspect-status", "\"eyJuYW1lIjoieCIsInN0YXR1cyI6IlJ1bm5pbmciLCJkaXIiOiIvaSJ9\"\n");
    ASSERT_TRUE(output) << output.error().text();
    EXPECT_TRUE(output->status.ok()) << output->err;
    EXPECT_EQ(output->out, "\"eyJuYW1lIjoieCIsInN0YXR1cyI6IiIsImRpciI6Ii9pIn0=\"\n");
    const auto broken = run_program("--inspect-status", "garbage");
    ASSERT_TRUE(broken);
    EXPECT_EQ(broken->status.code, 1);
    EXPECT_EQ(broken->out, "");
}

TEST_F(ProcessTest, SecondGeneration) {
    serve();
    const auto stub = original();
    ASSERT_TRUE(configure(*stub).ok());
    OpenStart vm(*stub);
    ASSERT_EQ(vm.next(), "ok");
    EXPECT_TRUE(vm_runs());
    ASSERT_TRUE(configure(*stub).ok());
    EXPECT_TRUE(vm_runs());
    grpc::ClientContext context;
    DriverEmpty reply;
    EXPECT_TRUE(stub->Stop(&context, DriverEmpty(), &reply).ok());
    EXPECT_EQ(vm.next(), "ok");
    EXPECT_EQ(vm.next(), "end");
    EXPECT_FALSE(vm_runs());
    // Nothing keeps it from leaving, but nobody watched: it is there for the next host.
    EXPECT_EQ(ended(milliseconds(200)), std::nullopt);
    ASSERT_TRUE(child_.signal(SIGTERM));
    const auto status = ended(seconds(2));
    ASSERT_TRUE(status);
    EXPECT_TRUE(status->ok()) << status->text();
    EXPECT_FALSE(fs::exists(socket()));
}

TEST_F(ProcessTest, TermEndsItWithinASecondWithTheStreamOpen) {
    serve();
    const auto stub = original();
    ASSERT_TRUE(configure(*stub, R"({"hangStop":true})").ok());
    OpenStart vm(*stub);
    ASSERT_EQ(vm.next(), "ok");
    ASSERT_TRUE(child_.signal(SIGTERM));
    const auto status = ended(milliseconds(1500));
    ASSERT_TRUE(status) << said();
    EXPECT_TRUE(status->ok()) << status->text();
    EXPECT_FALSE(vm_runs());
    EXPECT_FALSE(fs::exists(socket()));
}

TEST_F(ProcessTest, AHostOfTheOriginalThatDiesTakesItsVmAlong) {
    serve();
    auto stub = original();
    ASSERT_TRUE(configure(*stub, R"({"hangStop":true})").ok());
    auto vm = std::make_unique<OpenStart>(*stub);
    ASSERT_EQ(vm->next(), "ok");
    vm->context.TryCancel();
    EXPECT_TRUE(eventually([&] { return !vm_runs(); })) << said();
    EXPECT_EQ(ended(milliseconds(100)), std::nullopt);
}

TEST_F(ProcessTest, OurVmOutlivesHostAndProcessAndIsAdopted) {
    serve();
    for (const bool first : {true, false}) {
        const auto stub = original();
        const auto own = v1::DriverService::NewStub(channel_to(socket()));
        grpc::ClientContext watch_context;
        const auto watch = own->Watch(&watch_context, v1::WatchRequest());
        v1::WatchItem item;
        ASSERT_TRUE(watch->Read(&item));
        ASSERT_TRUE(configure(*stub).ok());
        grpc::ClientContext context;
        if (first) {
            v1::StartReply reply;
            const grpc::Status status = own->Start(&context, v1::StartRequest(), &reply);
            ASSERT_TRUE(status.ok()) << status.error_message();
        } else {
            v1::AdoptReply reply;
            const grpc::Status status = own->Adopt(&context, v1::AdoptRequest(), &reply);
            ASSERT_TRUE(status.ok()) << status.error_message();
        }
        watch_context.TryCancel();
        const auto status = ended(seconds(3));
        ASSERT_TRUE(status) << said();
        EXPECT_TRUE(status->ok()) << status->text();
        EXPECT_TRUE(vm_runs());
        EXPECT_FALSE(fs::exists(socket()));
        if (first) {
            serve();
        }
    }
}

TEST_F(ProcessTest, FirstGenerationTellsItsSocketOnStdoutOnce) {
    auto out = make_pipe();
    ASSERT_TRUE(out);
    spawn_program({}, out->write.get());
    out->write.reset();
    const auto text = read_all(out->read.get());  // it is closed after the line
    ASSERT_TRUE(text);
    const std::string path =
        (dir_.path() / fmt::format("lima-driver-null-{}.sock", child_.pid())).string();
    EXPECT_EQ(*text, "{\"socketPath\":\"" + path + "\"}\n");
    const auto stub = ::Driver::NewStub(channel_to(path));
    SetConfigResponse answer;
    ASSERT_TRUE(configure(*stub, "{}", &answer).ok());
    EXPECT_EQ(answer.ByteSizeLong(), 0U);
    OpenStart vm(*stub);
    ASSERT_EQ(vm.next(), "ok");
    EXPECT_TRUE(vm_runs());
    grpc::ClientContext context;
    DriverEmpty reply;
    EXPECT_TRUE(stub->Stop(&context, DriverEmpty(), &reply).ok());
    EXPECT_EQ(vm.next(), "ok");
    ASSERT_TRUE(child_.signal(SIGINT));
    ASSERT_TRUE(ended(seconds(2)));
    EXPECT_FALSE(fs::exists(path));
}

TEST_F(ProcessTest, FirstGenerationFillsConfigurations) {
    const auto output =
        run_program("--pre-driver-action", R"({"config":{"cpus":2},"filePath":"/h/x/lima.yaml"})");
    ASSERT_TRUE(output);
    EXPECT_TRUE(output->status.ok()) << output->err;
    EXPECT_EQ(output->out, "{\"cpus\":2}\n");
}

TEST_F(ProcessTest, ASecondProcessDoesNotTakeTheSocketOfALivingOne) {
    serve();
    const auto output = run_program("--inst-dir=" + instance().string(), "");
    ASSERT_TRUE(output);
    EXPECT_EQ(output->status.code, 1);
    EXPECT_THAT(output->err, HasSubstr("another process serves"));
    EXPECT_TRUE(connect_unix(socket().string()));
}

TEST_F(ProcessTest, AStaleSocketIsReplaced) {
    serve();
    ASSERT_TRUE(child_.signal(SIGKILL));
    ASSERT_TRUE(ended(seconds(2)));
    EXPECT_TRUE(fs::exists(socket()));
    serve();
    EXPECT_TRUE(configure(*original()).ok());
}

TEST_F(ProcessTest, LeavesItsStartersSession) {
    serve();
    EXPECT_EQ(getsid(child_.pid()), child_.pid());
}

}  // namespace
}  // namespace lima::remote
