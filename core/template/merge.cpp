#include "core/template/merge.hpp"

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

bool is_given(const Json& object, const std::string& key) {
    return object.contains(key) && !object[key].is_null();
}

Json joined(const Json& first, const Json& second) {
    Json out = first;
    for (const Json& item : second) {
        out.push_back(item);
    }
    return out;
}

Json unique(const Json& items) {
    Json out = Json::array();
    for (const Json& item : items) {
        if (std::find(out.begin(), out.end(), item) == out.end()) {
            out.push_back(item);
        }
    }
    return out;
}

/// `root` is the first element of the path: the rule for a list goes by it.
void merge_lists(Json& top, const Json& base, std::string_view root) {
    if (root == "base" || root == "provision" || root == "probes") {
        top = joined(base, top);
    } else if (root == "dns") {
        if (top.empty()) {
            top = base;
        }
    } else if (root == "mountTypesUnsupported") {
        top = unique(joined(top, base));
    } else {
        top = joined(top, base);
    }
}

std::optional<std::array<int, 3>> semantic_version(const Json& value) {
    if (!value.is_string()) {
        return std::nullopt;
    }
    const auto parts = split(value.get_ref<const std::string&>(), '.');
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

/// Of two minimum versions the higher one counts.
void merge_versions(Json& top, const Json& base) {
    constexpr const char* kMinimum = "minimumLimaVersion";
    if (base.contains(kMinimum) && base[kMinimum].is_string() && top.contains(kMinimum) &&
        top[kMinimum].is_string()) {
        const auto& mine = top[kMinimum].get_ref<const std::string&>();
        const auto& theirs = base[kMinimum].get_ref<const std::string&>();
        if (mine != theirs && version_at_least(theirs, mine)) {
            top[kMinimum] = base[kMinimum];
        }
    }
    const Json::json_pointer qemu("/vmOpts/qemu/minimumVersion");
    if (top.contains(qemu) && base.contains(qemu)) {
        const auto mine = semantic_version(top[qemu]);
        const auto theirs = semantic_version(base[qemu]);
        if (mine && theirs && *theirs > *mine) {
            top[qemu] = base[qemu];
        }
    }
}

void merge_maps(Json& top, const Json& base, std::string_view root) {
    for (const auto& [key, item] : base.items()) {
        const std::string_view first = root.empty() ? std::string_view(key) : root;
        if (!top.contains(key)) {
            top[key] = item;
        } else if (top[key].is_object() && item.is_object()) {
            merge_maps(top[key], item, first);
        } else if (top[key].is_array() && item.is_array()) {
            merge_lists(top[key], item, first);
        }
    }
}

// --- entries of a list ---

struct EntryRules {
    const char* list;
    std::string (*key)(const Json& entry);
    void (*fill)(Json& target, const Json& source);
};

std::string text_at(const Json& entry, const char* key) {
    return entry.is_object() ? json_string(entry, key) : "";
}

void fill_key(Json& target, const Json& source, const char* key) {
    if (is_given(source, key) && !is_given(target, key)) {
        target[key] = source[key];
    }
}

void fill_part(Json& target, const Json& source, const char* part,
               const std::vector<const char*>& keys) {
    if (!is_given(source, part) || !source[part].is_object()) {
        return;
    }
    for (const char* key : keys) {
        if (is_given(source[part], key)) {
            if (!is_given(target, part)) {
                target[part] = Json::object();
            }
            if (target[part].is_object()) {
                fill_key(target[part], source[part], key);
            }
        }
    }
}

void fill_disk(Json& target, const Json& source) {
    if (!source.is_object()) {
        return;
    }
    Json full = target;
    if (target.is_string()) {
        full = Json::object();
        full["name"] = target;
    }
    const std::size_t before = full.size();
    for (const char* key : {"format", "fsType", "fsArgs"}) {
        fill_key(full, source, key);
    }
    if (target.is_object() || full.size() > before) {
        target = std::move(full);
    }
}

void fill_mount(Json& target, const Json& source) {
    if (!target.is_object()) {
        return;
    }
    fill_key(target, source, "mountPoint");
    fill_key(target, source, "writable");
    fill_part(target, source, "sshfs", {"cache", "followSymlinks", "sftpDriver"});
    fill_part(target, source, "9p", {"securityModel", "protocolVersion", "msize", "cache"});
    fill_part(target, source, "virtiofs", {"queueSize"});
}

void fill_network(Json& target, const Json& source) {
    if (!target.is_object()) {
        return;
    }
    if (!is_given(target, "lima") && !is_given(target, "socket")) {
        fill_key(target, source, "lima");
        fill_key(target, source, "socket");
    }
    for (const char* key : {"macAddress", "vzNAT", "metric"}) {
        fill_key(target, source, key);
    }
}

std::string disk_key(const Json& entry) {
    return entry.is_string() ? entry.get<std::string>() : text_at(entry, "name");
}
std::string mount_key(const Json& entry) {
    const std::string point = text_at(entry, "mountPoint");
    return point.empty() ? text_at(entry, "location") : point;
}
std::string network_key(const Json& entry) { return text_at(entry, "interface"); }

constexpr std::array<EntryRules, 3> kEntryRules = {{{"additionalDisks", disk_key, fill_disk},
                                                    {"mounts", mount_key, fill_mount},
                                                    {"networks", network_key, fill_network}}};

Json combined(const Json& items, const EntryRules& rules) {
    Json out = Json::array();
    for (const Json& item : items) {
        const std::string key = rules.key(item);
        if (key == "*") {
            for (Json& earlier : out) {
                rules.fill(earlier, item);
            }
            continue;
        }
        const auto same = std::find_if(out.begin(), out.end(), [&](const Json& other) {
            return !key.empty() && rules.key(other) == key;
        });
        if (same != out.end()) {
            rules.fill(*same, item);
        } else {
            out.push_back(item);
        }
    }
    return out;
}

}  // namespace

void merge_base(Json& top, const Json& base) {
    merge_versions(top, base);
    merge_maps(top, base, "");
}

void combine_entries(Json& document) {
    for (const EntryRules& rules : kEntryRules) {
        if (document.contains(rules.list) && document[rules.list].is_array()) {
            document[rules.list] = combined(document[rules.list], rules);
        }
    }
}

}  // namespace lima::tmpl
