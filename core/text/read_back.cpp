#include "core/text/read_back.hpp"

#include "core/text/yaml_events.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>

namespace lima::text {
namespace {

std::string differ(const std::string& path, std::string_view what) {
    return fmt::format("{}: {}", path.empty() ? "the document" : path, what);
}

std::string difference(const Node& ours, const YAML::Node& theirs, const std::string& path);

/// yaml-cpp leaves merge keys as they are; what they bring in is not compared.
std::string map_difference(const Node& ours, const YAML::Node& theirs, const std::string& path) {
    const auto own = std::count_if(ours.entries.begin(), ours.entries.end(),
                                   [](const Node::Entry& entry) { return !entry.merged; });
    std::ptrdiff_t seen = 0;
    for (const auto& entry : theirs) {
        const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
        if (key == "<<" && ours.find(key) == nullptr) {
            continue;
        }
        ++seen;
        const Node* value = ours.find(key);
        if (value == nullptr && seen == 1) {
            value = ours.find(std::string(kBom) + key);
        }
        if (value == nullptr && !entry.first.IsScalar()) {
            continue;  // null and its spellings
        }
        if (value == nullptr) {
            return differ(path, fmt::format("there is a key {}", key));
        }
        if (std::string found = difference(*value, entry.second, path + "." + key);
            !found.empty()) {
            return found;
        }
    }
    return seen == own ? "" : differ(path, fmt::format("{} keys are {}", own, seen));
}

/// Empty when they are the same.
std::string difference(const Node& ours, const YAML::Node& theirs, const std::string& path) {
    switch (ours.kind) {
        case Kind::kNull:
            return theirs.IsNull() ? "" : differ(path, "null is something");
        case Kind::kScalar:
            if (!theirs.IsScalar()) {
                return differ(path, "a scalar is none");
            }
            return theirs.Scalar() == ours.value
                       ? ""
                       : differ(path, fmt::format("{} is {}", ours.value, theirs.Scalar()));
        case Kind::kSequence:
            break;
        case Kind::kMapping:
            return theirs.IsMap() ? map_difference(ours, theirs, path)
                                  : differ(path, "a map is none");
    }
    if (!theirs.IsSequence() || theirs.size() != ours.items.size()) {
        return differ(path, "a list is none, or longer or shorter");
    }
    for (std::size_t i = 0; i < ours.items.size(); ++i) {
        if (std::string found =
                difference(ours.items[i], theirs[i], fmt::format("{}[{}]", path, i));
            !found.empty()) {
            return found;
        }
    }
    return "";
}

/// What yaml-cpp sees otherwise, or why it cannot read the text.
std::string second_opinion(std::string_view text, const Node& tree) {
    try {
        return difference(tree, YAML::Load(std::string(text)), "");
    } catch (const YAML::Exception& error) {
        return error.what();
    }
}

}  // namespace

Result<void> read_back(std::string_view old_text, const Node& old_tree, std::string_view new_text,
                       const Node& new_tree) {
    const std::string found = second_opinion(new_text, new_tree);
    if (found.empty() || !second_opinion(old_text, old_tree).empty()) {
        return {};
    }
    return fail(
        Error(Code::kInternal, "the changed text is not read as it was meant: " + found)
            .with_hint("this is a mistake of ours, nothing was changed: edit the file by hand"));
}

}  // namespace lima::text
