// The seed of every template for Linux guests, for every architecture that it has an image for: it
// is whole, and what the template provisions is in it. Nothing is downloaded for it.
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/cidata/cidata.hpp"
#include "core/text/yaml.hpp"
#include "tests/support/temp_home.hpp"
#include "tests/unit/core/template/library_support.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace lima::cidata {
namespace {

using Files = std::map<std::string, std::string>;

/// What the QEMU driver would make of it.
std::string mount_type(const config::Config& config) {
    const auto& not_there = config.mount_types_unsupported;
    const bool has_9p = std::find(not_there.begin(), not_there.end(), "9p") == not_there.end();
    return config.mount_type.value_or(has_9p ? "9p" : "reverse-sshfs");
}

Input input_for(config::Config config) {
    Input input;
    input.name = "demo";
    input.instance_id = "iid-1700000000";
    input.instance_dir = "/home/jane/.lima/demo";
    input.vm_type = config.vm_type.value_or("qemu");
    input.public_keys = {"ssh-ed25519 AAAAC3Nza lima"};
    input.host_home = "/home/jane";
    input.machine_id = "0123456789abcdef0123456789abcdef";
    config.mount_type = mount_type(config);
    input.config = std::move(config);
    return input;
}

Files build(const std::string& name, const Input& input) {
    const auto tree = build_tree(input);
    EXPECT_TRUE(tree) << name << ": " << tree.error().text();
    Files out;
    if (tree) {
        for (const Entry& entry : *tree) {
            out[entry.path] = entry.data;
        }
    }
    return out;
}

void expect_whole(const std::string& name, const Files& files) {
    for (const char* path : {"boot.sh", "boot.Linux/30-install-packages.sh", "etc_environment",
                             "lima.env", "meta-data", "network-config", "param.env", "user-data"}) {
        EXPECT_TRUE(files.contains(path)) << name << ": no " << path;
    }
    for (const char* path : {"meta-data", "network-config", "user-data"}) {
        const auto at = files.find(path);
        ASSERT_NE(at, files.end());
        const auto node = text::parse_yaml(at->second, path);
        ASSERT_TRUE(node) << name << ": " << node.error().text();
    }
}

void expect_provisioned(const std::string& name, const config::Config& config, const Files& files) {
    for (std::size_t i = 0; i < config.provision.size(); ++i) {
        const config::Provision& step = config.provision[i];
        const std::string mode = step.mode.value_or("system");
        const std::string path = fmt::format("provision.{}/{:08}", mode, i);
        const auto at = files.find(path);
        ASSERT_NE(at, files.end()) << name << ": no " << path;
        const auto& wanted = mode == "data" ? step.content
                             : mode == "yq" ? step.expression
                                            : step.script;
        EXPECT_EQ(at->second, wanted.value_or("")) << name;
        EXPECT_FALSE(at->second.empty()) << name << ": " << path;
    }
    for (const auto& [key, value] : config.param) {
        EXPECT_THAT(files.at("param.env"), testing::HasSubstr("PARAM_" + key + "=" + value))
            << name;
    }
}

std::set<std::string> archs_of(const config::Config& config) {
    std::set<std::string> out;
    for (const config::Image& image : config.images) {
        out.insert(image.arch);
    }
    return out;
}

class TemplateSeeds : public testing::Test {
protected:
    const test::ScopedEnv scripts_{"LIMA_CIDATA_DIR", LIMA_SOURCE_DIR "/core/cidata/guest"};
};

TEST_F(TemplateSeeds, OfEveryLinuxTemplateAreWhole) {
    std::size_t seeds = 0;
    for (const tmpl::Listed& listed : tmpl::list({tmpl::library::kTemplates})) {
        if (listed.name.starts_with('_') || std::filesystem::is_symlink(listed.location)) {
            continue;
        }
        const std::string text = tmpl::library::embedded(listed.name);
        const auto first = config::load(tmpl::library::input_for(listed.name, text));
        ASSERT_TRUE(first) << first.error().text();
        if (first->config.os != "Linux") {
            continue;
        }
        for (const std::string& arch : archs_of(first->config)) {
            auto in = tmpl::library::input_for(listed.name, text);
            in.host.arch = arch;
            const auto loaded = config::load(in);
            ASSERT_TRUE(loaded) << loaded.error().text();
            const std::string name = listed.name + " on " + arch;
            const Files files = build(name, input_for(loaded->config));
            expect_whole(name, files);
            expect_provisioned(name, loaded->config, files);
            ++seeds;
        }
    }
    EXPECT_GT(seeds, 150U);
}

}  // namespace
}  // namespace lima::cidata
