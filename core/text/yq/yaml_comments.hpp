// Which comment belongs to which node. libyaml drops comments, so they are looked for in the text
// between the scalars, and put where a person would look for them: above what follows, behind what
// stands on the line, or below what came before. Internal to core/text/yq.
#pragma once

#include "core/text/yq/node.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace lima::text::yq {

/// A place that comments can belong to, in the order of the text, outer ones first: the root of a
/// document, a key with its value, an item of a sequence.
struct Place {
    Node* node = nullptr;   // the root, the key, or the item
    Node* value = nullptr;  // the key's value
    int parent = -1;        // index of the place around it
    int line = 0;
    int column = 0;         // of the key or the dash, from 1
    std::size_t begin = 0;  // of its content
    std::size_t end = 0;    // behind its content
    std::size_t lead = 0;   // where the key or the dash stands; 0 when a comment comes between the
                            // dash and the item
    bool value_follows = false;  // the value is a block below the key
};

/// The text of a scalar or alias: no comment begins in it.
struct Extent {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// The part of the text that one document takes up.
struct DocumentPart {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t first_place = 0;
    std::size_t last_place = 0;  // behind the last
    std::size_t separator =
        std::string_view::npos;  // a "---" that is to be kept as a line of the comment
};

void attach_comments(std::string_view text, const std::vector<DocumentPart>& documents,
                     std::vector<Place>& places, const std::vector<Extent>& extents);

}  // namespace lima::text::yq
