#include "core/template/image_locator.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/template/locator.hpp"
#include "core/text/yaml.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace lima::tmpl {
namespace {

constexpr std::array<std::string_view, 5> kImageSuffixes = {".img", ".qcow2", ".raw", ".iso",
                                                            ".ipsw"};
constexpr std::array<std::string_view, 5> kPackSuffixes = {"", ".gz", ".xz", ".bz2", ".zstd"};
/// Words that say nothing that a name needs.
constexpr std::array<std::string_view, 22> kGenericTags = {
    "base",    "basic",        "cloud", "cloudimg", "cloudinit", "current", "daily",     "default",
    "generic", "genericcloud", "kvm",   "latest",   "linux",     "minimal", "openstack", "release",
    "restore", "server",       "std",   "stream",   "uefi",      "vm"};

struct ArchWord {
    std::string_view word;
    const char* arch;
};
constexpr std::array<ArchWord, 10> kArchWords = {{{"aarch64", "aarch64"},
                                                  {"arm64", "aarch64"},
                                                  {"amd64", "x86_64"},
                                                  {"x86_64", "x86_64"},
                                                  {"armhf", "armv7l"},
                                                  {"armv7l", "armv7l"},
                                                  {"ppc64el", "ppc64le"},
                                                  {"ppc64le", "ppc64le"},
                                                  {"riscv64", "riscv64"},
                                                  {"s390x", "s390x"}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}
bool is_separator(char c) { return c == '-' || c == '_' || c == '.'; }

/// Length of the image suffix, 0 when there is none.
std::size_t suffix_length(std::string_view name) {
    for (std::string_view image : kImageSuffixes) {
        for (std::string_view pack : kPackSuffixes) {
            const std::string suffix = std::string(image) + std::string(pack);
            if (name.ends_with(suffix)) {
                return suffix.size();
            }
        }
    }
    return 0;
}

bool has_word(std::string_view text, std::string_view word) {
    for (std::size_t at = text.find(word); at != std::string_view::npos;
         at = text.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) {
            return true;
        }
    }
    return false;
}

/// Removes the word where a separator stands before it and no word character behind.
std::string without_word(std::string text, std::string_view word) {
    std::size_t at = 0;
    while ((at = text.find(word, at)) != std::string::npos) {
        const std::size_t end = at + word.size();
        if (at > 0 && is_separator(text[at - 1]) && (end == text.size() || !is_word(text[end]))) {
            text.erase(at - 1, word.size() + 1);
        } else {
            ++at;
        }
    }
    return text;
}

std::string without_tags(const std::string& text) {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        if (is_separator(text[at])) {
            const auto tag =
                std::find_if(kGenericTags.begin(), kGenericTags.end(), [&](std::string_view word) {
                    const std::size_t end = at + 1 + word.size();
                    return text.compare(at + 1, word.size(), word) == 0 &&
                           (end == text.size() || !is_word(text[end]));
                });
            if (tag != kGenericTags.end()) {
                at += 1 + tag->size();
                continue;
            }
        }
        out += text[at++];
    }
    return out;
}

/// "-20260526.0" and the like.
std::string without_dates(const std::string& text) {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::string_view rest = std::string_view(text).substr(at);
        const bool date = rest.size() >= 9 && is_separator(rest[0]) && rest.substr(1, 2) == "20" &&
                          std::all_of(rest.begin() + 3, rest.begin() + 9, is_digit) &&
                          (rest.size() == 9 || !is_digit(rest[9]));
        if (!date) {
            out += text[at++];
            continue;
        }
        at += 9;
        if (at + 1 < text.size() && is_separator(text[at]) && is_digit(text[at + 1])) {
            ++at;
            while (at < text.size() && is_digit(text[at])) {
                ++at;
            }
        }
    }
    return out;
}

/// "rocky-9-9.8" is "rocky-9.8".
std::string without_doubled_major(std::string text) {
    for (std::size_t at = text.find('-'); at != std::string::npos; at = text.find('-', at + 1)) {
        std::size_t end = at + 1;
        while (end < text.size() && is_digit(text[end])) {
            ++end;
        }
        const std::string number = text.substr(at, end - at);  // "-9"
        if (number.size() > 1 && text.compare(end, number.size() + 1, number + ".") == 0) {
            text.erase(at, number.size());
        }
    }
    return text;
}

}  // namespace

std::string image_name(const std::string& file_name, const std::string& native_arch) {
    std::string name = to_lower(file_name);
    name.resize(name.size() - suffix_length(name));
    if (name.starts_with("nocloud_")) {
        name.erase(0, std::string_view("nocloud_").size());
    }
    name = without_tags(name);
    if (const std::size_t at = name.find("universalmac_"); at != std::string::npos) {
        name.replace(at, std::string_view("universalmac_").size(), "macos-");
    }
    name = replace_all(std::move(name), "arm64-aarch64", "arm64");
    name = without_dates(without_word(std::move(name), native_arch));
    if (name == "arch" || (name.starts_with("arch") && is_separator(name[4]))) {
        name.replace(0, 4, "archlinux");
    }
    name = without_doubled_major(std::move(name));
    if (name.starts_with("macos-")) {
        const std::size_t end =
            name.find_first_not_of("0123456789.", std::string_view("macos-").size());
        name = name.substr(0, end);
    }
    return name;
}

std::optional<ImageTemplate> image_template(const std::string& locator, const HostFacts& host) {
    if (suffix_length(locator) == 0) {
        return std::nullopt;
    }
    const std::string lower = to_lower(locator);
    const std::string os = has_word(lower, "freebsd")                            ? "FreeBSD"
                           : has_word(lower, "macos") || has_word(lower, "ipsw") ? "Darwin"
                                                                                 : "Linux";
    ImageTemplate out;
    std::string arch;
    for (const ArchWord& word : kArchWords) {
        if (arch.empty() && has_word(locator, word.word)) {
            arch = word.arch;
        }
    }
    if (arch.empty()) {
        out.arch_guessed = os != "Darwin";
        arch = os == "Darwin" ? "aarch64" : host.arch;
    }
    Json image = Json::object();
    image["location"] = locator;
    image["arch"] = arch;
    Json document = Json::object();
    document["os"] = os;
    document["arch"] = arch;
    document["images"] = Json::array({std::move(image)});
    out.text = text::emit_yaml(document);
    const std::string name = image_name(last_component(locator), host.arch);
    out.name = is_identifier(name) ? name : "";
    return out;
}

}  // namespace lima::tmpl
