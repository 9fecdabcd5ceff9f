#include "core/cli/kit/ssh_target.hpp"

#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/instance/ssh_target.hpp"

namespace lima::cli {

Result<ssh::Target> ssh_target(const instance::Context& context, const store::Instance& instance) {
    if (!instance.config) {
        return fail(Error(Code::kInvalidArgument,
                          fmt::format("instance {} has configuration errors: {}",
                                      name_quote(instance.name), join(instance.errors, "; ")))
                        .with_hint("correct " + instance.dir + "/lima.yaml"));
    }
    ssh::Target target = instance::ssh_target(context.home, context.host, instance);
    if (!fs::exists(target.identity)) {
        return fail(Error(Code::kNotFound, fmt::format("the ssh key {} does not exist",
                                                       name_quote(target.identity.string())))
                        .with_hint("`limactl start " + instance.name + "` makes it"));
    }
    return target;
}

}  // namespace lima::cli
