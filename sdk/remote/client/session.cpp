#include "sdk/remote/client/session.hpp"

#include "sdk/remote/client/foreign.hpp"
#include "sdk/remote/client/own.hpp"

namespace lima::remote::client {
namespace {

using std::chrono::milliseconds;

/// As the original's hosts have it.
constexpr milliseconds kQuick = std::chrono::seconds(10);
/// It is ten seconds there too, which a host under load does not always keep.
constexpr milliseconds kThorough = std::chrono::seconds(60);
/// Between the end of a connection and that of its process.
constexpr milliseconds kEndSeen = std::chrono::seconds(1);

template <class Request>
Request tagged(const std::string& tag) {
    Request request;
    request.set_tag(tag);
    return request;
}

}  // namespace

Session::Session(Connected connected)
    : host_(connected.host),
      program_(std::move(connected.program)),
      dir_(std::move(connected.dir)),
      generation_(connected.generation),
      process_(std::move(connected.process)),
      wire_(std::move(connected.wire)) {}

Result<> Session::explained(Result<> result) const {
    if (result || !wire_->is_broken()) {
        return result;
    }
    if (process_ && process_->wait(kEndSeen)) {
        return fail(Code::kUnavailable, process_->obituary());
    }
    return fail(Code::kUnavailable,
                "the driver's process has closed the connection: " + result.error().text());
}

Result<> Session::verb(Verb method, const Call& call) {
    DriverEmpty reply;
    return this->call(wire_->original(), method, DriverEmpty(), &reply, Terms{.call = &call});
}

Result<> Session::validate(const Call& call) {
    DriverEmpty reply;
    return this->call(wire_->original(), &OriginalStub::Validate, DriverEmpty(), &reply,
                      Terms{.call = &call, .limit = kThorough});
}

Result<std::map<std::string, std::string>> Session::boot_scripts(const Call& call) {
    BootScriptsResponse reply;
    LIMA_DO(this->call(wire_->original(), &OriginalStub::BootScripts, DriverEmpty(), &reply,
                       Terms{.call = &call}));
    std::map<std::string, std::string> scripts;
    for (const auto& [name, content] : reply.scripts()) {
        scripts[name] = content;
    }
    return scripts;
}

bool Session::forward_over_ssh() {
    ForwardGuestAgentResponse reply;
    const auto asked = call(wire_->original(), &OriginalStub::ForwardGuestAgent, DriverEmpty(),
                            &reply, Terms{.limit = kQuick});
    return asked && reply.should_forward();
}

Result<> Session::create_snapshot(const Call& call, const std::string& tag) {
    LIMA_DO(tell_status(call));
    DriverEmpty reply;
    return this->call(wire_->original(), &OriginalStub::CreateSnapshot,
                      tagged<CreateSnapshotRequest>(tag), &reply, Terms{.call = &call});
}

Result<> Session::apply_snapshot(const Call& call, const std::string& tag) {
    LIMA_DO(tell_status(call));
    DriverEmpty reply;
    return this->call(wire_->original(), &OriginalStub::ApplySnapshot,
                      tagged<ApplySnapshotRequest>(tag), &reply, Terms{.call = &call});
}

Result<> Session::delete_snapshot(const Call& call, const std::string& tag) {
    LIMA_DO(tell_status(call));
    DriverEmpty reply;
    return this->call(wire_->original(), &OriginalStub::DeleteSnapshot,
                      tagged<DeleteSnapshotRequest>(tag), &reply, Terms{.call = &call});
}

Result<std::string> Session::list_snapshots(const Call& call) {
    LIMA_DO(tell_status(call));
    ListSnapshotsResponse reply;
    LIMA_DO(this->call(wire_->original(), &OriginalStub::ListSnapshots, DriverEmpty(), &reply,
                       Terms{.call = &call}));
    return reply.snapshots();
}

Result<> Session::change_display_password(const Call& call, const std::string& password) {
    ChangeDisplayPasswordRequest request;
    request.set_password(password);
    DriverEmpty reply;
    return this->call(wire_->original(), &OriginalStub::ChangeDisplayPassword, request, &reply,
                      Terms{.call = &call});
}

Result<std::string> Session::display_connection(const Call& call) {
    GetDisplayConnectionResponse reply;
    LIMA_DO(this->call(wire_->original(), &OriginalStub::GetDisplayConnection, DriverEmpty(),
                       &reply, Terms{.call = &call}));
    return reply.connection();
}

Result<std::string> Session::original_info() {
    InfoResponse reply;
    LIMA_DO(call(wire_->original(), &OriginalStub::Info, DriverEmpty(), &reply,
                 Terms{.limit = kQuick}));
    return reply.info_json();
}

Result<std::string> Session::original_configure(const Call& call, const std::string& instance) {
    SetConfigRequest request;
    request.set_instance_config_json(instance);
    SetConfigResponse reply;
    LIMA_DO(this->call(wire_->original(), &OriginalStub::Configure, request, &reply,
                       Terms{.call = &call, .limit = kThorough}));
    return reply.instance_config_json();
}

std::string Session::lost(const std::string& fallback) const {
    std::string message = fallback;
    std::string said;
    if (process_ && process_->wait(kEndSeen)) {
        message = process_->obituary();
        said = process_->last_lines();
        // The host shows both.
        if (!said.empty()) {
            message.resize(message.size() - said.size() - 2);
        }
    }
    return "{\"code\":-1,\"signal\":0,\"message\":" + sdk::json_quote(message) +
           ",\"stderr\":" + sdk::json_quote(said) + "}";
}

namespace {

/// What it is, by its answer to Hello.
Result<std::optional<lima::driver::v1::HelloReply>> greet(Connected& connected) {
    lima::driver::v1::HelloRequest request;
    request.set_client(connected.program.client);
    request.set_owner(connected.program.owner);
    lima::driver::v1::HelloReply reply;
    const Result<> answer = connected.wire->unary(connected.wire->own(), &OwnStub::Hello, request,
                                                  &reply, Terms{.limit = kQuick});
    if (answer) {
        return std::optional(std::move(reply));
    }
    const Code code = answer.error().code();
    if (!connected.wire->is_broken() && (code == Code::kUnimplemented || code == Code::kUnknown)) {
        return std::nullopt;
    }
    std::string text = "the driver program " + connected.program.executable.string() +
                       " does not speak the protocol: " + answer.error().text();
    if (connected.process && connected.wire->is_broken() && connected.process->wait(kEndSeen)) {
        text += "; " + connected.process->obituary();
    }
    return fail(Code::kUnavailable, std::move(text));
}

}  // namespace

Result<std::unique_ptr<Session>> open_session(Connected connected) {
    auto hello = greet(connected);
    if (!hello) {
        return fail(std::move(hello.error()));
    }
    if (*hello) {
        return OwnSession::open(std::move(connected), **hello);
    }
    return ForeignSession::open(std::move(connected));
}

}  // namespace lima::remote::client
