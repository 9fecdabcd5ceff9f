#include "core/text/part.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lima::text {

Part same(const Node& node) {
    Part out;
    out.here = &node;
    return out;
}

Part value_of(Json value, const Node* here) {
    Part out;
    out.kind = Part::Kind::kValue;
    out.here = here;
    out.value = std::move(value);
    return out;
}

Part copy_of(const Document& document, const Node& mapping, const Node::Entry& entry) {
    Part out = copy_of(document, mapping, entry.value);
    out.entry = &entry;
    return out;
}

Part copy_of(const Document& document, const Node& sequence, const Node& item) {
    Part out;
    out.kind = Part::Kind::kCopy;
    out.document = &document;
    out.parent = &sequence;
    out.node = &item;
    return out;
}

Json to_json(const Part& part) {
    switch (part.kind) {
        case Part::Kind::kSame:
            return to_json(*part.here, Schema::kGo);
        case Part::Kind::kCopy:
            return to_json(*part.node, Schema::kGo);
        case Part::Kind::kValue:
            return part.value;
        case Part::Kind::kMapping: {
            Json out = Json::object();
            for (const Field& field : part.fields) {
                out[field.key] = to_json(field.value);
            }
            return out;
        }
        case Part::Kind::kSequence: {
            Json out = Json::array();
            for (const Part& item : part.items) {
                out.push_back(to_json(item));
            }
            return out;
        }
    }
    return {};
}

bool same_value(const Json& a, const Json& b) {
    if (a.is_object() && b.is_object()) {
        return a.size() == b.size() &&
               std::all_of(a.items().begin(), a.items().end(), [&b](const auto& item) {
                   const auto other = b.find(item.key());
                   return other != b.end() && same_value(item.value(), *other);
               });
    }
    if (a.is_array() && b.is_array()) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_value);
    }
    if (a.is_number_float() && b.is_number_float() && std::isnan(a.get<double>())) {
        return std::isnan(b.get<double>());
    }
    return a == b;
}

}  // namespace lima::text
