#include "core/cli/kit/new_instance.hpp"

#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/cli/kit/editor.hpp"
#include "core/cli/kit/menu.hpp"
#include "core/cli/kit/template_options.hpp"
#include "core/cli/kit/yaml_edit.hpp"
#include "core/driver/registry.hpp"
#include "core/store/home.hpp"

#include <cstdio>
#include <map>
#include <utility>

namespace lima::cli {

namespace {

/// Templates that were dropped, and what replaces them.
const std::map<std::string, std::string>& dropped_templates() {
    static const std::map<std::string, std::string> kDropped{
        {"experimental/vz", "--vm-type=vz"},
        {"experimental/riscv64", "--arch=riscv64"},
        {"experimental/armv7l", "--arch=armv7l"},
        {"vmnet", "--network=lima:shared"},
        {"experimental/net-user-v2", "--network=lima:user-v2"},
        {"experimental/9p", "--mount-type=9p"},
        {"experimental/virtiofs-linux", "--mount-type=virtiofs"},
    };
    return kDropped;
}

void warn_dropped(const std::string& locator) {
    for (const std::string prefix : {"template://", "template:"}) {
        if (locator.starts_with(prefix)) {
            const auto found = dropped_templates().find(locator.substr(prefix.size()));
            if (found != dropped_templates().end()) {
                log::warn("Template {} was removed; use `limactl create {}` instead",
                          name_quote(locator), found->second);
            }
            return;
        }
    }
}

using Resolved = std::optional<store::Instance>;

Result<Resolved> create_by_menu(const NewInstance& what, Draft first) {
    LIMA_TRY(auto draft, creation_menu(what, std::move(first)));
    if (!draft) {
        return std::nullopt;
    }
    Resolved created;
    bool by_hand = draft->edited.has_value();
    const auto accept = [&](std::string& text) -> Result<void> {
        if (std::exchange(by_hand, true)) {
            LIMA_DO(take_edited(what, *draft, text));
            text = draft->source.text;
        }
        LIMA_TRY(created, instance::create(what.context, create_input(what, *draft)));
        return {};
    };
    const std::string text = draft->edited.value_or(draft->source.text);
    bool accepted = false;
    if (!text.empty()) {
        LIMA_TRY(accepted, accept_or_edit(creation_header(what), text, accept));
    }
    if (!accepted) {
        log::info("The file was saved empty: no instance was created");
    }
    return created;
}

/// The template as lima.yaml of a new instance: embedded, flags applied.
Result<Resolved> create_from(Cli& cli, const tmpl::Read& read, const std::string& name,
                             const EditFlags& edit) {
    LIMA_TRY(auto* context, cli.context());
    LIMA_DO(store::check_instance_name(name));
    const NewInstance what{*context, edit, name};
    LIMA_TRY(Draft draft, make_draft(what, read));
    if (cli.tty()) {
        return create_by_menu(what, std::move(draft));
    }
    log::info("Terminal is not available, proceeding without opening an editor");
    return instance::create(*context, create_input(what, draft));
}

Failure exists_already(const std::string& name) {
    return fail(
        Error(Code::kAlreadyExists, fmt::format("instance {} already exists", name_quote(name)))
            .with_hint(fmt::format(
                "start it with `limactl start {}`, or give another name with --name", name)));
}

/// start NAME of an existing instance.
Result<Resolved> use_existing(Cli& cli, store::Instance instance, const EditFlags& edit) {
    LIMA_TRY(auto* context, cli.context());
    if (!instance.config) {
        return fail(Error(Code::kInvalidArgument,
                          fmt::format("instance {} has configuration errors: {}",
                                      go_quote(instance.name), join(instance.errors, "\n")))
                        .with_hint("correct " + instance.dir + "/lima.yaml"));
    }
    log::info("Using the existing instance {}", name_quote(instance.name));
    LIMA_TRY(const bool changed, edit_existing(cli, instance.name, edit, "limactl start"));
    if (changed) {
        return instance::inspect(*context, instance.name);
    }
    return instance;
}

Result<Resolved> by_name(Cli& cli, Mode mode, const NewInstanceFlags& values, const Args& args) {
    LIMA_TRY(auto* context, cli.context());
    if (!args.empty() && !values.name.empty() && args[0] != values.name) {
        return failf(Code::kInvalidArgument,
                     "instance name {} and CLI flag --name={} cannot be specified together",
                     name_quote(args[0]), name_quote(values.name));
    }
    const std::string name = !args.empty()         ? args[0]
                             : values.name.empty() ? "default"
                                                   : values.name;
    auto found = instance::inspect(*context, name);
    if (found) {
        return mode == Mode::kCreate ? exists_already(name)
                                     : use_existing(cli, std::move(*found), values.edit);
    }
    if (found.error().code() != Code::kNotFound) {
        return fail(std::move(found.error()));
    }
    if (!args.empty() && name != "default") {
        log::info("Creating an instance {} from template:default (not from template:{})",
                  name_quote(name), name);
        log::warn("This form is deprecated. Use `limactl {} --name={} template:default` instead",
                  mode == Mode::kCreate ? "create" : "start", name);
    }
    LIMA_TRY(const auto read, tmpl::read("template:default", template_options(*context)));
    return create_from(cli, read, name, values.edit);
}

Result<Resolved> by_locator(Cli& cli, Mode mode, const NewInstanceFlags& values,
                            const std::string& locator) {
    LIMA_TRY(auto* context, cli.context());
    warn_dropped(locator);
    if (locator == "-") {
        if (values.name.empty()) {
            return failf(Code::kInvalidArgument,
                         "must pass instance name with --name when reading template from stdin");
        }
        if (cli.tty_given() && cli.tty()) {
            return failf(Code::kInvalidArgument,
                         "cannot use --tty=true when reading template from stdin");
        }
        cli.force_no_tty();
    }
    LIMA_TRY(const auto read, tmpl::read(locator, template_options(*context)));
    const std::string name = values.name.empty() ? read.name : values.name;
    LIMA_DO(store::check_instance_name(name), "instance name");
    auto found = instance::inspect(*context, name);
    if (found) {
        Failure failure = exists_already(name);
        return mode == Mode::kCreate ? std::move(failure)
                                     : fail(std::move(failure.value())
                                                .wrap("cannot create from " + name_quote(locator)));
    }
    return create_from(cli, read, name, values.edit);
}

}  // namespace

void add_new_instance_flags(Flags flags, NewInstanceFlags& values) {
    flags.text("name", values.name, "Override the instance name");
    flags.boolean("list-templates", values.list_templates, "List available templates and exit");
    flags.boolean("list-drivers", values.list_drivers, "List available drivers and exit");
    add_edit_flags(flags, values.edit, EditScope::kCreate);
}

Result<bool> print_lists(Cli& cli, const NewInstanceFlags& values) {
    if (values.list_templates) {
        LIMA_TRY(auto* context, cli.context());
        for (const auto& name :
             tmpl::public_names(tmpl::default_template_dirs(context->home.root()))) {
            std::printf("%s\n", name.c_str());
        }
        return true;
    }
    if (values.list_drivers) {
        for (const auto& found : driver::discover(driver::default_search_path()).drivers) {
            std::printf("%s\n", found.name.c_str());
        }
        return true;
    }
    return false;
}

Result<Resolved> resolve_instance(Cli& cli, Mode mode, const NewInstanceFlags& values,
                                  const Args& args) {
    if (!values.name.empty()) {
        LIMA_DO(store::check_instance_name(values.name));
    }
    if (args.empty() || store::check_instance_name(args[0])) {
        return by_name(cli, mode, values, args);
    }
    return by_locator(cli, mode, values, args[0]);
}

}  // namespace lima::cli
