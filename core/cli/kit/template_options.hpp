// What core/template needs to know, from our context.
#pragma once

#include "core/instance/instance.hpp"
#include "core/template/template.hpp"

namespace lima::cli {

tmpl::Options template_options(const instance::Context& context);

}  // namespace lima::cli
