#include "sdk/remote/client/wire.hpp"

#include "core/base/signals_blocked.hpp"

#include <charconv>
#include <fcntl.h>
#include <grpcpp/create_channel_posix.h>
#include <poll.h>
#include <sys/socket.h>

namespace lima::remote::client {
namespace {

std::shared_ptr<grpc::Channel> channel_over(Fd socket) {
    const SignalsBlocked blocked;
    grpc::ChannelArguments arguments;
    // A screenshot is big; and the original's server does not like to be pinged.
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
    return grpc::CreateCustomInsecureChannelFromFd("localhost", socket.release(), arguments);
}

std::string metadata(const grpc::ClientContext& context, const char* key) {
    const auto& trailer = context.GetServerTrailingMetadata();
    const auto found = trailer.find(key);
    return found == trailer.end() ? std::string()
                                  : std::string(found->second.data(), found->second.size());
}

std::uint64_t number_in(const std::string& text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

}  // namespace

Wire::Wire(Fd socket)
    : peek_(fcntl(socket.get(), F_DUPFD_CLOEXEC, 0)),
      channel_(channel_over(std::move(socket))),
      original_(::Driver::NewStub(channel_)),
      own_(lima::driver::v1::DriverService::NewStub(channel_)) {}

bool Wire::is_broken() const {
    pollfd polled{peek_.get(), POLLRDHUP, 0};
    return poll(&polled, 1, 0) > 0 && (polled.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

void Wire::hang_up() { shutdown(peek_.get(), SHUT_RDWR); }

Wire::Running::Running(Wire& wire, const Terms& terms) : wire_(wire) {
    if (terms.limit.count() > 0) {
        context_.set_deadline(std::chrono::system_clock::now() + terms.limit);
    }
    if (terms.call == nullptr) {
        return;
    }
    if (wire_.numbers_ != nullptr) {
        number_ = wire_.numbers_->begin(*terms.call);
        context_.AddMetadata("lima-call", std::to_string(*number_));
    }
    watch_.emplace(*terms.call, [this] { cancel(); });
}

/// By its number it ends with its true result, otherwise at once.
void Wire::Running::cancel() {
    if (number_) {
        wire_.numbers_->cancel(*number_);
    } else {
        context_.TryCancel();
    }
}

void Wire::Running::end(std::uint64_t seq) {
    watch_.reset();
    if (number_) {
        wire_.numbers_->end(*number_, seq);
        number_.reset();
    }
}

Result<> Wire::Running::result(const grpc::Status& status) {
    end(number_ ? number_in(metadata(context_, "lima-seq")) : 0);
    if (status.ok()) {
        return {};
    }
    return fail(error_of(status, metadata(context_, "lima-hint-bin")));
}

Error error_of(const grpc::Status& status, std::string hint) {
    const int number = status.error_code();
    const bool known = number > 0 && number <= LIMA_UNAVAILABLE && number != 11;
    std::string text = status.error_message();
    if (text.empty()) {
        text = "the driver's process did not say why (status " + std::to_string(number) + ")";
    }
    return Error(known ? static_cast<Code>(number) : Code::kUnknown, std::move(text))
        .with_hint(std::move(hint));
}

}  // namespace lima::remote::client
