// What a new instance is made from, and the menu in which the user may change that (spec/cli.md
// 13.1).
#pragma once

#include "core/cli/kit/edit_flags.hpp"
#include "core/instance/instance.hpp"
#include "core/template/template.hpp"

#include <optional>
#include <string>

namespace lima::cli {

struct NewInstance {
    const instance::Context& context;
    const EditFlags& edit;
    std::string name;
};

struct Draft {
    tmpl::Read read;        // the template
    config::Source source;  // with its bases and the flags
    /// What the user made of that by hand, with new bases perhaps; empty: leave it.
    std::optional<std::string> edited = {};
};

/// What instance::create wants.
instance::CreateInput create_input(const NewInstance& what, const Draft& draft);

/// The template with its bases, base.yaml and the flags.
Result<Draft> make_draft(const NewInstance& what, tmpl::Read read);

/// What the user made of it by hand may have bases of its own.
Result<void> take_edited(const NewInstance& what, Draft& draft, std::string text);

/// Proceed, edit, take another template, or leave (nullopt). Without an answer: proceed.
Result<std::optional<Draft>> creation_menu(const NewInstance& what, Draft draft);

/// The editor's header for a new instance.
std::string creation_header(const NewInstance& what);

}  // namespace lima::cli
