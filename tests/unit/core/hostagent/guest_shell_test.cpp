// A socket of the guest through the ControlMaster, with a script in ssh's place: a file is the
// master, a link to a socket of ours the forward.
#include "core/hostagent/guest_shell.hpp"

#include "core/base/fs.hpp"
#include "core/base/text.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>

namespace lima::hostagent {
namespace {

constexpr const char* kFakeSsh = R"sh(#!/bin/sh
cd "${0%/*}" || exit 1
master=no
[ ! -e master ] || master=yes
case " $* " in
*" -O forward "*) what=forward ;;
*" -O cancel "*) what=cancel ;;
*) what=command ;;
esac
echo "$what $master" >>calls
case "$what $master" in
*\ yes) ;;
command\ no) [ ! -e unreachable ] && : >master ;;
*) echo "no such master" >&2 && exit 255 ;;
esac || exit 255
[ "$what" != forward ] || ln -s real.sock local.sock
)sh";

class GuestShellTest : public testing::Test {
protected:
    GuestShellTest() {
        EXPECT_TRUE(fs::write_file_atomic(path("ssh"), kFakeSsh, 0755));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path("real.sock").c_str(), sizeof address.sun_path - 1);
        EXPECT_EQ(
            bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(listen(listener_.get(), 8), 0);
    }
    std::filesystem::path path(const char* name) const { return dir_.path() / name; }
    GuestShell shell() {
        ssh::Client client;
        client.command = {path("ssh").string()};
        ssh::Target target;
        target.port = 22;
        return {client, target, cancel_};
    }
    std::string calls() {
        std::string out = fs::read_file(path("calls")).value_or("");
        EXPECT_TRUE(fs::remove_if_exists(path("calls")));
        return out;
    }

    fs::TempDir dir_ = std::move(*fs::TempDir::create("ls", std::filesystem::path("/tmp")));
    Fd listener_{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    driver::Cancel cancel_;
};

TEST_F(GuestShellTest, ASocketIsForwardedAnewEachTime) {
    ASSERT_TRUE(fs::write_file_atomic(path("master"), ""));
    ASSERT_TRUE(fs::write_file_atomic(path("local.sock"), "stale"));
    GuestShell guest = shell();
    EXPECT_TRUE(guest.dial_socket(path("local.sock"), "/run/x.sock"));
    EXPECT_TRUE(guest.dial_socket(path("local.sock"), "/run/x.sock"));
    EXPECT_EQ(calls(), "cancel yes\nforward yes\ncancel yes\nforward yes\n");
}

TEST_F(GuestShellTest, AMasterThatIsGoneIsReplaced) {
    GuestShell guest = shell();
    EXPECT_TRUE(guest.dial_socket(path("local.sock"), "/run/x.sock"));
    EXPECT_EQ(calls(), "cancel no\nforward no\ncommand no\ncancel yes\nforward yes\n");
}

TEST_F(GuestShellTest, AGuestThatCannotBeReached) {
    ASSERT_TRUE(fs::write_file_atomic(path("unreachable"), ""));
    GuestShell guest = shell();
    const auto connection = guest.dial_socket(path("local.sock"), "/run/x.sock");
    ASSERT_FALSE(connection);
    EXPECT_EQ(connection.error().code(), Code::kUnavailable);
    EXPECT_FALSE(fs::exists_nofollow(path("local.sock")));
}

}  // namespace
}  // namespace lima::hostagent
