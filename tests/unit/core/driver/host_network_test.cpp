#include "core/driver/host_network.hpp"

#include "core/base/fs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lima::driver {
namespace {

using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

class NetworkTest : public testing::Test {
protected:
    NetworkTest() : home_(*fs::TempDir::create("network")) {}
    void write(const std::string& yaml) {
        ASSERT_TRUE(fs::make_dirs(home_.path() / "_config"));
        ASSERT_TRUE(fs::write_file_atomic(home_.path() / "_config/networks.yaml", yaml));
    }
    std::string at(const std::string& path) const { return (home_.path() / path).string(); }

    fs::TempDir home_;
};

TEST_F(NetworkTest, UserV2IsAlwaysThere) {
    const auto sockets = UnorderedElementsAre(
        Pair("mode", "user-v2"), Pair("qemu_socket", at("_networks/user-v2/user-v2_qemu.sock")),
        Pair("fd_socket", at("_networks/user-v2/user-v2_fd.sock")),
        Pair("endpoint_socket", at("_networks/user-v2/user-v2_ep.sock")));
    EXPECT_THAT(*lookup_network(home_.path(), "user-v2"), sockets);
    write("networks: {}\n");
    EXPECT_THAT(*lookup_network(home_.path(), "user-v2"), sockets);
}

TEST_F(NetworkTest, ReadsTheFile) {
    write("paths:\n  varRun: /run/x\nnetworks:\n  lab: {mode: user-v2}\n  wire: {mode: bridged}\n");
    EXPECT_EQ(lookup_network(home_.path(), "lab")->at("qemu_socket"),
              at("_networks/lab/lab_qemu.sock"));
    EXPECT_THAT(
        *lookup_network(home_.path(), "wire"),
        UnorderedElementsAre(Pair("mode", "bridged"), Pair("socket", "/run/x/socket_vmnet.wire")));
    EXPECT_FALSE(lookup_network(home_.path(), "shared"));
}

TEST_F(NetworkTest, KnowsTheDefaultFile) {
    EXPECT_EQ(lookup_network(home_.path(), "shared")->at("socket"),
              "/private/var/run/lima/socket_vmnet.shared");
}

TEST_F(NetworkTest, NamesWhatIsNotThere) {
    const auto result = lookup_network(home_.path(), "lab");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kNotFound);
    EXPECT_THAT(result.error().text(), HasSubstr("\"lab\" is not defined in"));
    write("networks: [\n");
    EXPECT_THAT(lookup_network(home_.path(), "lab").error().text(), HasSubstr("networks.yaml:"));
}

}  // namespace
}  // namespace lima::driver
