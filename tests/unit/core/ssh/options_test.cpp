#include "core/ssh/options.hpp"

#include "core/base/fs.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lima::ssh {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Client modern() {
    Client client;
    client.command = {"ssh"};
    client.version = 90201;
    return client;
}

Target target() {
    Target t;
    t.hostname = "lima-demo";
    t.port = 60022;
    t.user = "anna";
    t.identity = "/home/anna/.lima/_config/user";
    t.control_path = "/home/anna/.lima/demo/ssh.sock";
    return t;
}

constexpr const char* kCiphers = R"(Ciphers="^aes128-gcm@openssh.com,aes256-gcm@openssh.com")";

TEST(SshOptions, StandInTheSpecifiedOrder) {
    Target t = target();
    t.extra_identities = {"/home/anna/.ssh/id_rsa"};
    t.forward_agent = true;
    t.forward_x11 = true;
    t.forward_x11_trusted = true;
    EXPECT_THAT(options(modern(), t),
                ElementsAre(R"(IdentityFile="/home/anna/.lima/_config/user")",
                            R"(IdentityFile="/home/anna/.ssh/id_rsa")", "StrictHostKeyChecking=no",
                            "UserKnownHostsFile=/dev/null", "NoHostAuthenticationForLocalhost=yes",
                            "PreferredAuthentications=publickey", "Compression=no", "BatchMode=yes",
                            "IdentitiesOnly=yes", "GSSAPIAuthentication=no", kCiphers, "User=anna",
                            "ControlMaster=auto", R"(ControlPath="/home/anna/.lima/demo/ssh.sock")",
                            "ControlPersist=yes", "ForwardAgent=yes", "ForwardX11=yes",
                            "ForwardX11Trusted=yes"));
}

TEST(SshOptions, WithoutMasterTurnControlOffFirst) {
    const auto all = options(modern(), target(), Master::kNone);
    ASSERT_GT(all.size(), 3U);
    EXPECT_EQ(all[0], "ControlMaster=no");
    EXPECT_EQ(all[1], "ControlPath=none");
    EXPECT_EQ(all[2], "ControlPersist=no");
    for (std::size_t i = 3; i < all.size(); ++i) {
        EXPECT_THAT(all[i], testing::Not(testing::StartsWith("Control")));
    }
}

TEST(SshOptions, FollowWhatTheClientCan) {
    Client client = modern();
    client.aes = false;
    EXPECT_THAT(options(client, target()),
                testing::Contains(R"(Ciphers="^chacha20-poly1305@openssh.com")"));
    client.version = 80000;
    client.gssapi = false;
    for (const std::string& option : options(client, target())) {
        EXPECT_THAT(option, testing::Not(testing::AnyOf(testing::StartsWith("Ciphers"),
                                                        testing::StartsWith("GSSAPI"))));
    }
}

TEST(SshOptions, LeaveOutWhatTheTargetHasNot) {
    Target t = target();
    t.user.clear();
    t.control_path.clear();
    t.identity.clear();
    for (const std::string& option : options(modern(), t)) {
        EXPECT_THAT(option, testing::Not(testing::AnyOf(testing::StartsWith("User="),
                                                        testing::StartsWith("Control"),
                                                        testing::StartsWith("IdentityFile"))));
    }
}

TEST(SshOptions, CommandLineTakesNoConfigOfTheUser) {
    Client client = modern();
    client.command = {"/opt/ssh", "-v"};
    EXPECT_THAT(command_line(client, {"A=1", "B=2"}),
                ElementsAre("/opt/ssh", "-v", "-F", "/dev/null", "-o", "A=1", "-o", "B=2"));
}

TEST(SshVersion, IsReadFromTheBanner) {
    EXPECT_EQ(parse_version("OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.22\r\n"), 90201);
    EXPECT_EQ(parse_version("OpenSSH_for_Windows_8.1p1, LibreSSL 3.0.2"), 80101);
    EXPECT_EQ(parse_version("OpenSSH_10.0p2"), 100002);
    EXPECT_EQ(parse_version("Dropbear v2022.83"), 0);
    EXPECT_EQ(parse_version("OpenSSH_9.2"), 0);
    EXPECT_EQ(parse_version("OpenSSH_"), 0);
    EXPECT_EQ(parse_version("OpenSSH_for_Windows"), 0);
}

TEST(SshClient, IsDetected) {
    const auto client = detect_client();
    ASSERT_TRUE(client) << client.error().text();
    EXPECT_GT(client->version, 70000);
    EXPECT_FALSE(client->command.empty());
}

TEST(SshConfig, NamesHostOptionsAddressAndPort) {
    const auto text = render_config(modern(), target());
    ASSERT_TRUE(text) << text.error().text();
    const auto all = lines(*text);
    ASSERT_GT(all.size(), 6U);
    EXPECT_EQ(all[0].front(), '#');
    EXPECT_EQ(all[1].front(), '#');
    EXPECT_EQ(all[2].front(), '#');
    EXPECT_EQ(all[3], "Host lima-demo");
    EXPECT_EQ(all[4], R"(  IdentityFile "/home/anna/.lima/_config/user")");
    EXPECT_EQ(all[all.size() - 2], "  Hostname 127.0.0.1");
    EXPECT_EQ(all.back(), "  Port 60022");
    EXPECT_THAT(*text, HasSubstr("  ControlMaster auto\n"));
    EXPECT_EQ(port_of_config(*text), 60022);
}

TEST(SshConfig, RefusesLineBreaks) {
    Target t = target();
    t.user = "anna\n  ProxyCommand evil";
    const auto text = render_config(modern(), t);
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code(), Code::kInvalidArgument);
    EXPECT_FALSE(render(modern(), t, "options"));
}

// The real client must take what we write, with names that need care.
TEST(SshConfig, IsUnderstoodByOpenSsh) {
    const auto client = detect_client();
    ASSERT_TRUE(client);
    const auto dir = fs::TempDir::create("lima ssh%h\"quote");
    ASSERT_TRUE(dir) << dir.error().text();
    Target t = target();
    t.identity = dir->path() / "user";
    t.control_path = dir->path() / "ssh.sock";
    const auto text = render_config(*client, t);
    ASSERT_TRUE(text);
    const auto file = dir->path() / "ssh.config";
    ASSERT_TRUE(fs::write_file_atomic(file, *text, 0600));
    SpawnOptions spawn;
    spawn.argv = client->command;
    for (const std::string& word :
         {std::string("-G"), std::string("-F"), file.native(), t.hostname}) {
        spawn.argv.push_back(word);
    }
    const auto output = run(std::move(spawn));
    ASSERT_TRUE(output) << output.error().text();
    ASSERT_TRUE(output->status.ok()) << output->err;
    EXPECT_THAT(output->out, HasSubstr("\nport 60022\n"));
    EXPECT_THAT(output->out, HasSubstr("\nuser anna\n"));
    EXPECT_THAT(output->out, HasSubstr("\nhostname 127.0.0.1\n"));
    EXPECT_THAT(output->out, HasSubstr("\ncontrolpath " + t.control_path.native() + "\n"));
    EXPECT_THAT(output->out, HasSubstr("\ncontrolmaster auto\n"));
    EXPECT_THAT(output->out, HasSubstr("\nbatchmode yes\n"));
    EXPECT_THAT(output->out, HasSubstr("\nidentitiesonly yes\n"));
}

TEST(ShowSsh, HasFourFormats) {
    Target t = target();
    const auto cmd = render(modern(), t, "cmd");
    ASSERT_TRUE(cmd);
    EXPECT_THAT(*cmd, testing::StartsWith(
                          R"(ssh -o 'IdentityFile="/home/anna/.lima/_config/user"' -o Strict)"));
    EXPECT_THAT(*cmd, testing::EndsWith("-o Hostname=127.0.0.1 -o Port=60022 lima-demo\n"));
    const auto args = render(modern(), t, "args");
    ASSERT_TRUE(args);
    EXPECT_EQ("ssh " + std::string(trim(*args)) + " lima-demo\n", *cmd);
    const auto all = render(modern(), t, "options");
    ASSERT_TRUE(all);
    EXPECT_THAT(*all, HasSubstr("\nUser=anna\n"));
    EXPECT_THAT(*all, testing::EndsWith("\nHostname=127.0.0.1\nPort=60022\n"));
    const auto config = render(modern(), t, "config");
    ASSERT_TRUE(config);
    EXPECT_THAT(*config, testing::StartsWith("Host lima-demo\n  IdentityFile \""));
    EXPECT_EQ(port_of_config(*config), 60022);
}

TEST(ShowSsh, RefusesAnUnknownFormat) {
    const auto text = render(modern(), target(), "json");
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().text(), "unknown format \"json\"");
    EXPECT_THAT(text.error().hint(), HasSubstr("config"));
}

// A shell must split "cmd" into the very words that we mean, also with an apostrophe in a path.
TEST(ShowSsh, CmdSurvivesAShell) {
    Target t = target();
    t.identity = "/home/o'neil dir/user";
    const auto cmd = render(modern(), t, "cmd");
    ASSERT_TRUE(cmd);
    const auto words = split_shell_words(*cmd);
    ASSERT_TRUE(words) << words.error().text();
    EXPECT_THAT(*words, testing::Contains(R"(IdentityFile="/home/o'neil dir/user")"));
}

TEST(PortOfConfig, TakesTheFirstPortLine) {
    EXPECT_EQ(port_of_config("Host x\n  Port 123\n  Port 456\n"), 123);
    EXPECT_EQ(port_of_config("Host x\r\n  Port 123\r\n"), 123);
    EXPECT_EQ(port_of_config("Host x\n"), 0);
    EXPECT_EQ(port_of_config("  Port abc\n"), 0);
    EXPECT_EQ(port_of_config("  Port 70000\n"), 0);
    EXPECT_EQ(port_of_config("# Portable\n"), 0);
}

}  // namespace
}  // namespace lima::ssh
