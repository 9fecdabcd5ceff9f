// Random edits of texts in many styles: each is made, means what was wanted, and leaves the
// comments that do not belong to what was taken away.
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/text/part.hpp"
#include "core/text/rewrite.hpp"
#include "core/text/yaml.hpp"
#include "tests/support/random_tree.hpp"
#include "tests/support/random_yaml.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lima::text {
namespace {

using test::Random;

enum class Change { kSet, kReplace, kAdd, kRemove };

/// A random place below: a scalar is set, a collection gets a new part or loses one.
Change edit(Json& value, Random& random, Change what, bool in_list = false) {
    if (value.is_structured() && !value.empty()) {
        const bool here = what != Change::kSet && random.chance(3);
        const auto at =
            std::next(value.begin(), static_cast<std::ptrdiff_t>(random.below(value.size())));
        if (!here) {
            return edit(*at, random, what, value.is_array());
        }
        if (what == Change::kRemove) {
            value.erase(at);
        } else if (value.is_object()) {
            value["added"] = test::random_tree(random, 2);
        } else {
            value.insert(at, test::random_tree(random, 2));
        }
        return what;
    }
    const bool scalar = !value.is_structured();
    // In a list, one that is equal to a neighbour would be taken for it.
    value = in_list ? Json(fmt::format("{} {}", random.bits(), test::random_string(random)))
                    : test::random_scalar(random);
    return scalar ? Change::kSet : Change::kReplace;
}

void check(Random& random, Change what) {
    Json tree = Json::object();
    for (int k = 0; k < 4; ++k) {
        tree["key" + std::to_string(k)] = test::random_tree(random, 3);
    }
    test::YamlWriter writer(random);
    const std::string before = writer.document(tree);
    Json wanted = tree;
    what = edit(wanted, random, what);
    const auto root = parse_yaml(before, "t.yaml");
    ASSERT_TRUE(root.has_value()) << root.error().text();
    const auto after = rewrite(before, "t.yaml", *root, wanted);
    ASSERT_TRUE(after.has_value()) << after.error().text() << "\n--- in\n"
                                   << before << "\n--- wanted\n"
                                   << emit_yaml(wanted);
    const auto again = parse_yaml(*after, "t.yaml");
    ASSERT_TRUE(again.has_value()) << again.error().text();
    EXPECT_TRUE(same_value(to_json(*again, Schema::kGo), wanted)) << *after;
    const bool keeps = what == Change::kSet || what == Change::kAdd;
    for (int i = 0; i < writer.comments() && keeps; ++i) {
        const std::string comment = "#c" + std::to_string(i) + " ";
        EXPECT_NE(after->find(comment), std::string::npos) << comment << "is gone\n--- before\n"
                                                           << before << "\n--- after\n"
                                                           << *after;
    }
}

TEST(RewriteProperty, ScalarsAreSet) {
    Random random(10);
    for (int i = 0; i < 1500 && !HasFailure(); ++i) {
        check(random, Change::kSet);
    }
}

TEST(RewriteProperty, PartsAreAdded) {
    Random random(11);
    for (int i = 0; i < 1500 && !HasFailure(); ++i) {
        check(random, Change::kAdd);
    }
}

TEST(RewriteProperty, PartsAreRemoved) {
    Random random(12);
    for (int i = 0; i < 1500 && !HasFailure(); ++i) {
        check(random, Change::kRemove);
    }
}

TEST(RewriteProperty, NothingIsChangedWhereNothingIsWanted) {
    Random random(13);
    for (int i = 0; i < 1500 && !HasFailure(); ++i) {
        Json tree = Json::object();
        tree["key"] = test::random_tree(random, 4);
        const std::string text = test::YamlWriter(random).document(tree);
        const auto root = parse_yaml(text, "t.yaml");
        ASSERT_TRUE(root.has_value()) << root.error().text();
        EXPECT_EQ(rewrite(text, "t.yaml", *root, tree).value_or("refused"), text);
    }
}

}  // namespace
}  // namespace lima::text
