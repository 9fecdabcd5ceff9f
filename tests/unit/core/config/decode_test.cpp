// Vectors 1 to 15 of spec/config.md section 10, and the texts of the error messages.
#include "config_support.hpp"
#include "core/text/yaml.hpp"

namespace lima::config {
namespace {

using test::has;
using test::input;
using test::kImages;
using test::layered;
using test::load_error;
using test::must_load;
using test::problems;

TEST(Decode, V01EmptyDocument) {
    for (const char* text : {"", "# nothing\n"}) {
        EXPECT_EQ(
            problems(text),
            "field `images` must be set: name a disk image, or in `base` a template that does");
    }
}

TEST(Decode, V02IntegersAreCoerced) {
    EXPECT_EQ(must_load(kImages + "cpus: \"2\"\n").cpus, 2);
    EXPECT_EQ(must_load(kImages + "cpus: 2.5\n").cpus, 2);
    EXPECT_EQ(must_load(kImages + "cpus: 0\n").cpus, 4);
    EXPECT_EQ(must_load(kImages + "cpus: -1\n").cpus, -1);
    EXPECT_EQ(problems(kImages + "cpus: -1\n"), "");
    EXPECT_TRUE(has(load_error("cpus: 1e12\n"), "out of range"));
}

TEST(Decode, V03BooleansAreNotCoerced) {
    EXPECT_EQ(load_error("cpus: 1\nplain: yes\n"),
              "failed to unmarshal YAML: lima.yaml:2:8: field `plain` must be true or false, not "
              "the text `yes`: "
              "write true (without quotes)\n"
              "     2 | plain: yes\n"
              "       |        ^");
    EXPECT_TRUE(has(load_error("plain: \"true\"\n"), "must be true or false"));
    EXPECT_EQ(must_load("plain: True\n").plain, true);
}

TEST(Decode, V04DuplicateKey) {
    EXPECT_TRUE(has(load_error(kImages + "cpus: 1\ncpus: 2\n"),
                    "lima.yaml:3:1: duplicate key `cpus`: it is already set at line 2"));
}

TEST(Decode, V05WrongShapes) {
    EXPECT_TRUE(has(load_error("images: {location: /}\n"),
                    "lima.yaml:1:9: field `images` must be a list, not a map"));
    EXPECT_TRUE(has(load_error("just text\n"),
                    "the file must be a map of fields, not the text `just text`"));
    EXPECT_TRUE(has(load_error("[1]\n"), "the file must be a map of fields, not a list"));
}

TEST(Decode, V06UnknownKeysAreOneWarningWithAGuess) {
    const auto loaded =
        load(input(kImages + "foo: 1\nssh:\n  localport: 3\ncpu: 2\nmemroy: 4GiB\n"));
    ASSERT_TRUE(loaded.has_value());
    ASSERT_EQ(loaded->warnings.size(), 1U);
    EXPECT_EQ(loaded->warnings[0],
              "non-strict YAML is deprecated, please check for typos:\n"
              "lima.yaml:2:1: unknown field `foo`\n"
              "     2 | foo: 1\n"
              "       | ^\n"
              "lima.yaml:4:3: unknown field `ssh.localport`, did you mean `ssh.localPort`?\n"
              "     4 |   localport: 3\n"
              "       |   ^\n"
              "lima.yaml:5:1: unknown field `cpu`, did you mean `cpus`?\n"
              "     5 | cpu: 2\n"
              "       | ^\n"
              "lima.yaml:6:1: unknown field `memroy`, did you mean `memory`?\n"
              "     6 | memroy: 4GiB\n"
              "       | ^");
}

TEST(Decode, V07ScalarsIntoStrings) {
    const auto env = must_load(
                         "env: {A: 0x10, B: 1_000, F: 0o17, G: 017, L: 1.10, S: True, T: off, C: "
                         "~, U: 08, R: 1e25}\n")
                         .env;
    const StringMap expected = {{"A", "16"},  {"B", "1000"}, {"F", "15"},  {"G", "15"},
                                {"L", "1.1"}, {"S", "true"}, {"T", "off"}, {"C", ""},
                                {"U", "08"},  {"R", "1e25"}};
    EXPECT_EQ(env, expected);
}

TEST(Decode, V08SizesAreTextsUntilTheyAreChecked) {
    EXPECT_EQ(must_load("memory: 4\n").memory, "4");
    EXPECT_EQ(must_load("memory: 1.50\n").memory, "1.5");
    EXPECT_EQ(must_load("memory: true\n").memory, "true");
    EXPECT_TRUE(
        has(problems(kImages + "memory: true\n"), "field `memory` has an invalid size `true`"));
    EXPECT_EQ(must_load("memory: \"\"\n").memory, "4GiB");
}

TEST(Decode, V09OneDocumentWithAnchorsAndMergeKeys) {
    EXPECT_EQ(must_load("cpus: 1\n---\ncpus: 2\n").cpus, 1);
    const Config config = must_load(
        "mounts:\n- &m {location: /a, writable: true}\n- <<: *m\n  location: /b\n- *m\nenv: &e {A: "
        "b}\nparam: {}\n");
    ASSERT_EQ(config.mounts.size(), 2U);  // the third is the first again
    EXPECT_EQ(config.mounts[1].location, "/b");
    EXPECT_EQ(config.mounts[1].writable, true);
}

TEST(Decode, V10ByteOrderMarkAndCarriageReturns) {
    const auto loaded = load(input("\xef\xbb\xbf" + kImages));
    ASSERT_TRUE(loaded.has_value());
    ASSERT_EQ(loaded->warnings.size(), 1U);
    EXPECT_TRUE(has(loaded->warnings[0], "byte order mark"));
    EXPECT_TRUE(loaded->config.images.empty());
    EXPECT_EQ(must_load("cpus: 3\r\nmemory: 1GiB\r\n").cpus, 3);
}

TEST(Decode, V11NullListEntry) {
    const std::string text = "images: [null, {location: /a}]\n";
    ASSERT_EQ(must_load(text).images.size(), 2U);
    EXPECT_TRUE(
        has(problems(text), "field `images[0].location` refers to an invalid local file path"));
}

TEST(Decode, V12AddressesAndDiskNames) {
    EXPECT_TRUE(has(load_error("dns: [foo]\n"),
                    "lima.yaml:1:7: field `dns[0]` must be an IP address, not the text `foo`"));
    const Config config = must_load("additionalDisks: [name]\n");
    ASSERT_EQ(config.additional_disks.size(), 1U);
    EXPECT_EQ(config.additional_disks[0].name, "name");
    EXPECT_FALSE(config.additional_disks[0].format.has_value());
}

TEST(Decode, V13ScriptWithoutItsKey) {
    const std::string error =
        load_error("provision:\n- mode: system\n  #!/bin/bash\n  apt-get install\n  reboot\n");
    EXPECT_TRUE(has(error, "failed to unmarshal YAML: lima.yaml:")) << error;
}

TEST(Decode, V14PortRanges) {
    const std::string short_range = kImages + "portForwards: [{guestPortRange: [1]}]\n";
    EXPECT_EQ(must_load(short_range).port_forwards[0].guest_port_range, (PortRange{1, 0}));
    const std::string found = problems(short_range);
    EXPECT_TRUE(
        has(found, "field `portForwards[0].guestPortRange[1]` must be a port from 1 to 65535"))
        << found;
    EXPECT_TRUE(
        has(found, "field `portForwards[0].guestPortRange` must not end (0) before it begins (1)"));
    EXPECT_TRUE(has(found, "field `portForwards[0].hostPortRange` must not end"));
    EXPECT_TRUE(has(load_error("portForwards: [{guestPortRange: [1, 2, 3]}]\n"),
                    "must have two elements, not 3"));
}

TEST(Decode, V15BinaryScript) {
    const std::string script("#!/bin/sh\necho \x07\n");
    const Config config =
        must_load("provision: [{script: !!binary " + text::encode_base64(script) + "}]\n");
    EXPECT_EQ(config.provision[0].script, script);
    EXPECT_TRUE(has(load_error("message: !!binary '*'\n"), "not base64"));
}

TEST(DecodeErrors, TwoMistakesAreReportedTogether) {
    EXPECT_EQ(load_error("cpus: two\nssh:\n  localPort: [1]\nmounts: ~\n"),
              "failed to unmarshal YAML:\n"
              "lima.yaml:1:7: field `cpus` must be a whole number, not the text `two`\n"
              "     1 | cpus: two\n"
              "       |       ^\n"
              "lima.yaml:3:14: field `ssh.localPort` must be a whole number, not a list\n"
              "     3 |   localPort: [1]\n"
              "       |              ^");
}

TEST(DecodeErrors, EveryFileIsNamed) {
    const std::string error = load_error(layered("cpus: a\n", "cpus: b\n", "cpus: [\n"));
    EXPECT_TRUE(has(error, "default.yaml:1:7: field `cpus`")) << error;
    EXPECT_TRUE(has(error, "lima.yaml:1:7: field `cpus`")) << error;
    EXPECT_TRUE(has(error, "override.yaml:2:1: not valid YAML")) << error;
}

TEST(DecodeErrors, TabIndentation) {
    EXPECT_TRUE(
        has(load_error("ssh:\n\tlocalPort: 1\n"),
            "lima.yaml:2:1: a tab is used for indentation or before a value: YAML wants spaces\n"
            "     2 | \tlocalPort: 1\n"));
}

TEST(DecodeErrors, ShortFormsTakeTextOrMap) {
    EXPECT_TRUE(has(load_error("additionalDisks: [[a]]\n"),
                    "field `additionalDisks[0]` must be a text or a map"));
    EXPECT_TRUE(has(load_error("base: {url: x}\n"), "field `base` must be a list, not a map"));
    auto one =
        decode(Source{"base: x.yaml\nprovision: [{file: {url: y, digest: z}}, {file: w}]\n", "t"});
    ASSERT_TRUE(one.has_value());
    ASSERT_EQ(one->config.base.size(), 1U);
    EXPECT_EQ(one->config.base[0].url, "x.yaml");
    EXPECT_EQ(one->config.provision[0].file->digest, "z");
    EXPECT_EQ(one->config.provision[1].file->url, "w");
}

}  // namespace
}  // namespace lima::config
