#include "core/cli/kit/yaml_edit.hpp"

#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/base/units.hpp"
#include "core/cli/kit/editor.hpp"
#include "core/cli/kit/template_options.hpp"
#include "core/config/load.hpp"
#include "core/text/yaml.hpp"

#include <sys/stat.h>

namespace lima::cli {

namespace {

/// A disk can grow, never shrink.
Result<void> check_disk(std::int64_t before, const std::string& text, const std::string& file) {
    LIMA_TRY(const auto loaded, config::decode({text, file}));
    if (before == 0 || !loaded.config.disk || loaded.config.disk->empty()) {
        return {};
    }
    LIMA_TRY(const auto wanted, parse_size(*loaded.config.disk));
    if (wanted >= before) {
        return {};
    }
    LIMA_TRY(const auto tree, text::parse_yaml(text, file));
    const text::Node* disk = tree.find("disk");
    return fail(text::error_at(text, file, disk != nullptr ? disk->begin : tree.begin,
                               fmt::format("the disk cannot shrink from {} to {}",
                                           format_size(before), *loaded.config.disk))
                    .with_hint("give at least " + format_size(before) +
                               ", or make a new instance with a smaller disk"));
}

}  // namespace

Result<YamlEdit> YamlEdit::of_instance(const instance::Context& context, const std::string& name,
                                       const std::string& command) {
    YamlEdit edit(context);
    const auto dir = context.home.instance_dir(name);
    edit.file_ = dir / store::file::kYaml;
    if (!fs::exists(edit.file_)) {
        return fail(Error(Code::kNotFound, fmt::format("instance {} not found", go_quote(name)))
                        .with_hint("see `limactl list`"));
    }
    LIMA_TRY(edit.lock_, store::InstanceLock::acquire(dir, command));
    LIMA_TRY(edit.instance_, instance::inspect(context, name));
    LIMA_TRY(edit.text_, fs::read_file(edit.file_));
    return edit;
}

Result<YamlEdit> YamlEdit::of_file(const instance::Context& context,
                                   const std::filesystem::path& file) {
    YamlEdit edit(context);
    // A link stays one.
    LIMA_TRY(edit.file_, fs::real_path(file));
    LIMA_TRY(edit.text_, fs::read_file(edit.file_));
    return edit;
}

Result<bool> YamlEdit::apply(const EditFlags& flags) const {
    EditInput input;
    input.new_instance = false;
    input.home = context_->host.home;
    LIMA_TRY(const std::string after, apply_edit_flags(flags, input, text_, file_.string()));
    if (after == text_) {
        return false;
    }
    if (auto checked = check(after); !checked) {
        return fail(reject_yaml(std::move(checked.error()), after));
    }
    LIMA_DO(write(after));
    return true;
}

Result<void> YamlEdit::replace(const std::string& text) const {
    LIMA_DO(check(text));
    if (auto written = write(text); !written) {
        return fail(
            std::move(written.error()).wrap("the new text was not taken, " + save_rejected(text)));
    }
    return {};
}

Result<void> YamlEdit::check(const std::string& text) const {
    if (instance_) {
        LIMA_DO(instance::check_yaml(*context_, instance_->name, text, file_.string()));
        return check_disk(instance_->disk, text, file_.string());
    }
    LIMA_TRY(const auto source,
             tmpl::embed({file_.string(), "", text}, template_options(*context_)));
    return instance::check_yaml(*context_, "", source.text, source.file, source.origins);
}

Result<void> YamlEdit::write(const std::string& text) const {
    LIMA_TRY(const auto now, fs::read_file(file_));
    if (now != text_) {
        return fail(Error(Code::kAborted, fmt::format("{} was changed meanwhile", file_.string()))
                        .with_hint("edit it again"));
    }
    struct stat status{};
    const bool known = stat(file_.c_str(), &status) == 0;
    return fs::write_file_atomic(file_, text, known ? status.st_mode & 0777 : 0644);
}

Result<bool> edit_existing(Cli& cli, const std::string& name, const EditFlags& values,
                           const std::string& command) {
    if (values == EditFlags{}) {
        return false;
    }
    LIMA_TRY(auto* context, cli.context());
    LIMA_TRY(const YamlEdit edit, YamlEdit::of_instance(*context, name, command));
    return edit.apply(values);
}

}  // namespace lima::cli
