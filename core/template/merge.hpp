// How a template is put on top of its base. spec/config.md 4.4.
#pragma once

#include "core/text/document.hpp"
#include "core/text/part.hpp"

namespace lima::tmpl {

/// What `top` becomes: its values win, even an explicit null; what it lacks comes from the base, as
/// it is written there. Maps are merged; lists are joined, the top's items first (provision and
/// probes: the base's first; dns: only one of them); of two minimum versions the higher one counts.
///
/// In `base`, what the base has not resolved comes before the rest; the top's first one goes when
/// this is it.
text::Part merge_base(const text::Document& top, const text::Document& base, bool first_goes);

}  // namespace lima::tmpl
