#include "core/config/load.hpp"

#include "core/base/text.hpp"
#include "core/config/decode.hpp"
#include "core/config/fill.hpp"
#include "core/config/param.hpp"

#include <fmt/format.h>

namespace lima::config {
namespace {

constexpr const char* kUnmarshal = "failed to unmarshal YAML";

Error mistakes(const std::vector<std::string>& messages) {
    const char* separator = messages.size() == 1 ? ": " : ":\n";
    return Error(Code::kInvalidArgument, kUnmarshal + (separator + join(messages, "\n")));
}

struct Layer {
    Config config;
    text::Node tree;
};

/// Decodes one text: unknown keys become one warning, mistakes go to the list.
Layer decode_layer(const Source& source, std::vector<std::string>& errors,
                   std::vector<std::string>& warnings) {
    Layer layer;
    auto tree = text::parse_yaml(source.text, source.file);
    if (!tree) {
        errors.push_back(tree.error().text());
        return layer;
    }
    layer.tree = std::move(*tree);
    Decoded decoded = decode_tree(layer.tree, source);
    layer.config = std::move(decoded.config);
    errors.insert(errors.end(), decoded.errors.begin(), decoded.errors.end());
    if (!decoded.unknown.empty()) {
        warnings.push_back("non-strict YAML is deprecated, please check for typos: " +
                           join(decoded.unknown, "; "));
    }
    return layer;
}

void check_params(const Layer& layer, const Source& source, std::vector<std::string>& errors) {
    for (const std::string& key : unused_params(layer.config)) {
        const text::Node* params = layer.tree.find("param");
        for (const text::Node::Entry& entry : params->entries) {
            if (entry.key == key) {
                errors.push_back(
                    text::error_at(
                        source.text, source.file, source.origins, entry.key_begin,
                        fmt::format(
                            "field `param` has the key {}, but no script, probe, mount, "
                            "socket or copyToHost uses it as {{{{.Param.{}}}}} or $PARAM_{}",
                            name_quote(key), key, key))
                        .text());
            }
        }
    }
}

}  // namespace

Result<Loaded> decode(const Source& source) {
    Loaded out;
    std::vector<std::string> errors;
    out.config = decode_layer(source, errors, out.warnings).config;
    if (!errors.empty()) {
        return fail(mistakes(errors));
    }
    return out;
}

Result<Loaded> load(const LoadInput& input) {
    Loaded out;
    std::vector<std::string> errors;
    Layers layers;
    const Layer own = decode_layer(input.instance, errors, out.warnings);
    layers.instance = own.config;
    if (input.defaults) {
        layers.defaults = decode_layer(*input.defaults, errors, out.warnings).config;
    }
    if (input.overrides) {
        layers.overrides = decode_layer(*input.overrides, errors, out.warnings).config;
    }
    if (!errors.empty()) {
        return fail(mistakes(errors));
    }
    check_params(own, input.instance, errors);
    if (!errors.empty()) {
        return fail(Error(Code::kInvalidArgument, join(errors, "\n")));
    }
    out.config = fill(layers, input, out.warnings);
    return out;
}

}  // namespace lima::config
