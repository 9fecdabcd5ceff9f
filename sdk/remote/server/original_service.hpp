// The service that hosts of Lima know. What its hosts expect beyond the table is done here: the VM
// depends on the Start stream, ga.sock is there after GuestAgentConn, no window is offered.
#pragma once

#include "sdk/remote/proto/driver.grpc.pb.h"
#include "sdk/remote/server/guest_bridge.hpp"
#include "sdk/remote/server/served.hpp"

namespace lima::remote {

/// Which hosts it speaks to: those of generation 1 want nothing back from Configure.
enum class Generation { kOne = 1, kTwo = 2 };

class OriginalService final : public ::Driver::CallbackService {
public:
    OriginalService(Served& served, GuestBridge& bridge, Generation generation)
        : served_(served), bridge_(bridge), generation_(generation) {}

    using Context = grpc::CallbackServerContext;
    using Unary = grpc::ServerUnaryReactor;

    Unary* Validate(Context* context, const DriverEmpty*, DriverEmpty*) override;
    Unary* Create(Context* context, const DriverEmpty*, DriverEmpty*) override;
    Unary* CreateDisk(Context* context, const DriverEmpty*, DriverEmpty*) override;
    grpc::ServerWriteReactor<StartResponse>* Start(Context* context, const DriverEmpty*) override;
    Unary* Stop(Context* context, const DriverEmpty*, DriverEmpty*) override;
    Unary* Delete(Context* context, const DriverEmpty*, DriverEmpty*) override;
    Unary* BootScripts(Context* context, const DriverEmpty*, BootScriptsResponse* reply) override;
    Unary* RunGUI(Context* context, const DriverEmpty*, DriverEmpty*) override;
    Unary* ChangeDisplayPassword(Context* context, const ChangeDisplayPasswordRequest* request,
                                 DriverEmpty*) override;
    Unary* GetDisplayConnection(Context* context, const DriverEmpty*,
                                GetDisplayConnectionResponse* reply) override;
    Unary* CreateSnapshot(Context* context, const CreateSnapshotRequest* request,
                          DriverEmpty*) override;
    Unary* ApplySnapshot(Context* context, const ApplySnapshotRequest* request,
                         DriverEmpty*) override;
    Unary* DeleteSnapshot(Context* context, const DeleteSnapshotRequest* request,
                          DriverEmpty*) override;
    Unary* ListSnapshots(Context* context, const DriverEmpty*,
                         ListSnapshotsResponse* reply) override;
    Unary* ForwardGuestAgent(Context* context, const DriverEmpty*,
                             ForwardGuestAgentResponse* reply) override;
    Unary* GuestAgentConn(Context* context, const DriverEmpty*, DriverEmpty*) override;
    Unary* Configure(Context* context, const SetConfigRequest* request,
                     SetConfigResponse* reply) override;
    Unary* Info(Context* context, const DriverEmpty*, InfoResponse* reply) override;
    Unary* SSHAddress(Context* context, const DriverEmpty*, SSHAddressResponse* reply) override;
    Unary* AdditionalSetupForSSH(Context* context, const DriverEmpty*, DriverEmpty*) override;

private:
    Served& served_;
    GuestBridge& bridge_;
    Generation generation_;
};

/// A driver's info as hosts of the original shall see it.
Result<std::string> info_for_original(const std::string& json);

}  // namespace lima::remote
