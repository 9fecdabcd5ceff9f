#include "core/config/locate.hpp"

#include "core/config/fields.hpp"
#include "core/text/yaml.hpp"

#include <fmt/format.h>

#include <charconv>

namespace lima::config {
namespace {

using text::Node;

struct Document {
    const Source* source = nullptr;
    Node tree;
};

/// Override first: the order in which scalars win and lists are joined.
std::vector<Document> documents(const LoadInput& input) {
    std::vector<Document> out;
    const auto add = [&out](const Source& source) {
        if (auto tree = text::parse_yaml(source.text, source.file)) {
            out.push_back(Document{&source, std::move(*tree)});
        }
    };
    if (input.overrides) {
        add(*input.overrides);
    }
    add(input.instance);
    if (input.defaults) {
        add(*input.defaults);
    }
    return out;
}

struct Found {
    text::Mark mark;
    bool complete = false;
};

/// Follows the path as far as it goes; offset is subtracted from the first index.
std::optional<Found> follow(const Node& root, std::string_view path, std::size_t offset) {
    const Node* node = &root;
    std::optional<Found> found;
    while (!path.empty()) {
        if (path.front() == '.') {
            path.remove_prefix(1);
        }
        if (path.starts_with('[')) {
            std::size_t index = 0;
            const std::size_t close = path.find(']');
            std::from_chars(path.data() + 1, path.data() + close, index);
            if (node->kind != text::Kind::kSequence || index < offset ||
                index - offset >= node->items.size()) {
                return found;
            }
            node = &node->items[index - offset];
            offset = 0;
            found = Found{node->begin};
            path.remove_prefix(close + 1);
            continue;
        }
        const Node::Entry* next = nullptr;
        for (const Node::Entry& entry : node->entries) {
            const std::string_view rest = path.substr(std::min(path.size(), entry.key.size()));
            if (path.starts_with(entry.key) &&
                (rest.empty() || rest.front() == '.' || rest.front() == '[')) {
                next = &entry;
            }
        }
        if (next == nullptr) {
            return found;
        }
        node = &next->value;
        found = Found{node->is_null() || node->kind == text::Kind::kMapping ? next->key_begin
                                                                            : node->begin};
        path.remove_prefix(next->key.size());
    }
    if (found) {
        found->complete = true;
    }
    return found;
}

bool is_joined_list(std::string_view path) {
    bool joined = false;
    for_each_field<Config>([&](const auto& f) {
        const std::string prefix = std::string(f.key) + "[";
        joined = joined || (f.merge == Merge::kList && path.starts_with(prefix));
    });
    return joined;
}

}  // namespace

std::string with_place(const LoadInput& input, std::string_view path, const std::string& message) {
    const bool joined = is_joined_list(path);
    const std::string_view list = path.substr(0, path.find('['));
    std::size_t offset = 0;
    std::optional<Found> best;
    const Source* where = nullptr;
    const auto all = documents(input);
    for (const Document& document : all) {
        const auto found = follow(document.tree, path, joined ? offset : 0);
        if (found && (!best || (found->complete && !best->complete))) {
            best = found;
            where = document.source;
        }
        if (joined) {
            const Node* items = document.tree.find(list);
            const std::size_t count = items == nullptr ? 0 : items->items.size();
            if (found && found->complete) {
                break;
            }
            offset += count;
        }
    }
    if (!best) {
        return fmt::format("{}: {}", input.instance.file, message);
    }
    return text::error_at(where->text, where->file, where->origins, best->mark, message).text();
}

}  // namespace lima::config
