#include "core/template/combine.hpp"

#include "core/base/json.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <vector>

namespace lima::tmpl {
namespace {

using text::Document;
using text::Field;
using text::Node;
using text::Part;

const Node::Entry* given(const Node& mapping, std::string_view key) {
    for (const Node::Entry& entry : mapping.entries) {
        if (entry.key == key && !entry.value.is_null()) {
            return &entry;
        }
    }
    return nullptr;
}

std::string text_at(const Node& mapping, std::string_view key) {
    const Node::Entry* entry = given(mapping, key);
    const Json value = entry == nullptr ? Json() : to_json(entry->value, text::Schema::kGo);
    return value.is_string() ? value.get<std::string>() : std::string();
}

/// A map on its way to more fields.
class Target {
public:
    Target(const Document& document, Part& part) : document_(document), part_(part) {}

    bool has(std::string_view key) const {
        if (part_.kind != Part::Kind::kMapping) {
            return given(written(), key) != nullptr;
        }
        const Field* field = find(key);
        return field != nullptr && !is_null(field->value);
    }

    /// The field of another map, unless there is one.
    void fill(const Node& source, std::string_view key) {
        const Node::Entry* entry = given(source, key);
        if (entry != nullptr && !has(key)) {
            put(key, text::copy_of(document_, source, *entry));
        }
    }

    /// The same for fields of the map at `part`.
    void fill_part(const Node& source, std::string_view part,
                   std::initializer_list<std::string_view> keys) {
        const Node::Entry* entry = given(source, part);
        if (entry == nullptr || entry->value.kind != text::Kind::kMapping) {
            return;
        }
        const bool any = std::any_of(keys.begin(), keys.end(), [&](std::string_view key) {
            return given(entry->value, key) != nullptr;
        });
        if (!any) {
            return;
        }
        open();
        Field* field = find(part);
        Part below = field != nullptr && !is_null(field->value) ? std::move(field->value) : empty();
        if (!is_map(below)) {
            field->value = std::move(below);
            return;
        }
        Target target(document_, below);
        for (std::string_view key : keys) {
            target.fill(entry->value, key);
        }
        put(part, std::move(below));
    }

    /// "name" becomes {name: name}.
    void spread(const Node& sequence, std::string_view key) {
        Part name = text::copy_of(document_, sequence, *part_.here);
        part_.kind = Part::Kind::kMapping;
        part_.fields.push_back(Field{std::string(key), nullptr, std::move(name)});
    }

private:
    static bool is_null(const Part& part) { return to_json(part).is_null(); }

    static bool is_map(const Part& part) {
        return part.kind == Part::Kind::kMapping ||
               (part.kind == Part::Kind::kSame && part.here->kind == text::Kind::kMapping) ||
               (part.kind == Part::Kind::kCopy && part.node->kind == text::Kind::kMapping);
    }

    /// Before anything changed.
    const Node& written() const {
        return part_.kind == Part::Kind::kSame ? *part_.here : *part_.node;
    }

    static Part empty() {
        Part out;
        out.kind = Part::Kind::kMapping;
        return out;
    }

    Field* find(std::string_view key) const {
        const auto found = std::find_if(part_.fields.begin(), part_.fields.end(),
                                        [key](const Field& field) { return field.key == key; });
        return found == part_.fields.end() ? nullptr : &*found;
    }

    void open() {
        if (part_.kind == Part::Kind::kMapping) {
            return;
        }
        const Node& node = written();
        const bool here = part_.kind == Part::Kind::kSame;
        for (const Node::Entry& entry : node.entries) {
            part_.fields.push_back(
                here ? Field{entry.key, &entry, text::same(entry.value)}
                     : Field{entry.key, nullptr, text::copy_of(document_, node, entry)});
        }
        part_.kind = Part::Kind::kMapping;
    }

    void put(std::string_view key, Part value) {
        open();
        if (Field* field = find(key)) {
            value.here = field->here == nullptr ? nullptr : &field->here->value;
            field->value = std::move(value);
            return;
        }
        part_.fields.push_back(Field{std::string(key), nullptr, std::move(value)});
    }

    const Document& document_;
    Part& part_;
};

// --- what can be filled ---

void fill_disk(Target& target, const Part& part, const Node& sequence, const Node& source) {
    const auto keys = {"format", "fsType", "fsArgs"};
    const bool name_only = part.kind == Part::Kind::kSame && part.here->kind == text::Kind::kScalar;
    const bool any = std::any_of(keys.begin(), keys.end(),
                                 [&](const char* key) { return given(source, key) != nullptr; });
    if (name_only && any) {
        target.spread(sequence, "name");
    }
    if (any) {
        for (const char* key : keys) {
            target.fill(source, key);
        }
    }
}

void fill_mount(Target& target, const Part&, const Node&, const Node& source) {
    target.fill(source, "mountPoint");
    target.fill(source, "writable");
    target.fill_part(source, "sshfs", {"cache", "followSymlinks", "sftpDriver"});
    target.fill_part(source, "9p", {"securityModel", "protocolVersion", "msize", "cache"});
    target.fill_part(source, "virtiofs", {"queueSize"});
}

void fill_network(Target& target, const Part&, const Node&, const Node& source) {
    if (!target.has("lima") && !target.has("socket")) {
        target.fill(source, "lima");
        target.fill(source, "socket");
    }
    for (const char* key : {"macAddress", "vzNAT", "metric"}) {
        target.fill(source, key);
    }
}

std::string disk_key(const Node& item) {
    const Json value = item.kind == text::Kind::kScalar ? to_json(item, text::Schema::kGo) : Json();
    return value.is_string() ? value.get<std::string>() : text_at(item, "name");
}
std::string mount_key(const Node& item) {
    const std::string point = text_at(item, "mountPoint");
    return point.empty() ? text_at(item, "location") : point;
}
std::string network_key(const Node& item) { return text_at(item, "interface"); }

struct Rules {
    std::string_view list;
    std::string (*key)(const Node& item);
    void (*fill)(Target& target, const Part& part, const Node& sequence, const Node& source);
    bool short_form;  // a string may stand for an entry
};
constexpr std::array<Rules, 3> kRules = {{{"additionalDisks", disk_key, fill_disk, true},
                                          {"mounts", mount_key, fill_mount, false},
                                          {"networks", network_key, fill_network, false}}};

void fill(const Document& document, const Rules& rules, Part& part, const Node& sequence,
          const Node& source) {
    const bool fits = part.kind == Part::Kind::kMapping ||
                      part.here->kind == text::Kind::kMapping ||
                      (rules.short_form && part.here->kind == text::Kind::kScalar);
    if (fits && source.kind == text::Kind::kMapping) {
        Target target(document, part);
        rules.fill(target, part, sequence, source);
    }
}

Part combined(const Document& document, const Rules& rules, const Node& list) {
    Part out = text::same(list);
    std::vector<std::string> keys;
    for (const Node& item : list.items) {
        const std::string key = rules.key(item);
        const auto same = std::find(keys.begin(), keys.end(), key);
        if (key == "*") {
            for (Part& earlier : out.items) {
                fill(document, rules, earlier, list, item);
            }
        } else if (!key.empty() && same != keys.end()) {
            fill(document, rules, out.items[same - keys.begin()], list, item);
        } else {
            out.items.push_back(text::same(item));
            keys.push_back(key);
        }
    }
    if (out.items.size() == list.items.size()) {
        return text::same(list);
    }
    out.kind = Part::Kind::kSequence;
    return out;
}

}  // namespace

Part combine_entries(const Document& document) {
    Part out = text::same(document.root);
    bool changed = false;
    for (const Node::Entry& entry : document.root.entries) {
        Field field{entry.key, &entry, text::same(entry.value)};
        for (const Rules& rules : kRules) {
            if (entry.key == rules.list && entry.value.kind == text::Kind::kSequence) {
                field.value = combined(document, rules, entry.value);
                changed = changed || field.value.kind != Part::Kind::kSame;
            }
        }
        out.fields.push_back(std::move(field));
    }
    if (!changed) {
        return text::same(document.root);
    }
    out.kind = Part::Kind::kMapping;
    return out;
}

}  // namespace lima::tmpl
