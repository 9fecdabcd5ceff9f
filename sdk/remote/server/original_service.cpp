#include "sdk/remote/server/original_service.hpp"

#include "core/base/json.hpp"
#include "sdk/remote/server/start_stream.hpp"
#include "sdk/remote/server/unary.hpp"

namespace lima::remote {

Result<std::string> info_for_original(const std::string& json) {
    LIMA_TRY(Json info, parse_json(json), "the driver tells something broken about itself");
    if (info.is_object() && info.contains("features") && info["features"].is_object()) {
        info["features"].erase("canRunGui");
    }
    return dump_json(info);
}

OriginalService::Unary* OriginalService::Validate(Context* context, const DriverEmpty*,
                                                  DriverEmpty*) {
    return run_op(served_, context,
                  [this](Call& call) { return served_.driver().validate(&call.cancel); });
}

OriginalService::Unary* OriginalService::Create(Context* context, const DriverEmpty*,
                                                DriverEmpty*) {
    return run_op(served_, context,
                  [this](Call& call) { return served_.driver().create(&call.cancel); });
}

OriginalService::Unary* OriginalService::CreateDisk(Context* context, const DriverEmpty*,
                                                    DriverEmpty*) {
    return run_op(served_, context,
                  [this](Call& call) { return served_.driver().create_disk(&call.cancel); });
}

grpc::ServerWriteReactor<StartResponse>* OriginalService::Start(Context* context,
                                                                const DriverEmpty*) {
    return StartStream::open(served_, *context);
}

OriginalService::Unary* OriginalService::Stop(Context* context, const DriverEmpty*, DriverEmpty*) {
    return run_op(served_, context, [this](Call& call) { return served_.stop(call); });
}

OriginalService::Unary* OriginalService::Delete(Context* context, const DriverEmpty*,
                                                DriverEmpty*) {
    return run_op(served_, context,
                  [this](Call& call) { return served_.driver().remove(&call.cancel); });
}

OriginalService::Unary* OriginalService::BootScripts(Context* context, const DriverEmpty*,
                                                     BootScriptsResponse* reply) {
    return run_op(served_, context, [this, reply](Call& /*call*/) -> Result<void> {
        LIMA_TRY(auto scripts, served_.driver().boot_scripts());
        for (auto& [name, content] : scripts) {
            (*reply->mutable_scripts())[name] = std::move(content);
        }
        return {};
    });
}

OriginalService::Unary* OriginalService::RunGUI(Context* context, const DriverEmpty*,
                                                DriverEmpty*) {
    return run_on_main(served_, context,
                       [this](Call& call) { return served_.driver().run_gui(&call.cancel); });
}

OriginalService::Unary* OriginalService::ChangeDisplayPassword(
    Context* context, const ChangeDisplayPasswordRequest* request, DriverEmpty*) {
    return run_op(served_, context, [this, request](Call& /*call*/) {
        return served_.driver().change_display_password(request->password());
    });
}

OriginalService::Unary* OriginalService::GetDisplayConnection(Context* context, const DriverEmpty*,
                                                              GetDisplayConnectionResponse* reply) {
    return run_op(served_, context, [this, reply](Call& /*call*/) -> Result<void> {
        LIMA_TRY(*reply->mutable_connection(), served_.driver().display_connection());
        return {};
    });
}

OriginalService::Unary* OriginalService::CreateSnapshot(Context* context,
                                                        const CreateSnapshotRequest* request,
                                                        DriverEmpty*) {
    return run_op(served_, context, [this, request](Call& call) {
        return served_.driver().create_snapshot(request->tag(), &call.cancel);
    });
}

OriginalService::Unary* OriginalService::ApplySnapshot(Context* context,
                                                       const ApplySnapshotRequest* request,
                                                       DriverEmpty*) {
    return run_op(served_, context, [this, request](Call& call) {
        return served_.driver().apply_snapshot(request->tag(), &call.cancel);
    });
}

OriginalService::Unary* OriginalService::DeleteSnapshot(Context* context,
                                                        const DeleteSnapshotRequest* request,
                                                        DriverEmpty*) {
    return run_op(served_, context, [this, request](Call& call) {
        return served_.driver().delete_snapshot(request->tag(), &call.cancel);
    });
}

OriginalService::Unary* OriginalService::ListSnapshots(Context* context, const DriverEmpty*,
                                                       ListSnapshotsResponse* reply) {
    return run_op(served_, context, [this, reply](Call& call) -> Result<void> {
        LIMA_TRY(*reply->mutable_snapshots(), served_.driver().list_snapshots(&call.cancel));
        return {};
    });
}

OriginalService::Unary* OriginalService::ForwardGuestAgent(Context* context, const DriverEmpty*,
                                                           ForwardGuestAgentResponse* reply) {
    driver::Driver& driver = served_.driver();
    // A driver without a way of its own leaves it to ssh.
    reply->set_should_forward(!driver.has_extension(LIMA_EXT_GUEST_AGENT) ||
                              driver.forward_guest_agent_over_ssh());
    return answer(served_, context, {});
}

OriginalService::Unary* OriginalService::GuestAgentConn(Context* context, const DriverEmpty*,
                                                        DriverEmpty*) {
    return answer(served_, context, bridge_.ensure());
}

OriginalService::Unary* OriginalService::Configure(Context* context,
                                                   const SetConfigRequest* request,
                                                   SetConfigResponse* reply) {
    return run_op(served_, context, [this, request, reply](Call& /*call*/) -> Result<void> {
        LIMA_TRY(Json instance, parse_json(request->instance_config_json()),
                 "the instance is broken JSON");
        LIMA_TRY(const Json configured, served_.configure(std::move(instance)));
        if (generation_ == Generation::kTwo) {
            reply->set_instance_config_json(dump_json(configured));
        }
        return {};
    });
}

OriginalService::Unary* OriginalService::Info(Context* context, const DriverEmpty*,
                                              InfoResponse* reply) {
    const auto told = served_.driver().info_json().and_then(info_for_original);
    if (!told) {
        return answer(served_, context, fail(told.error()));
    }
    reply->set_info_json(*told);
    return answer(served_, context, {});
}

OriginalService::Unary* OriginalService::SSHAddress(Context* context, const DriverEmpty*,
                                                    SSHAddressResponse* reply) {
    return run_op(served_, context, [this, reply](Call& /*call*/) -> Result<void> {
        if (!served_.driver().has_extension(LIMA_EXT_SSH)) {
            reply->set_address("127.0.0.1");
            return {};
        }
        LIMA_TRY(const driver::SshAddress ssh, served_.driver().ssh_address());
        reply->set_address(ssh.address);
        return {};
    });
}

OriginalService::Unary* OriginalService::AdditionalSetupForSSH(Context* context, const DriverEmpty*,
                                                               DriverEmpty*) {
    return answer(served_, context, {});
}

}  // namespace lima::remote
