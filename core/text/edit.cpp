#include "core/text/edit.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/text/expression.hpp"
#include "core/text/rewrite.hpp"
#include "core/text/yaml.hpp"

#include <fmt/format.h>

namespace lima::text {
namespace {

struct Opened {
    Node tree;
    Json values;
};

Result<Opened> open(std::string_view text, std::string_view file) {
    Opened out;
    LIMA_TRY(out.tree, parse_yaml(text, file));
    out.values = to_json(out.tree, Schema::kGo);
    if (out.values.is_null()) {
        out.values = Json::object();
    }
    return out;
}

/// The value at the step, made when it is not there; nullptr when something else is in its place.
Json* descend(Json& node, const Step& step) {
    if (step.index < 0) {
        if (node.is_null()) {
            node = Json::object();
        }
        return node.is_object() ? &node[step.key] : nullptr;
    }
    if (node.is_null()) {
        node = Json::array();
    }
    if (!node.is_array() || static_cast<std::size_t>(step.index) > node.size()) {
        return nullptr;
    }
    if (static_cast<std::size_t>(step.index) == node.size()) {
        node.push_back(nullptr);
    }
    return &node[step.index];
}

std::string show(const PathSteps& path, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        out += path[i].index >= 0 ? fmt::format("[{}]", path[i].index) : "." + path[i].key;
    }
    return out;
}

}  // namespace

Result<std::string> set_value(std::string_view text, std::string_view file, const PathSteps& path,
                              const Json& value) {
    LIMA_TRY(Opened opened, open(text, file));
    Json* node = &opened.values;
    for (std::size_t i = 0; i < path.size(); ++i) {
        node = descend(*node, path[i]);
        if (node == nullptr) {
            return failf(Code::kInvalidArgument, "{}: {} cannot be set: {} is no {}", file,
                         show(path, path.size()), i == 0 ? "the document" : show(path, i),
                         path[i].index >= 0 ? "list that long" : "map");
        }
    }
    *node = value;
    return rewrite(text, file, opened.tree, opened.values);
}

Result<std::string> apply_assignments(std::string_view text, std::string_view file,
                                      std::string_view expression) {
    if (trim(expression).empty()) {
        return std::string(text);
    }
    LIMA_TRY(Opened opened, open(text, file));
    LIMA_TRY(const Json wanted, evaluate_assignments(std::move(opened.values), expression));
    return rewrite(text, file, opened.tree, wanted);
}

}  // namespace lima::text
