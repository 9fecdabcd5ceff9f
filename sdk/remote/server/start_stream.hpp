// Start as hosts of the original call it: a stream that is open for the life of the VM
// (spec/drivers.md 2.5). One message when boot is under way or has failed; one with the reason if
// the VM ends by itself and badly; a last one when it is gone. A host that lets go of the stream
// lets go of the VM.
#pragma once

#include "sdk/remote/proto/driver.pb.h"
#include "sdk/remote/server/outgoing.hpp"
#include "sdk/remote/server/served.hpp"

#include <optional>
#include <string>

namespace lima::remote {

class StartStream final : public Outgoing<StartResponse>, public Tie {
public:
    static StartStream* open(Served& served, grpc::CallbackServerContext& context);

    StartStream(Served& served, grpc::CallbackServerContext& context)
        : Outgoing(context), served_(served), call_(served.calls().begin(0)) {}

    void vm_ended(const std::optional<std::string>& reason) override;

protected:
    void cancelled() override;
    void gone() override;

private:
    void run(const std::shared_ptr<StartStream>& self, const Call& call);
    void say(bool success, std::string error = {});

    Served& served_;
    std::shared_ptr<Call> call_;  // until gRPC has done with it, which may be before run has
    std::mutex mutex_;
    bool started_ = false;  // the first message is out
    bool over_ = false;     // the VM has ended, perhaps before that
    bool left_ = false;     // its host, perhaps before that too
    std::optional<std::string> reason_;
};

}  // namespace lima::remote
