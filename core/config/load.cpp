#include "core/config/load.hpp"

#include "core/base/text.hpp"
#include "core/config/decode.hpp"
#include "core/config/fields.hpp"
#include "core/config/fill.hpp"
#include "core/config/param.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>

namespace lima::config {
namespace {

struct Layer {
    Config config;
    text::Node tree;
    std::vector<Mistake> mistakes;
};

std::string unknown_warning(const std::vector<Mistake>& unknown) {
    std::string out = "non-strict YAML is deprecated, please check for typos:";
    for (const Mistake& key : unknown) {
        out += "\n" + key.text;
    }
    return out;
}

/// Decodes one text: unknown keys become one warning.
Layer decode_layer(const Source& source, int number, Draft& draft) {
    Layer layer;
    text::ReadYaml read = text::read_yaml(source.text, source.file);
    layer.tree = std::move(read.root);
    Decoded decoded = decode_tree(layer.tree, source);
    layer.config = std::move(decoded.config);
    layer.mistakes = std::move(decoded.mistakes);
    for (const text::Misread& misread : read.mistakes) {
        layer.mistakes.push_back({"", misread.error.text(), misread.at});
    }
    if (!read.complete) {
        layer.mistakes.back().fatal = true;
    }
    for (auto* told : {&layer.mistakes, &decoded.unknown}) {
        for (Mistake& one : *told) {
            one.layer = number;
        }
    }
    if (!decoded.unknown.empty()) {
        draft.warnings.push_back(unknown_warning(decoded.unknown));
        draft.unknown.insert(draft.unknown.end(), decoded.unknown.begin(), decoded.unknown.end());
    }
    return layer;
}

/// The index in a list that is joined from several files is that of the joined list.
void shift_indexes(std::vector<Mistake>& mistakes, const std::vector<const Config*>& before) {
    for_each_field<Config>([&](const auto& f) {
        using Member = typename std::remove_cvref_t<decltype(f)>::MemberType;
        if constexpr (is_vector<Member>::value) {
            std::size_t offset = 0;
            for (const Config* config : before) {
                offset += (config->*(f.member)).size();
            }
            const std::string prefix = fmt::format("{}[", f.key);
            for (Mistake& mistake : mistakes) {
                if (f.merge == Merge::kList && mistake.path.starts_with(prefix)) {
                    const std::string rest = mistake.path.substr(prefix.size());
                    mistake.path = fmt::format("{}{}{}", prefix, std::stoul(rest) + offset,
                                               rest.substr(rest.find(']')));
                }
            }
        }
    });
}

/// A param may be used where a text could not be read.
bool may_hold_text(const Mistake& mistake) {
    static const std::set<std::string, std::less<>> kLists = {"provision", "probes", "copyToHost",
                                                              "portForwards", "mounts"};
    static const std::set<std::string, std::less<>> kTexts = {
        "script",      "content",     "expression", "owner",      "path",
        "permissions", "playbook",    "location",   "mountPoint", "guest",
        "hostSocket",  "guestSocket", "host",
    };
    const std::string& path = mistake.path;
    if (mistake.fatal || path.starts_with("param")) {
        return true;
    }
    if (!kLists.contains(path.substr(0, path.find('[')))) {
        return false;
    }
    const std::size_t dot = path.rfind('.');
    return dot == std::string::npos || kTexts.contains(path.substr(dot + 1));
}

void check_params(const Layer& layer, const Source& source, std::vector<Mistake>& mistakes) {
    if (std::any_of(layer.mistakes.begin(), layer.mistakes.end(), may_hold_text)) {
        return;
    }
    for (const std::string& key : unused_params(layer.config)) {
        const text::Node* params = layer.tree.find("param");
        for (const text::Node::Entry& entry : params->entries) {
            if (entry.key == key) {
                const Error error = text::error_at(
                    source.text, source.file, source.origins, entry.key_begin,
                    fmt::format("field `param` has the key {}, but no script, probe, mount, "
                                "socket or copyToHost uses it as {{{{.Param.{}}}}} or $PARAM_{}: "
                                "use it, or remove it",
                                name_quote(key), key, key));
                mistakes.push_back({"param." + key, error.text(), entry.key_begin});
            }
        }
    }
}

void append(std::vector<Mistake>& all, const Layer& layer) {
    all.insert(all.end(), layer.mistakes.begin(), layer.mistakes.end());
}

}  // namespace

Error mistakes_error(std::vector<Mistake> mistakes, bool decoded) {
    const auto order = [](const Mistake& mistake) {
        const int line = mistake.at.line == 0 ? std::numeric_limits<int>::max() : mistake.at.line;
        return std::tuple(mistake.layer, line, mistake.at.column);
    };
    std::stable_sort(mistakes.begin(), mistakes.end(),
                     [&order](const Mistake& a, const Mistake& b) { return order(a) < order(b); });
    std::vector<std::string> texts;
    for (Mistake& mistake : mistakes) {
        texts.push_back(std::move(mistake.text));
    }
    const char* prefix = decoded             ? ""
                         : texts.size() == 1 ? "failed to unmarshal YAML: "
                                             : "failed to unmarshal YAML:\n";
    return Error(Code::kInvalidArgument, prefix + join(texts, "\n"));
}

Result<Loaded> decode(const Source& source) {
    Draft draft;
    Layer layer = decode_layer(source, 0, draft);
    if (!layer.mistakes.empty()) {
        return fail(mistakes_error(std::move(layer.mistakes), false));
    }
    return Loaded{std::move(layer.config), std::move(draft.warnings)};
}

Draft load_draft(const LoadInput& input) {
    Draft out;
    Layer own = decode_layer(input.instance, 0, out);
    Layer defaults;
    if (input.defaults) {
        defaults = decode_layer(*input.defaults, 1, out);
    }
    Layer overrides;
    if (input.overrides) {
        overrides = decode_layer(*input.overrides, 2, out);
    }
    shift_indexes(own.mistakes, {&overrides.config});
    shift_indexes(defaults.mistakes, {&overrides.config, &own.config});
    append(out.mistakes, own);
    append(out.mistakes, defaults);
    append(out.mistakes, overrides);
    out.decoded = out.mistakes.empty();
    check_params(own, input.instance, out.mistakes);
    const Layers layers{std::move(defaults.config), std::move(own.config),
                        std::move(overrides.config)};
    out.config = fill(layers, input, out.warnings);
    return out;
}

Result<Loaded> load(const LoadInput& input) {
    Draft draft = load_draft(input);
    if (!draft.mistakes.empty()) {
        return fail(mistakes_error(std::move(draft.mistakes), draft.decoded));
    }
    return Loaded{std::move(draft.config), std::move(draft.warnings)};
}

}  // namespace lima::config
