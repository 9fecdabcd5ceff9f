#include "sdk/remote/client/foreign.hpp"

#include "core/base/json.hpp"
#include "core/base/signals_blocked.hpp"
#include "sdk/remote/client/merge.hpp"
#include "sdk/remote/client/one_shot.hpp"

namespace lima::remote::client {
namespace {

using std::chrono::milliseconds;

/// Some never end the stream of Start after Stop.
constexpr milliseconds kEndsAfterStop = std::chrono::seconds(1);
/// After its context is gone, the VM is to go at once.
constexpr milliseconds kEndsAfterCancel = std::chrono::seconds(10);
constexpr int kSshPort = 22;

std::string exited(int code, const std::string& text) {
    return "{\"code\":" + std::to_string(code) +
           ",\"signal\":0,\"stderr\":" + sdk::json_quote(text) + "}";
}

bool feature(const Json& info, const char* key) {
    const auto features = info.find("features");
    return features != info.end() && features->is_object() && json_bool(*features, key);
}

}  // namespace

struct ForeignSession::Life {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<StartResponse>> stream;
    std::thread reader;
};

Result<std::unique_ptr<Session>> ForeignSession::open(Connected connected) {
    auto session = std::unique_ptr<ForeignSession>(new ForeignSession(std::move(connected)));
    LIMA_TRY(const std::string text, session->original_info());
    LIMA_TRY(const Json info, parse_json(text), "what the driver {} tells about itself",
             session->program_.name);
    if (!info.is_object()) {
        return failf(Code::kInternal, "what the driver {} tells about itself is no JSON object",
                     session->program_.name);
    }
    session->static_ssh_port_ = feature(info, "staticSSHPort");
    std::set<std::string>& extensions = session->identity_.extensions;
    if (feature(info, "dynamicSSHAddress")) {
        extensions.insert(LIMA_EXT_SSH);
    }
    if (feature(info, "canRunGui")) {
        extensions.insert(LIMA_EXT_GUI);
    }
    return std::unique_ptr<Session>(std::move(session));
}

ForeignSession::ForeignSession(Connected connected) : Session(std::move(connected)) {
    identity_.generation = generation_ == Generation::kFirst ? "1" : "2";
    identity_.extensions = {LIMA_EXT_GUEST_AGENT, LIMA_EXT_BOOT_SCRIPTS, LIMA_EXT_SNAPSHOT,
                            LIMA_EXT_DISPLAY, LIMA_EXT_STATUS};
}

ForeignSession::~ForeignSession() {
    close();
    drop_life();
}

bool ForeignSession::has_vm() const {
    const std::lock_guard lock(mutex_);
    return lives_;
}

void ForeignSession::close() {
    if (closing_.exchange(true)) {
        return;
    }
    drop_life();
    wire_->hang_up();
    if (process_) {
        process_->end(milliseconds(0));
        remove_stale_socket(socket_of(program_, dir_));
    }
}

Result<std::string> ForeignSession::configure(const Call& call, const std::string& instance) {
    LIMA_TRY(Json merged, parse_json(instance), "the instance");
    ssh_port_ = static_cast<int>(json_int(merged, "sshLocalPort"));
    std::string sent = instance;
    if (generation_ == Generation::kFirst) {
        // Its defaults come from a process of its own, and Configure answers with nothing.
        LIMA_TRY(Json filled, fill_config(program_, merged));
        merge_reply(merged["config"], std::move(filled));
        sent = dump_json(merged);
    }
    LIMA_TRY(const std::string answer, original_configure(call, sent));
    configured_ = sent;
    told_running_ = json_string(merged, "status") == "Running";
    if (answer.empty()) {
        return sent;
    }
    LIMA_TRY(Json reply, parse_json(answer), "the instance as the driver {} has configured it",
             program_.name);
    merge_reply(merged, std::move(reply));
    return dump_json(merged);
}

Result<> ForeignSession::tell_status(const Call& call) {
    const bool runs = has_vm();
    if (configured_.empty() || runs == told_running_) {
        return {};
    }
    LIMA_TRY(Json instance, parse_json(configured_), "the instance");
    instance["status"] = runs ? "Running" : "Stopped";
    LIMA_DO(original_configure(call, dump_json(instance)));
    told_running_ = runs;
    return {};
}

Result<> ForeignSession::start(const Call& call) {
    if (has_vm()) {
        return fail(Code::kFailedPrecondition, "the VM runs already");
    }
    drop_life();
    auto life = std::make_unique<Life>();
    life->stream = wire_->original().Start(&life->context, DriverEmpty());
    StartResponse first;
    bool got = false;
    {
        // Cancels by the stream's own context; the call that it watches is the host's.
        const CancelWatch watch(call, [&life] { life->context.TryCancel(); });
        got = life->stream->Read(&first);
    }
    if (!got || !first.success()) {
        life->context.TryCancel();
        StartResponse rest;
        while (life->stream->Read(&rest)) {
        }
        const grpc::Status status = life->stream->Finish();
        if (call.cancelled()) {
            return fail(Code::kCancelled, "cancelled");
        }
        if (got) {
            return fail(Code::kUnknown,
                        first.error().empty() ? "the driver did not say why" : first.error());
        }
        return explained(fail(error_of(status)));
    }
    {
        const std::lock_guard lock(mutex_);
        lives_ = true;
        life_ = std::move(life);
    }
    ends_it_ = false;
    host_.started();
    {
        const SignalsBlocked blocked;
        life_->reader = std::thread([this] { read_life(*life_); });
    }
    const Result<> ssh = verb(&OriginalStub::AdditionalSetupForSSH, call);
    if (!ssh && ssh.error().code() != Code::kUnimplemented) {
        return fail(Error(ssh.error()).wrap("cannot set up ssh"));
    }
    return {};
}

void ForeignSession::read_life(Life& life) {
    StartResponse message;
    const bool said = life.stream->Read(&message);
    if (said) {
        life.context.TryCancel();
        StartResponse rest;
        while (life.stream->Read(&rest)) {
        }
    }
    const grpc::Status status = life.stream->Finish();
    {
        const std::lock_guard lock(mutex_);
        lives_ = false;
    }
    if (said) {
        host_.event("exited", message.success() ? exited(0, "") : exited(-1, message.error()));
    } else if (ends_it_) {
        host_.event("exited", exited(0, ""));
    } else if (!closing_) {
        host_.event("exited",
                    lost("the driver's process does not tell any more what happens to the VM: " +
                         (status.ok() ? "its stream has ended" : status.error_message())));
    }
    changed_.notify_all();
}

bool ForeignSession::wait_end(milliseconds time) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time, [this] { return !lives_; });
}

bool ForeignSession::end_life() {
    ends_it_ = true;
    life_->context.TryCancel();
    return wait_end(kEndsAfterCancel);
}

void ForeignSession::drop_life() {
    if (!life_) {
        return;
    }
    life_->context.TryCancel();
    if (life_->reader.joinable()) {
        life_->reader.join();
    }
    life_.reset();
}

Result<> ForeignSession::stop(const Call& call) {
    const Result<> stopped = verb(&OriginalStub::Stop, call);
    if (!life_) {
        return stopped;
    }
    if (call.cancelled()) {
        // At once: the VM of such a process goes with the stream.
        return end_life() ? Result<>()
                          : fail(Code::kDeadlineExceeded, "the driver's process keeps its VM");
    }
    if (!stopped) {
        return stopped;
    }
    if (!wait_end(kEndsAfterStop)) {
        end_life();
    }
    return {};
}

Result<> ForeignSession::adopt(const Call&) {
    return fail(Code::kUnimplemented, "the driver cannot take over a VM that runs");
}

Result<std::string> ForeignSession::status(const Call&, const std::string& instance) {
    LIMA_TRY(const std::string answer, inspect_status(program_, instance));
    LIMA_TRY(const Json json, parse_json(answer));
    return json_string(json, "status");
}

Result<sdk::SshAddress> ForeignSession::ssh_address(const Call& call) {
    SSHAddressResponse reply;
    LIMA_DO(this->call(wire_->original(), &OriginalStub::SSHAddress, DriverEmpty(), &reply,
                       Terms{.call = &call}));
    return sdk::SshAddress{.address = reply.address(),
                           .port = static_ssh_port_ ? kSshPort : ssh_port_.load()};
}

Result<lima_handle> ForeignSession::connect(const Call& call, const std::string& channel) {
    if (!channel.empty()) {
        return failf(Code::kNotFound, "the driver has no channel {}", channel);
    }
    const Path socket = dir_ / "ga.sock";
    // One that nobody serves would make every call fail.
    remove_stale_socket(socket);
    LIMA_DO(verb(&OriginalStub::GuestAgentConn, call));
    LIMA_TRY(Fd connection, connect_unix(socket.string()));
    return lima_handle{connection.release()};
}

Result<sdk::Picture> ForeignSession::screenshot(const Call&, const std::string&) {
    return fail(Code::kUnimplemented, "the driver has no screenshots");
}

Result<std::string> ForeignSession::config_schema() {
    return fail(Code::kUnimplemented, "the driver has no schema of its options");
}

}  // namespace lima::remote::client
