// What the rules of merging promise, on random templates.
#include "core/template/merge.hpp"

#include "core/base/text.hpp"
#include "core/template/combine.hpp"
#include "core/text/weave.hpp"
#include "tests/unit/core/template/embed_fixture.hpp"

#include <random>
#include <set>

namespace lima::tmpl {
namespace {

/// Writes templates as people do: comments, empty lines, both styles.
class Author {
public:
    Author(unsigned seed, std::string name) : random_(seed), name_(std::move(name)) {}

    std::string template_text() {
        std::string out = maybe("# " + name_ + ": the file\n\n");
        for (const auto& entry : shuffled()) {
            const std::string text = (this->*entry)();
            if (!text.empty()) {
                out += maybe("\n") + maybe(comment()) + text;
            }
        }
        return out;
    }

private:
    using Entry = std::string (Author::*)();

    int roll(int sides) { return static_cast<int>(random_() % static_cast<unsigned>(sides)); }
    std::string maybe(const std::string& text) { return roll(2) == 0 ? text : ""; }
    std::string comment(const std::string& indent = "") {
        return indent + "# " + name_ + " " + std::to_string(++comments_) + "\n";
    }
    std::string tail() {
        return roll(3) == 0 ? " # " + name_ + " " + std::to_string(++comments_) + "\n" : "\n";
    }
    std::string word() { return name_ + std::to_string(roll(4)); }

    std::vector<Entry> shuffled() {
        std::vector<Entry> all = {&Author::cpus,    &Author::memory,  &Author::ssh,
                                  &Author::env,     &Author::images,  &Author::provision,
                                  &Author::dns,     &Author::types,   &Author::mounts,
                                  &Author::minimum, &Author::vm_opts, &Author::disks};
        std::shuffle(all.begin(), all.end(), random_);
        return all;
    }

    std::string scalar(const std::string& key) {
        switch (roll(4)) {
            case 0:
                return "";
            case 1:
                return key + ":" + (roll(2) == 0 ? " null" : "") + tail();
            default:
                return key + ": " + word() + tail();
        }
    }
    std::string cpus() {
        return roll(2) == 0 ? "" : "cpus: " + std::to_string(roll(9) + 1) + tail();
    }
    std::string memory() { return scalar("memory"); }
    std::string minimum() {
        return roll(2) == 0 ? ""
                            : "minimumLimaVersion: 1." + std::to_string(roll(20)) + ".0" + tail();
    }

    std::string map(const std::string& key, const std::vector<std::string>& keys,
                    std::string (Author::*value)()) {
        if (roll(3) == 0) {
            return roll(2) == 0 ? "" : key + ": {}" + tail();
        }
        std::vector<std::string> given;
        for (const std::string& name : keys) {
            if (roll(2) == 0) {
                given.push_back(name);
            }
        }
        if (given.empty()) {
            return "";
        }
        std::string out = key + ":";
        if (roll(3) == 0) {
            out += " {";
            for (const std::string& name : given) {
                out += (out.ends_with('{') ? "" : ", ") + name + ": " + (this->*value)();
            }
            return out + "}" + tail();
        }
        out += tail();
        const std::string indent(roll(2) == 0 ? 2 : 4, ' ');
        for (const std::string& name : given) {
            out += maybe(comment(indent)) + indent + name + ": " + (this->*value)() + tail();
        }
        return out;
    }
    std::string truth() { return roll(2) == 0 ? "true" : "false"; }
    std::string ssh() {
        return map("ssh", {"loadDotSSHPubKeys", "forwardAgent", "forwardX11"}, &Author::truth);
    }
    std::string env() { return map("env", {"A", "B", "C", "\"D E\""}, &Author::word); }
    std::string vm_opts() {
        return roll(2) == 0 ? ""
                            : "vmOpts:\n  qemu:\n    minimumVersion: " + std::to_string(roll(9)) +
                                  ".1.0" + tail();
    }

    std::string list(const std::string& key, std::string (Author::*item)(const std::string&)) {
        const int count = roll(4);
        if (count == 0) {
            return roll(2) == 0 ? "" : key + ": []" + tail();
        }
        std::string out = key + ":" + tail();
        const std::string indent(roll(2) == 0 ? 0 : 2, ' ');
        for (int i = 0; i < count; ++i) {
            out += (i > 0 ? maybe("\n") : "") + maybe(comment(indent)) + (this->*item)(indent);
        }
        return out;
    }
    std::string plain_item(const std::string& indent) { return indent + "- " + word() + tail(); }
    std::string image(const std::string& indent) {
        return indent + "- location: /" + word() + tail() + indent + "  arch: 'x'\n";
    }
    std::string script(const std::string& indent) {
        return indent + "- mode: system\n" + maybe(comment(indent + "  ")) + indent +
               "  script: |\n" + indent + "    #!/bin/sh\n" + maybe("\n") + indent + "    # " +
               word() + "\n" + indent + "      true\n" + maybe("\n");
    }
    std::string mount(const std::string& indent) {
        return indent + "- location: " + (roll(5) == 0 ? "'*'" : "/m" + std::to_string(roll(4))) +
               tail() + (roll(2) == 0 ? indent + "  writable: true\n" : "") +
               (roll(3) == 0 ? indent + "  sshfs:\n" + indent + "    cache: true" + tail() : "");
    }
    std::string disk(const std::string& indent) {
        const std::string name = "d" + std::to_string(roll(4));
        return roll(2) == 0 ? indent + "- " + name + tail()
                            : indent + "- name: " + name + tail() + indent + "  format: true\n";
    }
    std::string images() { return list("images", &Author::image); }
    std::string provision() { return list("provision", &Author::script); }
    std::string dns() {
        return roll(2) == 0 ? "" : "dns: [1.1.1." + std::to_string(roll(9)) + "]\n";
    }
    std::string types() { return list("mountTypesUnsupported", &Author::plain_item); }
    std::string mounts() { return list("mounts", &Author::mount); }
    std::string disks() { return list("additionalDisks", &Author::disk); }

    std::mt19937 random_;
    std::string name_;
    int comments_ = 0;
};

text::Document document(const std::string& text, const char* file = "t") {
    auto out = text::make_document(text, file);
    EXPECT_TRUE(out.has_value()) << (out ? "" : out.error().text()) << "\n" << text;
    return out ? std::move(*out) : text::Document{};
}

/// By the text: an error of the weaver is a failure here, where nothing unusual is in the way.
text::Document merged(const text::Document& top, const text::Document& base) {
    auto out = weave(top, merge_base(top, base, false), {.comments_go = true});
    EXPECT_TRUE(out.has_value()) << (out ? "" : out.error().text()) << "\n--- top\n"
                                 << top.text << "--- base\n"
                                 << base.text;
    return out ? std::move(*out) : top;
}

Json values(const text::Document& document) { return to_json(document.root, text::Schema::kGo); }

constexpr unsigned kRounds = 150;

TEST(MergeProperty, ItDoesNotMatterWhichBasesAreMergedFirst) {
    for (unsigned seed = 0; seed < kRounds; ++seed) {
        const auto t = document(Author(seed, "t").template_text());
        const auto a = document(Author(seed + 1000, "a").template_text());
        const auto b = document(Author(seed + 2000, "b").template_text());
        const auto left = merged(merged(t, a), b);
        const auto right = merged(t, merged(a, b));
        EXPECT_TRUE(text::same_value(values(left), values(right))) << t.text << "--- a\n"
                                                                   << a.text << "--- b\n"
                                                                   << b.text << "--- left\n"
                                                                   << left.text << "--- right\n"
                                                                   << right.text;
        if (HasFailure()) {
            return;
        }
    }
}

/// All lines of the top stay, in order; comments of the base come from entries that came along.
TEST(MergeProperty, TheTopStaysLineByLine) {
    for (unsigned seed = 0; seed < kRounds; ++seed) {
        const auto t = document(Author(seed, "t").template_text());
        const auto b = document(Author(seed + 1000, "b").template_text());
        const auto out = merged(t, b);
        const auto all = lines(out.text);
        auto at = all.begin();
        for (const std::string_view line : lines(t.text)) {
            const bool replaced = line.find("[]") != std::string_view::npos ||
                                  line.find('{') != std::string_view::npos ||
                                  line.find("inimum") != std::string_view::npos ||
                                  line.find("- t") != std::string_view::npos;  // duplicates go
            const auto found = std::find(at, all.end(), line);
            if (found == all.end()) {
                EXPECT_TRUE(replaced || trim(line).starts_with('#')) << line << "\n--- top\n"
                                                                     << t.text << "--- base\n"
                                                                     << b.text << "--- out\n"
                                                                     << out.text;
                continue;
            }
            at = found;
        }
        EXPECT_EQ(out.origins.size(), all.size());
        for (std::size_t i = 0; i < all.size() && i < out.origins.size(); ++i) {
            const text::Origin& origin = out.origins[i];
            ASSERT_TRUE(origin.original != nullptr);
            const auto theirs = lines(origin.original->text);
            ASSERT_LE(static_cast<std::size_t>(origin.line), theirs.size());
            // A comment stands where it was written.
            if (trim(all[i]).starts_with('#') &&
                trim(all[i]).find('#', 1) == std::string_view::npos) {
                EXPECT_NE(theirs[origin.line - 1].find(trim(all[i])), std::string_view::npos)
                    << all[i] << "\n"
                    << out.text;
            }
        }
        if (HasFailure()) {
            return;
        }
    }
}

TEST(CombineProperty, KeysAreUniqueAfterwards) {
    for (unsigned seed = 0; seed < kRounds; ++seed) {
        const auto t = document(Author(seed, "t").template_text());
        const auto b = document(Author(seed + 1000, "b").template_text());
        const auto both = merged(t, b);
        const auto out = weave(both, combine_entries(both), {.comments_go = true});
        ASSERT_TRUE(out.has_value()) << out.error().text() << "\n" << both.text;
        const Json got = values(*out);
        std::multiset<std::string> mounts;
        for (const Json& mount : got.value("mounts", Json::array())) {
            mounts.insert(json_string(mount, "location"));
        }
        for (const Json& disk : got.value("additionalDisks", Json::array())) {
            mounts.insert(disk.is_string() ? disk.get<std::string>() : json_string(disk, "name"));
        }
        EXPECT_EQ(std::set<std::string>(mounts.begin(), mounts.end()).size(), mounts.size())
            << out->text;
        EXPECT_EQ(mounts.count("*"), 0U);
        EXPECT_EQ(combine_entries(*out).kind, text::Part::Kind::kSame) << out->text;
    }
}

class EmbedProperty : public EmbedFixture {};

TEST_F(EmbedProperty, WhatIsEmbeddedHasNothingToEmbed) {
    for (unsigned seed = 0; seed < kRounds; ++seed) {
        write("b0.yaml", Author(seed + 1000, "a").template_text());
        write("b1.yaml", Author(seed + 2000, "b").template_text());
        const std::string once =
            embedded("base: [b0.yaml, b1.yaml]\n" + Author(seed, "t").template_text());
        EXPECT_EQ(embedded(once), once);
        if (HasFailure()) {
            return;
        }
    }
}

}  // namespace
}  // namespace lima::tmpl
