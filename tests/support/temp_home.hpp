// A home of its own for a test: $HOME, $LIMA_HOME and $XDG_CACHE_HOME lead into a temporary
// directory, and are put back when the object dies. The directory's path is short, because sockets
// live below it. The environment belongs to the process: one TempHome at a time, and before the
// test starts threads.
#pragma once

#include "core/base/fs.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace lima::test {

/// Sets or (nullopt) unsets a variable for the life of the object.
class ScopedEnv {
public:
    ScopedEnv(std::string name, const std::optional<std::string>& value) : name_(std::move(name)) {
        if (const char* old = std::getenv(name_.c_str()); old != nullptr) {
            old_ = old;
        }
        set(value);
    }
    ~ScopedEnv() { set(old_); }
    ScopedEnv(const ScopedEnv&) = delete;
    ScopedEnv& operator=(const ScopedEnv&) = delete;

private:
    void set(const std::optional<std::string>& value) {
        if (value) {
            setenv(name_.c_str(), value->c_str(), 1);
        } else {
            unsetenv(name_.c_str());
        }
    }

    std::string name_;
    std::optional<std::string> old_;
};

class TempHome {
public:
    TempHome()
        : dir_(make()),
          home_env_("HOME", dir_.path().string()),
          lima_env_("LIMA_HOME", lima_home().string()),
          cache_env_("XDG_CACHE_HOME", cache().string()) {
        for (const std::filesystem::path& path : {lima_home(), cache()}) {
            if (const auto made = fs::make_dirs(path, 0700); !made) {
                throw std::runtime_error(made.error().text());
            }
        }
    }

    const std::filesystem::path& home() const { return dir_.path(); }
    std::filesystem::path lima_home() const { return dir_.path() / ".lima"; }
    std::filesystem::path cache() const { return dir_.path() / ".cache"; }

private:
    static fs::TempDir make() {
        auto dir = fs::TempDir::create("lt", std::filesystem::path("/tmp"));
        if (!dir) {
            throw std::runtime_error(dir.error().text());
        }
        return std::move(*dir);
    }

    fs::TempDir dir_;
    ScopedEnv home_env_;
    ScopedEnv lima_env_;
    ScopedEnv cache_env_;
};

/// A gtest fixture with one: TEST_F(MyTest, …) where `using MyTest = lima::test::TempHomeTest`.
class TempHomeTest : public ::testing::Test {
protected:
    TempHome home_;
};

}  // namespace lima::test
