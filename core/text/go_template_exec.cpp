#include "core/text/go_template_exec.hpp"

#include "core/base/text.hpp"
#include "core/text/go_format.hpp"
#include "core/text/go_template_builtins.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace lima::text::gotmpl {
namespace {

// Lists in branches in templates that call each other for ever end here and not at the end of the
// stack.
constexpr int kMaxDepth = 2500;
constexpr std::size_t kStepsOfCall = 10;
constexpr std::size_t kBytesPerStep = 256;

/// Shares what the data holds: reading a field copies nothing.
struct Value {
    std::shared_ptr<const Json> json;
    bool is_root = false;  // the data itself, whose fields may be strict

    static Value of(Json value) { return {std::make_shared<const Json>(std::move(value))}; }
    static Value nil() { return of(Json()); }
    Value part(const Json& child) const { return {std::shared_ptr<const Json>(json, &child)}; }
    const Json& operator*() const { return *json; }
    const Json* operator->() const { return json.get(); }
};

struct Variable {
    std::string name;
    Value value;
};

enum class Flow { kOn, kBreak, kContinue };

class Executor {
public:
    Executor(const Trees& trees, const TemplateOptions& options, std::string_view source,
             std::string& out)
        : trees_(trees), options_(options), source_(source), out_(out) {}

    Result<void> run(const std::string& name, const Value& data) {
        const auto outer = std::exchange(variables_, {{"$", data}});
        const std::string outer_name = std::exchange(name_, name);
        LIMA_DO(walk(*trees_.at(name), data));
        variables_ = outer;
        name_ = outer_name;
        return {};
    }

private:
    Failure error(const Node& node, std::string_view message) const {
        const std::string_view before = source_.substr(0, node.pos);
        const auto line = std::count(before.begin(), before.end(), '\n') + 1;
        const std::size_t column = node.pos - (before.rfind('\n') + 1);
        return failf(Code::kInvalidArgument, "template: {}:{}:{}: executing {} at <{}>: {}",
                     options_.name, line, column, go_quote(name_), describe(node), message);
    }

    static std::size_t text_steps(const Json& value) {
        return value.is_string() ? value.get_ref<const std::string&>().size() / kBytesPerStep : 0;
    }

    Result<void> spend(const Node& node, std::size_t steps) {
        steps_ += steps;
        if (steps_ > options_.max_steps) {
            return error(node, fmt::format("gave up after {} steps", options_.max_steps));
        }
        if (out_.size() > kMaxPrinted) {
            return error(node, fmt::format("the text is longer than {} MiB", kMaxPrinted >> 20U));
        }
        return {};
    }

    // Statements

    Result<Flow> walk(const Node& node, const Value& dot) {
        if (++depth_ > kMaxDepth) {
            return error(node, fmt::format("exceeded maximum template depth ({})", kMaxDepth));
        }
        LIMA_DO(spend(node, 1));
        auto flow = walk_kind(node, dot);
        --depth_;
        return flow;
    }

    Result<Flow> walk_kind(const Node& node, const Value& dot) {
        switch (node.kind) {
            case NodeKind::kText:
                out_ += node.text;
                return Flow::kOn;
            case NodeKind::kAction: {
                LIMA_TRY(const Value value, pipeline(*node.pipe, dot));
                if (node.pipe->names.empty()) {
                    out_ += value->is_null() ? "<no value>" : go_value_text(*value);
                }
                return Flow::kOn;
            }
            case NodeKind::kIf:
            case NodeKind::kWith:
                return branch(node, dot);
            case NodeKind::kRange:
                return range(node, dot);
            case NodeKind::kTemplate: {
                LIMA_DO(call_template(node, dot));
                return Flow::kOn;
            }
            case NodeKind::kBreak:
                return Flow::kBreak;
            case NodeKind::kContinue:
                return Flow::kContinue;
            default:
                return list(node, dot);
        }
    }

    Result<Flow> list(const Node& node, const Value& dot) {
        for (const NodePtr& child : node.children) {
            LIMA_TRY(const Flow flow, walk(*child, dot));
            if (flow != Flow::kOn) {
                return flow;
            }
        }
        return Flow::kOn;
    }

    Result<Flow> branch(const Node& node, const Value& dot) {
        const std::size_t mark = variables_.size();
        LIMA_TRY(const Value value, pipeline(*node.pipe, dot));
        Result<Flow> flow = Flow::kOn;
        if (is_true(*value)) {
            flow = walk(*node.body, node.kind == NodeKind::kWith ? value : dot);
        } else if (node.otherwise) {
            flow = walk(*node.otherwise, dot);
        }
        variables_.resize(mark);
        return flow;
    }

    Result<Flow> range(const Node& node, const Value& dot) {
        const std::size_t mark = variables_.size();
        LIMA_TRY(const Value value, pipeline(*node.pipe, dot));
        LIMA_TRY(const bool any, iterate(node, value, variables_.size()));
        Result<Flow> flow = Flow::kOn;
        if (!any && node.otherwise) {
            flow = walk(*node.otherwise, dot);
        }
        variables_.resize(mark);
        return flow;
    }

    /// What a range visits, as far as one node can tell.
    static const Node& last_argument(const Node& range) {
        return *range.pipe->children.back()->children.back();
    }

    /// True when there was anything to visit.
    Result<bool> iterate(const Node& node, const Value& value, std::size_t mark) {
        bool any = false;
        bool go_on = true;
        const auto visit = [&](Value index, Value element) -> Result<void> {
            any = true;
            LIMA_TRY(go_on, iteration(node, std::move(index), element, mark));
            return {};
        };
        if (value->is_array()) {
            for (std::size_t i = 0; i < value->size() && go_on; ++i) {
                LIMA_DO(visit(Value::of(static_cast<std::int64_t>(i)), value.part((*value)[i])));
            }
        } else if (value->is_object()) {
            for (const std::string& key : go_sorted_keys(*value)) {
                LIMA_DO(visit(Value::of(key), value.part(value->at(key))));
                if (!go_on) {
                    break;
                }
            }
        } else if (value->is_number_integer()) {
            if (node.pipe->names.size() > 1) {
                return error(last_argument(node),
                             fmt::format("can't use {} to iterate over more than one variable",
                                         go_value_text(*value)));
            }
            const auto count = value->get<std::int64_t>();
            for (std::int64_t i = 0; i < count && go_on; ++i) {
                LIMA_DO(visit(Value::of(i), Value::of(i)));
            }
        } else if (!value->is_null()) {
            return error(last_argument(node),
                         fmt::format("range can't iterate over {}", go_value_text(*value)));
        }
        return any;
    }

    /// False when the loop was left.
    Result<bool> iteration(const Node& node, Value index, const Value& element, std::size_t mark) {
        const std::vector<std::string>& names = node.pipe->names;
        const auto bind = [&](std::size_t i, Value value) {
            if (node.pipe->assigns) {
                assign(names[i], std::move(value));
            } else {
                variables_[mark - names.size() + i].value = std::move(value);
            }
        };
        if (names.size() == 1) {
            bind(0, element);
        } else if (names.size() == 2) {
            bind(0, std::move(index));
            bind(1, element);
        }
        LIMA_TRY(const Flow flow, walk(*node.body, element));
        variables_.resize(mark);
        return flow != Flow::kBreak;
    }

    Result<void> call_template(const Node& node, const Value& dot) {
        if (trees_.count(node.text) == 0) {
            return error(node, fmt::format("template {} not defined", go_quote(node.text)));
        }
        LIMA_DO(spend(node, kStepsOfCall));
        Value data = Value::nil();
        if (node.pipe) {
            LIMA_TRY(data, pipeline(*node.pipe, dot));
        }
        return run(node.text, data);
    }

    // Variables

    Variable* find_variable(const std::string& name) {
        const auto it = std::find_if(variables_.rbegin(), variables_.rend(),
                                     [&](const Variable& v) { return v.name == name; });
        return it == variables_.rend() ? nullptr : &*it;
    }

    bool assign(const std::string& name, Value value) {
        Variable* variable = find_variable(name);
        if (variable != nullptr) {
            variable->value = std::move(value);
        }
        return variable != nullptr;
    }

    // Expressions

    Result<Value> pipeline(const Node& pipe, const Value& dot) {
        Value value;
        const Value* final_argument = nullptr;
        for (const NodePtr& made : pipe.children) {
            LIMA_TRY(Value next, command(*made, dot, final_argument));
            value = std::move(next);
            final_argument = &value;
        }
        for (const std::string& name : pipe.names) {
            if (pipe.assigns && !assign(name, value)) {
                return error(*pipe.children.back()->children.back(),
                             fmt::format("undefined variable: {}", name));
            }
            if (!pipe.assigns) {
                variables_.push_back({name, value});
            }
        }
        return value;
    }

    /// The final argument is the value of the stage before, or null in the first.
    Result<Value> command(const Node& node, const Value& dot, const Value* final_argument) {
        const Node& first = *node.children[0];
        if (first.kind == NodeKind::kIdentifier) {
            return call_function(first, node, dot, final_argument);
        }
        const bool has_arguments = node.children.size() > 1 || final_argument != nullptr;
        const bool is_path = first.kind == NodeKind::kField || first.kind == NodeKind::kChain ||
                             (first.kind == NodeKind::kVariable && first.names.size() > 1);
        if (is_path) {
            return path(first, dot, has_arguments);
        }
        if (has_arguments) {
            return error(first.kind == NodeKind::kPipe ? node : first,
                         fmt::format("can't give argument to non-function {}", describe(first)));
        }
        if (first.kind == NodeKind::kNil) {
            return error(first, "nil is not a command");
        }
        return operand(first, dot);
    }

    Result<Value> operand(const Node& node, const Value& dot) {
        switch (node.kind) {
            case NodeKind::kDot:
                return dot;
            case NodeKind::kNil:
                return Value::nil();
            case NodeKind::kBool:
            case NodeKind::kNumber:
            case NodeKind::kString:
                // The tree outlives the evaluation.
                return Value{
                    std::shared_ptr<const Json>(std::shared_ptr<const Json>(), &node.value)};
            case NodeKind::kPipe:
                return pipeline(node, dot);
            case NodeKind::kIdentifier:
                return call_function(node, node, dot, nullptr);
            default:
                return path(node, dot, /*has_arguments=*/false);
        }
    }

    /// Fields of dot, of a variable, or of a pipeline in brackets.
    Result<Value> path(const Node& node, const Value& dot, bool has_arguments) {
        Value value = dot;
        std::size_t first = 0;
        if (node.kind == NodeKind::kVariable) {
            if (const Variable* variable = find_variable(node.names[0]); variable != nullptr) {
                value = variable->value;
            } else {
                return error(node, fmt::format("undefined variable: {}", node.names[0]));
            }
            first = 1;
        } else if (node.kind == NodeKind::kChain) {
            if (node.children[0]->kind == NodeKind::kNil) {
                return error(node, "indirection through explicit nil in " + describe(node));
            }
            LIMA_TRY(value, operand(*node.children[0], dot));
        }
        for (std::size_t i = first; i < node.names.size(); ++i) {
            const bool last = i + 1 == node.names.size();
            LIMA_TRY(Value next, field(node, value, node.names[i], last && has_arguments));
            value = std::move(next);
        }
        return value;
    }

    Result<Value> field(const Node& node, const Value& receiver, const std::string& name,
                        bool has_arguments) {
        if (receiver->is_null()) {
            return Value::nil();
        }
        if (!receiver->is_object()) {
            return error(node, fmt::format("can't evaluate field {} in type {}", name,
                                           go_type_name(*receiver)));
        }
        if (has_arguments) {
            return error(node, fmt::format("{} is not a method but has arguments", name));
        }
        const auto it = receiver->find(name);
        if (it != receiver->end()) {
            return receiver.part(*it);
        }
        if (receiver.is_root && options_.strict_fields) {
            return error(node, fmt::format("can't evaluate field {} in type struct", name));
        }
        return Value::nil();
    }

    /// Why a format is none.
    static std::string not_a_string(const Node& node, const Json& value) {
        if (node.kind == NodeKind::kNil) {
            return "cannot assign nil to string";
        }
        if (node.kind == NodeKind::kNumber || node.kind == NodeKind::kBool) {
            return "expected string; found " + node.text;
        }
        return "wrong type for value; expected string; got " +
               (value.is_null() ? "interface {}" : go_type_name(value));
    }

    /// `call` is the whole command, or the name alone where a function stands as an argument.
    Result<Value> call_function(const Node& function, const Node& call, const Value& dot,
                                const Value* final_argument) {
        const std::string& name = function.text;
        std::vector<const Node*> nodes;
        for (std::size_t i = 1; i < call.children.size(); ++i) {
            nodes.push_back(call.children[i].get());
        }
        const auto custom = options_.functions.find(name);
        if (custom == options_.functions.end() && (name == "and" || name == "or")) {
            return short_circuit(function, name == "and", nodes, dot, final_argument);
        }
        const std::size_t count = nodes.size() + (final_argument != nullptr ? 1 : 0);
        const TemplateFunction* implementation = nullptr;
        if (custom != options_.functions.end()) {
            implementation = &custom->second;
        } else {
            const Builtin& builtin = builtins().at(name);
            const bool fixed = builtin.most != 0;
            if (count < builtin.least || (fixed && count > builtin.most)) {
                return error(function,
                             fmt::format("wrong number of args for {}: want {}{} got {}", name,
                                         fixed ? "" : "at least ", builtin.least, count));
            }
            implementation = &builtin.function;
        }
        std::vector<Json> arguments;
        const auto add = [&](const Json& argument) {
            arguments.push_back(argument);
            return spend(call, text_steps(argument));
        };
        for (const Node* node : nodes) {
            LIMA_TRY(const Value value, operand(*node, dot));
            if (name == "printf" && arguments.empty() && !value->is_string()) {
                return error(*node, not_a_string(*node, *value));
            }
            LIMA_DO(add(*value));
        }
        if (final_argument != nullptr) {
            LIMA_DO(add(**final_argument));
        }
        auto result = (*implementation)(arguments);
        if (!result) {
            auto located =
                error(call, fmt::format("error calling {}: {}", name, result.error().text()));
            return fail(std::move(located.value())
                            .with_code(result.error().code())
                            .with_hint(result.error().hint()));
        }
        LIMA_DO(spend(call, 1 + text_steps(*result)));
        return Value::of(std::move(*result));
    }

    /// "and" is its first empty argument or the last, "or" its first that is not empty or the last.
    Result<Value> short_circuit(const Node& function, bool is_and,
                                const std::vector<const Node*>& nodes, const Value& dot,
                                const Value* final_argument) {
        Value value = Value::nil();
        if (nodes.empty() && final_argument == nullptr) {
            return error(function, fmt::format("wrong number of args for {}: want at least 1 got 0",
                                               function.text));
        }
        for (const Node* node : nodes) {
            LIMA_TRY(Value next, operand(*node, dot));
            value = std::move(next);
            if (is_true(*value) != is_and) {
                return value;
            }
        }
        return final_argument != nullptr ? *final_argument : value;
    }

    const Trees& trees_;
    const TemplateOptions& options_;
    std::string_view source_;
    std::string& out_;
    std::string name_;
    std::vector<Variable> variables_;
    int depth_ = 0;
    std::size_t steps_ = 0;
};

}  // namespace

Result<void> execute(const Trees& trees, const TemplateOptions& options, std::string_view source,
                     const Json& data, std::string& out) {
    // Borrowed: the caller's data outlives the call.
    const Value root{std::shared_ptr<const Json>(std::shared_ptr<const Json>(), &data), true};
    return Executor(trees, options, source, out).run(options.name, root);
}

}  // namespace lima::text::gotmpl
