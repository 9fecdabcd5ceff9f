#include "core/driver/registry.hpp"

#include "core/base/fs.hpp"
#include "tests/support/temp_home.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

namespace lima::driver {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RegistryTest : public testing::Test {
protected:
    RegistryTest() : dir_(*fs::TempDir::create("registry")) {}

    std::filesystem::path put(const std::string& path, mode_t mode = 0644) {
        std::filesystem::path full = dir_.path() / path;
        EXPECT_TRUE(fs::make_dirs(full.parent_path()));
        EXPECT_TRUE(fs::write_file_atomic(full, "x", mode));
        return full;
    }
    SearchPath search(const std::string& drivers_path = "") const {
        return {.drivers_path = drivers_path, .prefixes = {dir_.path() / "usr"}};
    }
    static std::vector<std::string> names(const Discovery& discovery) {
        std::vector<std::string> out;
        for (const Found& found : discovery.drivers) {
            out.push_back(found.name);
        }
        return out;
    }
    static std::string outcome(const Discovery& discovery, const std::filesystem::path& path) {
        for (const Tried& tried : discovery.tried) {
            if (tried.path == path) {
                return tried.outcome;
            }
        }
        return "not tried";
    }

    fs::TempDir dir_;
};

TEST_F(RegistryTest, FindsModulesAndProgramsOfThePrefix) {
    put("usr/lib/lima/drivers/lima-driver-qemu.so");
    put("usr/libexec/lima/lima-driver-krunkit", 0755);
    const Discovery found = discover(search());
    EXPECT_THAT(names(found), ElementsAre("krunkit", "qemu"));
    EXPECT_EQ(found.drivers[0].origin, Origin::kExecutable);
    EXPECT_EQ(found.drivers[1].origin, Origin::kModule);
    EXPECT_EQ(found.drivers[1].path, dir_.path() / "usr/lib/lima/drivers/lima-driver-qemu.so");
}

TEST_F(RegistryTest, LooksOnlyAtTheRightFiles) {
    put("usr/lib/lima/drivers/lima-driver-.so");
    put("usr/lib/lima/drivers/liblima-driver-x.so");
    put("usr/lib/lima/drivers/lima-driver-program", 0755);  // programs live in libexec
    put("usr/lib/lima/drivers/lima-driver-dir.so/file");
    put("usr/libexec/lima/lima-driver-module.so");
    put("usr/libexec/lima/lima-driver-data");
    put("usr/libexec/lima/lima-driver-windows.exe", 0755);
    put("usr/libexec/lima/lima-run-driver", 0755);
    const Discovery found = discover(search());
    EXPECT_THAT(names(found), ElementsAre());
    EXPECT_EQ(outcome(found, dir_.path() / "usr/libexec/lima/lima-driver-data"), "not executable");
    EXPECT_EQ(outcome(found, dir_.path() / "usr/lib/lima/drivers/lima-driver-dir.so"),
              "a directory");
}

TEST_F(RegistryTest, EnvironmentComesBeforeThePrefixAndModulesBeforePrograms) {
    put("usr/lib/lima/drivers/lima-driver-a.so");
    const auto a = put("own/lima-driver-a.so");
    put("own/lima-driver-a", 0755);
    const auto b = put("files/lima-driver-b", 0755);
    const Discovery found =
        discover(search("::" + (dir_.path() / "own").string() + ":" + b.string()));
    EXPECT_THAT(names(found), ElementsAre("a", "b"));
    EXPECT_EQ(found.drivers[0].path, a);
    EXPECT_EQ(found.drivers[1].path, b);
    EXPECT_EQ(outcome(found, dir_.path() / "usr/lib/lima/drivers/lima-driver-a.so"),
              "hidden by " + a.string());
    EXPECT_EQ(find(search(dir_.path() / "own"), "a")->path, a);
}

TEST_F(RegistryTest, NamesWhatItDoesNotFind) {
    put("usr/lib/lima/drivers/lima-driver-qemu.so");
    const auto result = find(search("/nonexistent/drivers"), "vz");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kNotFound);
    const std::string& text = result.error().text();
    EXPECT_THAT(text, HasSubstr("unknown or unsupported VM type \"vz\""));
    EXPECT_THAT(text, HasSubstr("/nonexistent/drivers/lima-driver-vz.so: not found"));
    EXPECT_THAT(text, HasSubstr("/nonexistent/drivers/lima-driver-vz: not found"));
    EXPECT_THAT(text, HasSubstr("usr/lib/lima/drivers/lima-driver-vz.so: not found"));
    EXPECT_THAT(text, HasSubstr("usr/libexec/lima/lima-driver-vz: not found"));
    EXPECT_THAT(result.error().hint(), HasSubstr("LIMA_DRIVERS_PATH"));
    EXPECT_THAT(result.error().hint(), HasSubstr("qemu"));
}

TEST_F(RegistryTest, ANameIsNoPath) {
    EXPECT_EQ(find(search(), "../x").error().code(), Code::kInvalidArgument);
    EXPECT_EQ(find(search(), "").error().code(), Code::kInvalidArgument);
}

TEST_F(RegistryTest, RefusesWhatEverybodyCanWriteAndGoesOn) {
    const auto open_file = put("own/lima-driver-a.so", 0666);
    const auto good = put("usr/lib/lima/drivers/lima-driver-a.so");
    const SearchPath path = search(dir_.path() / "own");
    EXPECT_EQ(find(path, "a")->path, good);
    EXPECT_EQ(outcome(discover(path), open_file), "world-writable: refused");
    EXPECT_THAT(names(discover(path)), ElementsAre("a"));
}

TEST_F(RegistryTest, RefusesWorldWritableDirectories) {
    const auto file = put("own/lima-driver-a.so");
    ASSERT_EQ(chmod((dir_.path() / "own").c_str(), 0777), 0);
    EXPECT_THAT(outcome(discover(search(dir_.path() / "own")), file),
                HasSubstr("is world-writable: refused"));
    // In a sticky one nobody can replace a file of ours.
    ASSERT_EQ(chmod((dir_.path() / "own").c_str(), 01777), 0);
    EXPECT_EQ(outcome(discover(search(dir_.path() / "own")), file), "found");
}

TEST_F(RegistryTest, LooksBehindLinks) {
    put("open/target.so");
    ASSERT_EQ(chmod((dir_.path() / "open").c_str(), 0777), 0);
    ASSERT_TRUE(fs::make_dirs(dir_.path() / "own"));
    std::filesystem::create_symlink("../open/target.so", dir_.path() / "own/lima-driver-a.so");
    EXPECT_THAT(find(search(dir_.path() / "own"), "a").error().text(),
                HasSubstr("is world-writable: refused"));
    std::filesystem::create_symlink("gone", dir_.path() / "own/lima-driver-b.so");
    EXPECT_FALSE(find(search(dir_.path() / "own"), "b"));
}

TEST_F(RegistryTest, DefaultSearchPathFollowsTheEnvironmentAndTheProgram) {
    const test::ScopedEnv env("LIMA_DRIVERS_PATH", "/some/where");
    const SearchPath path = default_search_path();
    EXPECT_EQ(path.drivers_path, "/some/where");
    ASSERT_FALSE(path.prefixes.empty());
    for (const auto& prefix : path.prefixes) {
        EXPECT_TRUE(prefix.is_absolute()) << prefix;
    }
    const test::ScopedEnv unset("LIMA_DRIVERS_PATH", std::nullopt);
    EXPECT_EQ(default_search_path().drivers_path, "");
}

}  // namespace
}  // namespace lima::driver
