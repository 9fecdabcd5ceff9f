// What holds for every configuration: printing and reading, the schema, merging.
#include "config_support.hpp"
#include "core/base/json.hpp"
#include "core/config/checks.hpp"
#include "core/config/field_schema.hpp"
#include "core/config/merge.hpp"
#include "core/config/schema.hpp"
#include "core/text/yaml.hpp"
#include "random_config.hpp"

namespace lima::config {
namespace {

constexpr unsigned kRounds = 200;

/// The generic merge leaves out what is combined by key, and what only the instance's text says.
Config without(Config config, std::initializer_list<Merge> rules) {
    for_each_field<Config>([&](const auto& f) {
        if (std::find(rules.begin(), rules.end(), f.merge) != rules.end()) {
            config.*(f.member) = {};
        }
    });
    if (std::find(rules.begin(), rules.end(), Merge::kOwn) != rules.end()) {
        config.rosetta = {};
    }
    return config;
}

/// The stronger one over the weaker one.
Config over(const Config& strong, const Config& weak) {
    return merge_layers({weak, Config{}, strong});
}

TEST(Properties, WhatIsPrintedAsYamlReadsBack) {
    for (unsigned seed = 0; seed < kRounds; ++seed) {
        const Config config = test::RandomConfig(seed).next();
        const std::string yaml = to_yaml(config);
        const auto back = decode(Source{yaml, "t"});
        ASSERT_TRUE(back.has_value()) << "seed " << seed << ": " << back.error().text();
        EXPECT_TRUE(back->warnings.empty()) << "seed " << seed;
        ASSERT_EQ(back->config, config) << "seed " << seed << "\n" << yaml;
    }
}

TEST(Properties, WhatIsPrintedAsJsonReadsBack) {
    for (unsigned seed = 0; seed < kRounds; ++seed) {
        const Config config = test::RandomConfig(seed).next();
        Config back;
        ASSERT_TRUE(apply_json(to_json(config), back).has_value()) << "seed " << seed;
        ASSERT_EQ(back, config) << "seed " << seed;
    }
}

TEST(Properties, TheSchemaTakesWhatTheDecoderTakes) {
    const Json schema = field_schema({});
    for (unsigned seed = 0; seed < kRounds; ++seed) {
        const std::string yaml = to_yaml(test::RandomConfig(seed).next());
        const auto tree = text::parse_yaml(yaml, "t");
        ASSERT_TRUE(tree.has_value());
        Problems problems;
        check_schema(schema, text::to_json(*tree, text::Schema::kGo), "", problems);
        ASSERT_TRUE(problems.list().empty())
            << "seed " << seed << ": " << problems.list().front().message;
        EXPECT_TRUE(problems.warnings().empty()) << problems.warnings().front();
    }
}

TEST(Properties, EmptyFilesChangeNothing) {
    for (unsigned seed = 0; seed < kRounds; ++seed) {
        // A list that drops duplicates does so in one file too.
        Config config = test::RandomConfig(seed).next();
        config.ca_certs = merge_layers({config, {}, {}}).ca_certs;
        const Config merged = without(config, {Merge::kByKey});
        const Config foreign = without(config, {Merge::kByKey, Merge::kOwn});
        ASSERT_EQ(merge_layers({{}, config, {}}), merged) << "seed " << seed;
        ASSERT_EQ(merge_layers({config, {}, {}}), foreign) << "seed " << seed;
        ASSERT_EQ(merge_layers({{}, {}, config}), foreign) << "seed " << seed;
    }
}

TEST(Properties, MergingIsAssociative) {
    for (unsigned seed = 0; seed < kRounds; ++seed) {
        test::RandomConfig random(seed);
        const Config d = random.next();
        const Config y = random.next();
        const Config o = random.next();
        const Config all = over(o, over(y, d));
        ASSERT_EQ(over(over(o, y), d), all) << "seed " << seed;
        ASSERT_EQ(without(merge_layers({d, y, o}), {Merge::kOwn}), all) << "seed " << seed;
    }
}

TEST(Properties, TheStrongestFileWins) {
    for (unsigned seed = 0; seed < kRounds; ++seed) {
        test::RandomConfig random(seed);
        const Config weak = random.next();
        const Config strong = random.next();
        const Config merged = over(strong, weak);
        EXPECT_EQ(merged.cpus, strong.cpus ? strong.cpus : weak.cpus) << "seed " << seed;
        EXPECT_EQ(merged.images.size(), strong.images.size() + weak.images.size());
        for (const auto& [key, value] : strong.env) {
            EXPECT_EQ(merged.env.at(key), value) << "seed " << seed;
        }
        EXPECT_TRUE(merged.message.empty() && merged.base.empty()) << "only the instance's count";
    }
}

}  // namespace
}  // namespace lima::config
