// The functions that every template has, but for "and" and "or", which do not evaluate all of their
// arguments.
#pragma once

#include "core/text/go_template.hpp"

#include <cstddef>
#include <map>
#include <string>

namespace lima::text::gotmpl {

struct Builtin {
    TemplateFunction function;
    std::size_t least = 0;  // arguments
    std::size_t most = 0;   // 0: any number
};

const std::map<std::string, Builtin>& builtins();
/// Neither empty, nor zero, nor false.
bool is_true(const Json& value);

}  // namespace lima::text::gotmpl
