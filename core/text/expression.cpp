#include "core/text/expression.hpp"

#include "core/base/text.hpp"
#include "core/text/expression_ast.hpp"
#include "core/text/part.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace lima::text {
namespace {

using expression::Path;
using expression::PathStep;
using expression::Statement;
using expression::Value;

constexpr int kMaxIndex = 10'000;

using Visitor = std::function<Result<void>(Json&)>;

class Evaluator {
public:
    explicit Evaluator(std::string_view text) : text_(text) {}

    Result<void> statement(Json& document, const Statement& statement) const {
        switch (statement.type) {
            case Statement::Type::kNothing:
                return {};
            case Statement::Type::kDelete:
                return erase(document, statement.target);
            case Statement::Type::kUnique:
                return visit(document, statement.target, 0, true,
                             [&](Json& node) { return unique(node, statement); });
            default:
                return assign(document, statement);
        }
    }

private:
    Failure error(std::size_t column, const std::string& message) const {
        return fail(expression::error_in(text_, column, Code::kInvalidArgument, message));
    }

    Result<void> assign(Json& document, const Statement& statement) const {
        // With = and += the right side sees the document, with |= it sees the value that is
        // replaced.
        const Json before = document;
        return visit(document, statement.target, 0, true, [&](Json& node) -> Result<void> {
            const Json here = node;
            LIMA_TRY(Json right, single(statement.type == Statement::Type::kUpdate ? here : before,
                                        statement.value));
            if (statement.type == Statement::Type::kAppend) {
                LIMA_TRY(right, add(here, right, statement.column));
            }
            node = std::move(right);
            return {};
        });
    }

    /// Calls the visitor for every place that the path leads to.
    Result<void> visit(Json& node, const Path& path, std::size_t at, bool create,
                       const Visitor& visitor) const {
        if (at == path.size()) {
            return visitor(node);
        }
        const PathStep& step = path[at];
        switch (step.type) {
            case PathStep::Type::kKey:
                return visit_key(node, path, at, create, visitor);
            case PathStep::Type::kIndex:
                return visit_index(node, path, at, create, visitor);
            case PathStep::Type::kEach:
                if (!node.is_null() && !node.is_structured()) {
                    return error(step.column,
                                 fmt::format("there is no list or map, but {}", node.type_name()));
                }
                for (Json& item : node) {
                    LIMA_DO(visit(item, path, at + 1, create, visitor));
                }
                return {};
            case PathStep::Type::kSelect:
                break;
        }
        LIMA_TRY(const Json holds, single(node, *step.condition));
        const bool truthy = !holds.is_null() && holds != Json(false);
        return truthy ? visit(node, path, at + 1, create, visitor) : Result<void>();
    }

    Result<void> visit_key(Json& node, const Path& path, std::size_t at, bool create,
                           const Visitor& visitor) const {
        const PathStep& step = path[at];
        if (!node.is_null() && !node.is_object()) {
            return error(step.column, fmt::format("{} cannot be found in {}: that is no map",
                                                  name_quote(step.key), node.type_name()));
        }
        if (node.is_object() && node.contains(step.key)) {
            return visit(node[step.key], path, at + 1, create, visitor);
        }
        Json fresh;
        LIMA_DO(visit(fresh, path, at + 1, create, visitor));
        // Nothing is left behind where a path such as .mounts[].writable finds nothing.
        if (create && (!fresh.is_null() || at + 1 == path.size())) {
            node[step.key] = std::move(fresh);
        }
        return {};
    }

    Result<void> visit_index(Json& node, const Path& path, std::size_t at, bool create,
                             const Visitor& visitor) const {
        const PathStep& step = path[at];
        if (node.is_null() && create) {
            node = Json::array();
        }
        if (!node.is_null() && !node.is_array()) {
            return error(step.column, fmt::format("there is no list, but {}", node.type_name()));
        }
        const int size = static_cast<int>(node.size());
        const int index = step.index < 0 ? size + step.index : step.index;
        if (index < 0 || index > kMaxIndex) {
            return error(step.column, fmt::format("index {} is out of range: the list has {} items",
                                                  step.index, size));
        }
        if (index >= size) {
            Json absent;
            if (!create) {
                return visit(absent, path, at + 1, create, visitor);
            }
            while (static_cast<int>(node.size()) <= index) {
                node.push_back(nullptr);
            }
        }
        return visit(node[index], path, at + 1, create, visitor);
    }

    Result<void> erase(Json& document, const Path& target) const {
        const Path parent(target.begin(), target.end() - 1);
        const PathStep& last = target.back();
        return visit(document, parent, 0, false, [&](Json& node) -> Result<void> {
            switch (last.type) {
                case PathStep::Type::kKey:
                    if (node.is_object()) {
                        node.erase(last.key);
                    }
                    return {};
                case PathStep::Type::kIndex: {
                    const int size = static_cast<int>(node.size());
                    const int index = last.index < 0 ? size + last.index : last.index;
                    if (node.is_array() && index >= 0 && index < size) {
                        node.erase(static_cast<std::size_t>(index));
                    }
                    return {};
                }
                case PathStep::Type::kEach:
                    if (node.is_structured()) {
                        node.clear();
                    }
                    return {};
                case PathStep::Type::kSelect:
                    break;
            }
            return error(last.column,
                         "del cannot end in select here: write LIST = [LIST[] | select(…)]");
        });
    }

    Result<void> unique(Json& node, const Statement& statement) const {
        if (!node.is_array()) {
            return error(statement.column,
                         fmt::format("unique needs a list, but there is {}", node.type_name()));
        }
        Json kept = Json::array();
        std::vector<Json> seen;
        for (Json& item : node) {
            LIMA_TRY(Json key,
                     statement.by.empty() ? Result<Json>(item) : at_path(item, statement.by));
            const bool known = std::any_of(seen.begin(), seen.end(), [&key](const Json& other) {
                return same_value(other, key);
            });
            if (!known) {
                seen.push_back(std::move(key));
                kept.push_back(item);
            }
        }
        node = std::move(kept);
        return {};
    }

    Result<Json> at_path(const Json& node, const Path& path) const {
        LIMA_TRY(std::vector<Json> found, all_at(node, path));
        return found.empty() ? Json() : std::move(found.front());
    }

    Result<std::vector<Json>> all_at(const Json& node, const Path& path) const {
        std::vector<Json> found;
        Json copy = node;
        LIMA_DO(visit(copy, path, 0, false, [&found](Json& item) -> Result<void> {
            found.push_back(item);
            return {};
        }));
        return found;
    }

    Result<Json> single(const Json& context, const Value& value) const {
        switch (value.type) {
            case Value::Type::kConstant:
                return value.constant;
            case Value::Type::kPath:
                return at_path(context, value.path);
            case Value::Type::kList:
                return list(context, value);
            case Value::Type::kMap: {
                Json out = Json::object();
                for (std::size_t i = 0; i < value.parts.size(); ++i) {
                    LIMA_TRY(out[value.keys[i]], single(context, value.parts[i]));
                }
                return out;
            }
            default:
                break;
        }
        LIMA_TRY(const Json left, single(context, value.parts[0]));
        LIMA_TRY(const Json right, single(context, value.parts[1]));
        if (value.type == Value::Type::kSum) {
            return add(left, right, value.column);
        }
        return Json(same_value(left, right) == (value.type == Value::Type::kEqual));
    }

    /// A path inside a list contributes all that it leads to.
    Result<Json> list(const Json& context, const Value& value) const {
        Json out = Json::array();
        for (const Value& part : value.parts) {
            if (part.type != Value::Type::kPath) {
                LIMA_TRY(Json item, single(context, part));
                out.push_back(std::move(item));
                continue;
            }
            LIMA_TRY(const std::vector<Json> found, all_at(context, part.path));
            for (const Json& item : found) {
                out.push_back(item);
            }
        }
        return out;
    }

    Result<Json> add(const Json& left, const Json& right, std::size_t column) const {
        if (left.is_null()) {
            return right;
        }
        if (right.is_null()) {
            return left;
        }
        if (left.is_array()) {
            Json out = left;
            if (right.is_array()) {
                out.insert(out.end(), right.begin(), right.end());
            } else {
                out.push_back(right);
            }
            return out;
        }
        if (left.is_object() && right.is_object()) {
            Json out = left;
            for (const auto& [key, item] : right.items()) {
                out[key] = item;
            }
            return out;
        }
        if (left.is_string() && right.is_string()) {
            return Json(left.get<std::string>() + right.get<std::string>());
        }
        if (left.is_number_integer() && right.is_number_integer()) {
            return Json(left.get<std::int64_t>() + right.get<std::int64_t>());
        }
        if (left.is_number() && right.is_number()) {
            return Json(left.get<double>() + right.get<double>());
        }
        return error(column,
                     fmt::format("{} and {} cannot be added", left.type_name(), right.type_name()));
    }

    std::string_view text_;
};

}  // namespace

Result<Json> evaluate_assignments(Json document, std::string_view expression) {
    LIMA_TRY(const std::vector<Statement> statements, expression::parse(expression));
    const Evaluator evaluator(expression);
    for (const Statement& statement : statements) {
        LIMA_DO(evaluator.statement(document, statement));
    }
    return document;
}

}  // namespace lima::text
