#include "core/cli/kit/complete_set.hpp"

#include "core/base/text.hpp"
#include "core/config/fields.hpp"
#include "core/driver/registry.hpp"

#include <fmt/format.h>

#include <bit>

namespace lima::cli {

namespace {

using Words = std::vector<std::string>;

struct Path {
    std::string path;  // ".ssh.localPort"
    const char* doc;
    bool is_bool;
};

template <class T>
void add_leaf(std::vector<Path>& out, const std::string& path, const char* doc) {
    out.push_back({path, doc, std::is_same_v<T, std::optional<bool>>});
}

/// Two levels deep; lists and maps are leaves.
std::vector<Path> paths() {
    std::vector<Path> out;
    config::for_each_field<config::Config>([&out](const auto& field) {
        using Member = typename std::decay_t<decltype(field)>::MemberType;
        const std::string path = std::string(".") + field.key;
        if constexpr (config::HasTable<Member>) {
            config::for_each_field<Member>([&](const auto& inner) {
                using Inner = typename std::decay_t<decltype(inner)>::MemberType;
                if constexpr (!config::HasTable<Inner>) {
                    add_leaf<Inner>(out, path + "." + inner.key, inner.doc);
                }
            });
        } else {
            add_leaf<Member>(out, path, field.doc);
        }
    });
    return out;
}

/// What fits beside a candidate.
std::string first_sentence(std::string_view doc) {
    doc = doc.substr(0, doc.find(". "));
    return std::string(doc.ends_with('.') ? doc.substr(0, doc.size() - 1) : doc);
}

Words values_of(const Path& path) {
    if (path.is_bool) {
        return {"true", "false"};
    }
    Words words;
    if (path.path == ".vmType") {
        for (const auto& found : driver::discover(driver::default_search_path()).drivers) {
            words.push_back(found.name);
        }
    } else if (path.path == ".os") {
        words = {"Linux", "Darwin", "FreeBSD", "Windows"};
    } else if (path.path == ".arch") {
        words = {"x86_64", "aarch64", "riscv64", "armv7l", "s390x", "ppc64le"};
    } else if (path.path == ".mountType") {
        words = {"reverse-sshfs", "9p", "virtiofs", "wsl2"};
    }
    for (auto& word : words) {
        word = go_quote(word);
    }
    return words;
}

}  // namespace

Words complete_set(const std::string& word) {
    const auto equals = word.find('=');
    Words out;
    for (const Path& path : paths()) {
        if (equals == std::string::npos) {
            out.push_back(path.path + "=\t" + first_sentence(path.doc));
        } else if (path.path == word.substr(0, equals)) {
            for (const auto& value : values_of(path)) {
                out.push_back(path.path + "=" + value);
            }
        }
    }
    return out;
}

Words memory_sizes(std::int64_t host_bytes) {
    constexpr double kGiB = 1024.0 * 1024 * 1024;
    const double half = static_cast<double>(host_bytes) / kGiB / 2;
    if (half < 1) {
        return {"0.5"};
    }
    Words sizes;
    double size = 1;
    for (; size <= half; size *= 2) {
        sizes.push_back(fmt::format("{:.1f}", size));
    }
    const std::string last = fmt::format("{:.1f}", half);
    if (sizes.back() != last) {
        sizes.push_back(last);
    }
    return sizes;
}

}  // namespace lima::cli
