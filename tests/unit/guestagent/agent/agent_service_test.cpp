#include "guestagent/agent/agent_service.hpp"

#include "core/base/version.hpp"
#include "tests/unit/guestagent/agent/agent_support.hpp"

namespace lima::guestagent {
namespace {

using test::set_deadline;
using test::TestAgent;

std::string words(const BootStep& step) {
    std::string out = fmt::format("{}/{} {}", step.kind(), step.name(),
                                  std::array{"?", "begin", "done", "failed"}[step.state()]);
    if (step.kind() == "script" && !step.detail().empty()) {
        out += " " + step.detail();
    }
    for (const std::string& line : step.lines()) {
        out += "|" + line;
    }
    return step.instance_id().empty() ? out : out + " " + step.instance_id();
}

TEST(AgentService, SaysWhoItIs) {
    AgentOptions options;
    options.forward_port = "io.lima-vm.forward.0";
    TestAgent agent(std::move(options));
    const auto stub = agentpb::AgentService::NewStub(agent.channel());
    grpc::ClientContext context;
    set_deadline(context);
    agentpb::HelloReply reply;
    ASSERT_TRUE(stub->Hello(&context, agentpb::HelloRequest(), &reply).ok());
    EXPECT_EQ(reply.agent_version(), version());
    EXPECT_EQ(reply.boot_id().size(), 36U);
    ASSERT_EQ(reply.features_size(), 1);
    EXPECT_EQ(reply.features(0), "forward-plane/1");
    EXPECT_EQ(reply.forward_port(), "io.lima-vm.forward.0");
}

TEST(AgentService, TellsTheBootFromItsBeginningAndAsItGoes) {
    TestAgent agent;
    const auto write = [&](const std::string& name, const std::string& text) {
        ASSERT_TRUE(fs::write_file_atomic(agent.root() / "run" / name, text));
    };
    write("lima-ssh-ready", "iid-1\n");
    const auto stub = agentpb::AgentService::NewStub(agent.channel());
    grpc::ClientContext context;
    set_deadline(context);
    const auto stream = stub->WatchBoot(&context, agentpb::WatchBootRequest());
    BootStep step;
    ASSERT_TRUE(stream->Read(&step));
    EXPECT_EQ(words(step), "agent/ begin");
    EXPECT_EQ(step.detail().size(), 36U);
    ASSERT_TRUE(stream->Read(&step));
    EXPECT_EQ(words(step), "session/ done iid-1");
    write("lima-boot-steps", "1.50 begin boot.Linux/07-a.sh\n");
    ASSERT_TRUE(stream->Read(&step));
    EXPECT_EQ(words(step), "script/boot.Linux/07-a.sh begin");
    EXPECT_EQ(step.uptime_ms(), 1500U);
    ASSERT_TRUE(fs::append_file(agent.root() / "run/lima-boot-steps",
                                "2.25 end boot.Linux/07-a.sh 0\n3.00 begin provision.system/0\n"));
    ASSERT_TRUE(stream->Read(&step));
    EXPECT_EQ(words(step), "script/boot.Linux/07-a.sh done");
    ASSERT_TRUE(stream->Read(&step));
    EXPECT_EQ(words(step), "script/provision.system/0 begin");
    write("lima-boot-done", "iid-1\n");
    ASSERT_TRUE(stream->Read(&step));
    EXPECT_EQ(words(step), "boot/ done iid-1");
    // A host that comes late hears it all.
    grpc::ClientContext late_context;
    set_deadline(late_context);
    const auto late = stub->WatchBoot(&late_context, agentpb::WatchBootRequest());
    for (int i = 0; i < 6; ++i) {
        ASSERT_TRUE(late->Read(&step));
    }
    EXPECT_EQ(words(step), "boot/ done iid-1");
    context.TryCancel();
    late_context.TryCancel();
    stream->Finish();
    late->Finish();
}

TEST(AgentService, ShowsWhatAFailedAndASlowScriptSay) {
    AgentOptions options;
    options.boot.refresh = std::chrono::milliseconds(50);
    options.boot.moment = std::chrono::milliseconds(5);
    TestAgent agent(std::move(options));
    ASSERT_TRUE(fs::make_dirs(agent.root() / "var/log"));
    const std::filesystem::path log = agent.root() / "var/log/cloud-init-output.log";
    const std::filesystem::path steps = agent.root() / "run/lima-boot-steps";
    ASSERT_TRUE(fs::append_file(log, "LIMA x| executing provision.system/0\nfetching\n"));
    ASSERT_TRUE(fs::append_file(steps, "1.00 begin provision.system/0\n"));
    const auto stub = agentpb::AgentService::NewStub(agent.channel());
    grpc::ClientContext context;
    set_deadline(context);
    const auto stream = stub->WatchBoot(&context, agentpb::WatchBootRequest());
    BootStep step;
    const auto next = [&] {
        EXPECT_TRUE(stream->Read(&step));
        return words(step);
    };
    EXPECT_EQ(next(), "agent/ begin");
    std::string said = next();
    if (said == "script/provision.system/0 begin") {  // seen before its lines were looked at
        said = next();
    }
    EXPECT_EQ(said, "script/provision.system/0 begin|fetching");
    ASSERT_TRUE(fs::append_file(log, "E: No space left on device\n"));
    EXPECT_EQ(next(), "script/provision.system/0 begin|fetching|E: No space left on device");
    ASSERT_TRUE(fs::append_file(steps, "9.00 end provision.system/0 100\n"));
    ASSERT_TRUE(
        fs::append_file(log, "LIMA x| WARNING: provision.system/0 ended with status 100\n"));
    EXPECT_EQ(
        next(),
        "script/provision.system/0 failed exit status 100|fetching|E: No space left on device");
    EXPECT_TRUE(step.disk_full());
    context.TryCancel();
    stream->Finish();
}

TEST(AgentService, FollowsCloudInitWhoseDirectoriesComeLater) {
    TestAgent agent;
    const auto stub = agentpb::AgentService::NewStub(agent.channel());
    grpc::ClientContext context;
    set_deadline(context);
    const auto stream = stub->WatchBoot(&context, agentpb::WatchBootRequest());
    BootStep step;
    ASSERT_TRUE(stream->Read(&step));
    // As cloud-init does: files in /var, links to them in /run.
    const std::filesystem::path data = agent.root() / "var/lib/cloud/data";
    ASSERT_TRUE(fs::make_dirs(data));
    ASSERT_TRUE(fs::make_dirs(agent.root() / "run/cloud-init"));
    std::filesystem::create_symlink("../../var/lib/cloud/data/status.json",
                                    agent.root() / "run/cloud-init/status.json");
    std::filesystem::create_symlink("../../var/lib/cloud/data/result.json",
                                    agent.root() / "run/cloud-init/result.json");
    const auto status = [&](const std::string& stages) {
        ASSERT_TRUE(fs::write_file_atomic(data / "status.json", R"({"v1":{)" + stages + "}}"));
    };
    status(R"("init-local":{"start":1.5,"finished":null,"errors":[]})");
    ASSERT_TRUE(stream->Read(&step));
    EXPECT_EQ(words(step), "cloud-init/init-local begin");
    status(R"("init-local":{"start":1.5,"finished":2.5,"errors":[]})");
    ASSERT_TRUE(stream->Read(&step));
    EXPECT_EQ(words(step), "cloud-init/init-local done");
    ASSERT_TRUE(fs::write_file_atomic(data / "result.json", R"({"v1":{"errors":["bad module"]}})"));
    ASSERT_TRUE(stream->Read(&step));
    EXPECT_EQ(words(step), "cloud-init/result failed");
    EXPECT_EQ(step.detail(), "bad module");
    context.TryCancel();
    stream->Finish();
}

}  // namespace
}  // namespace lima::guestagent
