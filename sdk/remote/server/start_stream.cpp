#include "sdk/remote/server/start_stream.hpp"

#include "sdk/remote/server/unary.hpp"

namespace lima::remote {

StartStream* StartStream::open(Served& served, grpc::CallbackServerContext& context) {
    served.note_call();
    const auto stream = std::make_shared<StartStream>(served, context);
    stream->Outgoing::open(stream);
    const bool taken =
        served.op(stream->call_, [stream](Call& call) { stream->run(stream, call); });
    if (!taken) {
        stream->end(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the driver process is leaving"));
    }
    return stream.get();
}

void StartStream::say(bool success, std::string error) {
    StartResponse message;
    message.set_success(success);
    message.set_error(std::move(error));
    send(std::move(message));
}

void StartStream::run(const std::shared_ptr<StartStream>& self, const Call& call) {
    const Result<void> started = served_.start(call, self);
    if (!started) {
        const grpc::Status status = to_status(started.error(), true);
        say(false, status.error_message());
        end(grpc::Status(grpc::StatusCode::INTERNAL, status.error_message()));
        return;
    }
    say(true);
    bool over = false;
    bool left = false;
    {
        const std::lock_guard lock(mutex_);
        started_ = true;
        over = over_;
        left = left_;
    }
    if (over) {
        vm_ended(reason_);
    } else if (left) {
        served_.cut(*this);
    }
}

void StartStream::vm_ended(const std::optional<std::string>& reason) {
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
        reason_ = reason;
        if (!started_) {
            return;
        }
    }
    if (reason) {
        say(false, *reason);
    }
    say(true);
    end(grpc::Status::OK);
}

void StartStream::cancelled() {
    call_->cancel.trigger();
    bool started = false;
    {
        const std::lock_guard lock(mutex_);
        started = started_;
        left_ = true;
    }
    if (started) {
        served_.cut(*this);
    }
}

void StartStream::gone() {
    Served& served = served_;
    call_.reset();
    served.note_end();
}

}  // namespace lima::remote
