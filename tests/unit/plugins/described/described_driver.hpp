// What the tests of drivers that describe themselves (plugins/described) have in common.
#pragma once

#include "core/driver/driver.hpp"
#include "plugins/described/driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace lima::described {

inline HostFacts host(const std::string& os, const std::string& arch) {
    HostFacts facts;
    facts.os = os;
    facts.arch = arch;
    return facts;
}

/// A driver as its host has it.
class DescribedDriverTest : public testing::Test {
protected:
    DescribedDriverTest(lima_driver_entry_fn entry, std::string name) : name_(std::move(name)) {
        auto opened = driver::Driver::open_static(entry, {});
        EXPECT_TRUE(opened) << opened.error().text();
        driver_ = std::move(*opened);
    }

    Result<Json> configure() const {
        return driver_->configure(
            {{"name", "x"}, {"dir", "/inst/x"}, {"unknown", 1}, {"config", {{"os", "Linux"}}}});
    }

    /// Before and after configure; returns what it said before.
    driver::Info tells_about_itself() const {
        auto info = driver_->info();
        EXPECT_TRUE(info) << info.error().text();
        EXPECT_EQ(info->name, name_);
        EXPECT_EQ(info->instance_dir, "");
        EXPECT_TRUE(info->needs_image);
        EXPECT_TRUE(info->has_guest);
        const auto configured = configure();
        EXPECT_TRUE(configured) << configured.error().text();
        EXPECT_EQ((*configured)["unknown"], 1);
        EXPECT_EQ(driver_->info()->instance_dir, "/inst/x");
        return *info;
    }

    void refuses_to_run(const std::string& because) const {
        ASSERT_TRUE(configure());
        for (const auto& refused : {driver_->validate(), driver_->start()}) {
            ASSERT_FALSE(refused);
            EXPECT_EQ(refused.error().code(), Code::kFailedPrecondition);
            EXPECT_THAT(refused.error().text(), testing::HasSubstr(because));
            EXPECT_THAT(refused.error().text(), testing::HasSubstr("this host is Linux on "));
            EXPECT_THAT(refused.error().hint(), testing::HasSubstr("--vm-type=qemu"));
        }
        EXPECT_TRUE(driver_->stop());
        EXPECT_TRUE(driver_->remove());
    }

    void refuses_a_broken_instance() const { EXPECT_FALSE(driver_->configure(Json::array())); }

private:
    std::string name_;
    std::unique_ptr<driver::Driver> driver_;
};

}  // namespace lima::described
