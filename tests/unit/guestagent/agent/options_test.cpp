#include "guestagent/agent/options.hpp"

#include <gtest/gtest.h>

namespace lima::guestagent {
namespace {

using std::chrono::milliseconds;

Result<Options> parse(std::vector<std::string> words,
                      std::string_view program = "/x/lima-guestagent") {
    return parse_command_line(program, words);
}

TEST(Options, AreWhatServiceFilesSay) {
    const auto openrc = parse({"daemon", "--debug=false", "--vsock-port", "0", "--virtio-port", "",
                               "--socket-owner", "501"});
    ASSERT_TRUE(openrc) << openrc.error().text();
    EXPECT_EQ(openrc->action, Action::kDaemon);
    EXPECT_FALSE(openrc->debug);
    EXPECT_EQ(openrc->endpoint.socket_owner, 501U);
    EXPECT_EQ(openrc->endpoint.virtio_port, "");
    EXPECT_EQ(openrc->runtime_dir, "/run/lima-guestagent");
    EXPECT_EQ(openrc->tick, milliseconds(3000));
    const auto systemd = parse({"--debug", "daemon", "--virtio-port=io.lima-vm.guest_agent.0",
                                "--runtime-dir=/run/x", "--tick", "1m0.5s"});
    ASSERT_TRUE(systemd);
    EXPECT_TRUE(systemd->debug);
    EXPECT_EQ(systemd->endpoint.virtio_port, "io.lima-vm.guest_agent.0");
    EXPECT_EQ(systemd->runtime_dir, "/run/x");
    EXPECT_EQ(systemd->tick, milliseconds(60500));
    const auto install = parse(
        {"install-systemd", "--debug=true", "--guestagent-updated=true", "--vsock-port", "2222"});
    ASSERT_TRUE(install);
    EXPECT_EQ(install->action, Action::kInstallSystemd);
    EXPECT_TRUE(install->guestagent_updated && install->debug);
    EXPECT_EQ(install->endpoint.vsock_port, 2222U);
}

TEST(Options, RefuseWhatMakesNoSense) {
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"daemon", "--tick", "0"},
                                               {"daemon", "--tick", "0s"},
                                               {"daemon", "--tick", "-1s"},
                                               {"daemon", "--tick", "3"},
                                               {"daemon", "--guestagent-updated"},
                                               {"install-systemd", "--tick", "3s"},
                                               {"daemon", "--vsock-port", "x"},
                                               {"daemon", "--vsock-port", "-1"},
                                               {"daemon", "--vsock-port"},
                                               {"daemon", "--virtio-port", "../../tmp/x"},
                                               {"daemon", "--debug=maybe"},
                                               {"daemon", "--runtime-dir", "relative"},
                                               {"daemon", "extra"},
                                               {"--virtio-port", "x"},
                                               {"fly"}}) {
        const auto parsed = parse(words);
        ASSERT_FALSE(parsed) << words[0];
        EXPECT_EQ(parsed.error().code(), Code::kInvalidArgument);
        EXPECT_FALSE(parsed.error().hint().empty());
    }
}

TEST(Options, HelpAndVersion) {
    EXPECT_NE(parse({})->help.find("install-systemd"), std::string::npos);
    EXPECT_NE(parse({"daemon", "--help"})->help.find("--tick"), std::string::npos);
    EXPECT_NE(parse({"help", "install-systemd"})->help.find("--guestagent-updated"),
              std::string::npos);
    EXPECT_EQ(parse({"daemon", "-h"})->action, Action::kHelp);
    EXPECT_EQ(parse({"--version"})->action, Action::kVersion);
}

TEST(Options, YqTakesItsOwnArguments) {
    EXPECT_EQ(parse({"yq", "--inplace", ".a", "--help"})->action, Action::kYq);
    EXPECT_EQ(parse({"yq", "--inplace", ".a", "--help"})->yq,
              (std::vector<std::string>{"--inplace", ".a", "--help"}));
    EXPECT_EQ(parse({"--anything"}, "/usr/bin/yq")->action, Action::kYq);
    EXPECT_EQ(parse({"--anything"}, "/usr/bin/yq")->yq, (std::vector<std::string>{"--anything"}));
    EXPECT_EQ(parse({}, "yq.linux")->action, Action::kYq);
    EXPECT_EQ(parse({}, "lima-guestagent.yq")->action, Action::kHelp);
}

TEST(Options, ReadDurationsAsGoDoes) {
    EXPECT_EQ(*parse_duration("3s"), milliseconds(3000));
    EXPECT_EQ(*parse_duration("250ms"), milliseconds(250));
    EXPECT_EQ(*parse_duration("1h2m3s"), milliseconds(3723000));
    EXPECT_EQ(*parse_duration("1.5m"), milliseconds(90000));
    EXPECT_EQ(*parse_duration("0"), milliseconds(0));
    EXPECT_FALSE(parse_duration(""));
    EXPECT_FALSE(parse_duration("5"));
    EXPECT_FALSE(parse_duration("s"));
    EXPECT_FALSE(parse_duration("1e9h"));
}

}  // namespace
}  // namespace lima::guestagent
