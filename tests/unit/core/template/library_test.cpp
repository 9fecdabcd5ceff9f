// Every template of templates/ is read, embedded, loaded and validated; and the filled form of
// template:default is what it was.
#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/config/load.hpp"
#include "core/config/validate.hpp"
#include "core/template/template.hpp"
#include "tests/support/golden.hpp"

#include <gtest/gtest.h>

#include <set>

namespace lima::tmpl {
namespace {

const std::filesystem::path kTemplates = std::filesystem::path(LIMA_SOURCE_DIR) / "templates";

HostFacts host() {
    HostFacts facts;
    facts.os = "linux";
    facts.arch = "x86_64";
    facts.cpus = 8;
    facts.memory = std::int64_t{16} << 30;
    facts.user = "jane";
    facts.comment = "Jane Doe";
    facts.home = "/home/jane";
    facts.uid = 501;
    facts.gid = 1000;
    facts.timezone = "Europe/Berlin";
    facts.machine_id = "0123456789abcdef";
    facts.temp_dir = "/tmp";
    return facts;
}

Options options() {
    Options out;
    out.lima_home = "/home/jane/.lima";
    out.template_dirs = {kTemplates};
    out.host = host();
    return out;
}

config::LoadInput input_for(const std::string& name, std::string text) {
    config::LoadInput out;
    out.instance = config::Source{std::move(text), name};
    out.lima_home = "/home/jane/.lima";
    out.instance_dir = out.lima_home / "test";
    out.host = host();
    out.created_by_version = "2.2.0";
    return out;
}

TEST(TemplateLibrary, EveryTemplateLoadsAndValidates) {
    const auto all = list({kTemplates});
    ASSERT_GT(all.size(), 30U);
    for (const Listed& listed : all) {
        const auto source = read("template:" + listed.name, options());
        ASSERT_TRUE(source.has_value()) << source.error().text();
        const auto text = embed(*source, options());
        ASSERT_TRUE(text.has_value()) << text.error().text();
        const auto in = input_for(listed.name, *text);
        const auto loaded = config::load(in);
        ASSERT_TRUE(loaded.has_value()) << listed.name << ": " << loaded.error().text();
        EXPECT_TRUE(loaded->warnings.empty()) << loaded->warnings.front();
        config::ValidateInput check;
        check.host = host();
        check.source = &in;
        check.images_required = !listed.name.starts_with("_default/");
        const auto valid = config::validate(loaded->config, check);
        EXPECT_TRUE(valid.has_value()) << valid.error().text();
        EXPECT_EQ(text->find("template:_"), std::string::npos) << *text;
    }
}

TEST(TemplateLibrary, EveryImageIsPinnedOrAFallback) {
    for (const Listed& listed : list({kTemplates / "_images"})) {
        const auto text = fs::read_file(listed.location);
        ASSERT_TRUE(text.has_value());
        const auto decoded = config::decode(config::Source{*text, listed.name});
        ASSERT_TRUE(decoded.has_value()) << decoded.error().text();
        std::set<std::string> fallbacks;  // variants whose pinned images are over
        for (const config::Image& image : decoded->config.images) {
            EXPECT_TRUE(image.location.starts_with("https://")) << image.location;
            EXPECT_FALSE(image.arch.empty()) << image.location;
            EXPECT_TRUE(!fallbacks.contains(image.variant) || image.digest.empty())
                << "a pinned image behind a fallback: " << image.location;
            if (image.digest.empty()) {
                fallbacks.insert(image.variant);
            }
        }
    }
}

TEST(TemplateLibrary, AliasesAreLinks) {
    for (const char* alias :
         {"debian", "ubuntu", "ubuntu-lts", "fedora", "alpine", "rocky", "almalinux", "opensuse"}) {
        EXPECT_TRUE(std::filesystem::is_symlink(kTemplates / (std::string(alias) + ".yaml")))
            << alias;
    }
}

TEST(TemplateLibrary, GoldenOfTheDefaultTemplate) {
    const auto source = read("template:default", options());
    ASSERT_TRUE(source.has_value()) << source.error().text();
    EXPECT_EQ(source->name, "default");
    const auto text = embed(*source, options());
    ASSERT_TRUE(text.has_value()) << text.error().text();
    const auto loaded = config::load(input_for("default.yaml", *text));
    ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
    test::expect_golden("config/default-x86_64.json",
                        dump_json(config::to_json(loaded->config), 2) + "\n");
}

TEST(TemplateLibrary, GoldenOfTheEmbeddedText) {
    const auto source = read("template:alpine-3.23", options());
    ASSERT_TRUE(source.has_value()) << source.error().text();
    const auto text = embed(*source, options());
    ASSERT_TRUE(text.has_value()) << text.error().text();
    test::expect_golden("config/alpine-3.23-embedded.yaml", *text);
}

TEST(TemplateLibrary, DockerExpandsItsParameters) {
    const auto source = read("template:docker", options());
    ASSERT_TRUE(source.has_value());
    const auto text = embed(*source, options());
    ASSERT_TRUE(text.has_value()) << text.error().text();
    const auto loaded = config::load(input_for("docker", *text));
    ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
    const config::Config& config = loaded->config;
    EXPECT_EQ(config.provision[1].path, "/home/jane.guest/.config/docker/daemon.json");
    EXPECT_EQ(config.provision[1].expression,
              ".features.cdi = true | .features.\"containerd-snapshotter\" = true");
    EXPECT_EQ(config.port_forwards[0].host_socket, "/home/jane/.lima/test/sock/docker.sock");
    EXPECT_EQ(config.param.count("internal_netplanOptional"), 1U);
}

}  // namespace
}  // namespace lima::tmpl
