// Vectors 1 to 15 of spec/config.md section 10 (group A): decoding.
#include "config_support.hpp"
#include "core/text/yaml.hpp"

namespace lima::config {
namespace {

using test::has;
using test::input;
using test::kImages;
using test::load_error;
using test::must_load;
using test::problems;

TEST(ConfigVectors, V01_EmptyDocument) {
    for (const char* text : {"", "# nothing\n"}) {
        EXPECT_EQ(
            problems(text),
            "field `images` must be set: name a disk image, or in `base` a template that does");
    }
}

TEST(ConfigVectors, V02_IntegersAreCoerced) {
    EXPECT_EQ(must_load(kImages + "cpus: \"2\"\n").cpus, 2);
    EXPECT_EQ(must_load(kImages + "cpus: 2.5\n").cpus, 2);
    EXPECT_EQ(must_load(kImages + "cpus: 0\n").cpus, 4);
    EXPECT_EQ(must_load(kImages + "cpus: -1\n").cpus, -1);
    EXPECT_EQ(problems(kImages + "cpus: -1\n"), "");
    EXPECT_TRUE(has(load_error("cpus: 1e12\n"), "lima.yaml:1:7: field `cpus`"));
    EXPECT_TRUE(has(load_error("cpus: 1e12\n"), "out of range"));
}

TEST(ConfigVectors, V03_BooleansAreNotCoerced) {
    EXPECT_EQ(load_error("cpus: 1\nplain: yes\n"),
              "failed to unmarshal YAML: lima.yaml:2:8: field `plain` must be true or false, not "
              "the text `yes`: "
              "write true (without quotes)\n"
              "     2 | plain: yes\n"
              "       |        ^");
    EXPECT_TRUE(has(load_error("plain: \"true\"\n"),
                    "lima.yaml:1:8: field `plain` must be true or false, not the text `true`"));
    EXPECT_EQ(must_load("plain: True\n").plain, true);
}

TEST(ConfigVectors, V04_DuplicateKey) {
    EXPECT_TRUE(has(load_error(kImages + "cpus: 1\ncpus: 2\n"),
                    "lima.yaml:3:1: duplicate key `cpus`: it is already set at line 2"));
}

TEST(ConfigVectors, V05_WrongShapes) {
    EXPECT_TRUE(has(load_error("images: {location: /}\n"),
                    "lima.yaml:1:9: field `images` must be a list, not a map"));
    EXPECT_TRUE(has(load_error("just text\n"),
                    "the file must be a map of fields, not the text `just text`"));
    EXPECT_TRUE(has(load_error("[1]\n"), "the file must be a map of fields, not a list"));
}

TEST(ConfigVectors, V06_UnknownKeysAreOneWarningWithAGuess) {
    const auto two = load(input(kImages + "foo: 1\nssh: {bar: 2}\n"));
    ASSERT_TRUE(two.has_value()) << two.error().text();
    ASSERT_EQ(two->warnings.size(), 1U);
    EXPECT_TRUE(has(two->warnings[0], "non-strict YAML"));
    EXPECT_TRUE(has(two->warnings[0], "lima.yaml:2:1: unknown field `foo`"));
    EXPECT_TRUE(has(two->warnings[0], "lima.yaml:3:7: unknown field `ssh.bar`"));
    EXPECT_EQ(problems(kImages + "foo: 1\nssh: {bar: 2}\n"), "");
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

TEST(ConfigVectors, V07_ScalarsIntoStrings) {
    const auto env = must_load(
                         "env: {A: 0x10, B: 1_000, F: 0o17, G: 017, L: 1.10, S: True, T: off, C: "
                         "~, U: 08, R: 1e25}\n")
                         .env;
    const StringMap expected = {{"A", "16"},  {"B", "1000"}, {"F", "15"},  {"G", "15"},
                                {"L", "1.1"}, {"S", "true"}, {"T", "off"}, {"C", ""},
                                {"U", "08"},  {"R", "1e25"}};
    EXPECT_EQ(env, expected);
}

TEST(ConfigVectors, V08_SizesAreTextsUntilTheyAreChecked) {
    EXPECT_EQ(must_load("memory: 4\n").memory, "4");
    EXPECT_EQ(problems(kImages + "memory: 4\n"), "");
    EXPECT_EQ(must_load("memory: 1.50\n").memory, "1.5");
    EXPECT_EQ(must_load("memory: true\n").memory, "true");
    EXPECT_TRUE(
        has(problems(kImages + "memory: true\n"), "field `memory` has an invalid size `true`"));
    EXPECT_EQ(must_load("memory: \"\"\n").memory, "4GiB");
}

TEST(ConfigVectors, V09_OneDocumentWithAnchorsAndMergeKeys) {
    EXPECT_EQ(must_load("cpus: 1\n---\ncpus: 2\n").cpus, 1);
    const Config config = must_load(
        "mounts:\n- &m {location: /a, writable: true}\n- <<: *m\n  location: /b\n- *m\nenv: &e {A: "
        "b}\nhostResolver: {hosts: *e}\n");
    ASSERT_EQ(config.mounts.size(), 2U);  // the third is the first again
    EXPECT_EQ(config.mounts[0].location, "/a");
    EXPECT_EQ(config.mounts[1].location, "/b");
    EXPECT_EQ(config.host_resolver.hosts, (StringMap{{"A", "b"}}));
    EXPECT_EQ(config.mounts[1].writable, true);
}

TEST(ConfigVectors, V10_ByteOrderMarkAndCarriageReturns) {
    const auto loaded = load(input("\xef\xbb\xbf" + kImages));
    ASSERT_TRUE(loaded.has_value());
    ASSERT_EQ(loaded->warnings.size(), 1U);
    EXPECT_TRUE(has(loaded->warnings[0], "byte order mark"));
    EXPECT_TRUE(loaded->config.images.empty());
    EXPECT_TRUE(has(problems("\xef\xbb\xbf" + kImages), "field `images` must be set"));
    const std::string crlf = "images:\r\n- location: /a\r\ncpus: 3\r\nmemory: 1GiB\r\n";
    EXPECT_EQ(must_load(crlf).cpus, 3);
    EXPECT_EQ(must_load(crlf).memory, "1GiB");
    EXPECT_EQ(must_load(crlf).images.at(0).location, "/a");
    EXPECT_EQ(problems(crlf), "");
}

TEST(ConfigVectors, V11_NullListEntry) {
    const std::string text = "images: [null, {location: /a}]\n";
    ASSERT_EQ(must_load(text).images.size(), 2U);
    EXPECT_EQ(must_load(text).images[0].location, "");
    EXPECT_EQ(must_load(text).images[1].location, "/a");
    EXPECT_TRUE(
        has(problems(text), "field `images[0].location` refers to an invalid local file path"));
}

TEST(ConfigVectors, V12_AddressesAndDiskNames) {
    EXPECT_TRUE(has(load_error("dns: [foo]\n"),
                    "lima.yaml:1:7: field `dns[0]` must be an IP address, not the text `foo`"));
    const Config config = must_load("additionalDisks: [name]\n");
    ASSERT_EQ(config.additional_disks.size(), 1U);
    EXPECT_EQ(config.additional_disks[0].name, "name");
    EXPECT_FALSE(config.additional_disks[0].format.has_value());
}

TEST(ConfigVectors, V13_ScriptWithoutItsKey) {
    const std::string error =
        load_error("provision:\n- mode: system\n  #!/bin/bash\n  apt-get install\n  reboot\n");
    EXPECT_TRUE(has(error, "failed to unmarshal YAML: lima.yaml:5:3: not valid YAML")) << error;
    EXPECT_TRUE(has(error, "which begins at line 4")) << error;
}

TEST(ConfigVectors, V14_PortRanges) {
    const std::string short_range = kImages + "portForwards: [{guestPortRange: [1]}]\n";
    EXPECT_EQ(must_load(short_range).port_forwards[0].guest_port_range, (PortRange{1, 0}));
    const std::string found = problems(short_range);
    EXPECT_TRUE(
        has(found, "field `portForwards[0].guestPortRange[1]` must be a port from 1 to 65535"))
        << found;
    EXPECT_TRUE(
        has(found, "field `portForwards[0].guestPortRange` must not end (0) before it begins (1)"));
    EXPECT_TRUE(
        has(found, "field `portForwards[0].hostPortRange[1]` must be a port from 1 to 65535"))
        << found;
    EXPECT_TRUE(
        has(found, "field `portForwards[0].hostPortRange` must not end (0) before it begins (1)"));
    EXPECT_TRUE(has(load_error("portForwards: [{guestPortRange: [1, 2, 3]}]\n"),
                    "field `portForwards[0].guestPortRange` must have two elements, not 3"));
}

TEST(ConfigVectors, V15_BinaryScript) {
    const std::string script("#!/bin/sh\necho \x07\n");
    const Config config =
        must_load("provision: [{script: !!binary " + text::encode_base64(script) + "}]\n");
    EXPECT_EQ(config.provision[0].script, script);
    const std::string error = load_error("provision:\n- script: !!binary '*'\n");
    EXPECT_TRUE(has(error, "lima.yaml:2:11:")) << error;
    EXPECT_TRUE(has(error, "not base64")) << error;
}

}  // namespace
}  // namespace lima::config
