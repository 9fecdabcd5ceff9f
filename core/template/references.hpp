// What a template refers to: its bases, and the scripts that its `file:` entries name.
// spec/config.md 4.3 and 4.5.
#pragma once

#include "core/base/error.hpp"
#include "core/template/template.hpp"
#include "core/text/document.hpp"

#include <string>
#include <vector>

namespace lima::tmpl {

struct Reference {
    std::string url;
    std::string digest;  // empty: none
    text::Mark mark;     // of the URL
};

/// The entries of `base`, in order.
std::vector<Reference> bases_of(const text::Node& root);

/// Both digests are named when they differ.
Result<void> check_digest(const std::string& text, const Reference& reference);

/// The error, with the line that the reference stands in: "FILE:3:3: failed to embed base `x`: …".
Error at_reference(const text::Document& document, const Reference& reference, const char* what,
                   const Error& cause);

/// Makes all locators of the template absolute, and puts the files of provision and probes in.
/// Those at `template:` stay unless everything is wanted.
Result<text::Document> resolve_references(text::Document document, const std::string& locator,
                                          const Options& options, Scope scope);

}  // namespace lima::tmpl
