// A call by which a client is told things as they happen, whatever thread they happen on. One
// message is on its way at a time, the others wait. It owns itself from open() until gRPC has done
// with it; others may own it longer, and are not heard then. Thread: any.
#pragma once

#include <deque>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace lima::remote {

template <class Message>
class Outgoing : public grpc::ServerWriteReactor<Message> {
public:
    explicit Outgoing(grpc::CallbackServerContext& context) : context_(context) {}

    /// To be called once, after construction.
    void open(std::shared_ptr<Outgoing> self) {
        self_ = std::move(self);
        this->StartSendInitialMetadata();
    }

    void send(Message message) {
        {
            const std::lock_guard lock(mutex_);
            if (ended_) {
                return;
            }
            if (waiting_.size() >= kMost) {
                drop_one();
            }
            waiting_.push_back(std::move(message));
        }
        advance();
    }

    /// For the end. The context is alive as long as that has not come.
    void add_trailer(const std::string& key, const std::string& value) {
        const std::lock_guard lock(mutex_);
        if (!ended_) {
            context_.AddTrailingMetadata(key, value);
        }
    }

    /// After all that was sent. The first end counts.
    void end(const grpc::Status& status) {
        {
            const std::lock_guard lock(mutex_);
            if (ended_) {
                return;
            }
            ended_ = status;
        }
        advance();
    }

    void OnWriteDone(bool ok) final {
        {
            const std::lock_guard lock(mutex_);
            writing_ = false;
            if (!ok) {
                waiting_.clear();
                ended_ = ended_.value_or(grpc::Status::CANCELLED);
            }
        }
        advance();
    }
    void OnCancel() final {
        cancelled();
        {
            const std::lock_guard lock(mutex_);
            waiting_.clear();
            ended_ = ended_.value_or(grpc::Status::CANCELLED);
        }
        advance();
    }
    void OnDone() final {
        const std::shared_ptr<Outgoing> last = std::move(self_);
        gone();
    }

protected:
    /// The client is gone, or does not want it any more.
    virtual void cancelled() {}
    /// gRPC has done with it.
    virtual void gone() {}
    /// What may be lost when the client does not read.
    virtual bool droppable(const Message&) const { return false; }

private:
    static constexpr std::size_t kMost = 4096;

    void drop_one() {
        for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
            if (droppable(*it)) {
                waiting_.erase(it);
                return;
            }
        }
    }

    /// The next step of the wire, where one is due. gRPC is called without the lock.
    void advance() {
        const std::shared_ptr<Outgoing> alive = self_;
        std::optional<grpc::Status> finish;
        {
            const std::lock_guard lock(mutex_);
            if (writing_ || finished_) {
                return;
            }
            if (!waiting_.empty()) {
                writing_ = true;
                message_ = std::move(waiting_.front());
                waiting_.pop_front();
            } else if (ended_) {
                finished_ = true;
                finish = ended_;
            } else {
                return;
            }
        }
        if (finish) {
            this->Finish(*finish);
        } else {
            this->StartWrite(&message_);
        }
    }

    grpc::CallbackServerContext& context_;
    std::mutex mutex_;
    std::deque<Message> waiting_;
    Message message_;
    std::optional<grpc::Status> ended_;
    bool writing_ = false;
    bool finished_ = false;
    std::shared_ptr<Outgoing> self_;
};

}  // namespace lima::remote
