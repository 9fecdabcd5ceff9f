#include "core/cli/kit/ready.hpp"

#include "core/base/log.hpp"
#include "core/base/text.hpp"

#include <cstdio>

namespace lima::cli {

std::string shell_hint(const std::string& name) {
    return name == "default" ? "`lima`" : "`limactl shell " + name + "`";
}

void print_ready(const store::Instance& instance) {
    if (instance.config && instance.config->plain.value_or(false)) {
        log::info("READY. Run `ssh -F {} {}` to open the shell.",
                  shell_quote(instance.ssh_config_file), instance.hostname);
    } else {
        log::info("READY. Run {} to open the shell.", shell_hint(instance.name));
    }
    if (!instance.message.empty()) {
        log::info("Message from the instance {}:", go_quote(instance.name));
        std::fprintf(stderr, "%s%s", instance.message.c_str(),
                     instance.message.ends_with("\n") ? "" : "\n");
    }
}

}  // namespace lima::cli
