// Walks an expression over nodes. The operators are written against this: it makes nodes (and
// counts them), looks up and puts in place, and says where in the expression a mistake is. Internal
// to core/text/yq.
#pragma once

#include "core/text/yq/ast.hpp"
#include "core/text/yq/evaluate.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace lima::text::yq {

using Nodes = std::vector<NodePtr>;

/// The variables that an expression sees, innermost first.
struct Binding {
    std::string name;
    Nodes values;
    std::shared_ptr<const Binding> outer;
};

/// What an expression is evaluated over.
struct Context {
    Nodes nodes;
    std::shared_ptr<const Binding> variables;
};

class Evaluator {
public:
    Evaluator(const Expression& expression, const Options& options);

    /// `together`: the documents are seen all at once.
    Result<Nodes> run(const Nodes& documents, bool together);

    Result<Nodes> eval(const Ast& ast, const Context& context);
    /// Over one node, with the variables of the context.
    Result<Nodes> on(const Ast& ast, const NodePtr& node, const Context& context);
    /// The first result over one node; null when there is none.
    Result<NodePtr> first(const Ast& ast, const NodePtr& node, const Context& context);
    /// The expression of another text, as eval has it.
    Result<Nodes> other(const Ast& at, const std::string& text, const Context& context);
    /// Once for each node of the context, or once for all of them when all documents are seen
    /// together.
    Result<Nodes> each_group(const Context& context,
                             const std::function<Result<Nodes>(const Context&)>& call);

    // --- making nodes: all are kept until the results are gone, because children know their
    // parents by address ---

    NodePtr keep(NodePtr node);
    /// A copy that stands nowhere. Fails when it would be too much.
    Result<NodePtr> copy(const Ast& at, const Node& node);
    /// A new node in the position of another, for what was computed from it.
    NodePtr computed(const Node& from, NodePtr value);
    NodePtr pointer(Node& node) const;  // to a node of a tree that is kept
    Result<void> charge(const Ast& at, std::size_t nodes, std::size_t bytes = 0);
    /// Counts work that makes nothing.
    Result<void> spend(const Ast& at, std::size_t steps);
    /// The value at the key, or null; looking for it counts.
    Result<NodePtr> find_entry(const Ast& at, const Node& map, const std::string& key);

    // --- looking up ---

    /// Appends what the key leads to.
    Result<void> look_up(const Ast& at, const NodePtr& node, const Node& key, Nodes& out);
    /// All values of a map, all items of a list.
    Result<Nodes> children(const Ast& at, const NodePtr& node);
    Result<void> recurse(const Ast& at, const NodePtr& node, bool keys, Nodes& out);
    /// The items themselves that a slice is made of.
    Result<Nodes> sliced_items(const Ast& slice, const Context& context);

    // --- changing ---

    /// Puts the value of `from` in the place of `to`.
    Result<void> put(const Ast& at, Node& to, const Node& from, const Flags& flags = {});
    /// Puts a node in place that was looked up and not found; the node that stands there from now
    /// on.
    Result<Node*> place(const Ast& at, Node& node);
    /// Takes the nodes out of what they stand in.
    Result<void> remove(const Ast& at, const Nodes& nodes);
    /// Merges a map or a list into another that is a copy already.
    Result<void> merge(const Ast& at, Node& to, const Node& from);
    void clear(Node& node);  // its content is kept for those who still look at it

    // --- binary operators: binary.cpp and those it calls ---

    Result<Nodes> binary(const Ast& ast, const Context& context);
    Result<NodePtr> calculate(const Ast& ast, const NodePtr& left, const NodePtr& right);
    Result<Nodes> assign(const Ast& ast, const Context& context);
    Result<Nodes> assign_binary(const Ast& ast, const Context& context);
    Result<Nodes> assign_attribute(const Ast& ast, const Context& context);

    Failure error(const Ast& at, std::string_view message,
                  Code code = Code::kInvalidArgument) const;
    const Options& options() const { return options_; }
    const Context& documents() const { return documents_; }

    /// The pieces between separators; single characters when that is empty.
    Result<NodePtr> split_text(const Ast& at, std::string_view text, std::string_view separator);
    /// The text of the argument, which must be a scalar.
    Result<std::string> text_argument(const Ast& call, std::size_t index, const NodePtr& node,
                                      const Context& context);

private:
    struct Range {
        std::size_t begin = 0;
        std::size_t end = 0;
    };
    struct Slice {
        Nodes targets;
        NodePtr from;  // null: from the beginning
        NodePtr to;    // null: to the end
    };

    Result<Nodes> dispatch(const Ast& ast, const Context& context);
    Result<Nodes> pipe(const Ast& ast, const Context& context);
    Result<Nodes> unite(const Ast& ast, const Context& context);
    Result<Nodes> keys(const Ast& ast, const Context& context);
    Result<Nodes> index(const Ast& ast, const Context& context);
    Result<Slice> slice_ends(const Ast& ast, const Context& at);
    Result<Range> range(const Ast& at, std::size_t length, const Node* from, const Node* to) const;
    Result<NodePtr> slice(const Ast& at, const NodePtr& node, const Node* from, const Node* to);
    Result<Nodes> slices(const Ast& ast, const Context& context);
    bool together(const Context& context) const;
    Result<Nodes> literal(const Ast& ast, const Context& context);
    Result<Nodes> text(const Ast& ast, const Context& context);
    Result<Nodes> variable(const Ast& ast, const Context& context);
    Result<Nodes> bind(const Ast& ast, const Context& context);
    Result<Nodes> reduce(const Ast& ast, const Context& context);
    Result<Nodes> collect(const Ast& ast, const Context& context);
    Result<Nodes> object(const Ast& ast, const Context& context);
    Result<Nodes> logical(const Ast& ast, const Context& context);
    Result<NodePtr> add(const Ast& at, const NodePtr& left, const NodePtr& right);
    Result<NodePtr> subtract(const Ast& at, const NodePtr& left, const NodePtr& right);
    Result<NodePtr> multiply(const Ast& at, const NodePtr& left, const NodePtr& right);
    Result<NodePtr> divide(const Ast& at, const NodePtr& left, const NodePtr& right);
    Result<NodePtr> arithmetic(const Ast& at, const NodePtr& left, const NodePtr& right,
                               char operation);
    Result<NodePtr> ordered(const Ast& at, const Node& left, const Node& right);
    Result<void> merge_lists(const Ast& at, Node& to, const Node& from);
    Result<void> merge_entry(const Ast& at, Node& to, const Node& key, const Node& value);
    Result<void> targets_found(const Nodes& targets) const;
    Result<void> add_entry(const Ast& at, Node& map, const Node& key, const Node& value);
    Result<NodePtr> absent(const Ast& at, const NodePtr& parent, const Node& key, int index);
    Result<void> look_up_in_map(const Ast& at, const NodePtr& node, const Node& key, Nodes& out);
    Result<void> look_up_in_list(const Ast& at, const NodePtr& node, const Node& key, Nodes& out);
    Result<NodePtr> merged(const Ast& at, const NodePtr& map, const Node& key, const Node& value);
    Result<void> merged_values(const Ast& at, const NodePtr& map, const Node& source, Nodes& out);
    Result<Node*> place_in_map(const Ast& at, Node& parent, Node& node);
    Result<Node*> place_in_list(const Ast& at, Node& parent, Node& node);
    Result<void> check_depth(const Ast& at, const Node& place, const Node& below) const;
    Result<NodePtr> free_of_cycles(const Ast& at, const Node& place, NodePtr value);

    const Expression* expression_;
    const Options& options_;
    Context documents_;
    std::unordered_set<const Node*> together_;
    std::shared_ptr<Nodes> kept_ = std::make_shared<Nodes>();
    std::unordered_map<const Node*, NodePtr> absent_;  // what was looked up and not found
    /// A look-up that led into a scalar.
    struct Blocked {
        std::size_t column = 0;
        std::string key;
        std::string tag;
    };
    std::optional<Blocked> blocked_;
    std::size_t nodes_ = 0;
    std::size_t bytes_ = 0;
    std::size_t steps_ = 0;
    int depth_ = 0;
};

// --- what operators have in common ---

bool is_true(const Node& node);  // neither false nor null
/// "" for an alias; else the tag, guessed when there is none.
const std::string& tag_of(const Node& node);
bool is_null(const Node& node);
/// The number of a node with the tag !!int; nothing when it does not fit.
std::optional<std::int64_t> int_of(const Node& node);
std::optional<double> number_of(const Node& node);
/// * and ? in the pattern match any characters and any one.
bool matches(std::string_view pattern, std::string_view text);
/// Numbers by value, maps and lists by what they contain, and with `wildcards`, as == has it, texts
/// by a pattern to the right.
bool equal(const Node& left, const Node& right, bool wildcards = false);
/// The order that sort has: null, booleans, numbers, texts, lists, maps.
int compare(const Node& left, const Node& right);
/// The node's value as a text without quotes, maps and lists as one line of YAML.
std::string text_of_node(const Node& node);
/// a.b[0], for messages.
std::string show_path(const Node& node);
NodePtr path_of(const Node& node);

}  // namespace lima::text::yq
