// Values as texts of other formats, and back.
#include "core/base/text.hpp"
#include "core/text/yq/format.hpp"
#include "core/text/yq/operator_themes.hpp"

#include <fmt/format.h>

namespace lima::text::yq {
namespace {

/// The format that an operator such as to_json or @base64d names.
const Format* format_of(std::string_view name, bool decode) {
    std::string plain = to_lower(name);
    std::erase(plain, '_');
    std::string_view rest = plain;
    if (rest.starts_with('@')) {
        rest.remove_prefix(1);
        rest.remove_suffix(decode ? 1 : 0);
    } else {
        rest.remove_prefix(decode ? 4 : 2);
    }
    return find_format(rest);
}

Result<Nodes> encode(Evaluator& evaluator, const Context& context, const Ast& call) {
    const Format* const format = format_of(call.text, false);
    if (format == nullptr || format->encode == nullptr) {
        return evaluator.error(call, fmt::format("{} cannot be written", name_quote(call.text)));
    }
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        EncodeOptions options;
        const std::string_view name = format->name;
        options.unwrap_scalar = name != "yaml";
        const bool one_line = call.text == "@json" || call.text == "@xml";
        options.indent = one_line ? 0 : 2;
        if (!call.parts.empty()) {
            LIMA_TRY(const NodePtr indent, evaluator.first(*call.parts[0], node, context));
            const auto number = indent == nullptr ? std::nullopt : int_of(*indent);
            if (!number || *number < 0 || *number > 100) {
                return evaluator.error(call, "the indent must be a small number");
            }
            options.indent = static_cast<int>(*number);
        }
        auto text = format->encode(*node, options);
        if (!text) {
            return evaluator.error(call, text.error().text());
        }
        LIMA_DO(evaluator.charge(call, 1, text->size()));
        const bool lines = name == "yaml" || name == "props" ||
                           (name == "xml" && follow(*node).kind != Kind::kScalar) ||
                           (name == "json" && options.indent > 0);
        if (!lines && text->ends_with('\n')) {
            text->pop_back();
        }
        return evaluator.computed(*node, make_string(std::move(*text)));
    });
}

Result<Nodes> decode(Evaluator& evaluator, const Context& context, const Ast& call) {
    const Format* const format = format_of(call.text, true);
    if (format == nullptr || format->decode == nullptr) {
        return evaluator.error(call, fmt::format("{} cannot be read", name_quote(call.text)));
    }
    return each_node(context, [&](const NodePtr& node) -> Result<NodePtr> {
        const Node& real = follow(*node);
        if (real.kind != Kind::kScalar) {
            return evaluator.error(
                call, fmt::format("{} works for texts only: {}", call.text, what_is_there(*node)));
        }
        LIMA_DO(evaluator.charge(call, 1, real.value.size()));
        auto documents = format->decode(real.value, "text", DecodeOptions{});
        if (!documents) {
            return evaluator.error(call, documents.error().text());
        }
        if (documents->empty()) {
            return evaluator.error(call, fmt::format("{} was given an empty text", call.text));
        }
        LIMA_TRY(NodePtr out, evaluator.copy(call, *documents->front()));  // counted
        return evaluator.computed(*node, std::move(out));
    });
}

}  // namespace

const std::vector<Operator>& encoding_operators() {
    static const std::vector<Operator> kOperators = {
        {"to_json", 0, 1, encode, "as JSON, with that indent"},
        {"@json", 0, 0, encode, "as one line of JSON"},
        {"to_yaml", 0, 1, encode, "as YAML"},
        {"@yaml", 0, 0, encode, "as YAML"},
        {"to_props", 0, 0, encode, "as properties"},
        {"@props", 0, 0, encode, "as properties"},
        {"to_xml", 0, 1, encode, "as XML"},
        {"@xml", 0, 0, encode, "as XML on one line"},
        {"to_csv", 0, 0, encode, "as values separated by commas"},
        {"@csv", 0, 0, encode, "as values separated by commas"},
        {"to_tsv", 0, 0, encode, "as values separated by tabs"},
        {"@tsv", 0, 0, encode, "as values separated by tabs"},
        {"to_toml", 0, 0, encode, "as TOML"},
        {"to_ini", 0, 0, encode, "as INI"},
        {"@base64", 0, 0, encode, "the text as base64"},
        {"@uri", 0, 0, encode, "the text as it goes into a URL"},
        {"@sh", 0, 0, encode, "the text as a word for a shell"},
        {"from_json", 0, 0, decode, "reads JSON"},
        {"@jsond", 0, 0, decode, "reads JSON"},
        {"from_yaml", 0, 0, decode, "reads YAML"},
        {"@yamld", 0, 0, decode, "reads YAML"},
        {"from_props", 0, 0, decode, "reads properties"},
        {"@propsd", 0, 0, decode, "reads properties"},
        {"from_xml", 0, 0, decode, "reads XML"},
        {"@xmld", 0, 0, decode, "reads XML"},
        {"from_csv", 0, 0, decode, "reads values separated by commas"},
        {"@csvd", 0, 0, decode, "reads values separated by commas"},
        {"from_tsv", 0, 0, decode, "reads values separated by tabs"},
        {"@tsvd", 0, 0, decode, "reads values separated by tabs"},
        {"from_toml", 0, 0, decode, "reads TOML"},
        {"from_ini", 0, 0, decode, "reads INI"},
        {"@base64d", 0, 0, decode, "reads base64"},
        {"@urid", 0, 0, decode, "reads what a URL has"},
    };
    return kOperators;
}

}  // namespace lima::text::yq
