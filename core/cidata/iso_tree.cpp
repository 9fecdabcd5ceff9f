#include "core/cidata/iso_tree.hpp"

#include "core/base/text.hpp"
#include "core/base/utf8.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <sys/stat.h>

namespace lima::cidata {
namespace {

constexpr std::size_t kMaxDepth = 8;    // ISO 9660, 6.8.2.1
constexpr std::size_t kMaxName = 255;   // what Linux shows
constexpr std::size_t kMaxJoliet = 64;  // characters
constexpr std::uint64_t kMaxFile = 0xFFFFFFFFULL;

/// Upper-case letters, digits and underscores, at most so many.
std::string d_characters(std::string_view text, std::size_t limit) {
    std::string out;
    for (char c : text) {
        if (out.size() == limit) {
            break;
        }
        if (c >= 'a' && c <= 'z') {
            c = static_cast<char>(c - 'a' + 'A');
        }
        const bool good = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        out += good ? c : '_';
    }
    return out;
}

/// Hands out identifiers of one directory; a taken one gets a number at its end.
class Names {
public:
    template <class Make>
    std::string unique(Make make) {
        std::string id = make("");
        for (int n = 0; !taken_.insert(id).second; ++n) {
            id = make(std::to_string(n));
        }
        return id;
    }

private:
    std::set<std::string> taken_;
};

std::string primary_id(const IsoNode& node, Names& names) {
    std::string_view stem = node.name;
    std::string_view extension;
    const auto dot = stem.rfind('.');
    if (!node.directory && dot != std::string_view::npos && dot > 0) {
        extension = stem.substr(dot + 1);
        stem = stem.substr(0, dot);
    }
    const std::string tail = d_characters(extension, 3);
    return names.unique([&](const std::string& number) {
        const std::string base = d_characters(stem, 8 - number.size()) + number;
        return node.directory ? base : base + "." + tail + ";1";
    });
}

std::string joliet_id(const IsoNode& node, Names& names) {
    std::string text = to_ucs2(node.name);
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        const auto low = static_cast<unsigned char>(text[i + 1]);
        const bool bad =
            text[i] == 0 &&
            (low < 0x20 || std::string_view("*/:;?\\").find(text[i + 1]) != std::string_view::npos);
        if (bad) {
            text[i + 1] = '_';
        }
    }
    return names.unique([&](const std::string& number) {
        const std::size_t room = 2 * (kMaxJoliet - number.size());
        return text.substr(0, room) + to_ucs2(number);
    });
}

/// ISO 9660 compares name and extension apart, as if both were padded with spaces.
bool primary_less(const IsoNode* a, const IsoNode* b) {
    const auto parts = [](const std::string& id) {
        const std::string_view text(id);
        const auto end = std::min(text.find(';'), text.size());
        const auto dot = std::min(text.find('.'), end);
        return std::pair(text.substr(0, dot),
                         dot == end ? "" : text.substr(dot + 1, end - dot - 1));
    };
    return parts(a->place[kPrimary].id) < parts(b->place[kPrimary].id);
}

void name_children(IsoNode& directory) {
    Names primary;
    Names joliet;
    std::vector<IsoNode*> all;
    for (const auto& child : directory.children) {
        child->place[kPrimary].id = primary_id(*child, primary);
        child->place[kJoliet].id = joliet_id(*child, joliet);
        all.push_back(child.get());
        if (child->directory) {
            name_children(*child);
        }
    }
    std::sort(all.begin(), all.end(), primary_less);
    directory.place[kPrimary].sorted = all;
    std::sort(all.begin(), all.end(), [](const IsoNode* a, const IsoNode* b) {
        return a->place[kJoliet].id < b->place[kJoliet].id;
    });
    directory.place[kJoliet].sorted = std::move(all);
}

Result<std::uint64_t> size_of(const Entry& entry) {
    std::uint64_t size = entry.data.size();
    if (!entry.source.empty()) {
        struct stat st{};
        if (::stat(entry.source.c_str(), &st) != 0) {
            return fail_errno(errno, "cannot read " + entry.source.native());
        }
        if (!S_ISREG(st.st_mode)) {
            return failf(Code::kInvalidArgument, "{} is not a regular file", entry.source.native());
        }
        size = static_cast<std::uint64_t>(st.st_size);
    }
    if (size > kMaxFile) {
        return failf(Code::kInvalidArgument,
                     "{} is larger than 4 GiB, too large for a file in an ISO image", entry.path);
    }
    return size;
}

class TreeBuilder {
public:
    TreeBuilder() : root_(std::make_unique<IsoNode>()) {
        root_->directory = true;
        root_->mode = 0755;
        root_->parent = root_.get();
    }

    Result<void> add(const Entry& entry) {
        const std::vector<std::string> parts = split(entry.path, '/');
        if (parts.size() > kMaxDepth) {
            return failf(Code::kInvalidArgument, "{} lies deeper than {} levels",
                         go_quote(entry.path), kMaxDepth);
        }
        IsoNode* directory = root_.get();
        for (std::size_t i = 0; i < parts.size(); ++i) {
            const std::string& part = parts[i];
            const bool odd = part.empty() || part == "." || part == ".." ||
                             part.size() > kMaxName || part.find('\0') != std::string::npos;
            if (odd) {
                return failf(Code::kInvalidArgument, "{} is no relative path for an ISO image",
                             go_quote(entry.path));
            }
            const bool last = i + 1 == parts.size();
            IsoNode*& known = children_[directory][part];
            if (known != nullptr && (last || !known->directory)) {
                return failf(Code::kInvalidArgument, "{} is in the tree twice",
                             go_quote(entry.path));
            }
            if (known == nullptr) {
                known = make_child(*directory, part, !last);
            }
            directory = known;
        }
        directory->mode = entry.mode & 07777;
        directory->entry = &entry;
        LIMA_TRY(directory->size, size_of(entry));
        return {};
    }

    std::unique_ptr<IsoNode> finish() {
        sort_by_name(*root_);
        name_children(*root_);
        return std::move(root_);
    }

private:
    static IsoNode* make_child(IsoNode& directory, const std::string& name, bool is_directory) {
        auto child = std::make_unique<IsoNode>();
        child->name = name;
        child->directory = is_directory;
        child->mode = 0755;
        child->parent = &directory;
        directory.children.push_back(std::move(child));
        return directory.children.back().get();
    }
    /// The order of the entries must not show in the image.
    static void sort_by_name(IsoNode& directory) {
        std::sort(directory.children.begin(), directory.children.end(),
                  [](const auto& a, const auto& b) { return a->name < b->name; });
        for (const auto& child : directory.children) {
            sort_by_name(*child);
        }
    }

    std::unique_ptr<IsoNode> root_;
    std::map<IsoNode*, std::map<std::string, IsoNode*>> children_;
};

}  // namespace

std::string to_ucs2(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const utf8::Rune rune = utf8::decode(text);
        const bool fits = rune.valid && rune.value <= 0xFFFF;
        const char32_t value = fits ? rune.value : U'_';
        out += static_cast<char>(value >> 8);
        out += static_cast<char>(value & 0xFF);
        text.remove_prefix(rune.size);
    }
    return out;
}

Result<std::unique_ptr<IsoNode>> make_iso_tree(const std::vector<Entry>& entries) {
    TreeBuilder builder;
    for (const Entry& entry : entries) {
        LIMA_DO(builder.add(entry));
    }
    return builder.finish();
}

std::vector<IsoNode*> directories(IsoNode& root, View view) {
    std::vector<IsoNode*> out = {&root};
    for (std::size_t i = 0; i < out.size(); ++i) {
        for (IsoNode* child : out[i]->place[view].sorted) {
            if (child->directory) {
                out.push_back(child);
            }
        }
    }
    return out;
}

}  // namespace lima::cidata
