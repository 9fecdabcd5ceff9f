#include "core/text/yq/evaluate.hpp"

#include "core/base/text.hpp"
#include "core/text/yq/evaluator.hpp"
#include "core/text/yq/operators.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lima::text::yq {
namespace {

constexpr int kMaxEvalDepth = 300;

}  // namespace

Evaluator::Evaluator(const Expression& expression, const Options& options)
    : expression_(&expression), options_(options) {}

Result<Nodes> Evaluator::run(const Nodes& documents, bool together) {
    documents_.nodes = documents;
    for (const auto& [name, value] : options_.variables) {
        documents_.variables =
            std::make_shared<const Binding>(Binding{name, {value}, documents_.variables});
        kept_->push_back(value);
    }
    kept_->insert(kept_->end(), documents.begin(), documents.end());
    if (together) {
        for (const NodePtr& document : documents) {
            together_.insert(document.get());
        }
    }
    if (expression_->root == nullptr) {
        return documents;
    }
    LIMA_TRY(Nodes out, eval(*expression_->root, documents_));
    for (NodePtr& node : out) {
        node = pointer(*node);
    }
    return out;
}

NodePtr Evaluator::pointer(Node& node) const { return NodePtr(kept_, &node); }

Failure Evaluator::error(const Ast& at, std::string_view message, Code code) const {
    return fail(error_in(expression_->text, at.column, code, message));
}

Result<void> Evaluator::charge(const Ast& at, std::size_t nodes, std::size_t bytes) {
    nodes_ += nodes;
    bytes_ += bytes;
    if (nodes_ > options_.bounds.nodes || bytes_ > options_.bounds.bytes) {
        return error(at, "this makes more values than can be handled", Code::kResourceExhausted);
    }
    return {};
}

Result<void> Evaluator::spend(const Ast& at, std::size_t steps) {
    steps_ += steps;
    if (steps_ > options_.bounds.steps) {
        return error(at, "this takes too many steps", Code::kResourceExhausted);
    }
    return {};
}

Result<NodePtr> Evaluator::find_entry(const Ast& at, const Node& map, const std::string& key) {
    LIMA_DO(spend(at, map.content.size() / 16 + 1));
    return find(map, key);
}

NodePtr Evaluator::keep(NodePtr node) {
    kept_->push_back(node);
    return node;
}

NodePtr Evaluator::computed(const Node& from, NodePtr value) {
    value->parent = from.parent;
    value->key = from.key;
    value->index = from.index;
    value->document = from.document;
    value->file = from.file;
    value->standing = Node::Standing::kComputed;
    return keep(std::move(value));
}

Result<Nodes> Evaluator::on(const Ast& ast, const NodePtr& node, const Context& context) {
    return eval(ast, Context{{node}, context.variables});
}

Result<NodePtr> Evaluator::first(const Ast& ast, const NodePtr& node, const Context& context) {
    LIMA_TRY(Nodes found, on(ast, node, context));
    return found.empty() ? NodePtr() : found.front();
}

Result<Nodes> Evaluator::other(const Ast& at, const std::string& text, const Context& context) {
    LIMA_TRY(const Expression expression, parse(text), "in the expression that eval was given");
    if (expression.root == nullptr) {
        return context.nodes;
    }
    LIMA_DO(charge(at, 100, text.size()));
    const Expression* const outer = expression_;
    expression_ = &expression;
    auto out = eval(*expression.root, context);
    expression_ = outer;
    return out;
}

Result<Nodes> Evaluator::each_group(const Context& context,
                                    const std::function<Result<Nodes>(const Context&)>& call) {
    if (together(context)) {
        return call(context);
    }
    Nodes out;
    for (const NodePtr& node : context.nodes) {
        LIMA_TRY(Nodes part, call(Context{{node}, context.variables}));
        out.insert(out.end(), part.begin(), part.end());
    }
    return out;
}

Result<Nodes> Evaluator::eval(const Ast& ast, const Context& context) {
    LIMA_DO(spend(ast, 1 + context.nodes.size()));
    if (depth_ >= kMaxEvalDepth) {
        return error(ast, "this nests too deep", Code::kResourceExhausted);
    }
    ++depth_;
    auto out = dispatch(ast, context);
    --depth_;
    if (!out && ast.optional && out.error().code() == Code::kInvalidArgument) {
        return Nodes{};
    }
    return out;
}

Result<Nodes> Evaluator::dispatch(const Ast& ast, const Context& context) {
    switch (ast.type) {
        case Ast::Type::kSelf:
            return context.nodes;
        case Ast::Type::kRecurse: {
            Nodes out;
            for (const NodePtr& node : context.nodes) {
                LIMA_DO(recurse(ast, node, ast.keys, out));
            }
            return out;
        }
        case Ast::Type::kKey:
            return keys(ast, context);
        case Ast::Type::kIndex:
        case Ast::Type::kEach:
            return index(ast, context);
        case Ast::Type::kSlice:
            return slices(ast, context);
        case Ast::Type::kLiteral:
            return literal(ast, context);
        case Ast::Type::kText:
            return text(ast, context);
        case Ast::Type::kVariable:
            return variable(ast, context);
        case Ast::Type::kPipe:
            return pipe(ast, context);
        case Ast::Type::kUnion:
            return unite(ast, context);
        case Ast::Type::kBind:
            return bind(ast, context);
        case Ast::Type::kReduce:
            return reduce(ast, context);
        case Ast::Type::kCollect:
            return collect(ast, context);
        case Ast::Type::kObject:
            return object(ast, context);
        case Ast::Type::kAssign:
            return assign(ast, context);
        case Ast::Type::kBinary:
            return ast.text == "and" || ast.text == "or" ? logical(ast, context)
                                                         : binary(ast, context);
        case Ast::Type::kBinaryAssign:
            return assign_binary(ast, context);
        case Ast::Type::kCall:
            return ast.operation->run(*this, context, ast);
        case Ast::Type::kAttribute:
            return assign_attribute(ast, context);
    }
    return Nodes{};
}

Result<Nodes> Evaluator::pipe(const Ast& ast, const Context& context) {
    Context at = context;
    for (const AstPtr& part : ast.parts) {
        LIMA_TRY(at.nodes, eval(*part, at));
        if (at.nodes.empty()) {
            break;
        }
    }
    return std::move(at.nodes);
}

/// What changes the documents yields them again: `.a = 1, .b = 2` is one document.
Result<Nodes> Evaluator::unite(const Ast& ast, const Context& context) {
    Nodes out;
    bool has_all = false;
    for (const AstPtr& part : ast.parts) {
        LIMA_TRY(Nodes found, eval(*part, context));
        const bool all = found == context.nodes;
        if (all && has_all) {
            continue;
        }
        has_all = has_all || all;
        out.insert(out.end(), found.begin(), found.end());
    }
    return out;
}

/// Whether all nodes are documents that are seen together.
bool Evaluator::together(const Context& context) const {
    return std::all_of(context.nodes.begin(), context.nodes.end(),
                       [this](const NodePtr& node) { return together_.contains(node.get()); });
}

/// Once for each node, but only once for documents that are seen together.
Result<Nodes> Evaluator::literal(const Ast& ast, const Context& context) {
    Nodes out;
    const std::size_t count = together(context) ? 1 : context.nodes.size();
    for (std::size_t i = 0; i < count; ++i) {
        LIMA_TRY(NodePtr value, copy(ast, *ast.value));
        out.push_back(std::move(value));
    }
    return out;
}

Result<Nodes> Evaluator::text(const Ast& ast, const Context& context) {
    Nodes out;
    for (const NodePtr& node : context.nodes) {
        std::string text;
        for (const AstPtr& part : ast.parts) {
            LIMA_TRY(const Nodes found, on(*part, node, context));
            for (const NodePtr& each : found) {
                text += text_of_node(*each);
            }
        }
        LIMA_DO(charge(ast, 1, text.size()));
        out.push_back(keep(make_string(std::move(text))));
    }
    return out;
}

Result<Nodes> Evaluator::variable(const Ast& ast, const Context& context) {
    for (const Binding* at = context.variables.get(); at != nullptr; at = at->outer.get()) {
        if (at->name != ast.text) {
            continue;
        }
        Nodes out = at->values;
        for (std::size_t i = 1; i < context.nodes.size() && !together(context); ++i) {
            out.insert(out.end(), at->values.begin(), at->values.end());
        }
        return out;
    }
    return error(ast, fmt::format("there is no variable ${}", ast.text));
}

Result<Nodes> Evaluator::bind(const Ast& ast, const Context& context) {
    const auto one = [this, &ast](const Context& at) -> Result<Nodes> {
        LIMA_TRY(const Nodes values, eval(*ast.parts[0], at));
        Nodes out;
        for (const NodePtr& value : values) {
            NodePtr bound = value;
            if (!ast.reference) {
                // The variable keeps its value, and still knows where it came from.
                LIMA_TRY(NodePtr fresh, copy(ast, *value));
                bound = computed(*value, std::move(fresh));
            }
            const Context inner{at.nodes, std::make_shared<const Binding>(
                                              Binding{ast.text, {bound}, at.variables})};
            LIMA_TRY(Nodes found, eval(*ast.parts[1], inner));
            out.insert(out.end(), found.begin(), found.end());
        }
        return out;
    };
    return each_group(context, one);
}

Result<Nodes> Evaluator::reduce(const Ast& ast, const Context& context) {
    const auto one = [this, &ast](const Context& at) -> Result<Nodes> {
        LIMA_TRY(const Nodes values, eval(*ast.parts[0], at));
        Context sum = at;
        LIMA_TRY(sum.nodes, eval(*ast.parts[1], at));
        for (const NodePtr& value : values) {
            sum.variables =
                std::make_shared<const Binding>(Binding{ast.text, {value}, at.variables});
            LIMA_TRY(sum.nodes, eval(*ast.parts[2], sum));
        }
        return std::move(sum.nodes);
    };
    return each_group(context, one);
}

Result<Nodes> Evaluator::collect(const Ast& ast, const Context& context) {
    const auto one = [this, &ast](const Context& at) -> Result<Nodes> {
        LIMA_DO(charge(ast, 1));
        NodePtr list = keep(make_sequence());
        if (!ast.parts.empty()) {
            LIMA_TRY(const Nodes found, eval(*ast.parts[0], at));
            for (const NodePtr& node : found) {
                LIMA_TRY(NodePtr item, copy(ast, *node));
                append(*list, std::move(item));
            }
        }
        return Nodes{std::move(list)};
    };
    return context.nodes.empty() ? one(context) : each_group(context, one);
}

/// Each combination of keys and values makes a map.
Result<Nodes> Evaluator::object(const Ast& ast, const Context& context) {
    const auto one = [this, &ast](const Context& at) -> Result<Nodes> {
        LIMA_DO(charge(ast, 1));
        Nodes maps{keep(make_mapping())};
        for (std::size_t i = 0; i + 1 < ast.parts.size(); i += 2) {
            LIMA_TRY(const Nodes keys, eval(*ast.parts[i], at));
            LIMA_TRY(const Nodes values, eval(*ast.parts[i + 1], at));
            const bool single = keys.size() == 1 && values.size() == 1;
            Nodes more;
            for (const NodePtr& map : maps) {
                for (const NodePtr& key : keys) {
                    for (const NodePtr& value : values) {
                        NodePtr next = map;
                        if (!single) {
                            LIMA_TRY(next, copy(ast, *map));
                        }
                        LIMA_DO(add_entry(ast, *next, *key, *value));
                        more.push_back(std::move(next));
                    }
                }
            }
            maps = std::move(more);
        }
        return maps;
    };
    return context.nodes.empty() ? one(context) : each_group(context, one);
}

Result<void> Evaluator::add_entry(const Ast& at, Node& map, const Node& key, const Node& value) {
    LIMA_TRY(NodePtr name, copy(at, follow(key)));
    LIMA_TRY(NodePtr item, copy(at, value));
    LIMA_TRY(const NodePtr old, find_entry(at, map, name->value));
    if (old != nullptr) {
        return put(at, *old, *item);
    }
    append(map, std::move(name), std::move(item));
    return {};
}

Result<Nodes> Evaluator::logical(const Ast& ast, const Context& context) {
    const bool conjunction = ast.text == "and";
    const auto one = [this, &ast, conjunction](const Context& at) -> Result<Nodes> {
        LIMA_TRY(Nodes left, eval(*ast.parts[0], at));
        if (left.empty()) {
            left.push_back(keep(make_null()));
        }
        Nodes out;
        for (const NodePtr& node : left) {
            LIMA_DO(charge(ast, 1));
            if (is_true(*node) != conjunction) {
                out.push_back(computed(*node, make_bool(!conjunction)));
                continue;
            }
            LIMA_TRY(Nodes right, eval(*ast.parts[1], at));
            if (right.empty()) {
                right.push_back(keep(make_null()));
            }
            for (const NodePtr& other : right) {
                LIMA_DO(charge(ast, 1));
                out.push_back(computed(*node, make_bool(is_true(*other))));
            }
        }
        return out;
    };
    return each_group(context, one);
}

Result<std::string> Evaluator::text_argument(const Ast& call, std::size_t index,
                                             const NodePtr& node, const Context& context) {
    LIMA_TRY(const NodePtr value, first(*call.parts[index], node, context));
    if (value == nullptr || follow(*value).kind != Kind::kScalar) {
        return error(*call.parts[index],
                     fmt::format("{} wants a text here", name_quote(call.text)));
    }
    return follow(*value).value;
}

Result<std::vector<NodePtr>> evaluate_all(const Expression& expression,
                                          const std::vector<NodePtr>& documents,
                                          const Options& options) {
    return Evaluator(expression, options).run(documents, true);
}

Result<std::vector<NodePtr>> evaluate(const Expression& expression, const NodePtr& document,
                                      const Options& options) {
    return Evaluator(expression, options).run({document}, false);
}

}  // namespace lima::text::yq
