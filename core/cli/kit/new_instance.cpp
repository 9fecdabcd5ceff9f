#include "core/cli/kit/new_instance.hpp"

#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/cli/kit/menu.hpp"
#include "core/cli/kit/template_options.hpp"
#include "core/driver/registry.hpp"
#include "core/store/home.hpp"

#include <cstdio>
#include <map>

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

/// The template as lima.yaml of a new instance: embedded, flags applied.
Result<store::Instance> create_from(Cli& cli, const tmpl::Read& read, const std::string& name,
                                    const EditFlags& edit) {
    LIMA_TRY(auto* context, cli.context());
    LIMA_DO(store::check_instance_name(name));
    tmpl::Options options = template_options(*context);
    options.with_base_yaml = true;
    LIMA_TRY(auto embedded, tmpl::embed(read, options));
    std::string text = embedded.text;
    EditInput input;
    input.home = context->host.home;
    if (cli.tty()) {
        LIMA_TRY(auto chosen, creation_menu(*context, edit, input, name, text, read.locator));
        text = std::move(chosen);
    } else {
        log::info("Terminal is not available, proceeding without opening an editor");
        LIMA_TRY(auto edited, apply_edit_flags(edit, input, text, read.locator));
        text = std::move(edited);
    }
    if (trim(text).empty()) {
        return failf(Code::kInvalidArgument, "the template {} is empty", name_quote(read.locator));
    }
    if (text != embedded.text) {
        embedded.origins.clear();  // of the lines that were there before
    }
    auto created =
        instance::create(*context, {name, text, read.locator, std::move(embedded.origins)});
    if (!created && cli.tty() && created.error().code() == Code::kInvalidArgument) {
        return fail(reject_yaml(std::move(created.error()), text));
    }
    return created;
}

Failure exists_already(const std::string& name) {
    return fail(
        Error(Code::kAlreadyExists, fmt::format("instance {} already exists", name_quote(name)))
            .with_hint(fmt::format(
                "start it with `limactl start {}`, or give another name with --name", name)));
}

/// start NAME of an existing instance.
Result<store::Instance> use_existing(Cli& cli, store::Instance instance, const EditFlags& edit) {
    LIMA_TRY(auto* context, cli.context());
    if (!instance.config) {
        return fail(Error(Code::kInvalidArgument,
                          fmt::format("instance {} has configuration errors: {}",
                                      go_quote(instance.name), join(instance.errors, "\n")))
                        .with_hint("correct " + instance.dir + "/lima.yaml"));
    }
    log::info("Using the existing instance {}", name_quote(instance.name));
    LIMA_TRY(const bool changed, edit_existing(cli, instance.name, edit));
    return changed ? instance::inspect(*context, instance.name)
                   : Result<store::Instance>(std::move(instance));
}

Result<store::Instance> by_name(Cli& cli, Mode mode, const NewInstanceFlags& values,
                                const Args& args) {
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
        return found;
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

Result<store::Instance> by_locator(Cli& cli, Mode mode, const NewInstanceFlags& values,
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
        for (const auto& listed : tmpl::list(tmpl::default_template_dirs(context->home.root()))) {
            if (!listed.name.starts_with("_")) {
                std::printf("%s\n", listed.name.c_str());
            }
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

Result<store::Instance> resolve_instance(Cli& cli, Mode mode, const NewInstanceFlags& values,
                                         const Args& args) {
    if (!values.name.empty()) {
        LIMA_DO(store::check_instance_name(values.name));
    }
    if (args.empty() || store::check_instance_name(args[0])) {
        return by_name(cli, mode, values, args);
    }
    return by_locator(cli, mode, values, args[0]);
}

Result<bool> edit_existing(Cli& cli, const std::string& name, const EditFlags& values) {
    LIMA_TRY(auto* context, cli.context());
    const auto path = context->home.instance_dir(name) / store::file::kYaml;
    LIMA_TRY(const auto before, fs::read_file(path));
    EditInput input;
    input.new_instance = false;
    input.home = context->host.home;
    LIMA_TRY(const auto after, apply_edit_flags(values, input, before, path.string()));
    if (after == before) {
        return false;
    }
    if (auto checked = instance::check_yaml(*context, name, after, path.string()); !checked) {
        return fail(reject_yaml(std::move(checked.error()), after));
    }
    LIMA_DO(fs::write_file_atomic(path, after, 0644));
    return true;
}

Error reject_yaml(Error error, const std::string& text) {
    const char* file = "lima.REJECTED.yaml";
    auto written = fs::write_file_atomic(file, text);
    const std::string where = written
                                  ? "the YAML is invalid, saved the buffer as " + name_quote(file)
                                  : "the YAML is invalid";
    return std::move(error).wrap(where);
}

}  // namespace lima::cli
