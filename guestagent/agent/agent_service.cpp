#include "guestagent/agent/agent_service.hpp"

#include "core/base/log.hpp"
#include "core/base/version.hpp"
#include "guestagent/agent/stream.hpp"

namespace lima::guestagent {
namespace {

/// Tells one host all steps of the boot, and then each as it happens.
class BootStream final : public Stream<BootStep> {
public:
    BootStream(Calls& calls, BootWatch& boot) : Stream(calls), boot_(boot) {}

protected:
    void begin() override {
        watcher_ = boot_.watch([this] { offer(); });
    }
    std::optional<BootStep> next() override {
        const BootLog::Entry* entry = boot_.log().after(sent_);
        if (entry == nullptr) {
            return std::nullopt;
        }
        sent_ = entry->number;
        return entry->step;
    }
    void finishing() override {
        if (watcher_) {
            boot_.unwatch(*watcher_);
            watcher_.reset();
        }
    }

private:
    BootWatch& boot_;
    std::optional<std::list<BootWatch::Watcher>::iterator> watcher_;
    std::uint64_t sent_ = 0;
};

}  // namespace

grpc::ServerUnaryReactor* AgentServiceImpl::Hello(grpc::CallbackServerContext* context,
                                                  const agentpb::HelloRequest* request,
                                                  agentpb::HelloReply* reply) {
    log::debug("a host of version {} says hello", request->host_version());
    reply->set_agent_version(std::string(version()));
    reply->set_boot_id(read_boot_id());
    if (!parts_.forward_port.empty()) {
        reply->add_features("forward-plane/1");
        reply->set_forward_port(parts_.forward_port);
    }
    grpc::ServerUnaryReactor* call = context->DefaultReactor();
    call->Finish(grpc::Status::OK);
    return call;
}

grpc::ServerWriteReactor<agentpb::BootStep>* AgentServiceImpl::WatchBoot(
    grpc::CallbackServerContext* /*context*/, const agentpb::WatchBootRequest* /*request*/) {
    auto* stream = new BootStream(parts_.calls, parts_.boot);
    stream->open();
    return stream;
}

}  // namespace lima::guestagent
