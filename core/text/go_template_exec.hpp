// The evaluation of a parsed template. For go_template.cpp only.
#pragma once

#include "core/text/go_template.hpp"
#include "core/text/go_template_ast.hpp"

namespace lima::text::gotmpl {

/// What was written before an error stays in `out`.
Result<void> execute(const Trees& trees, const TemplateOptions& options, std::string_view source,
                     const Json& data, std::string& out);

}  // namespace lima::text::gotmpl
