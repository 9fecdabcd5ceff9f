// The text of a template as the commands about templates see it: read, embedded, filled.
#pragma once

#include "core/config/load.hpp"
#include "core/instance/instance.hpp"
#include "core/template/template.hpp"
#include "core/text/yq/evaluate.hpp"

#include <string>

namespace lima::cli {

/// An empty text is an error: the locator was meant for something else.
Result<tmpl::Read> read_template(const instance::Context& context, const std::string& locator);

/// With all bases; with base.yaml when the text is to be filled.
Result<config::Source> embed_template(const instance::Context& context, const tmpl::Read& read,
                                      tmpl::Scope scope, bool with_base_yaml);

/// With default.yaml, override.yaml and the defaults, as YAML. vmType is there only when it is set.
Result<std::string> filled_yaml(const instance::Context& context, const config::Source& source);

/// The results of a yq expression, one below the other, in colours for a terminal.
Result<std::string> evaluated(const std::string& yaml, const std::string& file,
                              const text::yq::Expression& expression);

/// To stdout, in colours on a terminal.
Result<void> print_yaml(const std::string& text);

}  // namespace lima::cli
