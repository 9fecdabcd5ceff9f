// A call by which the host is told things as they happen. The first headers go at once, one message
// is on its way at a time, and what happens meanwhile waits in its source: a subclass is asked for
// the next message when the last one is through.
#pragma once

#include "guestagent/agent/rpc_server.hpp"

#include <optional>

namespace lima::guestagent {

/// Made on a gRPC thread; all else, its end too, is on the loop.
template <class Message>
class Stream : public grpc::ServerWriteReactor<Message>, public Call {
public:
    explicit Stream(Calls& calls) : calls_(calls) {}
    ~Stream() override { calls_.remove(*this); }

    /// To be called once, after construction.
    void open() {
        this->StartSendInitialMetadata();
        calls_.post([this] {
            calls_.add(*this);
            if (!finished_) {
                begin();
                offer();
            }
        });
    }

    void OnWriteDone(bool ok) final {
        calls_.post([this, ok] { through(ok); });
    }
    void OnCancel() final {
        calls_.post([this] { finish(grpc::Status::CANCELLED); });
    }
    void OnDone() final {
        calls_.post([this] { delete this; });
    }
    void end() final { finish(grpc::Status::OK); }

protected:
    /// The host is there.
    virtual void begin() = 0;
    /// The next message, if there is one now.
    virtual std::optional<Message> next() = 0;
    /// The last message has been taken by the transport.
    virtual void written() {}
    /// No more messages; the object dies soon.
    virtual void finishing() {}

    /// There may be something to send.
    void offer() {
        if (writing_ || finished_ || offering_) {
            return;
        }
        offering_ = true;
        std::optional<Message> message = next();
        offering_ = false;
        if (message && !finished_) {
            writing_ = true;
            message_ = std::move(*message);
            this->StartWrite(&message_);
        }
    }
    void finish(const grpc::Status& status) {
        if (std::exchange(finished_, true)) {
            return;
        }
        finishing();
        if (writing_) {
            after_write_ = status;
        } else {
            this->Finish(status);
        }
    }

private:
    void through(bool ok) {
        writing_ = false;
        if (ok) {
            written();
        }
        if (after_write_) {
            this->Finish(*after_write_);
        } else if (!ok) {
            finish(grpc::Status::CANCELLED);
        } else {
            offer();
        }
    }

    Calls& calls_;
    Message message_;
    std::optional<grpc::Status> after_write_;
    bool writing_ = false;
    bool offering_ = false;
    bool finished_ = false;
};

}  // namespace lima::guestagent
