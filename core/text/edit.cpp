#include "core/text/edit.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/text/rewrite.hpp"
#include "core/text/scalar.hpp"
#include "core/text/yaml_events.hpp"
#include "core/text/yq/ast.hpp"
#include "core/text/yq/evaluate.hpp"
#include "core/text/yq/yaml_format.hpp"

#include <fmt/format.h>

namespace lima::text {
namespace {

/// What was read is read as core/text/yaml.hpp reads it; what was made has its tag.
Json scalar_value(const yq::Node& node) {
    const bool made = node.line == 0;
    if (node.tag == "!!str" || (node.style != yq::Style::kDefault && !made)) {
        return node.value;
    }
    if (node.tag == "!!binary" || made) {
        Json value = yq::to_json(node);
        auto bytes = node.tag == "!!binary" ? decode_base64(node.value) : Result<std::string>("");
        return node.tag == "!!binary" && bytes ? Json(std::move(*bytes)) : std::move(value);
    }
    return resolve_plain(node.value, Schema::kGo);
}

Json value_of(const yq::Node& node);

void add_entries(Json& out, const yq::Node& from, bool merge) {
    const yq::Node& node = yq::follow(from);
    if (node.kind == yq::Kind::kSequence) {
        for (const yq::NodePtr& item : node.content) {
            add_entries(out, *item, merge);
        }
        return;
    }
    for (const bool merged : {false, true}) {
        for (std::size_t i = 0; i + 1 < node.content.size(); i += 2) {
            const yq::Node& key = yq::follow(*node.content[i]);
            const yq::Node& value = *node.content[i + 1];
            if ((key.tag == "!!merge") != merged) {
                continue;
            }
            if (merged) {
                add_entries(out, value, true);
            } else if (!merge || !out.contains(key.value)) {
                out[key.value] = value_of(value);
            }
        }
    }
}

Json value_of(const yq::Node& node) {
    const yq::Node& real = yq::follow(node);
    switch (real.kind) {
        case yq::Kind::kScalar:
            return scalar_value(real);
        case yq::Kind::kMapping: {
            Json out = Json::object();
            add_entries(out, real, false);
            return out;
        }
        case yq::Kind::kSequence: {
            Json out = Json::array();
            for (const yq::NodePtr& item : real.content) {
                out.push_back(value_of(*item));
            }
            return out;
        }
        case yq::Kind::kAlias:
            break;
    }
    return nullptr;
}

/// The first document; a map where there is none yet.
Result<yq::NodePtr> read(std::string_view text, std::string_view file, const Node& tree) {
    LIMA_TRY(std::vector<yq::NodePtr> documents, yq::decode_yaml(text, file));
    if (documents.empty() || tree.is_null()) {
        return yq::make_mapping();
    }
    yq::Node& root = *documents.front();
    if (text.starts_with(kBom) && !root.content.empty() && !tree.entries.empty()) {
        root.content.front()->value = tree.entries.front().key;
    }
    return documents.front();
}

/// Where the expression sets a comment, a style or the like, or brings keys into order.
const yq::Ast* changes_form(const yq::Ast& ast) {
    if (ast.type == yq::Ast::Type::kAttribute ||
        (ast.type == yq::Ast::Type::kCall && (ast.text == "sort_keys" || ast.text == "explode"))) {
        return &ast;
    }
    for (const yq::AstPtr& part : ast.parts) {
        if (const yq::Ast* const found = part == nullptr ? nullptr : changes_form(*part)) {
            return found;
        }
    }
    return nullptr;
}

Result<yq::NodePtr> single(const std::vector<yq::NodePtr>& results, std::string_view expression,
                           std::string_view file) {
    const auto wrong = [expression](std::string_view message) {
        return fail(yq::error_in(expression, 0, Code::kInvalidArgument, message));
    };
    if (results.empty()) {
        return wrong(fmt::format("this yields nothing: {} would be empty", file));
    }
    if (results.size() > 1) {
        return wrong(fmt::format("this yields {} results, but {} is one", results.size(), file));
    }
    const yq::NodePtr& result = results.front();
    if (result->parent != nullptr && result->standing != yq::Node::Standing::kComputed) {
        return wrong("a path alone changes nothing: write `= VALUE` behind it");
    }
    if (yq::follow(*result).kind != yq::Kind::kMapping) {
        return wrong(
            fmt::format("this yields a value with the tag {}: {} must stay a map of fields",
                        yq::follow(*result).tag, file));
    }
    return result;
}

}  // namespace

Result<std::string> edit(std::string_view text, std::string_view file,
                         std::string_view expression) {
    LIMA_TRY(const yq::Expression parsed, yq::parse(expression));
    if (parsed.root == nullptr) {
        return std::string(text);
    }
    LIMA_TRY(const Node tree, parse_yaml(text, file));
    LIMA_TRY(const yq::NodePtr document, read(text, file, tree));
    LIMA_TRY(const std::vector<yq::NodePtr> results, yq::evaluate_all(parsed, {document}));
    LIMA_TRY(const yq::NodePtr result, single(results, expression, file));
    LIMA_TRY(std::string out, rewrite(text, file, tree, value_of(*result)));
    const yq::Ast* const form = out == text ? changes_form(*parsed.root) : nullptr;
    if (form != nullptr) {
        return fail(yq::error_in(
            expression, form->column, Code::kFailedPrecondition,
            fmt::format(
                "{} changes only how {} is written, which is left as it is: edit it by hand",
                name_quote(form->text), file)));
    }
    return out;
}

}  // namespace lima::text
