// The service as hosts of the original use it.
#include "core/base/json.hpp"
#include "tests/unit/sdk/remote/server/served_rig.hpp"

#include <gmock/gmock.h>

namespace lima::remote {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class OriginalServiceTest : public ServedRig {
protected:
    OriginalServiceTest() : stub_(original()) {}

    grpc::Status configure(const std::string& json, SetConfigResponse& reply) {
        grpc::ClientContext context;
        SetConfigRequest request;
        request.set_instance_config_json(json);
        return stub_->Configure(&context, request, &reply);
    }
    using Plain = grpc::Status (::Driver::Stub::*)(grpc::ClientContext*, const DriverEmpty&,
                                                   DriverEmpty*);
    grpc::Status call(Plain verb) {
        grpc::ClientContext context;
        DriverEmpty reply;
        return (stub_.get()->*verb)(&context, DriverEmpty(), &reply);
    }

    struct Started {
        grpc::ClientContext context;
        std::unique_ptr<grpc::ClientReader<StartResponse>> reader;
    };
    std::unique_ptr<Started> start() {
        auto started = std::make_unique<Started>();
        started->reader = stub_->Start(&started->context, DriverEmpty());
        return started;
    }
    static std::string next(Started& started) {
        StartResponse message;
        if (!started.reader->Read(&message)) {
            return "end";
        }
        return (message.success() ? "ok" : "failed ") + message.error();
    }

    std::unique_ptr<::Driver::Stub> stub_;
};

TEST_F(OriginalServiceTest, CallsTheVerbs) {
    EXPECT_TRUE(call(&::Driver::Stub::Validate).ok());
    EXPECT_TRUE(call(&::Driver::Stub::Create).ok());
    EXPECT_TRUE(call(&::Driver::Stub::CreateDisk).ok());
    EXPECT_TRUE(call(&::Driver::Stub::Stop).ok());
    EXPECT_TRUE(call(&::Driver::Stub::Delete).ok());
    EXPECT_TRUE(call(&::Driver::Stub::AdditionalSetupForSSH).ok());
    EXPECT_THAT(played().called(),
                ElementsAre("validate", "create", "create_disk", "stop", "remove"));
}

TEST_F(OriginalServiceTest, TellsInfoBeforeConfigureAndOffersNoWindow) {
    grpc::ClientContext context;
    InfoResponse reply;
    ASSERT_TRUE(stub_->Info(&context, DriverEmpty(), &reply).ok());
    EXPECT_EQ(reply.info_json(), R"({"name":"played","features":{"dynamicSSHAddress":true}})");
}

TEST_F(OriginalServiceTest, AnswersEverythingElse) {
    const auto with_new_context = [](auto&& body) {
        grpc::ClientContext context;
        return body(&context);
    };
    SSHAddressResponse ssh;
    BootScriptsResponse scripts;
    GetDisplayConnectionResponse display;
    ListSnapshotsResponse snapshots;
    DriverEmpty empty;
    CreateSnapshotRequest create;
    create.set_tag("a b");
    ApplySnapshotRequest apply;
    apply.set_tag("t");
    DeleteSnapshotRequest remove;
    remove.set_tag("u");
    ChangeDisplayPasswordRequest password;
    password.set_password("secret");
    EXPECT_TRUE(with_new_context([&](auto* c) { return stub_->SSHAddress(c, empty, &ssh); }).ok());
    EXPECT_TRUE(
        with_new_context([&](auto* c) { return stub_->BootScripts(c, empty, &scripts); }).ok());
    EXPECT_TRUE(with_new_context([&](auto* c) {
                    return stub_->GetDisplayConnection(c, empty, &display);
                }).ok());
    EXPECT_TRUE(
        with_new_context([&](auto* c) { return stub_->ListSnapshots(c, empty, &snapshots); }).ok());
    EXPECT_TRUE(
        with_new_context([&](auto* c) { return stub_->CreateSnapshot(c, create, &empty); }).ok());
    EXPECT_TRUE(
        with_new_context([&](auto* c) { return stub_->ApplySnapshot(c, apply, &empty); }).ok());
    EXPECT_TRUE(
        with_new_context([&](auto* c) { return stub_->DeleteSnapshot(c, remove, &empty); }).ok());
    EXPECT_TRUE(with_new_context([&](auto* c) {
                    return stub_->ChangeDisplayPassword(c, password, &empty);
                }).ok());
    EXPECT_EQ(ssh.address(), "192.0.2.7");
    EXPECT_EQ(scripts.scripts().at("boot.Linux/05-x.sh"), std::string("#!/bin/sh\n\0x", 12));
    EXPECT_EQ(display.connection(), "5901");
    EXPECT_EQ(snapshots.snapshots(), "ID TAG\n1  a\n");
    EXPECT_TRUE(played().was_called("create_snapshot a b"));
    EXPECT_TRUE(played().was_called("apply_snapshot t"));
    EXPECT_TRUE(played().was_called("delete_snapshot u"));
    EXPECT_TRUE(played().was_called("change_display_password secret"));
}

TEST_F(OriginalServiceTest, AFailureHasCodeAndTextAndHint) {
    played().on("validate", [](const auto&) -> Result<void> {
        return fail(
            Error(Code::kPermissionDenied, "no access to /dev/x").with_hint("join the group x"));
    });
    const grpc::Status status = call(&::Driver::Stub::Validate);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_EQ(status.error_message(), "no access to /dev/x (join the group x)");
}

TEST_F(OriginalServiceTest, AVeryLongTextArrivesShortened) {
    played().on("validate", [](const auto&) -> Result<void> {
        std::string text;
        for (int i = 0; i < 20'000; ++i) {
            text += "ü";
        }
        return fail(Code::kInternal, text);
    });
    const grpc::Status status = call(&::Driver::Stub::Validate);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
    EXPECT_TRUE(status.error_message().starts_with("üü"));
    EXPECT_TRUE(status.error_message().ends_with("ü…"));
}

TEST_F(OriginalServiceTest, ConfigureReturnsWhatTheDriverMadeAndKeepsUnknownKeys) {
    SetConfigResponse reply;
    ASSERT_TRUE(
        configure(R"({"name":"x","sshLocalPort":60001,"strange":[1,{"a":null}]})", reply).ok());
    EXPECT_EQ(reply.instance_config_json(),
              R"({"name":"x","sshLocalPort":60001,"strange":[1,{"a":null}]})");
}

TEST_F(OriginalServiceTest, ConfigureRefusesGarbage) {
    SetConfigResponse reply;
    EXPECT_EQ(configure("{", reply).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(configure("[]", reply).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_TRUE(configure("{}", reply).ok());
}

TEST_F(OriginalServiceTest, AHugeInstanceIsTaken) {
    Json instance = Json::object();
    instance["message"] = std::string(6 * 1024 * 1024, 'm');
    SetConfigResponse reply;
    const grpc::Status status = configure(dump_json(instance), reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(reply.instance_config_json().size(), dump_json(instance).size());
}

TEST_F(OriginalServiceTest, ConfigureWithoutAPortKeepsThePortOfARunningVm) {
    SetConfigResponse reply;
    ASSERT_TRUE(configure(R"({"sshLocalPort":60001})", reply).ok());
    ASSERT_TRUE(configure(R"({"sshLocalPort":0})", reply).ok());
    EXPECT_EQ(played().last_configured(), R"({"sshLocalPort":0})");
    ASSERT_TRUE(configure(R"({"sshLocalPort":60001})", reply).ok());
    const auto vm = start();
    ASSERT_EQ(next(*vm), "ok");
    ASSERT_TRUE(configure(R"({"name":"x"})", reply).ok());
    EXPECT_EQ(played().last_configured(), R"({"name":"x","sshLocalPort":60001})");
    EXPECT_FALSE(played().was_called("stop"));
}

TEST_F(OriginalServiceTest, StartIsOpenUntilStop) {
    const auto vm = start();
    ASSERT_EQ(next(*vm), "ok");
    EXPECT_TRUE(call(&::Driver::Stub::Stop).ok());
    EXPECT_EQ(next(*vm), "ok");
    EXPECT_EQ(next(*vm), "end");
    EXPECT_TRUE(vm->reader->Finish().ok());
}

TEST_F(OriginalServiceTest, AFailedStartSaysWhyTwice) {
    played().on("start",
                [](const auto&) -> Result<void> { return fail(Code::kUnavailable, "no luck"); });
    const auto vm = start();
    EXPECT_EQ(next(*vm), "failed no luck");
    EXPECT_EQ(next(*vm), "end");
    const grpc::Status status = vm->reader->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
    EXPECT_EQ(status.error_message(), "no luck");
    // And it may be tried again.
    played().on("start", {});
    const auto again = start();
    EXPECT_EQ(next(*again), "ok");
}

TEST_F(OriginalServiceTest, AVmThatEndsBadlySaysWhy) {
    const auto vm = start();
    ASSERT_EQ(next(*vm), "ok");
    played().host->exited(3, 0, "last words\n");
    EXPECT_EQ(next(*vm), "failed the VM has ended with exit code 3: last words");
    EXPECT_EQ(next(*vm), "ok");
    EXPECT_EQ(next(*vm), "end");
    EXPECT_TRUE(vm->reader->Finish().ok());
}

TEST_F(OriginalServiceTest, AVmThatShutsItselfDownIsNoError) {
    const auto vm = start();
    ASSERT_EQ(next(*vm), "ok");
    played().host->exited(0, 0);
    EXPECT_EQ(next(*vm), "ok");
    EXPECT_EQ(next(*vm), "end");
}

TEST_F(OriginalServiceTest, AVmThatEndsBeforeStartReturns) {
    played().on("start", [](const auto&) -> Result<void> {
        played().host->started();
        played().host->exited(1, 0);
        return {};
    });
    const auto vm = start();
    EXPECT_EQ(next(*vm), "ok");
    EXPECT_EQ(next(*vm), "failed the VM has ended with exit code 1");
    EXPECT_EQ(next(*vm), "ok");
    EXPECT_EQ(next(*vm), "end");
}

TEST_F(OriginalServiceTest, ASecondStartIsRefusedAndLeavesTheFirst) {
    const auto vm = start();
    ASSERT_EQ(next(*vm), "ok");
    const auto second = start();
    EXPECT_EQ(next(*second), "failed the VM runs already");
    EXPECT_EQ(next(*second), "end");
    played().host->exited(0, 0);
    EXPECT_EQ(next(*vm), "ok");
}

TEST_F(OriginalServiceTest, AHostThatDiesTakesItsVmAlong) {
    std::promise<bool> at_once;
    played().on("stop", [&](const lima::sdk::Call& call) -> Result<void> {
        at_once.set_value(call.cancelled());
        return {};
    });
    auto vm = start();
    ASSERT_EQ(next(*vm), "ok");
    stub_.reset();
    vm->context.TryCancel();
    vm.reset();
    auto stopped = at_once.get_future();
    ASSERT_EQ(stopped.wait_for(std::chrono::seconds(5)), std::future_status::ready);
    EXPECT_TRUE(stopped.get());
    // The process stays: another host may come.
    stub_ = original();
    played().on("stop", {});
    const auto next_vm = start();
    EXPECT_EQ(next(*next_vm), "ok");
}

TEST_F(OriginalServiceTest, AHostThatDiesWhileTheVmStarts) {
    std::promise<void> starting;
    played().on("start", [&](const lima::sdk::Call& call) -> Result<void> {
        starting.set_value();
        (void)wait_for_cancel(call);
        return {};  // it was too late to cancel
    });
    auto vm = start();
    starting.get_future().wait();
    vm->context.TryCancel();
    EXPECT_TRUE(eventually([&] { return played().was_called("stop"); }));
}

TEST_F(OriginalServiceTest, ACallThatItsHostGivesUpIsCancelled) {
    played().on("create_disk", wait_for_cancel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
    DriverEmpty reply;
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(stub_->CreateDisk(&context, DriverEmpty(), &reply).error_code(),
              grpc::StatusCode::DEADLINE_EXCEEDED);
    // The next one has its turn at once.
    EXPECT_TRUE(call(&::Driver::Stub::Create).ok());
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
}

TEST_F(OriginalServiceTest, InfoAnswersDuringALongCall) {
    std::promise<void> running;
    played().on("create_disk", [&](const lima::sdk::Call& call) -> Result<void> {
        running.set_value();
        return wait_for_cancel(call);
    });
    grpc::ClientContext long_context;
    auto disk = std::async(std::launch::async, [&] {
        DriverEmpty reply;
        return stub_->CreateDisk(&long_context, DriverEmpty(), &reply).error_code();
    });
    running.get_future().wait();
    for (int i = 0; i < 20; ++i) {
        grpc::ClientContext context;
        InfoResponse reply;
        EXPECT_TRUE(stub_->Info(&context, DriverEmpty(), &reply).ok());
    }
    long_context.TryCancel();
    EXPECT_EQ(disk.get(), grpc::StatusCode::CANCELLED);
}

TEST_F(OriginalServiceTest, StopEndsTheServerWithAStreamOpenAndTakesTheVmAlong) {
    const auto vm = start();
    ASSERT_EQ(next(*vm), "ok");
    const auto before = std::chrono::steady_clock::now();
    shut_down();
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(1));
    EXPECT_EQ(next(*vm), "ok");
    EXPECT_EQ(next(*vm), "end");
    EXPECT_TRUE(played().was_called("stop"));
    EXPECT_FALSE(fs::exists(socket()));
}

TEST_F(OriginalServiceTest, GarbageAndBareConnectionsHarmNobody) {
    for (int i = 0; i < 20; ++i) {
        auto bare = connect_unix(socket().string());
        ASSERT_TRUE(bare) << bare.error().text();
    }
    std::vector<Fd> open;
    for (const std::string& noise :
         {std::string(), std::string("GET / HTTP/1.1\r\n\r\n"), std::string(100'000, '\0'),
          std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + std::string(64, '\xff')}) {
        auto peer = connect_unix(socket().string());
        ASSERT_TRUE(peer) << peer.error().text();
        (void)write_all(peer->get(), noise);
        open.push_back(std::move(*peer));
    }
    EXPECT_TRUE(call(&::Driver::Stub::Validate).ok());
}

TEST_F(OriginalServiceTest, SocketIsOnlyForItsOwner) {
    EXPECT_EQ(std::filesystem::status(socket()).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST(InfoForOriginal, RefusesBrokenJson) {
    EXPECT_FALSE(info_for_original("{"));
    EXPECT_EQ(info_for_original(R"({"features":{"canRunGui":true}})"), R"({"features":{}})");
}

}  // namespace
}  // namespace lima::remote
