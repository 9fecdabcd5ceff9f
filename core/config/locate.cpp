#include "core/config/locate.hpp"

#include "core/config/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace lima::config {
namespace {

using text::Node;

std::optional<Merge> list_rule(std::string_view key) {
    std::optional<Merge> rule;
    for_each_field<Config>([&](const auto& f) {
        using Member = typename std::remove_cvref_t<decltype(f)>::MemberType;
        if (is_vector<Member>::value && key == f.key) {
            rule = f.merge;
        }
    });
    return rule;
}

/// What makes two entries of a list one, as it is written (fill_lists.cpp compares what templates
/// have made of it).
std::string key_of(std::string_view list, const Node& entry) {
    const auto text = [&entry](const char* key) {
        const Node* value = entry.find(key);
        return value == nullptr ? std::string() : value->value;
    };
    if (list == "networks") {
        return text("interface");
    }
    const std::string point = text("mountPoint");
    return point.empty() ? text("location") : point;
}

}  // namespace

Places::Places(const LoadInput& input) : file_(input.instance.file) {
    if (input.overrides) {
        add(*input.overrides, 2);
    }
    add(input.instance, 0);
    if (input.defaults) {
        add(*input.defaults, 1);
    }
}

Places::Places(const Source& source) : file_(source.file) { add(source, 0); }

void Places::add(const Source& source, int layer) {
    documents_.push_back(Document{&source, layer, text::read_yaml(source.text, source.file).root});
}

/// The entries of the merged list, each with those that it was made from, the strongest first.
std::vector<std::vector<Places::Entry>> Places::entries(std::string_view list) const {
    std::vector<std::vector<Entry>> out;
    const bool combined = list_rule(list) == Merge::kByKey;
    std::vector<const Document*> order;
    for (const Document& document : documents_) {
        order.push_back(&document);
    }
    if (combined) {
        std::reverse(order.begin(), order.end());  // these lists begin with the weakest
    }
    for (const Document* document : order) {
        const Node* items = document->tree.find(list);
        if (items == nullptr) {
            continue;
        }
        for (const Node& item : items->items) {
            const std::string key = combined ? key_of(list, item) : "";
            const auto same = std::find_if(out.begin(), out.end(), [&](const auto& parts) {
                return !key.empty() && key_of(list, *parts.front().node) == key;
            });
            if (same == out.end()) {
                out.push_back({Entry{document, &item}});
            } else {
                same->insert(same->begin(), Entry{document, &item});
            }
        }
    }
    return out;
}

/// Follows the path as far as it goes.
std::optional<Places::Found> Places::follow(const Document& document, const Node& from,
                                            std::string_view path) {
    const Node* node = &from;
    std::optional<Found> found;
    while (!path.empty()) {
        if (path.starts_with('.')) {
            path.remove_prefix(1);
        }
        if (path.starts_with('[')) {
            std::size_t index = 0;
            const std::size_t close = path.find(']');
            std::from_chars(path.data() + 1, path.data() + close, index);
            if (index >= node->items.size()) {
                return found;
            }
            node = &node->items[index];
            found = Found{&document, node->begin, false};
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
        const bool by_key = node->is_null() || node->kind == text::Kind::kMapping;
        found = Found{&document, by_key ? next->key_begin : node->begin, false};
        path.remove_prefix(next->key.size());
    }
    if (found) {
        found->complete = true;
    }
    return found;
}

std::optional<Places::Found> Places::find_in_list(std::string_view list,
                                                  std::string_view path) const {
    std::size_t index = 0;
    const std::size_t close = path.find(']');
    std::from_chars(path.data() + 1, path.data() + close, index);
    path.remove_prefix(close + 1);
    const auto all = entries(list);
    std::optional<Found> best;
    if (index >= all.size()) {
        return best;
    }
    for (const Entry& entry : all[index]) {
        auto found = follow(*entry.document, *entry.node, path);
        if (!found) {  // the field is absent: the entry is the place
            found = Found{entry.document, entry.node->begin, path.empty()};
        }
        if (!best || (found->complete && !best->complete)) {
            best = found;
        }
    }
    return best;
}

std::optional<Places::Found> Places::find(std::string_view path) const {
    const std::string_view list = path.substr(0, path.find('['));
    if (list.size() < path.size() && list_rule(list)) {
        return find_in_list(list, path.substr(list.size()));
    }
    std::optional<Found> best;
    for (const Document& document : documents_) {
        const auto found = follow(document, document.tree, path);
        if (found && (!best || (found->complete && !best->complete))) {
            best = found;
        }
    }
    return best;
}

Mistake Places::with_place(std::string_view path, const std::string& message) const {
    const auto found = find(path);
    if (!found) {
        return {std::string(path), fmt::format("{}: {}", file_, message)};
    }
    const Source& source = *found->document->source;
    const Error error =
        text::error_at(source.text, source.file, source.origins, found->mark, message);
    return {std::string(path), error.text(), found->mark, found->document->layer};
}

}  // namespace lima::config
