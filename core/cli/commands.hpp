// One function per command, each in the file of its name.
#pragma once

namespace lima::cli {

class Cli;
class Command;

void add_completion(Cli& cli);
void add_create(Cli& cli);
void add_delete(Cli& cli);
void add_driver(Cli& cli);
void add_edit(Cli& cli);
void add_generate_jsonschema(Cli& cli);
void add_hostagent(Cli& cli);
void add_info(Cli& cli);
void add_list(Cli& cli);
void add_protect(Cli& cli);
void add_restart(Cli& cli);
void add_screenshot(Cli& cli);
void add_shell(Cli& cli);
void add_show_ssh(Cli& cli);
void add_snapshot(Cli& cli);
void add_start(Cli& cli);
void add_stop(Cli& cli);
void add_template(Cli& cli);
void add_validate(Cli& cli);
/// The same as a sub-command.
void add_validate_to(Command& parent);
void add_yq_restrictions(Cli& cli);

}  // namespace lima::cli
