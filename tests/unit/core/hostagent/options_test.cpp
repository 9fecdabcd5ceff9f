#include "core/hostagent/options.hpp"

#include <gtest/gtest.h>

namespace lima::hostagent {
namespace {

TEST(Options, TakesTheWholeContract) {
    const auto options =
        parse_options({"--debug", "--pidfile", "/i/ha.pid", "--socket=/i/ha.sock", "--run-gui",
                       "--guestagent", "/g", "--nerdctl-archive=/n", "--progress", "default"});
    ASSERT_TRUE(options) << options.error().text();
    EXPECT_EQ(options->name, "default");
    EXPECT_EQ(options->pid_file, "/i/ha.pid");
    EXPECT_EQ(options->socket, "/i/ha.sock");
    EXPECT_EQ(options->guest_agent, "/g");
    EXPECT_EQ(options->nerdctl_archive, "/n");
    EXPECT_TRUE(options->debug && options->run_gui && options->progress);
}

TEST(Options, ShortPidfileFalseSwitchAndDashes) {
    const auto options = parse_options({"-p", "/p", "--debug=false", "--socket", "/s", "--", "x"});
    ASSERT_TRUE(options) << options.error().text();
    EXPECT_EQ(options->pid_file, "/p");
    EXPECT_FALSE(options->debug);
    EXPECT_EQ(options->name, "x");
}

TEST(Options, RefusesWhatItDoesNotKnow) {
    EXPECT_EQ(parse_options({"--nope", "x"}).error().text(), "unknown flag: --nope");
    EXPECT_EQ(parse_options({"--socket"}).error().text(), "flag needs an argument: --socket");
    EXPECT_EQ(parse_options({"--socket", "/s", "a", "b"}).error().text(),
              "accepts 1 arg(s), received 2");
    EXPECT_FALSE(parse_options({"--debug=maybe", "--socket", "/s", "x"}));
}

TEST(Options, SocketIsRequired) {
    const auto options = parse_options({"x"});
    ASSERT_FALSE(options);
    EXPECT_NE(options.error().hint().find("version"), std::string::npos);
}

TEST(Options, HelpNeedsNothingElse) {
    const auto options = parse_options({"--help"});
    ASSERT_TRUE(options);
    EXPECT_TRUE(options->help);
}

}  // namespace
}  // namespace lima::hostagent
