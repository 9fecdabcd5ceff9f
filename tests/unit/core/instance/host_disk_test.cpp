// lima.host.disk/1 as a driver meets it: through lima/host.hpp and a real host.
#include "core/instance/host_disk.hpp"

#include "core/base/fs.hpp"
#include "core/driver/call.hpp"
#include "core/driver/host.hpp"

#include <lima/host.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lima::instance {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kSize = 1024 * 1024;

class HostDiskTest : public testing::Test {
protected:
    HostDiskTest()
        : home_(*fs::TempDir::create("disk")), context_([this] {
              driver::OpenOptions options;
              options.lima_home = home_.path();
              options.host_extensions = host_extensions();
              return options;
          }()) {}

    std::string at(const std::string& name) const { return (home_.path() / name).string(); }

    fs::TempDir home_;
    driver::HostContext context_;
    driver::CallContext raw_call_{nullptr, nullptr};
    sdk::Call call_{*raw_call_.raw()};
    sdk::DiskService disks_{sdk::Host(*context_.table())};
};

TEST_F(HostDiskTest, CreatesInspectsAndGrows) {
    ASSERT_TRUE(disks_.create(call_, at("x"), "raw", kSize));
    const auto info = disks_.inspect(call_, at("x"));
    ASSERT_TRUE(info) << info.error().text();
    EXPECT_EQ(info->format, "raw");
    EXPECT_EQ(info->virtual_size, kSize);
    EXPECT_EQ(info->backing_file, "");
    EXPECT_FALSE(info->iso);
    ASSERT_TRUE(disks_.resize(call_, at("x"), 2 * kSize));
    EXPECT_EQ(disks_.inspect(call_, at("x"))->virtual_size, 2 * kSize);
    EXPECT_TRUE(disks_.resize(call_, at("x"), 2 * kSize));
}

TEST_F(HostDiskTest, NeverShrinks) {
    ASSERT_TRUE(disks_.create(call_, at("x"), "raw", kSize));
    const auto result = disks_.resize(call_, at("x"), kSize - 1);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(result.error().text(), HasSubstr("cannot shrink " + at("x")));
    EXPECT_EQ(disks_.inspect(call_, at("x"))->virtual_size, kSize);
}

TEST_F(HostDiskTest, ConvertsToRawOnly) {
    ASSERT_TRUE(disks_.create(call_, at("x"), "raw", kSize));
    ASSERT_TRUE(disks_.convert(call_, at("x"), at("y"), "raw"));
    EXPECT_EQ(disks_.inspect(call_, at("y"))->virtual_size, kSize);
    const auto result = disks_.convert(call_, at("x"), at("z"), "vmdk");
    EXPECT_EQ(result.error().code(), Code::kUnimplemented);
    EXPECT_FALSE(fs::exists(at("z")));
}

TEST_F(HostDiskTest, NamesTheFileThatIsMissing) {
    const auto result = disks_.inspect(call_, at("gone"));
    EXPECT_EQ(result.error().code(), Code::kNotFound);
    EXPECT_THAT(result.error().text(), HasSubstr(at("gone")));
}

TEST_F(HostDiskTest, ADiskIsForOneInstance) {
    ASSERT_TRUE(fs::make_dirs(at("_disks/data")));
    ASSERT_TRUE(fs::make_dirs(at("a")));
    ASSERT_TRUE(fs::make_dirs(at("b")));
    ASSERT_TRUE(disks_.create(call_, at("_disks/data/datadisk"), "raw", kSize));
    const auto locked = disks_.lock(call_, "data", at("a"));
    ASSERT_TRUE(locked) << locked.error().text();
    EXPECT_EQ(locked->path, at("_disks/data/datadisk"));
    EXPECT_EQ(locked->format, "raw");
    const auto other = disks_.lock(call_, "data", at("b"));
    EXPECT_EQ(other.error().code(), Code::kFailedPrecondition);
    EXPECT_NE(other.error().hint(), "");
    EXPECT_TRUE(disks_.lock(call_, "data", at("a")));
    ASSERT_TRUE(disks_.unlock(call_, "data", at("a")));
    EXPECT_TRUE(disks_.lock(call_, "data", at("b")));
    EXPECT_EQ(disks_.lock(call_, "none", at("b")).error().code(), Code::kNotFound);
}

}  // namespace
}  // namespace lima::instance
