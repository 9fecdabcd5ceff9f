// Every template of templates/ is read, embedded, loaded and validated; the library is the whole
// catalogue; and the filled forms of some are what they were.
#include "core/base/json.hpp"
#include "core/config/fields.hpp"
#include "core/config/validate.hpp"
#include "core/text/yaml.hpp"
#include "tests/support/golden.hpp"
#include "tests/unit/core/template/library_support.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace lima::tmpl {
namespace {

using library::embedded;
using library::host;
using library::input_for;
using library::kTemplates;
using library::loaded;
using library::options;

TEST(TemplateLibrary, EveryTemplateLoadsAndValidates) {
    for (const Listed& listed : list({kTemplates})) {
        const std::string text = embedded(listed.name);
        const auto in = input_for(listed.name, text);
        const auto loaded = config::load(in);
        ASSERT_TRUE(loaded.has_value()) << listed.name << ": " << loaded.error().text();
        EXPECT_TRUE(loaded->warnings.empty()) << loaded->warnings.front();
        config::ValidateInput check;
        check.host = host();
        check.source = &in;
        check.images_required = !listed.name.starts_with("_default/");
        const auto valid = config::validate(loaded->config, check);
        EXPECT_TRUE(valid.has_value()) << valid.error().text();
        EXPECT_EQ(text.find("template:_"), std::string::npos) << text;
    }
}

TEST(TemplateLibrary, EveryTemplateSaysWhatItIs) {
    for (const Listed& listed : list({kTemplates})) {
        const auto text = fs::read_file(listed.location);
        ASSERT_TRUE(text.has_value());
        EXPECT_TRUE(text->starts_with("# ")) << listed.name;
        EXPECT_TRUE(text->ends_with("\n") && !text->ends_with("\n\n")) << listed.name;
        std::size_t number = 0;
        for (const std::string& line : split(*text, '\n')) {
            ++number;
            EXPECT_FALSE(line.ends_with(' ')) << listed.name << ":" << number;
            EXPECT_TRUE(line.size() <= 120 || line.find("://") != std::string::npos ||
                        line.starts_with("  digest:"))
                << listed.name << ":" << number;
        }
    }
}

TEST(TemplateLibrary, TheCatalogueIsWhole) {
    const std::set<std::string> wanted{"almalinux",
                                       "almalinux-10",
                                       "almalinux-8",
                                       "almalinux-9",
                                       "alpine",
                                       "alpine-3.21",
                                       "alpine-3.22",
                                       "alpine-3.23",
                                       "alpine-iso",
                                       "apptainer",
                                       "apptainer-rootful",
                                       "archlinux",
                                       "buildkit",
                                       "centos-stream",
                                       "centos-stream-10",
                                       "centos-stream-9",
                                       "debian",
                                       "debian-11",
                                       "debian-12",
                                       "debian-13",
                                       "default",
                                       "docker",
                                       "docker-rootful",
                                       "experimental/almalinux-kitten",
                                       "experimental/almalinux-kitten-10",
                                       "experimental/alsa",
                                       "experimental/debian-sid",
                                       "experimental/fedora-rawhide",
                                       "experimental/freebsd-16",
                                       "experimental/freebsd-current",
                                       "experimental/gentoo",
                                       "experimental/opensuse-tumbleweed",
                                       "experimental/rke2",
                                       "experimental/u7s",
                                       "experimental/ubuntu-26.10",
                                       "experimental/ubuntu-next",
                                       "experimental/vnc",
                                       "experimental/wsl2",
                                       "faasd",
                                       "fedora",
                                       "fedora-41",
                                       "fedora-42",
                                       "fedora-43",
                                       "fedora-44",
                                       "freebsd",
                                       "freebsd-15",
                                       "homebrew-linux",
                                       "homebrew-macos",
                                       "k0s",
                                       "k3s",
                                       "k8s",
                                       "linuxbrew",
                                       "macos",
                                       "macos-15",
                                       "macos-26",
                                       "opensuse",
                                       "opensuse-leap",
                                       "opensuse-leap-15",
                                       "opensuse-leap-16",
                                       "oraclelinux",
                                       "oraclelinux-10",
                                       "oraclelinux-8",
                                       "oraclelinux-9",
                                       "podman",
                                       "podman-rootful",
                                       "rocky",
                                       "rocky-10",
                                       "rocky-8",
                                       "rocky-9",
                                       "ubuntu",
                                       "ubuntu-20.04",
                                       "ubuntu-22.04",
                                       "ubuntu-24.04",
                                       "ubuntu-24.10",
                                       "ubuntu-25.04",
                                       "ubuntu-25.10",
                                       "ubuntu-26.04",
                                       "ubuntu-lts",
                                       "windows",
                                       "windows-11",
                                       "windows-2025"};
    std::set<std::string> found;
    for (const Listed& listed : list({kTemplates})) {
        if (!listed.name.starts_with('_')) {
            found.insert(listed.name);
        }
    }
    EXPECT_THAT(found, testing::ContainerEq(wanted));
}

TEST(TemplateLibrary, AliasesAreLinksToTheNewest) {
    const std::map<std::string, std::string> wanted{
        {"_images/fedora", "fedora-44"},
        {"_images/freebsd", "freebsd-15"},
        {"_images/macos", "macos-26"},
        {"_images/opensuse-leap", "opensuse-leap-16"},
        {"_images/ubuntu", "ubuntu-26.04"},
        {"_images/ubuntu-lts", "ubuntu-26.04"},
        {"almalinux", "almalinux-10"},
        {"alpine", "alpine-3.23"},
        {"centos-stream", "centos-stream-10"},
        {"debian", "debian-13"},
        {"experimental/almalinux-kitten", "almalinux-kitten-10"},
        {"experimental/freebsd-current", "freebsd-16"},
        {"experimental/ubuntu-next", "ubuntu-26.10"},
        {"fedora", "fedora-44"},
        {"freebsd", "freebsd-15"},
        {"homebrew-linux", "linuxbrew"},
        {"macos", "macos-26"},
        {"opensuse", "opensuse-leap"},
        {"opensuse-leap", "opensuse-leap-16"},
        {"oraclelinux", "oraclelinux-10"},
        {"rocky", "rocky-10"},
        {"ubuntu", "ubuntu-26.04"},
        {"ubuntu-lts", "ubuntu-26.04"},
        {"windows", "windows-11"},
    };
    std::map<std::string, std::string> found;
    for (const Listed& listed : list({kTemplates})) {
        std::error_code error;
        const auto target = std::filesystem::read_symlink(listed.location, error);
        if (!error) {
            EXPECT_FALSE(target.has_parent_path()) << listed.name;
            found[listed.name] = target.stem().string();
        }
    }
    EXPECT_THAT(found, testing::ContainerEq(wanted));
}

// --- the default template names every field ---

/// The template with what stands in comments taken into use: from the first line of a comment that
/// looks like a key to the end of the paragraph.
std::string uncommented(const std::string& text) {
    static const std::regex kKey("^ *# (- )?[a-z0-9][A-Za-z0-9]*:( .*)?$");
    static const std::regex kComment("^( *)# ?(.*)$");
    std::string out;
    bool in_block = false;
    for (const std::string& line : split(text, '\n')) {
        std::smatch parts;
        if (!std::regex_match(line, parts, kComment)) {
            in_block = false;
        } else if (in_block || std::regex_match(line, kKey)) {
            in_block = true;
            out += parts[1].str() + parts[2].str() + "\n";
            continue;
        }
        out += line + "\n";
    }
    return out;
}

/// Adds what a value has of the fields of T: "mounts.9p.msize".
template <class T>
void missing_fields(const std::vector<const Json*>& values, const std::string& prefix,
                    std::vector<std::string>& missing);

template <class Member>
void look_into(const std::vector<const Json*>& values, const std::string& path,
               std::vector<std::string>& missing) {
    if constexpr (config::is_optional<Member>::value) {
        look_into<typename Member::value_type>(values, path, missing);
    } else if constexpr (config::is_vector<Member>::value) {
        std::vector<const Json*> items;
        for (const Json* value : values) {
            if (value->is_array()) {
                for (const Json& item : *value) {
                    items.push_back(&item);
                }
            } else {
                items.push_back(value);
            }
        }
        look_into<typename Member::value_type>(items, path, missing);
    } else if constexpr (config::HasTable<Member>) {
        missing_fields<Member>(values, path + ".", missing);
    }
}

template <class T>
void missing_fields(const std::vector<const Json*>& values, const std::string& prefix,
                    std::vector<std::string>& missing) {
    config::for_each_field<T>([&](const auto& field) {
        using Member = typename std::decay_t<decltype(field)>::MemberType;
        const std::string path = prefix + field.key;
        std::vector<const Json*> found;
        for (const Json* value : values) {
            if (value->is_object() && value->contains(field.key)) {
                found.push_back(&(*value)[field.key]);
            }
        }
        if (found.empty()) {
            missing.push_back(path);
        } else {
            look_into<Member>(found, path, missing);
        }
    });
}

TEST(TemplateLibrary, TheDefaultTemplateNamesEveryField) {
    const auto text = fs::read_file(kTemplates / "default.yaml");
    ASSERT_TRUE(text.has_value());
    const std::string full = uncommented(*text);
    const auto decoded = config::decode(config::Source{full, "default.yaml"});
    ASSERT_TRUE(decoded.has_value()) << decoded.error().text();
    EXPECT_TRUE(decoded->warnings.empty()) << decoded->warnings.front();
    const auto tree = text::parse_yaml(full, "default.yaml");
    ASSERT_TRUE(tree.has_value());
    const Json values = text::to_json(*tree, text::Schema::kGo);
    std::vector<std::string> missing;
    missing_fields<config::Config>({&values}, "", missing);
    EXPECT_THAT(missing, testing::IsEmpty());
}

TEST(TemplateLibrary, TheDefaultTemplateLeavesTheDefaults) {
    // Its nulls hide what base.yaml says, and nothing else.
    config::Config named = loaded("default").config;
    config::Config bare = loaded("ubuntu").config;
    named.vm_opts.clear();
    EXPECT_EQ(config::to_yaml(named), config::to_yaml(bare));
}

// --- goldens ---

TEST(TemplateLibrary, GoldensOfTheFilledText) {
    for (const char* name :
         {"alpine", "debian-13", "default", "docker", "docker-rootful", "experimental/vnc",
          "experimental/wsl2", "k3s", "k8s", "macos-26", "podman", "windows-11"}) {
        std::string file = name;
        std::replace(file.begin(), file.end(), '/', '-');
        test::expect_golden("templates/" + file + ".yaml", config::to_yaml(loaded(name).config));
    }
}

TEST(TemplateLibrary, GoldenOfTheDefaultTemplateAsJson) {
    test::expect_golden("config/default-x86_64.json",
                        dump_json(config::to_json(loaded("default").config), 2) + "\n");
}

TEST(TemplateLibrary, GoldenOfTheEmbeddedText) {
    test::expect_golden("config/alpine-3.23-embedded.yaml", embedded("alpine-3.23"));
}

TEST(TemplateLibrary, DockerExpandsItsParameters) {
    const config::Config config = loaded("docker").config;
    ASSERT_EQ(config.provision.size(), 4U);
    EXPECT_EQ(config.provision[2].path, "/home/jane.guest/.config/docker/daemon.json");
    EXPECT_EQ(config.provision[2].expression,
              ".features.cdi = true | .features.\"containerd-snapshotter\" = true");
    EXPECT_EQ(config.port_forwards[0].host_socket, "/home/jane/.lima/test/sock/docker.sock");
    EXPECT_EQ(config.param.count("internal_netplanOptional"), 1U);
}

}  // namespace
}  // namespace lima::tmpl
