// What comes from outside of the documents: the environment, files, expressions in texts. All of it
// can be refused.
#include "core/base/text.hpp"
#include "core/text/yq/format.hpp"
#include "core/text/yq/operator_themes.hpp"
#include "core/text/yq/yaml_format.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lima::text::yq {
namespace {

Failure refused(Evaluator& evaluator, const Ast& call, std::string_view what) {
    return evaluator.error(call, what, Code::kPermissionDenied);
}

Result<void> allow_env(Evaluator& evaluator, const Ast& call) {
    return evaluator.options().env ? Result<void>()
                                   : refused(evaluator, call, "env operations have been disabled");
}

Result<Nodes> env(Evaluator& evaluator, const Context&, const Ast& call) {
    LIMA_DO(allow_env(evaluator, call));
    const std::string& name = call.parts[0]->value->value;
    const auto value = evaluator.options().env(name);
    if (!value) {
        return evaluator.error(
            call, fmt::format("value for env variable '{}' not provided in env()", name));
    }
    LIMA_TRY(const Nodes documents, decode_yaml(*value, "$" + name));
    LIMA_TRY(NodePtr out,
             evaluator.copy(call, documents.empty() ? *make_null() : *documents.front()));
    out->head_comment.clear();
    out->line_comment.clear();
    out->foot_comment.clear();
    return Nodes{std::move(out)};
}

Result<Nodes> strenv(Evaluator& evaluator, const Context&, const Ast& call) {
    LIMA_DO(allow_env(evaluator, call));
    std::string value = evaluator.options().env(call.parts[0]->value->value).value_or("");
    LIMA_DO(evaluator.charge(call, 1, value.size()));
    return Nodes{evaluator.keep(make_string(std::move(value)))};
}

bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// $NAME, ${NAME}, ${NAME:-default}, ${NAME:+instead} in a text.
class Substitution {
public:
    Substitution(Evaluator& evaluator, const Ast& call) : evaluator_(evaluator), call_(call) {
        for (const AstPtr& option : call.parts) {
            const std::string& name = option->value->value;
            must_be_set_ = must_be_set_ || name == "nu";
            must_have_text_ = must_have_text_ || name == "ne";
        }
    }

    Result<std::string> run(std::string_view text, int depth = 0) const {
        std::string out;
        while (!text.empty()) {
            const std::size_t dollar = std::min(text.find('$'), text.size());
            out += text.substr(0, dollar);
            text.remove_prefix(dollar);
            if (text.empty()) {
                break;
            }
            LIMA_TRY(std::string value, variable(text, depth));
            LIMA_DO(evaluator_.charge(call_, 0, value.size()));
            out += value;
        }
        return out;
    }

private:
    /// Takes the variable off the text.
    Result<std::string> variable(std::string_view& text, int depth) const {
        if (text.starts_with("$$")) {
            text.remove_prefix(2);
            return std::string("$");
        }
        if (!text.starts_with("${")) {
            std::size_t end = 1;
            while (end < text.size() && is_word(text[end])) {
                ++end;
            }
            const std::string name(text.substr(1, end - 1));
            text.remove_prefix(end);
            return name.empty() ? Result<std::string>("$") : value_of(name);
        }
        const std::size_t close = closing(text);
        if (close == std::string_view::npos || depth > 20) {
            return evaluator_.error(call_, "a `${` in the text has no closing bracket");
        }
        const std::string_view inside = text.substr(2, close - 2);
        text.remove_prefix(close + 1);
        std::size_t end = 0;
        while (end < inside.size() && is_word(inside[end])) {
            ++end;
        }
        return with_default(std::string(inside.substr(0, end)), inside.substr(end), depth);
    }

    static std::size_t closing(std::string_view text) {
        int open = 0;
        for (std::size_t i = 1; i < text.size(); ++i) {
            open += text[i] == '{' && text[i - 1] == '$' ? 1 : 0;
            open -= text[i] == '}' ? 1 : 0;
            if (open == 0) {
                return i;
            }
        }
        return std::string_view::npos;
    }

    Result<std::string> with_default(const std::string& name, std::string_view rest,
                                     int depth) const {
        const bool empty_counts = rest.starts_with(':');
        rest.remove_prefix(empty_counts ? 1 : 0);
        if (rest.empty()) {
            return value_of(name);
        }
        const auto value = evaluator_.options().env(name);
        const bool there = value && !(empty_counts && value->empty());
        const char how = rest.front();
        rest.remove_prefix(1);
        if (how == '+') {
            return there ? run(rest, depth + 1) : Result<std::string>("");
        }
        if (how != '-' && how != '=') {
            return evaluator_.error(call_, fmt::format("${{{}…}} has {} where -, = or + can stand",
                                                       name, name_quote(std::string(1, how))));
        }
        return there ? Result<std::string>(*value) : run(rest, depth + 1);
    }

    Result<std::string> value_of(const std::string& name) const {
        const auto value = evaluator_.options().env(name);
        if (!value && must_be_set_) {
            return evaluator_.error(call_, fmt::format("variable ${{{}}} not set", name));
        }
        if (value && value->empty() && must_have_text_) {
            return evaluator_.error(call_, fmt::format("variable ${{{}}} set but empty", name));
        }
        return value.value_or("");
    }

    Evaluator& evaluator_;
    const Ast& call_;
    bool must_be_set_ = false;
    bool must_have_text_ = false;
};

Result<Nodes> envsubst(Evaluator& evaluator, const Context& context, const Ast& call) {
    LIMA_DO(allow_env(evaluator, call));
    const Substitution substitution(evaluator, call);
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        const Node& real = follow(*node);
        if (real.kind != Kind::kScalar || real.tag != "!!str") {
            return evaluator.error(call, "envsubst works for texts only: " + what_is_there(*node));
        }
        LIMA_TRY(std::string text, substitution.run(real.value));
        LIMA_DO(evaluator.charge(call, 1, text.size()));
        NodePtr out = make_string(std::move(text));
        out->style = real.style;
        return evaluator.computed(*node, std::move(out));
    });
}

Result<std::string> file_text(Evaluator& evaluator, const Context& context, const NodePtr& node,
                              const Ast& call) {
    if (!evaluator.options().read_file) {
        return refused(evaluator, call, "file operations have been disabled");
    }
    LIMA_TRY(const std::string path, evaluator.text_argument(call, 0, node, context));
    auto text = evaluator.options().read_file(path);
    if (!text) {
        return evaluator.error(call,
                               fmt::format("failed to load {}: {}", path, text.error().text()),
                               text.error().code());
    }
    LIMA_DO(evaluator.charge(call, 1, text->size()));
    return std::move(*text);
}

/// Also over nothing: `load` needs no document.
Context one_at_least(Evaluator& evaluator, const Context& context) {
    Context out = context;
    if (out.nodes.empty()) {
        out.nodes.push_back(evaluator.keep(make_null()));
    }
    return out;
}

Result<Nodes> load_as(Evaluator& evaluator, const Context& context, const Ast& call,
                      const char* format) {
    const Context at = one_at_least(evaluator, context);
    return each_node(at, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_TRY(const std::string text, file_text(evaluator, at, node, call));
        LIMA_TRY(const std::string path, evaluator.text_argument(call, 0, node, at));
        LIMA_TRY(const Nodes documents, find_format(format)->decode(text, path, DecodeOptions{}));
        if (documents.size() == 1) {
            return evaluator.copy(call, *documents.front());
        }
        NodePtr all = evaluator.keep(documents.empty() ? make_null() : make_sequence());
        for (const NodePtr& document : documents) {
            LIMA_TRY(NodePtr copy, evaluator.copy(call, *document));
            append(*all, std::move(copy));
        }
        return all;
    });
}

Result<Nodes> load(Evaluator& evaluator, const Context& context, const Ast& call) {
    return load_as(evaluator, context, call, "yaml");
}

Result<Nodes> load_props(Evaluator& evaluator, const Context& context, const Ast& call) {
    return load_as(evaluator, context, call, "props");
}

Result<Nodes> load_xml(Evaluator& evaluator, const Context& context, const Ast& call) {
    return load_as(evaluator, context, call, "xml");
}

Result<Nodes> load_base64(Evaluator& evaluator, const Context& context, const Ast& call) {
    return load_as(evaluator, context, call, "base64");
}

Result<Nodes> load_string(Evaluator& evaluator, const Context& context, const Ast& call) {
    const Context at = one_at_least(evaluator, context);
    return each_node(at, [&](const NodePtr& node) -> Result<NodePtr> {
        LIMA_TRY(std::string text, file_text(evaluator, at, node, call));
        return evaluator.keep(make_string(std::move(text)));
    });
}

Result<Nodes> system(Evaluator& evaluator, const Context&, const Ast& call) {
    return refused(evaluator, call, "system operations are disabled");
}

Result<Nodes> eval(Evaluator& evaluator, const Context& context, const Ast& call) {
    const auto one = [&](const Context& at) -> Result<Nodes> {
        LIMA_TRY(const Nodes texts, evaluator.eval(*call.parts[0], at));
        Nodes out;
        for (const NodePtr& text : texts) {
            LIMA_TRY(const Nodes found, evaluator.other(call, follow(*text).value, at));
            out.insert(out.end(), found.begin(), found.end());
        }
        return out;
    };
    return evaluator.each_group(context, one);
}

Result<Nodes> error(Evaluator& evaluator, const Context& context, const Ast& call) {
    for (const NodePtr& node : one_at_least(evaluator, context).nodes) {
        LIMA_TRY(const std::string text, evaluator.text_argument(call, 0, node, context));
        return fail(Code::kFailedPrecondition, text);
    }
    return Nodes{};
}

Result<Nodes> nothing(Evaluator&, const Context&, const Ast&) { return Nodes{}; }

}  // namespace

const std::vector<Operator>& outside_operators() {
    using Arguments = Operator::Arguments;
    static const std::vector<Operator> kOperators = {
        {"env", 1, 1, env, "the value of an environment variable, read as YAML", nullptr,
         Arguments::kName},
        {"strenv", 1, 1, strenv, "the text of an environment variable", nullptr, Arguments::kName},
        {"envsubst", 0, 3, envsubst,
         "fills in ${NAME} from the environment; nu, ne: no unset, no empty ones", nullptr,
         Arguments::kOptions},
        {"load", 1, 1, load, "reads a YAML file"},
        {"load_str", 1, 1, load_string, "reads a file as text"},
        {"str_load", 1, 1, load_string, "as load_str"},
        {"load_props", 1, 1, load_props, "reads a file of properties"},
        {"load_xml", 1, 1, load_xml, "reads an XML file"},
        {"xml_load", 1, 1, load_xml, "as load_xml"},
        {"load_base64", 1, 1, load_base64, "reads a file with base64"},
        {"system", 1, 2, system, "runs a program: always refused"},
        {"eval", 1, 1, eval, "what the expression in the text yields"},
        {"error", 1, 1, error, "fails with the text"},
        {"empty", 0, 0, nothing, "nothing"},
    };
    return kOperators;
}

}  // namespace lima::text::yq
