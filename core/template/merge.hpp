// How a template is put on top of its base, on values. spec/config.md 4.4 and 4.6.
#pragma once

#include "core/base/json.hpp"

namespace lima::tmpl {

/// Fills what `top` lacks from `base`: the top's values win, even an explicit null; maps are
/// merged; lists are joined, the top's items first (provision and probes: the base's first; dns:
/// only one of them).
void merge_base(Json& top, const Json& base);

/// additionalDisks, mounts and networks: later entries of the same key fill the gaps of the first
/// and go; the key * fills the gaps of all entries before it.
void combine_entries(Json& document);

}  // namespace lima::tmpl
