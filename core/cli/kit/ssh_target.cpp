#include "core/cli/kit/ssh_target.hpp"

#include "core/base/fs.hpp"
#include "core/base/text.hpp"

namespace lima::cli {

Result<ssh::Target> ssh_target(const instance::Context& context, const store::Instance& instance) {
    if (!instance.config) {
        return fail(Error(Code::kInvalidArgument,
                          fmt::format("instance {} has configuration errors: {}",
                                      name_quote(instance.name), join(instance.errors, "; ")))
                        .with_hint("correct " + instance.dir + "/lima.yaml"));
    }
    const config::Config& config = *instance.config;
    ssh::Target target;
    target.hostname = instance.hostname;
    target.address = instance.ssh_address.empty() ? "127.0.0.1" : instance.ssh_address;
    target.port = instance.ssh_local_port;
    target.user = config.user.name.value_or("");
    target.identity = context.home.identity_file();
    target.control_path = std::filesystem::path(instance.dir) / store::file::kSshSock;
    target.forward_agent = config.ssh.forward_agent.value_or(false);
    target.forward_x11 = config.ssh.forward_x11.value_or(false);
    target.forward_x11_trusted = config.ssh.forward_x11_trusted.value_or(false);
    if (!fs::exists(target.identity)) {
        return fail(Error(Code::kNotFound, fmt::format("the ssh key {} does not exist",
                                                       name_quote(target.identity.string())))
                        .with_hint("`limactl start " + instance.name + "` makes it"));
    }
    if (config.ssh.load_dot_ssh_pub_keys.value_or(false)) {
        const auto dir = context.host.home / ".ssh";
        for (const auto& name : fs::list_names(dir).value_or(std::vector<std::string>{})) {
            const auto key = dir / std::filesystem::path(name).stem();
            if (name.ends_with(".pub") && fs::exists(key)) {
                target.extra_identities.push_back(key);
            }
        }
    }
    return target;
}

}  // namespace lima::cli
