#include "core/cli/kit/menu.hpp"

#include "core/base/text.hpp"
#include "core/cli/kit/editor.hpp"
#include "core/cli/kit/prompt.hpp"
#include "core/cli/kit/template_options.hpp"

namespace lima::cli {

namespace {

/// The draft from a template of the user's choice; nullopt when none was chosen. What is wrong with
/// the template is said, and the user chooses again.
std::optional<Draft> choose_template(const NewInstance& what) {
    const auto names = tmpl::public_names(tmpl::default_template_dirs(what.context.home.root()));
    for (;;) {
        const auto name = pick("Choose a template", names);
        if (!name) {
            return std::nullopt;
        }
        auto read = tmpl::read("template:" + *name, template_options(what.context));
        auto draft = read ? make_draft(what, std::move(*read)) : fail(std::move(read.error()));
        if (draft) {
            return std::move(*draft);
        }
        log::error("template {} cannot be used: {}", name_quote(*name), draft.error().text());
    }
}

}  // namespace

Result<Draft> make_draft(const NewInstance& what, tmpl::Read read) {
    tmpl::Options options = template_options(what.context);
    options.with_base_yaml = true;
    LIMA_TRY(auto source, tmpl::embed(read, options));
    EditInput input;
    input.home = what.context.host.home;
    LIMA_TRY(auto changed, apply_edit_flags(what.edit, input, source.text, source.file));
    if (changed != source.text) {
        source.origins = text::carried_over(source.text, source.origins, changed);
        source.text = std::move(changed);
    }
    if (trim(source.text).empty()) {
        return failf(Code::kInvalidArgument, "the template {} is empty", name_quote(read.locator));
    }
    return Draft{std::move(read), std::move(source)};
}

Result<void> take_edited(const NewInstance& what, Draft& draft, std::string text) {
    // base.yaml is in it already. Relative locators are those of the template.
    tmpl::Read read = draft.read;
    read.locator += " (edited)";
    read.text = std::move(text);
    LIMA_TRY(draft.source, tmpl::embed(read, template_options(what.context)));
    return {};
}

instance::CreateInput create_input(const NewInstance& what, const Draft& draft) {
    return {what.name, draft.source.text, draft.source.file, draft.source.origins};
}

std::string creation_header(const NewInstance& what) {
    std::string purpose = "The configuration of the new instance " + go_quote(what.name) + ".";
    if (what.name == "default") {
        purpose += "\nIt is good as it is for most purposes.";
    }
    return editor_header(what.context, purpose);
}

Result<std::optional<Draft>> creation_menu(const NewInstance& what, Draft draft) {
    enum Option : std::size_t { kProceed, kEdit, kOther, kExit };
    for (;;) {
        const auto choice = choose(
            fmt::format("Creating an instance {} from {}", go_quote(what.name), draft.read.locator),
            {"Proceed with this configuration", "Open it in an editor", "Choose another template",
             "Exit"});
        if (!choice) {
            log::warn("The menu got no answer, proceeding with the configuration as it is");
        }
        switch (choice.value_or(kProceed)) {
            case kExit:
                log::info("No instance was created");
                return std::nullopt;
            case kOther:
                if (auto chosen = choose_template(what)) {
                    draft = std::move(*chosen);
                }
                continue;
            case kEdit: {
                LIMA_TRY(draft.edited, open_editor(creation_header(what), draft.source.text));
                return draft;
            }
            default:
                return draft;
        }
    }
}

}  // namespace lima::cli
