// What the tests of templates/ share: a host that is the same everywhere, and a template as an
// instance would see it.
#pragma once

#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/config/load.hpp"
#include "core/template/template.hpp"
#include "tests/support/host_facts.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lima::tmpl::library {

inline const std::filesystem::path kTemplates =
    std::filesystem::path(LIMA_SOURCE_DIR) / "templates";

using lima::test::host;

inline Options options() {
    Options out;
    out.lima_home = "/home/jane/.lima";
    out.template_dirs = {kTemplates};
    out.host = host();
    return out;
}

inline config::LoadInput input_for(const std::string& name, std::string text) {
    config::LoadInput out;
    out.instance = config::Source{std::move(text), name};
    out.lima_home = "/home/jane/.lima";
    out.instance_dir = out.lima_home / "test";
    out.host = host();
    out.created_by_version = "2.2.0";
    return out;
}

/// template:NAME with its bases. The images of Fedora Rawhide are looked up by a program and the
/// network; here they are those of the release.
inline std::string embedded(const std::string& name) {
    auto source = read("template:" + name, options());
    EXPECT_TRUE(source.has_value()) << source.error().text();
    if (!source) {
        return {};
    }
    const std::string looked_up = "fedora-rawhide:_images/fedora-rawhide";
    if (const auto at = source->text.find(looked_up); at != std::string::npos) {
        source->text.replace(at, looked_up.size(), "template:_images/fedora");
    }
    auto text = embed(*source, options());
    EXPECT_TRUE(text.has_value()) << text.error().text();
    return text ? std::move(text->text) : std::string();
}

inline config::Loaded loaded(const std::string& name) {
    auto out = config::load(input_for(name, embedded(name)));
    EXPECT_TRUE(out.has_value()) << name << ": " << out.error().text();
    return out ? std::move(*out) : config::Loaded();
}

}  // namespace lima::tmpl::library
