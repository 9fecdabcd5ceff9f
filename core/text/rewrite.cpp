#include "core/text/rewrite.hpp"

#include "core/base/text.hpp"
#include "core/text/read_back.hpp"
#include "core/text/sequence_diff.hpp"
#include "core/text/weave.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lima::text {
namespace {

/// Compares the tree with what is wanted.
class Comparison {
public:
    Comparison(std::string_view text, std::string_view file) : text_(text), file_(file) {}

    Result<Part> part(const Node& node, const Json& wanted) const {
        if (same_value(to_json(node, Schema::kGo), wanted)) {
            return same(node);
        }
        if (node.alias) {
            return fail(
                error_at(
                    text_, file_, node.begin,
                    "this value comes through an alias: write it out here, or edit the anchor by "
                    "hand")
                    .with_code(Code::kFailedPrecondition));
        }
        if (node.kind == Kind::kMapping && !node.entries.empty() && wanted.is_object() &&
            !wanted.empty()) {
            return mapping(node, wanted);
        }
        if (node.kind == Kind::kSequence && !node.items.empty() && wanted.is_array() &&
            !wanted.empty()) {
            return sequence(node, wanted);
        }
        return value_of(wanted, &node);
    }

private:
    Result<Part> mapping(const Node& node, const Json& wanted) const {
        Part out = same(node);
        out.kind = Part::Kind::kMapping;
        for (const Node::Entry& entry : node.entries) {
            const auto target = wanted.find(entry.key);
            if (target != wanted.end() && !entry.merged) {
                LIMA_TRY(Part value, part(entry.value, *target));
                out.fields.push_back(Field{entry.key, &entry, std::move(value)});
            } else if (target != wanted.end()) {
                // A key that a merge brings in can be overridden by writing it out.
                const bool changed = !same_value(to_json(entry.value, Schema::kGo), *target);
                out.fields.push_back(
                    Field{entry.key, &entry, changed ? value_of(*target) : same(entry.value)});
            } else if (entry.merged) {
                return fail(
                    error_at(text_, file_, entry.key_begin,
                             fmt::format("{} comes through a merge key: it cannot be removed here",
                                         name_quote(entry.key)))
                        .with_code(Code::kFailedPrecondition));
            }
        }
        for (const auto& [key, item] : wanted.items()) {
            if (node.find(key) == nullptr) {
                out.fields.push_back(Field{key, nullptr, value_of(item)});
            }
        }
        return out;
    }

    Result<Part> sequence(const Node& node, const Json& wanted) const {
        Part out = same(node);
        out.kind = Part::Kind::kSequence;
        const auto steps = diff_sequences(to_json(node, Schema::kGo), wanted);
        const bool alike =
            std::any_of(steps.begin(), steps.end(), [](const DiffStep& s) { return s.alike; });
        if (!alike && wanted.size() != node.items.size()) {
            return value_of(wanted, &node);  // another list: what was said in this one is over
        }
        for (const DiffStep& step : steps) {
            if (step.from >= 0 && step.to >= 0) {
                LIMA_TRY(Part item, part(node.items[step.from], wanted[step.to]));
                out.items.push_back(std::move(item));
            } else if (step.to >= 0) {
                out.items.push_back(value_of(wanted[step.to]));
            }
        }
        return out;
    }

    std::string_view text_;
    std::string_view file_;
};

}  // namespace

Result<std::string> rewrite(std::string_view text, std::string_view file, const Node& root,
                            const Json& wanted) {
    if (!wanted.is_object()) {
        return fail(Code::kInvalidArgument, fmt::format("{} must stay a map of fields", file));
    }
    const Json value = to_json(root, Schema::kGo);
    if (same_value(value, wanted) || (value.is_null() && wanted.empty())) {
        return std::string(text);
    }
    Document document;
    document.text = text;
    document.file = file;
    document.root = root;
    LIMA_TRY(const Part part, Comparison(text, file).part(document.root, wanted));
    LIMA_TRY(Document out, weave(document, part));
    LIMA_DO(read_back(text, root, out.text, out.root));
    return std::move(out.text);
}

}  // namespace lima::text
