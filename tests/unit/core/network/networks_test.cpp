#include "core/network/networks.hpp"

#include "core/base/fs.hpp"

#include <gtest/gtest.h>

namespace lima::network {
namespace {

TEST(Networks, TheDefaultTextIsWhatTheSpecificationSays) {
    const Networks networks = parse(default_text(), "networks.yaml").value();
    EXPECT_TRUE(networks.warnings.empty());
    EXPECT_EQ(networks.group, "admin");
    EXPECT_EQ(networks.paths.var_run, "/private/var/run/lima");
    EXPECT_EQ(networks.paths.sudoers, "/private/etc/sudoers.d/lima");
    EXPECT_FALSE(networks.paths.socket_vmnet.empty());
    ASSERT_EQ(networks.networks.size(), 4U);
    EXPECT_EQ(networks.networks.at("user-v2"),
              (Definition{"user-v2", "", "192.168.104.1", "", "255.255.255.0"}));
    EXPECT_EQ(networks.networks.at("shared"),
              (Definition{"shared", "", "192.168.105.1", "192.168.105.254", "255.255.255.0"}));
    EXPECT_EQ(networks.networks.at("bridged"), (Definition{"bridged", "en0", "", "", ""}));
    EXPECT_EQ(networks.networks.at("host"),
              (Definition{"host", "", "192.168.106.1", "192.168.106.254", "255.255.255.0"}));
}

TEST(Networks, UserV2IsAlwaysThere) {
    const Networks empty = parse("", "n").value();
    EXPECT_EQ(empty.networks.at("user-v2").gateway, "192.168.104.1");
    const Networks own =
        parse("networks:\n  mine: {mode: user-v2, gateway: 10.0.0.1, netmask: 255.0.0.0}\n", "n")
            .value();
    EXPECT_EQ(modes(own), (std::map<std::string, std::string>{{"mine", "user-v2"}}));
    const Networks incomplete = parse("networks:\n  user-v2: {mode: user-v2}\n", "n").value();
    EXPECT_EQ(incomplete.networks.at("user-v2").gateway, "192.168.104.1");
}

TEST(Networks, NamesOfTheUserV2Ones) {
    const auto dir = fs::TempDir::create("networks-").value();
    const store::Home home(dir.path());
    EXPECT_EQ(user_v2_names(home).value(), (std::vector<std::string>{"user-v2"}));
    ASSERT_TRUE(fs::make_dirs(home.config_dir()));
    ASSERT_TRUE(fs::write_file_atomic(
        home.config_dir() / "networks.yaml",
        "networks:\n  mine: {mode: user-v2, gateway: 10.0.0.1, netmask: 255.0.0.0}\n"
        "  shared: {mode: shared, gateway: 10.1.0.1, dhcpEnd: 10.1.0.9, netmask: 255.0.0.0}\n"));
    EXPECT_EQ(user_v2_names(home).value(), (std::vector<std::string>{"mine"}));
}

TEST(Networks, UnknownKeysWarnWithTheirPlace) {
    const Networks old = parse("paths:\n  vdeSwitch: /x\nextra: 1\n", "networks.yaml").value();
    ASSERT_EQ(old.warnings.size(), 2U);
    EXPECT_NE(old.warnings[0].find("networks.yaml:2:3"), std::string::npos) << old.warnings[0];
    EXPECT_NE(old.warnings[0].find("paths.vdeSwitch"), std::string::npos);
    EXPECT_NE(old.warnings[1].find("extra"), std::string::npos);
}

TEST(Networks, MistakesNameTheirPlace) {
    for (const char* text :
         {"networks: 3", "networks:\n  a: 3\n", "networks:\n  a: {mode: bogus}\n",
          "networks:\n  a: {mode: [host]}\n", "- a\n", "a: [\n"}) {
        const auto networks = parse(text, "networks.yaml");
        ASSERT_FALSE(networks) << text;
        EXPECT_NE(networks.error().text().find("networks.yaml:"), std::string::npos)
            << networks.error().text();
    }
}

TEST(Networks, LoadingCreatesNothing) {
    const fs::TempDir dir = fs::TempDir::create("lima-net-").value();
    const store::Home home(dir.path() / "home");
    EXPECT_EQ(modes(load(home).value()).size(), 4U);
    EXPECT_FALSE(fs::exists(home.root()));
    ASSERT_TRUE(create_file(home));
    EXPECT_EQ(fs::read_file(file(home)).value(), default_text());
    ASSERT_TRUE(fs::write_file_atomic(file(home), "networks:\n  x: {mode: host}\n"));
    ASSERT_TRUE(create_file(home));
    EXPECT_EQ(modes(load(home).value()),
              (std::map<std::string, std::string>{{"user-v2", "user-v2"}, {"x", "host"}}));
}

}  // namespace
}  // namespace lima::network
