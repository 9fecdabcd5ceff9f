// What a text shall become: a tree whose leaves are pieces of texts as they were written, or new
// values.
#pragma once

#include "core/base/json.hpp"
#include "core/text/document.hpp"

#include <string>
#include <vector>

namespace lima::text {

struct Field;

/// What shall stand at one place of the text.
struct Part {
    enum class Kind {
        kSame,      // what stands here
        kMapping,   // these fields
        kSequence,  // these items
        kCopy,      // what stands elsewhere, as it was written there
        kValue      // a value that nobody wrote yet
    };
    /// How a string that nobody wrote is written as the value of a key.
    enum class Style { kPlain, kLiteral, kBinary };

    Kind kind = Kind::kSame;
    const Node* here = nullptr;  // what stands at this place of the text now; null: nothing does
    std::vector<Field> fields;
    std::vector<Part> items;
    // kCopy
    const Document* document = nullptr;
    const Node* node = nullptr;
    const Node* parent = nullptr;           // the map or list that the node stands in
    const Node::Entry* entry = nullptr;     // the node is the value of this
    const Node* list_parent = nullptr;      // the first item of a list that is put in without its
    const Node::Entry* list_key = nullptr;  //   key: what is said above the key goes with the item
    // kValue
    Json value;
    Style style = Style::kPlain;
};

struct Field {
    std::string key;
    const Node::Entry* here = nullptr;  // the entry of the text that this one continues, perhaps
                                        // under another name
    Part value;
};

Part same(const Node& node);
Part value_of(Json value, const Node* here = nullptr);
/// An entry of another map, and an item of another list.
Part copy_of(const Document& document, const Node& mapping, const Node::Entry& entry);
Part copy_of(const Document& document, const Node& sequence, const Node& item);

/// The value that a part stands for.
Json to_json(const Part& part);

/// Equality without regard to the order of keys.
bool same_value(const Json& a, const Json& b);

}  // namespace lima::text
