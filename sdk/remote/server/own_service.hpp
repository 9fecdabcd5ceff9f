// The service of our own: what the ABI has and the original's service has not.
#pragma once

#include "sdk/remote/proto/driver_service.grpc.pb.h"
#include "sdk/remote/server/fd_door.hpp"
#include "sdk/remote/server/served.hpp"

namespace lima::remote {

class OwnService final : public v1::DriverService::CallbackService {
public:
    OwnService(Served& served, FdDoor& fds) : served_(served), fds_(fds) {}

    using Context = grpc::CallbackServerContext;
    using Unary = grpc::ServerUnaryReactor;

    Unary* Hello(Context* context, const v1::HelloRequest* request, v1::HelloReply* reply) override;
    grpc::ServerWriteReactor<v1::WatchItem>* Watch(Context* context,
                                                   const v1::WatchRequest* request) override;
    Unary* Describe(Context* context, const v1::DescribeRequest*,
                    v1::DescribeReply* reply) override;
    Unary* Start(Context* context, const v1::StartRequest*, v1::StartReply*) override;
    Unary* Adopt(Context* context, const v1::AdoptRequest*, v1::AdoptReply*) override;
    Unary* Cancel(Context* context, const v1::CancelRequest* request, v1::CancelReply*) override;
    Unary* Status(Context* context, const v1::StatusRequest*, v1::StatusReply* reply) override;
    Unary* ConfigSchema(Context* context, const v1::ConfigSchemaRequest*,
                        v1::ConfigSchemaReply* reply) override;
    Unary* SshAddress(Context* context, const v1::SshAddressRequest*,
                      v1::SshAddressReply* reply) override;
    Unary* Connect(Context* context, const v1::ConnectRequest* request,
                   v1::ConnectReply* reply) override;
    grpc::ServerWriteReactor<v1::ScreenshotPiece>* Screenshot(
        Context* context, const v1::ScreenshotRequest* request) override;

private:
    Served& served_;
    FdDoor& fds_;
};

}  // namespace lima::remote
