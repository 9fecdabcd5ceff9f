// Checks, places and warnings that no vector of spec/config.md names.
#include "config_support.hpp"
#include "core/base/fs.hpp"
#include "core/base/text.hpp"

namespace lima::config {
namespace {

using test::count;
using test::has;
using test::host;
using test::input;
using test::kImages;
using test::layered;
using test::must_load;
using test::problems;

TEST(Validate, ProvisionFieldsOfOtherModes) {
    const std::string found =
        problems(kImages +
                 "provision: [{script: x, content: a, overwrite: true, owner: b, path: /c, "
                 "permissions: 1, format: d, expression: e,"
                 " skipDefaultDependencyResolution: true}]\n");
    EXPECT_EQ(count(found, "is only for mode `data` or `yq`, not `system`"), 6U) << found;
    EXPECT_FALSE(has(found, "expression"));
    EXPECT_TRUE(has(found, "is only for mode `dependency`"));
    EXPECT_TRUE(has(problems(kImages + "provision: [{mode: yq, path: rel}]\n"),
                    "must be an absolute path, got `rel`"));
    EXPECT_TRUE(has(problems(kImages + "provision: [{mode: yq, path: /x}]\n"),
                    "`provision[0].expression` must not be empty"));
    EXPECT_TRUE(has(problems(kImages + "provision: [{mode: ansible, playbook: /no/such}]\n"),
                    "does not exist"));
}

TEST(Validate, Versions) {
    EXPECT_EQ(problems(kImages + "minimumLimaVersion: 1.0.0\n"), "");
    EXPECT_EQ(problems(kImages + "minimumLimaVersion: v9.9.9\n"), "");  // as in the original
    EXPECT_TRUE(has(problems(kImages + "minimumLimaVersion: 99.0.0\n"),
                    "template requires Lima version `99.0.0`"));
    EXPECT_TRUE(has(problems(kImages + "minimumLimaVersion: 2.0\n"),
                    "must be a version such as 2.0.0, got `2`"));
    EXPECT_TRUE(
        has(problems(kImages + "tpm: true\narch: s390x\n"), "there is no TPM for arch `s390x`"));
    EXPECT_TRUE(has(problems(kImages + "additionalDisks: [a/b]\n"), "`a/b` is no identifier"));
}

TEST(ValidateMessages, NamePlaceAndLineWhenTheSourceIsKnown) {
    LoadInput in = layered("",
                           kImages +
                               "cpus: 1  # fine\n"
                               "memory: 4XB\n"
                               "portForwards:\n"
                               "- guestPort: 80\n"
                               "- guestPortRange: [9, 8]\n",
                           "portForwards:\n- guestPort: 22\n");
    const auto loaded = load(in);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
    ValidateInput check;
    check.host = in.host;
    check.source = &in;
    const auto done = validate(loaded->config, check);
    ASSERT_FALSE(done.has_value());
    const std::string text = done.error().text();
    EXPECT_TRUE(has(text, "lima.yaml:3:9: field `memory` has an invalid size `4XB`")) << text;
    EXPECT_TRUE(has(text, "     3 | memory: 4XB\n       |         ^")) << text;
    EXPECT_TRUE(has(text, "override.yaml:2:14: field `portForwards[0].guestPort` must not be 22"))
        << text;
    // The index is that of the joined list, the place that of the text.
    EXPECT_TRUE(has(text,
                    "lima.yaml:6:19: field `portForwards[2].guestPortRange` must not end (8) "
                    "before it begins (9)"))
        << text;
    in = input("cpus: 1\n");
    check.source = &in;
    const auto missing = validate(must_load(in), check);
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().text(),
              "lima.yaml: field `images` must be set: name a disk image, or in `base` a template "
              "that does");
}

TEST(ValidateWarnings, ExperimentalAndMissing) {
    const Config config =
        must_load(kImages +
                  "mountType: virtiofs\narch: riscv64\nvideo: {display: vnc}\naudio: {device: x}\n"
                  "mountInotify: true\nmounts: [{location: /no/such/dir}]\n");
    ValidateInput check;
    check.host = host();
    const auto warnings = validate(config, check);
    ASSERT_TRUE(warnings.has_value()) << warnings.error().text();
    EXPECT_EQ(warnings->size(), 6U);
}

std::string all_mistakes(const std::string& text) {
    const auto decoded = decode_template(Source{text, "t.yaml"}, host());
    return decoded ? "" : decoded.error().text();
}

/// "LINE:COLUMN" of each mistake, in the order in which they are told.
std::string places(const std::string& text) {
    std::string out;
    for (const auto line : lines(text)) {
        if (const std::size_t at = line.find("t.yaml:"); at != std::string_view::npos) {
            const std::string_view rest = line.substr(at + 7);
            out += std::string(rest.substr(0, rest.find(':', rest.find(':') + 1))) + " ";
        }
    }
    return out;
}

TEST(AllMistakes, OfEveryKindFromTopToBottom) {
    const std::string text =
        all_mistakes("cpus: two\nmemroy: 1GiB\ncpus: 3\nmemory: 4XB\nssh: {localPort: 22}\n");
    EXPECT_EQ(places(text), "1:7 2:1 3:1 4:9 5:18 ") << text;
    EXPECT_TRUE(text.starts_with("failed to unmarshal YAML:\n")) << text;
}

TEST(AllMistakes, WhatOnlyFollowsFromOneIsNotTold) {
    EXPECT_EQ(places(all_mistakes("hostResolver: {enabled: no}\ndns: [1.1.1.1]\n")), "1:25 ");
    EXPECT_EQ(places(all_mistakes("images: {location: /}\n")), "1:9 ");
    EXPECT_EQ(places(all_mistakes("os: [Windows]\nuser: {shell: cmd.exe}\n")), "1:5 ");
    EXPECT_EQ(places(all_mistakes("portForwards:\n- {guestPort: x, hostPort: 80}\n"
                                  "- {guestPort: 22, hostSocket: /s}\n")),
              "2:15 3:3 3:3 3:15 ");
    EXPECT_EQ(places(all_mistakes("cpus: x\nparam: {a: b}\n")), "1:7 2:9 ");
    EXPECT_EQ(places(all_mistakes("provision: [{script: [x]}]\nparam: {a: b}\n")), "1:22 ");
}

TEST(AllMistakes, WhatTheBasesMayStillBringIsNotMissed) {
    EXPECT_EQ(
        places(all_mistakes("base: template:x\ncpus: x\nprovision: [{file: y.sh}]\n"
                            "probes: [{file: y.sh}]\nnetworks: [{lima: own}]\nvmType: own\n")),
        "2:7 ");
}

TEST(AllMistakes, BeforeASyntaxErrorWhatCanBeRead) {
    const std::string text = all_mistakes("cpus: two\nmemroy: 1\ndisk: 4XB\nssh:\n\tx: 1\n");
    EXPECT_EQ(places(text), "1:7 2:1 5:1 ") << text;
    EXPECT_TRUE(has(text, "a tab is used for indentation")) << text;
}

TEST(AllMistakes, AreFewEnoughToRead) {
    std::string many;
    for (int i = 0; i < 1000; ++i) {
        many += "x" + std::to_string(i) + ": 1\ncpus: two\n";
    }
    EXPECT_LE(count(all_mistakes(many), " | "), 600U);
}

}  // namespace
}  // namespace lima::config
