// The host service lima.host.network/1: where the sockets of the networks in networks.yaml lie.
// Forwards through a user-v2 network are asked of its daemon, which this host does not run yet.
#include "core/driver/host_network.hpp"

#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/driver/host.hpp"
#include "core/store/home.hpp"
#include "core/text/yaml.hpp"

namespace lima::driver {
namespace {

constexpr const char* kFile = "networks.yaml";
constexpr const char* kDefaultVarRun = "/private/var/run/lima";
constexpr const char* kUserV2 = "user-v2";

std::string string_at(const text::Node& node, std::string_view key) {
    const text::Node* found = node.find(key);
    return found != nullptr && found->kind == text::Kind::kScalar ? found->value : std::string();
}

/// Without a file, and for user-v2 also with one that says nothing of it, the names of the default
/// file are there.
std::string default_mode(const std::string& network, bool has_file) {
    if (network == kUserV2) {
        return kUserV2;
    }
    const bool in_default_file = network == "shared" || network == "bridged" || network == "host";
    return in_default_file && !has_file ? network : std::string();
}

std::map<std::string, std::string> paths_of(const store::Home& home, const std::string& network,
                                            const std::string& mode, const std::string& var_run) {
    if (mode != kUserV2) {
        return {{"mode", mode}, {"socket", var_run + "/socket_vmnet." + network}};
    }
    const std::string base = (home.networks_dir() / network / network).string();
    return {{"mode", mode},
            {"qemu_socket", base + "_qemu.sock"},
            {"fd_socket", base + "_fd.sock"},
            {"endpoint_socket", base + "_ep.sock"}};
}

Result<void> no_forwards() {
    return failf(Code::kUnimplemented,
                 "forwarding a port through a user-v2 network is not "
                 "implemented by this host");
}

}  // namespace

Result<std::map<std::string, std::string>> lookup_network(const std::filesystem::path& lima_home,
                                                          const std::string& network) {
    const store::Home home(lima_home);
    const std::filesystem::path file = home.config_dir() / kFile;
    LIMA_TRY(const auto content, fs::read_file_if_exists(file));
    std::string mode = default_mode(network, content.has_value());
    std::string var_run = kDefaultVarRun;
    if (content) {
        LIMA_TRY(const text::Node root, text::parse_yaml(*content, file.string()));
        if (const text::Node* paths = root.find("paths"); paths != nullptr) {
            if (std::string named = string_at(*paths, "varRun"); !named.empty()) {
                var_run = std::move(named);
            }
        }
        const text::Node* networks = root.find("networks");
        const text::Node* entry = networks != nullptr ? networks->find(network) : nullptr;
        if (entry != nullptr) {
            if (std::string named = string_at(*entry, "mode"); !named.empty()) {
                mode = std::move(named);
            }
        }
    }
    if (mode.empty()) {
        return fail(Error(Code::kNotFound, fmt::format("network {} is not defined in {}",
                                                       go_quote(network), file.string()))
                        .with_hint("add it by `limactl network create`"));
    }
    return paths_of(home, network, mode, var_run);
}

const lima_host_network& network_service() {
    static constexpr lima_host_network kTable = {
        [](const lima_host* host, const lima_call* call, const char* network,
           const lima_sink* out) noexcept {
            return serve(call, [&]() -> Result<void> {
                LIMA_TRY(const auto paths, lookup_network(lima_home_of(host), network));
                for (const auto& [key, value] : paths) {
                    out->put(out->ctx, key.c_str(), value.data(), value.size());
                }
                return {};
            });
        },
        [](const lima_host*, const lima_call* call, const char*, const char*, std::int32_t,
           std::int32_t) noexcept { return serve(call, no_forwards); },
        [](const lima_host*, const lima_call* call, const char*, std::int32_t) noexcept {
            return serve(call, no_forwards);
        }};
    return kTable;
}

}  // namespace lima::driver
