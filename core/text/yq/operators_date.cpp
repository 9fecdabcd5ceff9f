// Points in time.
#include "core/base/text.hpp"
#include "core/text/yq/date.hpp"
#include "core/text/yq/operator_themes.hpp"

#include <fmt/format.h>

namespace lima::text::yq {
namespace {

/// The variable that with_dtf keeps its layout in; no expression can name it.
constexpr const char* kLayout = "(layout)";

std::optional<std::string> layout_of(const Context& context) {
    for (const Binding* at = context.variables.get(); at != nullptr; at = at->outer.get()) {
        if (at->name == kLayout) {
            return at->values.front()->value;
        }
    }
    return std::nullopt;
}

Result<Date> date_here(Evaluator& evaluator, const NodePtr& node, const Context& context,
                       const Ast& call) {
    const std::string& text = follow(*node).value;
    const auto layout = layout_of(context);
    const auto date = layout ? parse_date(text, *layout) : parse_date(text);
    if (!date) {
        return evaluator.error(call, fmt::format("{} is no date{}", name_quote(text),
                                                 layout ? " of the form " + name_quote(*layout)
                                                        : " such as 2006-01-02T15:04:05Z"));
    }
    return *date;
}

NodePtr date_node(Evaluator& evaluator, const Node& from, const Date& date,
                  const std::optional<std::string>& layout) {
    const std::string text = layout ? format_date(date, *layout) : format_date(date);
    return evaluator.computed(from, make_scalar(std::string(guess_tag(text)), text));
}

Result<Nodes> now(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_DO(evaluator.charge(call, 1));
        return date_node(evaluator, *node, date_now(), std::nullopt);
    });
}

Result<Nodes> format(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_TRY(const Date date, date_here(evaluator, node, context, call));
        LIMA_TRY(const std::string layout, evaluator.text_argument(call, 0, node, context));
        LIMA_DO(evaluator.charge(call, 1, layout.size() * 4));
        return date_node(evaluator, *node, date, layout);
    });
}

Result<Nodes> with_layout(Evaluator& evaluator, const Context& context, const Ast& call) {
    Nodes out;
    for (const NodePtr& node : context.nodes) {
        LIMA_TRY(const std::string layout, evaluator.text_argument(call, 0, node, context));
        const Context inner{{node},
                            std::make_shared<const Binding>(
                                Binding{kLayout, {make_string(layout)}, context.variables})};
        LIMA_TRY(const Nodes found, evaluator.eval(*call.parts[1], inner));
        out.insert(out.end(), found.begin(), found.end());
    }
    return out;
}

Result<Nodes> zone(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_TRY(const Date date, date_here(evaluator, node, context, call));
        LIMA_TRY(const std::string name, evaluator.text_argument(call, 0, node, context));
        const auto there = in_zone(date, name);
        if (!there) {
            return evaluator.error(call, there.error().text());
        }
        LIMA_DO(evaluator.charge(call, 1));
        return date_node(evaluator, *node, *there, layout_of(context));
    });
}

Result<Nodes> from_unix(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        constexpr double kMost = 2.5e11;  // the year 9892
        const auto seconds = number_of(follow(*node));
        if (!seconds || !(*seconds > -kMost && *seconds < kMost)) {
            return evaluator.error(call, fmt::format("{} is no number of seconds since 1970",
                                                     name_quote(follow(*node).value)));
        }
        Date date;
        date.seconds = static_cast<std::int64_t>(*seconds);
        LIMA_DO(evaluator.charge(call, 1));
        return date_node(evaluator, *node, date, std::nullopt);
    });
}

Result<Nodes> to_unix(Evaluator& evaluator, const Context& context, const Ast& call) {
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_TRY(const Date date, date_here(evaluator, node, context, call));
        LIMA_DO(evaluator.charge(call, 1));
        return evaluator.computed(*node, make_int(date.seconds));
    });
}

}  // namespace

const std::vector<Operator>& date_operators() {
    static const std::vector<Operator> kOperators = {
        {"now", 0, 0, now, "the time"},
        {"format_datetime", 1, 1, format, "a date in another form, such as \"2006-01-02\""},
        {"with_dtf", 2, 2, with_layout,
         "reads dates in that form while the expression is evaluated"},
        {"tz", 1, 1, zone, "the same time in another zone"},
        {"from_unix", 0, 0, from_unix, "a date from seconds since 1970"},
        {"to_unix", 0, 0, to_unix, "a date as seconds since 1970"},
    };
    return kOperators;
}

}  // namespace lima::text::yq
