// What holds for every tree and every text: printing and reading are each other's reverse, and a
// second reader sees the same values.
#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/text/part.hpp"
#include "core/text/yaml.hpp"
#include "tests/support/random_tree.hpp"
#include "tests/support/random_yaml.hpp"
#include "tests/support/yaml_cpp.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace lima::text {
namespace {

using test::Random;

Json read(const std::string& text, const Json& meant) {
    const auto tree = parse_yaml(text, "t.yaml");
    EXPECT_TRUE(tree.has_value()) << (tree ? "" : tree.error().text()) << "\nmeant as "
                                  << dump_json(meant);
    return tree ? to_json(*tree, Schema::kGo) : Json();
}

TEST(YamlProperty, PrintedTreesReadBack) {
    Random random(1);
    for (int i = 0; i < 3000 && !HasFailure(); ++i) {
        const Json tree = test::random_tree(random, 4);
        const std::string block = emit_yaml(tree);
        EXPECT_TRUE(same_value(read(block, tree), tree)) << dump_json(tree) << "\n" << block;
        const std::string flow = emit_flow(tree);
        EXPECT_EQ(flow.find('\n'), std::string::npos) << flow;
        EXPECT_TRUE(same_value(read(flow, tree), tree)) << dump_json(tree) << "\n" << flow;
    }
}

TEST(YamlProperty, EachDifficultStringIsReadBackAsValueAndAsKey) {
    for (const std::string& text : test::difficult_strings()) {
        Json tree = Json::array({text, Json::array({text}), Json{{"k", text}}});
        if (utf8::valid(text)) {
            tree.push_back(Json{{text, text}});
        }
        for (const std::string& printed : {emit_yaml(tree), emit_flow(tree)}) {
            EXPECT_TRUE(same_value(read(printed, tree), tree)) << printed;
        }
    }
}

TEST(YamlProperty, TextsInManyStylesAreReadAsTheyAreMeant) {
    Random random(2);
    for (int i = 0; i < 2000 && !HasFailure(); ++i) {
        Json tree = Json::object();
        for (int k = 0; k < 4; ++k) {
            tree["key" + std::to_string(k)] = test::random_tree(random, 3);
        }
        const std::string text = test::YamlWriter(random).document(tree);
        EXPECT_TRUE(same_value(read(text, tree), tree)) << dump_json(tree) << "\n" << text;
    }
}

TEST(YamlProperty, AnotherParserReadsTheSame) {
    Random random(3);
    int compared = 0;
    for (int i = 0; i < 1000 && !HasFailure(); ++i) {
        Json tree = Json::object();
        for (int k = 0; k < 4; ++k) {
            tree["key" + std::to_string(k)] = test::random_tree(random, 3);
        }
        for (const std::string& text : {test::YamlWriter(random).document(tree), emit_yaml(tree)}) {
            const auto ours = parse_yaml(text, "t.yaml");
            const auto theirs = test::yaml_cpp_read(text);
            ASSERT_TRUE(ours.has_value()) << ours.error().text();
            if (theirs) {
                ++compared;
                EXPECT_EQ(test::yaml_cpp_difference(*ours, *theirs), "") << text;
            }
        }
    }
    EXPECT_GT(compared, 1500);
}

TEST(YamlProperty, AnotherParserReadsTheSameInOurTemplates) {
    int compared = 0;
    const std::filesystem::path folder = std::filesystem::path(LIMA_SOURCE_DIR) / "templates";
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
        if (file.path().extension() != ".yaml") {
            continue;
        }
        const auto text = fs::read_file(file.path());
        ASSERT_TRUE(text.has_value());
        const auto ours = parse_yaml(*text, file.path().string());
        const auto theirs = test::yaml_cpp_read(*text);
        ASSERT_TRUE(ours.has_value() && theirs) << file.path();
        EXPECT_EQ(test::yaml_cpp_difference(*ours, *theirs), "") << file.path();
        ++compared;
    }
    EXPECT_GT(compared, 20);
}

}  // namespace
}  // namespace lima::text
