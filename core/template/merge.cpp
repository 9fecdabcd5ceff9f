#include "core/template/merge.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/base/version.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lima::tmpl {
namespace {

using text::Document;
using text::Field;
using text::Node;
using text::Part;

constexpr std::string_view kBase = "base";

const Node::Entry* entry_at(const Node& mapping, std::string_view key) {
    const auto found = std::find_if(mapping.entries.begin(), mapping.entries.end(),
                                    [key](const Node::Entry& entry) { return entry.key == key; });
    return found == mapping.entries.end() ? nullptr : &*found;
}

std::optional<std::array<int, 3>> semantic_version(const std::string& text) {
    const auto parts = split(text, '.');
    std::array<int, 3> out{};
    if (parts.size() != out.size()) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        const char* const end = parts[i].data() + parts[i].size();
        const auto [at, error] = std::from_chars(parts[i].data(), end, out[i]);
        if (error != std::errc() || at != end) {
            return std::nullopt;
        }
    }
    return out;
}

bool is_higher_version(std::string_view path, const Node& mine, const Node& theirs) {
    const Json ours = text::to_json(mine, text::Schema::kGo);
    const Json other = text::to_json(theirs, text::Schema::kGo);
    if (!ours.is_string() || !other.is_string()) {
        return false;
    }
    const auto& a = ours.get_ref<const std::string&>();
    const auto& b = other.get_ref<const std::string&>();
    if (path == "minimumLimaVersion") {
        return a != b && version_at_least(b, a);
    }
    if (path == "vmOpts.qemu.minimumVersion") {
        const auto low = semantic_version(a);
        const auto high = semantic_version(b);
        return low && high && *high > *low;
    }
    return false;
}

class Merger {
public:
    Merger(const Document& top, const Document& base) : top_(top), base_(base) {}

    Part run(bool first_goes) {
        Part out = maps(top_.root, base_.root, "");
        merge_bases(out, first_goes);
        return out;
    }

private:
    Part maps(const Node& top, const Node& base, const std::string& path) {
        Part out = text::same(top);
        bool changed = false;
        for (const Node::Entry& entry : top.entries) {
            Field field{entry.key, &entry, text::same(entry.value)};
            const Node::Entry* theirs = entry_at(base, entry.key);
            if (theirs != nullptr && !(path.empty() && entry.key == kBase)) {
                const std::string below = path.empty() ? entry.key : path + "." + entry.key;
                field.value = both(entry.value, base, *theirs, below);
                changed = changed || field.value.kind != Part::Kind::kSame;
            }
            out.fields.push_back(std::move(field));
        }
        for (const Node::Entry& entry : base.entries) {
            if (entry_at(top, entry.key) == nullptr && !(path.empty() && entry.key == kBase)) {
                out.fields.push_back(Field{entry.key, nullptr, text::copy_of(base_, base, entry)});
                changed = true;
            }
        }
        if (!changed) {
            return text::same(top);
        }
        out.kind = Part::Kind::kMapping;
        return out;
    }

    Part both(const Node& mine, const Node& base, const Node::Entry& theirs,
              const std::string& path) {
        if (mine.kind == text::Kind::kMapping && theirs.value.kind == text::Kind::kMapping) {
            return maps(mine, theirs.value, path);
        }
        if (mine.kind == text::Kind::kSequence && theirs.value.kind == text::Kind::kSequence) {
            return lists(mine, base, theirs, path.substr(0, path.find('.')));
        }
        if (is_higher_version(path, mine, theirs.value)) {
            Part out = text::copy_of(base_, base, theirs);
            out.here = &mine;
            return out;
        }
        return text::same(mine);
    }

    /// `root` is the first element of the path: the rule for a list goes by it.
    Part lists(const Node& mine, const Node& base, const Node::Entry& theirs,
               std::string_view root) {
        const bool only_one = root == "dns" && !mine.items.empty();
        if (theirs.value.items.empty() || only_one) {
            return text::same(mine);
        }
        if (mine.items.empty()) {
            Part out = text::copy_of(base_, base, theirs);
            out.here = &mine;
            return out;
        }
        Part out = text::same(mine);
        out.kind = Part::Kind::kSequence;
        for (const Node& item : mine.items) {
            out.items.push_back(text::same(item));
        }
        std::vector<Part> more;
        for (const Node& item : theirs.value.items) {
            more.push_back(text::copy_of(base_, theirs.value, item));
        }
        more.front().list_parent = &base;
        more.front().list_key = &theirs;
        const bool before = root == "provision" || root == "probes";
        out.items.insert(before ? out.items.begin() : out.items.end(), more.begin(), more.end());
        if (root == "mountTypesUnsupported") {
            drop_duplicates(out.items);
        }
        return out;
    }

    static void drop_duplicates(std::vector<Part>& items) {
        std::vector<Json> seen;
        const auto is_duplicate = [&seen](const Part& item) {
            Json value = to_json(item);
            if (std::find(seen.begin(), seen.end(), value) != seen.end()) {
                return true;
            }
            seen.push_back(std::move(value));
            return false;
        };
        // Not std::erase_if: the order of its calls is not promised.
        std::vector<Part> kept;
        for (Part& item : items) {
            if (!is_duplicate(item)) {
                kept.push_back(std::move(item));
            }
        }
        items = std::move(kept);
    }

    void merge_bases(Part& out, bool first_goes) {
        const Node::Entry* mine = entry_at(top_.root, kBase);
        const Node::Entry* theirs = entry_at(base_.root, kBase);
        const bool more =
            theirs != nullptr && !theirs->value.is_null() &&
            !(theirs->value.kind == text::Kind::kSequence && theirs->value.items.empty());
        if (!more && (mine == nullptr || !first_goes)) {
            return;
        }
        open(out);
        std::erase_if(out.fields, [](const Field& field) { return field.key == kBase; });
        Part list = bases(mine, more ? theirs : nullptr, first_goes);
        if (!list.items.empty()) {
            out.fields.push_back(Field{std::string(kBase), mine, std::move(list)});
        }
    }

    /// A part that stays as it is, as one of which fields can be changed.
    static void open(Part& part) {
        if (part.kind != Part::Kind::kSame) {
            return;
        }
        part.kind = Part::Kind::kMapping;
        for (const Node::Entry& entry : part.here->entries) {
            part.fields.push_back(Field{entry.key, &entry, text::same(entry.value)});
        }
    }

    Part bases(const Node::Entry* mine, const Node::Entry* theirs, bool first_goes) const {
        Part out;
        out.kind = Part::Kind::kSequence;
        out.here = mine == nullptr ? nullptr : &mine->value;
        if (theirs != nullptr && theirs->value.kind == text::Kind::kSequence) {
            for (const Node& item : theirs->value.items) {
                out.items.push_back(text::copy_of(base_, theirs->value, item));
            }
        } else if (theirs != nullptr) {
            out.items.push_back(text::value_of(to_json(theirs->value, text::Schema::kGo)));
        }
        if (mine != nullptr && mine->value.kind == text::Kind::kSequence) {
            for (const Node& item : mine->value.items) {
                const bool goes = first_goes && &item == &mine->value.items.front();
                if (!goes) {
                    out.items.push_back(text::same(item));
                }
            }
        } else if (mine != nullptr && !first_goes && !mine->value.is_null()) {
            out.items.push_back(text::value_of(to_json(mine->value, text::Schema::kGo)));
        }
        return out;
    }

    const Document& top_;
    const Document& base_;
};

}  // namespace

text::Part merge_base(const Document& top, const Document& base, bool first_goes) {
    return Merger(top, base).run(first_goes);
}

}  // namespace lima::tmpl
