// yq v4 expressions: parsed once, evaluated over documents. The documents are changed in place by
// assignments; the results are nodes of theirs, or new ones. Evaluation is bounded in depth, steps
// and memory, so that neither an expression nor a document of a stranger's can take the machine
// down.
#pragma once

#include "core/text/yq/node.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lima::text::yq {

struct Ast;

/// A parsed expression; copies are cheap.
struct Expression {
    std::string text;
    std::shared_ptr<const Ast> root;  // null: an empty expression, which yields its input
};

/// Mistakes are shown in the expression, with a caret below the column.
Result<Expression> parse(std::string_view text);

/// The error with the expression and a caret below the column.
Error error_in(std::string_view text, std::size_t column, Code code, std::string_view message);

/// What one evaluation may use up. An honest one stays far below; what goes beyond is a mistake or
/// an attack.
struct Bounds {
    std::size_t steps = 20'000'000;
    std::size_t nodes = 1'000'000;  // new ones
    std::size_t bytes = std::size_t{128} << 20;
};

struct Options {
    /// A variable's value; without the function, env and its kin answer "env operations have been
    /// disabled".
    std::function<std::optional<std::string>(const std::string& name)> env;
    /// A file's text; without the function, load and its kin answer "file operations have been
    /// disabled".
    std::function<Result<std::string>(const std::string& path)> read_file;
    /// Names of the inputs, by Node::file, for `filename`.
    std::vector<std::string> file_names;
    /// Variables that the expression may use as $name.
    std::vector<std::pair<std::string, NodePtr>> variables;
    Bounds bounds;
};

/// The expression sees all documents together (eval-all).
Result<std::vector<NodePtr>> evaluate_all(const Expression& expression,
                                          const std::vector<NodePtr>& documents,
                                          const Options& options = {});
/// The expression sees one document (eval).
Result<std::vector<NodePtr>> evaluate(const Expression& expression, const NodePtr& document,
                                      const Options& options = {});

}  // namespace lima::text::yq
