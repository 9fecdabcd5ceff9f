// Entries of a list that speak about the same thing become one. spec/config.md 4.6.
#pragma once

#include "core/text/document.hpp"
#include "core/text/part.hpp"

namespace lima::tmpl {

/// additionalDisks, mounts and networks: later entries of the same key fill the gaps of the first
/// and go; the key * fills the gaps of all entries before it.
text::Part combine_entries(const text::Document& document);

}  // namespace lima::tmpl
