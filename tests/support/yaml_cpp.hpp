// The second opinion on YAML: what yaml-cpp reads in a text, compared with our tree. It knows other
// mistakes than libyaml, and other features: only texts that both accept and that keep to what both
// know are compared.
#pragma once

#include "core/text/yaml.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <optional>
#include <string>
#include <string_view>

namespace lima::test {

/// Empty when the values are the same, else where they are not.
inline std::string yaml_cpp_difference(const text::Node& ours, const YAML::Node& theirs,
                                       const std::string& path = "") {
    const auto differ = [&](std::string_view what) {
        return fmt::format("{}: {}", path.empty() ? "." : path, what);
    };
    switch (ours.kind) {
        case text::Kind::kNull:
            return theirs.IsNull() ? "" : differ("null or not");
        case text::Kind::kScalar:
            if (!theirs.IsScalar()) {
                return differ("a scalar or not");
            }
            if (theirs.Scalar() != ours.value) {
                return differ(fmt::format("'{}' or '{}'", ours.value, theirs.Scalar()));
            }
            return ours.tag.empty() && ours.quoted != (theirs.Tag() == "!")
                       ? differ("quoted or not")
                       : "";
        case text::Kind::kSequence:
            if (!theirs.IsSequence() || theirs.size() != ours.items.size()) {
                return differ("a list of that length or not");
            }
            for (std::size_t i = 0; i < ours.items.size(); ++i) {
                auto difference =
                    yaml_cpp_difference(ours.items[i], theirs[i], fmt::format("{}[{}]", path, i));
                if (!difference.empty()) {
                    return difference;
                }
            }
            return "";
        case text::Kind::kMapping:
            break;
    }
    if (!theirs.IsMap() || theirs.size() != ours.entries.size()) {
        return differ("a map of that size or not");
    }
    std::size_t i = 0;
    for (const auto& entry : theirs) {
        const text::Node::Entry& mine = ours.entries[i++];
        const std::string key = entry.first.IsNull() ? "" : entry.first.Scalar();
        if (!entry.first.IsNull() && key != mine.key) {
            return differ(fmt::format("key '{}' or '{}'", mine.key, key));
        }
        auto difference = yaml_cpp_difference(mine.value, entry.second, path + "." + mine.key);
        if (!difference.empty()) {
            return difference;
        }
    }
    return "";
}

/// What yaml-cpp reads; nullopt where it refuses.
inline std::optional<YAML::Node> yaml_cpp_read(const std::string& text) {
    try {
        return YAML::Load(text);
    } catch (const YAML::Exception&) {
        return std::nullopt;
    }
}

}  // namespace lima::test
