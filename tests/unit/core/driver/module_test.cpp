#include "core/driver/module.hpp"

#include "core/base/fs.hpp"
#include "tests/unit/core/driver/driver_support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

namespace lima::driver {
namespace {

using testing::HasSubstr;

std::string refusal(const std::string& name) {
    return error_text(load_module(bad_module(name).path, name));
}

TEST(ModuleTest, LoadsAModuleOnceAndKeepsIt) {
    const auto first = load_module(LIMA_NULL_DRIVER, "null");
    ASSERT_TRUE(first) << first.error().text();
    EXPECT_STREQ((*first)->name, "null");
    EXPECT_STREQ((*first)->id, "io.lima-vm.null");
    EXPECT_EQ(*load_module(LIMA_NULL_DRIVER, "null"), *first);
}

TEST(ModuleTest, RefusesALibraryThatIsNoDriver) {
    EXPECT_THAT(refusal("no-entry"),
                HasSubstr("is no driver module: it does not export lima_driver_entry"));
}

TEST(ModuleTest, RefusesOtherMajorsAndNamesThem) {
    EXPECT_THAT(
        refusal("other-major"),
        HasSubstr("lima-driver-other-major.so speaks driver ABI 3.2, this program speaks 1.0"));
    EXPECT_THAT(refusal("newer-record"),
                HasSubstr("speaks driver ABI 2.0, this program speaks 1.0"));
    const auto result = load_module(bad_module("other-major").path, "other-major");
    EXPECT_EQ(result.error().code(), Code::kFailedPrecondition);
    EXPECT_EQ(result.error().hint(), "use a newer limactl, or an older driver");
}

TEST(ModuleTest, RefusesAnEntryThatAnswersNothing) {
    EXPECT_THAT(refusal("null-entry"),
                HasSubstr("refuses driver ABI 1.0 of this program, and names no other"));
}

TEST(ModuleTest, RefusesAFileWithAnotherDriversName) {
    EXPECT_THAT(refusal("wrong-name"),
                HasSubstr("holds the driver \"right-name\", its file name says \"wrong-name\""));
}

TEST(ModuleTest, RefusesAnIncompleteRecord) {
    EXPECT_THAT(refusal("half-record"), HasSubstr("incomplete module record"));
}

TEST(ModuleTest, NamesTheSymbolThatIsMissing) {
    const std::string text = refusal("undefined");
    EXPECT_THAT(text, HasSubstr("cannot load the driver"));
    EXPECT_THAT(text, HasSubstr("lima_test_function_of_nobody"));
}

class ModuleFileTest : public testing::Test {
protected:
    ModuleFileTest() : dir_(*fs::TempDir::create("module")) {}

    std::filesystem::path put(std::string_view content) {
        std::filesystem::path path = dir_.path() / "lima-driver-x.so";
        EXPECT_TRUE(fs::write_file_atomic(path, content));
        return path;
    }

    fs::TempDir dir_;
};

TEST_F(ModuleFileTest, RefusesWhatIsNotThere) {
    const auto result = load_module(dir_.path() / "lima-driver-x.so", "x");
    EXPECT_THAT(error_text(result), HasSubstr("No such file"));
}

TEST_F(ModuleFileTest, RefusesWhatIsNoElfFile) {
    EXPECT_THAT(error_text(load_module(put("#!/bin/sh\nexit 0\n# and some more\n"), "x")),
                HasSubstr("not an ELF file"));
    EXPECT_THAT(error_text(load_module(put(""), "x")), HasSubstr("not an ELF file"));
}

TEST_F(ModuleFileTest, RefusesAnotherMachinesFile) {
    std::string content = *fs::read_file(LIMA_NULL_DRIVER);
    content[18] = static_cast<char>(content[18] ^ 0x55);
    EXPECT_THAT(error_text(load_module(put(content), "x")), HasSubstr("built for another machine"));
}

TEST_F(ModuleFileTest, RefusesATruncatedFile) {
    std::string content = *fs::read_file(LIMA_NULL_DRIVER);
    content.resize(100);
    EXPECT_THAT(error_text(load_module(put(content), "x")), HasSubstr("is no driver module"));
}

TEST_F(ModuleFileTest, RefusesAWorldWritableFile) {
    const auto path = put(*fs::read_file(LIMA_NULL_DRIVER));
    ASSERT_EQ(chmod(path.c_str(), 0666), 0);
    const auto result = load_module(path, "x");
    EXPECT_THAT(error_text(result), HasSubstr("will not load the driver"));
    EXPECT_THAT(error_text(result), HasSubstr("world-writable: refused"));
    EXPECT_EQ(result.error().code(), Code::kPermissionDenied);
}

}  // namespace
}  // namespace lima::driver
