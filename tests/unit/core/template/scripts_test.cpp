// The scripts of templates/, as the guest gets them: shellcheck finds nothing in them, they stop at
// the first mistake, and probes say what they are.
#include "core/base/process.hpp"
#include "tests/unit/core/template/library_support.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace lima::tmpl {
namespace {

using library::kTemplates;
using library::loaded;

struct Script {
    std::string name;  // "docker.provision.1"
    std::string text;
    config::StringMap params;
};

std::string file_name(std::string name) {
    std::replace(name.begin(), name.end(), '/', '-');
    return name;
}

std::vector<Script> all_scripts() {
    std::vector<Script> out;
    for (const Listed& listed : list({kTemplates})) {
        if (std::filesystem::is_symlink(listed.location)) {
            continue;
        }
        const config::Config config = loaded(listed.name).config;
        for (std::size_t i = 0; i < config.provision.size(); ++i) {
            const config::Provision& step = config.provision[i];
            if (const std::string text = step.script.value_or(""); !text.empty()) {
                out.push_back({fmt::format("{}.provision.{}", file_name(listed.name), i), text,
                               config.param});
            }
            if (step.content.value_or("").starts_with("#!")) {
                out.push_back({fmt::format("{}.content.{}", file_name(listed.name), i),
                               *step.content, config.param});
            }
        }
        for (std::size_t i = 0; i < config.probes.size(); ++i) {
            out.push_back({fmt::format("{}.probe.{}", file_name(listed.name), i),
                           config.probes[i].script.value_or(""), config.param});
        }
    }
    return out;
}

/// As the guest runs it: with the parameters in the environment.
std::string with_params(const Script& script) {
    std::string exports;
    for (const auto& [key, value] : script.params) {
        exports += fmt::format("export PARAM_{}=\n", key);
    }
    const std::size_t first_line = script.text.find('\n') + 1;
    return script.text.substr(0, first_line) + exports + script.text.substr(first_line);
}

TEST(TemplateScripts, ShellcheckFindsNothing) {
    const auto scripts = all_scripts();
    ASSERT_GT(scripts.size(), 40U);
    const auto dir = fs::TempDir::create("lima-scripts");
    ASSERT_TRUE(dir.has_value()) << dir.error().text();
    SpawnOptions check;
    // SC2016 is about dollar signs in what `bash -c` is to expand.
    check.argv = {"shellcheck", "--norc", "--severity=style", "--exclude=SC2016"};
    for (const Script& script : scripts) {
        const auto path = dir->path() / (script.name + ".sh");
        ASSERT_TRUE(fs::write_file_atomic(path, with_params(script)));
        check.argv.push_back(path.string());
    }
    check.argv.emplace_back(LIMA_SOURCE_DIR "/core/template/limactl-url-fedora-rawhide");
    const auto done = run(std::move(check), {}, std::chrono::minutes(1));
    ASSERT_TRUE(done.has_value()) << done.error().text();
    EXPECT_TRUE(done->status.ok()) << done->out << done->err;
}

TEST(TemplateScripts, StopAtTheFirstMistake) {
    for (const Script& script : all_scripts()) {
        if (script.text.starts_with("#!/bin/sh\n")) {
            continue;
        }
        const bool probe = script.name.find(".probe.") != std::string::npos;
        EXPECT_TRUE(script.text.starts_with(probe ? "#!/bin/bash\nset -eu -o pipefail\n"
                                                  : "#!/bin/bash\nset -eux -o pipefail\n"))
            << script.name << ":\n"
            << script.text;
        EXPECT_EQ(script.text.find("<no value>"), std::string::npos) << script.name;
        EXPECT_EQ(script.text.find("{{"), std::string::npos) << script.name;
    }
}

TEST(TemplateScripts, ProbesSayWhatTheyAre) {
    for (const Listed& listed : list({kTemplates})) {
        for (const config::Probe& probe : loaded(listed.name).config.probes) {
            EXPECT_FALSE(probe.description.value_or("").empty()) << listed.name;
            EXPECT_FALSE(probe.description.value_or("").starts_with("user probe")) << listed.name;
            EXPECT_FALSE(probe.hint.value_or("").empty()) << listed.name;
        }
    }
}

TEST(TemplateScripts, WhatIsInstalledIsAskedFor) {
    // Every template that installs something has a probe that waits for it, or nothing to wait for.
    const std::map<std::string, std::size_t> wanted{{"apptainer", 1},
                                                    {"apptainer-rootful", 1},
                                                    {"docker", 1},
                                                    {"docker-rootful", 1},
                                                    {"experimental/alsa", 1},
                                                    {"experimental/rke2", 1},
                                                    {"experimental/u7s", 4},
                                                    {"experimental/vnc", 1},
                                                    {"faasd", 1},
                                                    {"k0s", 1},
                                                    {"k3s", 1},
                                                    {"k8s", 5},
                                                    {"podman", 1},
                                                    {"podman-rootful", 1}};
    std::map<std::string, std::size_t> found;
    for (const Listed& listed : list({kTemplates})) {
        if (const auto count = loaded(listed.name).config.probes.size(); count > 0) {
            found[listed.name] = count;
        }
    }
    EXPECT_THAT(found, testing::ContainerEq(wanted));
}

}  // namespace
}  // namespace lima::tmpl
