#include "sdk/remote/server/unary.hpp"

#include "core/base/log.hpp"

#include <charconv>
#include <grpcpp/server_context.h>

namespace lima::remote {
namespace {

// gRPC takes 8 KiB of headers, in which a text may grow to three times its size.
constexpr std::size_t kMostText = 2000;
constexpr std::size_t kMostHint = 500;

/// Whole characters of UTF-8.
std::string shortened(const std::string& text, std::size_t most) {
    if (text.size() <= most) {
        return text;
    }
    std::size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    return text.substr(0, end) + "…";
}

class Unary final : public grpc::ServerUnaryReactor {
public:
    Unary(Served& served, grpc::CallbackServerContext& context)
        : served_(served), context_(context), call_(served.calls().begin(call_number(context))) {}

    void open(std::shared_ptr<Unary> self) { self_ = std::move(self); }
    const std::shared_ptr<Call>& call() const { return call_; }

    void run(const Body& body) {
        const Result<void> result = body(*call_);
        const bool ours = call_->number != 0;
        if (ours) {
            add_trailers(served_, result, [this](const std::string& key, const std::string& value) {
                context_.AddTrailingMetadata(key, value);
            });
        }
        Finish(result ? grpc::Status() : to_status(result.error(), !ours));
    }
    void refuse() {
        Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the driver process is leaving"));
    }

    void OnCancel() override { call_->cancel.trigger(); }
    void OnDone() override {
        const std::shared_ptr<Unary> last = std::move(self_);
        Served& served = served_;
        call_.reset();
        served.note_end();
    }

private:
    Served& served_;
    grpc::CallbackServerContext& context_;
    std::shared_ptr<Call> call_;
    std::shared_ptr<Unary> self_;
};

std::shared_ptr<Unary> make(Served& served, grpc::CallbackServerContext* context) {
    served.note_call();
    auto unary = std::make_shared<Unary>(served, *context);
    unary->open(unary);
    return unary;
}

}  // namespace

std::uint64_t call_number(const grpc::CallbackServerContext& context) {
    const auto found = context.client_metadata().find("lima-call");
    std::uint64_t number = 0;
    if (found != context.client_metadata().end()) {
        std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
    }
    return number;
}

grpc::Status to_status(const Error& error, bool hint_in_text) {
    std::string text = shortened(error.text(), kMostText);
    if (hint_in_text && !error.hint().empty()) {
        text += " (" + shortened(error.hint(), kMostHint) + ")";
    }
    return {static_cast<grpc::StatusCode>(error.code()), text};
}

void add_trailers(const Served& served, const Result<void>& result, const AddTrailer& add) {
    if (!result && !result.error().hint().empty()) {
        add("lima-hint-bin", shortened(result.error().hint(), kMostHint));
    }
    add("lima-seq", std::to_string(served.feed().last_seq()));
}

grpc::ServerUnaryReactor* run_op(Served& served, grpc::CallbackServerContext* context, Body body) {
    const auto unary = make(served, context);
    const bool taken = served.op(
        unary->call(), [unary, body = std::move(body)](Call& /*call*/) { unary->run(body); });
    if (!taken) {
        unary->refuse();
    }
    return unary.get();
}

grpc::ServerUnaryReactor* run_on_main(Served& served, grpc::CallbackServerContext* context,
                                      Body body) {
    const auto unary = make(served, context);
    const bool taken = served.main().push([&served, unary, body = std::move(body)] {
        served.within(*unary->call(), [&] { unary->run(body); });
    });
    if (!taken) {
        unary->refuse();
    }
    return unary.get();
}

grpc::ServerUnaryReactor* answer(Served& served, grpc::CallbackServerContext* context,
                                 const Result<void>& result) {
    served.note_call();
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(result ? grpc::Status()
                           : to_status(result.error(), call_number(*context) == 0));
    return reactor;
}

}  // namespace lima::remote
