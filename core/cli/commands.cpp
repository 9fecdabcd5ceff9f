#include "core/cli/commands.hpp"

#include "core/cli/kit/cli.hpp"

namespace lima::cli {

void add_commands(Cli& cli) {
    add_create(cli);
    add_start(cli);
    add_stop(cli);
    add_restart(cli);
    add_delete(cli);
    add_list(cli);
    add_shell(cli);
    add_edit(cli);
    add_info(cli);
    add_driver(cli);
    add_template(cli);
    add_validate(cli);
    add_show_ssh(cli);
    add_protect(cli);
    add_snapshot(cli);
    add_screenshot(cli);
    add_generate_jsonschema(cli);
    add_hostagent(cli);
    add_completion(cli);
    add_yq_restrictions(cli);
}

}  // namespace lima::cli
