#include "sdk/remote/server/own_service.hpp"

#include "core/base/log.hpp"
#include "sdk/remote/server/outgoing.hpp"
#include "sdk/remote/server/unary.hpp"

#include <lima/ext/config_schema.h>
#include <lima/ext/display.h>
#include <lima/ext/screenshot.h>

#include <array>

namespace lima::remote {
namespace {

/// Those that the two services carry.
constexpr std::array kExtensions = {LIMA_EXT_ADOPT,   LIMA_EXT_BOOT_SCRIPTS, LIMA_EXT_CONFIG_SCHEMA,
                                    LIMA_EXT_DISPLAY, LIMA_EXT_GUEST_AGENT,  LIMA_EXT_GUEST_CHANNEL,
                                    LIMA_EXT_GUI,     LIMA_EXT_SCREENSHOT,   LIMA_EXT_SNAPSHOT,
                                    LIMA_EXT_SSH,     LIMA_EXT_STATUS};

constexpr std::size_t kPiece = 1024 * 1024;

class WatchStream final : public Outgoing<v1::WatchItem>, public Watcher {
public:
    WatchStream(Served& served, grpc::CallbackServerContext& context)
        : Outgoing(context), served_(served) {}

    void hear(const v1::WatchItem& item) override { send(item); }
    void feed_ended() override { end(grpc::Status::OK); }

protected:
    void gone() override { served_.unwatched(*this); }
    bool droppable(const v1::WatchItem& item) const override {
        return item.has_log() || item.has_progress();
    }

private:
    Served& served_;
};

class ScreenshotStream final : public Outgoing<v1::ScreenshotPiece> {
public:
    ScreenshotStream(Served& served, grpc::CallbackServerContext& context)
        : Outgoing(context), served_(served), call_(served.calls().begin(call_number(context))) {}

    const std::shared_ptr<Call>& call() const { return call_; }

    void run(const std::string& format, const Call& call) {
        const auto picture = served_.driver().screenshot(format);
        const Result<void> result = picture ? Result<void>() : fail(picture.error());
        const bool ours = call.number != 0;
        if (ours) {
            add_trailers(served_, result, [this](const std::string& key, const std::string& value) {
                add_trailer(key, value);
            });
        }
        if (!result) {
            end(to_status(result.error(), !ours));
            return;
        }
        std::size_t at = 0;
        do {
            v1::ScreenshotPiece piece;
            if (at == 0) {
                piece.set_format(picture->format);
            }
            piece.set_data(picture->bytes.substr(at, kPiece));
            at += kPiece;
            send(std::move(piece));
        } while (at < picture->bytes.size());
        end(grpc::Status::OK);
    }

protected:
    void cancelled() override { call_->cancel.trigger(); }
    void gone() override {
        Served& served = served_;
        call_.reset();
        served.note_end();
    }

private:
    Served& served_;
    std::shared_ptr<Call> call_;  // until gRPC has done with it, which may be before run has
};

}  // namespace

OwnService::Unary* OwnService::Hello(Context* context, const v1::HelloRequest* request,
                                     v1::HelloReply* reply) {
    log::debug("{} says hello (owner {})", request->client(), request->owner());
    driver::Driver& driver = served_.driver();
    reply->set_name(driver.name());
    reply->set_version(driver.version());
    reply->set_abi(LIMA_DRIVER_ABI);
    for (const char* id : kExtensions) {
        if (driver.has_extension(id)) {
            reply->add_extensions(id);
        }
    }
    if (const auto path = fds_.path()) {
        reply->set_fd_socket(path->string());
    } else {
        log::warn("no connections to the guest can be passed on: {}", path.error().text());
    }
    return answer(served_, context, {});
}

grpc::ServerWriteReactor<v1::WatchItem>* OwnService::Watch(Context* context,
                                                           const v1::WatchRequest* /*request*/) {
    served_.note_call();
    const auto stream = std::make_shared<WatchStream>(served_, *context);
    stream->open(stream);
    served_.watched(*stream);
    return stream.get();
}

OwnService::Unary* OwnService::Describe(Context* context, const v1::DescribeRequest*,
                                        v1::DescribeReply* reply) {
    const auto told = served_.driver().info_json();
    if (!told) {
        return answer(served_, context, fail(told.error()));
    }
    reply->set_info_json(*told);
    return answer(served_, context, {});
}

OwnService::Unary* OwnService::Start(Context* context, const v1::StartRequest*, v1::StartReply*) {
    return run_op(served_, context, [this](Call& call) { return served_.start(call, nullptr); });
}

OwnService::Unary* OwnService::Adopt(Context* context, const v1::AdoptRequest*, v1::AdoptReply*) {
    return run_op(served_, context, [this](Call& call) { return served_.adopt(call); });
}

OwnService::Unary* OwnService::Cancel(Context* context, const v1::CancelRequest* request,
                                      v1::CancelReply*) {
    served_.calls().cancel(request->call());
    return answer(served_, context, {});
}

OwnService::Unary* OwnService::Status(Context* context, const v1::StatusRequest*,
                                      v1::StatusReply* reply) {
    return run_op(served_, context, [this, reply](Call& /*call*/) -> Result<void> {
        LIMA_TRY(*reply->mutable_status(), served_.driver().status());
        return {};
    });
}

OwnService::Unary* OwnService::ConfigSchema(Context* context, const v1::ConfigSchemaRequest*,
                                            v1::ConfigSchemaReply* reply) {
    const auto schema = served_.driver().config_schema();
    if (!schema) {
        return answer(served_, context, fail(schema.error()));
    }
    reply->set_schema(*schema);
    return answer(served_, context, {});
}

OwnService::Unary* OwnService::SshAddress(Context* context, const v1::SshAddressRequest*,
                                          v1::SshAddressReply* reply) {
    return run_op(served_, context, [this, reply](Call& /*call*/) -> Result<void> {
        LIMA_TRY(const driver::SshAddress ssh, served_.driver().ssh_address());
        reply->set_address(ssh.address);
        reply->set_port(ssh.port);
        return {};
    });
}

OwnService::Unary* OwnService::Connect(Context* context, const v1::ConnectRequest* request,
                                       v1::ConnectReply* reply) {
    return run_op(served_, context, [this, request, reply](Call& /*call*/) -> Result<void> {
        driver::Driver& driver = served_.driver();
        LIMA_TRY(const int connected, request->channel().empty()
                                          ? driver.connect_guest_agent()
                                          : driver.connect_guest_channel(request->channel()));
        LIMA_TRY(*reply->mutable_token(), fds_.keep(Fd(connected)));
        return {};
    });
}

grpc::ServerWriteReactor<v1::ScreenshotPiece>* OwnService::Screenshot(
    Context* context, const v1::ScreenshotRequest* request) {
    served_.note_call();
    const auto stream = std::make_shared<ScreenshotStream>(served_, *context);
    stream->open(stream);
    const bool taken = served_.op(stream->call(), [stream, format = request->format()](Call& call) {
        stream->run(format, call);
    });
    if (!taken) {
        stream->end(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the driver process is leaving"));
    }
    return stream.get();
}

}  // namespace lima::remote
