// A YAML text made into another one of which parts come from elsewhere: what stays keeps its bytes,
// what comes from another text is put in as it was written there, with its comments, moved to the
// right column. The work horse below rewrite.hpp (values) and core/template (base templates).
#pragma once

#include "core/base/error.hpp"
#include "core/text/document.hpp"
#include "core/text/part.hpp"

namespace lima::text {

struct WeaveOptions {
    /// The comment directly above goes with the entry or item that is removed.
    bool comments_go = false;
};

/// `wanted` is for the root of the document; items and fields that stay must be in their order. The
/// result is read back before it is returned: it means what was asked for, or there is an error
/// (kFailedPrecondition).
Result<Document> weave(const Document& document, const Part& wanted,
                       const WeaveOptions& options = {});

}  // namespace lima::text
