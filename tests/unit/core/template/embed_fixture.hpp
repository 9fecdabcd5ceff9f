// Templates in a temporary directory, and short ways to embed a text that stands beside them.
#pragma once

#include "core/base/digest.hpp"
#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/template/template.hpp"
#include "core/text/yaml.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lima::tmpl {

class EmbedFixture : public ::testing::Test {
protected:
    EmbedFixture() : dir_(*fs::TempDir::create("tmpl")) {
        options_.lima_home = dir_.path() / "home";
        options_.template_dirs = {dir_.path() / "templates"};
        options_.host.arch = "x86_64";
        options_.host.home = "/home/jane";
    }
    void write(const std::string& name, const std::string& text) {
        const auto path = dir_.path() / name;
        ASSERT_TRUE(fs::make_dirs(path.parent_path()).has_value());
        ASSERT_TRUE(fs::write_file_atomic(path, text).has_value());
    }
    std::string path(const std::string& name) const { return (dir_.path() / name).string(); }
    Read top(const std::string& text) { return Read{path("t.yaml"), "t", text}; }
    std::string embedded(const std::string& text, Scope scope = Scope::kAll) {
        const auto out = embed(top(text), options_, scope);
        EXPECT_TRUE(out.has_value()) << (out ? "" : out.error().text());
        return out ? out->text : "";
    }
    /// The message, with the directory of the test left out.
    std::string failure(const std::string& text, Scope scope = Scope::kAll) {
        const auto out = embed(top(text), options_, scope);
        EXPECT_FALSE(out.has_value()) << (out ? out->text : "");
        return out ? "" : replace_all(out.error().text(), dir_.path().string() + "/", "");
    }
    Json embedded_values(const std::string& text) { return values(embedded(text)); }
    static Json values(const std::string& text) {
        const auto tree = text::parse_yaml(text, "t");
        EXPECT_TRUE(tree.has_value()) << (tree ? "" : tree.error().text()) << "\n" << text;
        return tree ? text::to_json(*tree, text::Schema::kGo) : Json();
    }
    static bool has(const std::string& text, const std::string& part) {
        return text.find(part) != std::string::npos;
    }

    fs::TempDir dir_;
    Options options_;
};

}  // namespace lima::tmpl
