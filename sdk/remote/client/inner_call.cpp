#include "sdk/remote/client/inner_call.hpp"

namespace lima::remote::client {

InnerCall::InnerCall() {
    if (auto pipe = make_pipe()) {
        pipe_ = std::move(*pipe);
    }
    raw_.struct_size = sizeof raw_;
    raw_.cancel_fd = pipe_.read.get();
    raw_.ctx = this;
    raw_.cancelled = [](const lima_call* call) -> std::int32_t {
        return static_cast<const InnerCall*>(call->ctx)->cancelled_ ? 1 : 0;
    };
    raw_.fail = [](const lima_call*, const char*) {};
    raw_.progress = [](const lima_call*, std::uint64_t, std::uint64_t, const char*) {};
    raw_.hint = [](const lima_call*, const char*) {};
}

void InnerCall::cancel() {
    cancelled_ = true;
    pipe_.write.reset();
}

}  // namespace lima::remote::client
