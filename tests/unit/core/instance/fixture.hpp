// A home of its own, the drivers null and testdisk, the real lima-fetch, and the log of warnings.
#pragma once

#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/instance/instance.hpp"
#include "tests/support/temp_home.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lima::instance {

class InstanceTest : public ::testing::Test {
protected:
    using Path = std::filesystem::path;

    InstanceTest() {
        context_.host.arch = "x86_64";
        context_.host.cpus = 4;
        context_.host.memory = std::int64_t{8} << 30;
        context_.host.user = "tester";
        context_.host.home = home_.home();
        context_.host.uid = 1000;
        context_.host.gid = 1000;
        context_.host.machine_id = "0123456789abcdef0123456789abcdef";
        context_.host.temp_dir = "/tmp";
        context_.hostagent = LIMA_TEST_LIBEXEC "/lima-hostagent";
        context_.self = home_.home() / "bin" / "limactl";  // nothing is beside it
        log::set_sink(&sink_);
    }
    ~InstanceTest() override { log::set_sink(nullptr); }

    Path dir(const std::string& name = "x") const { return context_.home.instance_dir(name); }
    Path file(const std::string& name) const { return dir() / name; }
    static std::string text_of(const Path& path) {
        return fs::read_file(path).value_or("(unreadable)");
    }
    static void write(const Path& path, const std::string& text) {
        ASSERT_TRUE(fs::write_file_atomic(path, text)) << path;
    }

    Result<store::Instance> make(const std::string& yaml, const std::string& name = "x") {
        return create(context_, {name, yaml, "given.yaml"});
    }
    static std::string null_yaml(const std::string& rest = "") {
        return "vmType: \"null\"\n" + rest;
    }
    /// For testdisk, with the image at the location.
    std::string disk_yaml(const std::string& location, const std::string& rest = "") const {
        return "vmType: testdisk\narch: x86_64\ndisk: 1MiB\nimages:\n- location: \"" + location +
               "\"\n  arch: x86_64\n" + rest;
    }
    /// A raw image of 4 KiB in the home.
    std::string small_image() {
        const Path path = home_.home() / "small.img";
        write(path, std::string(4096, 'i'));
        return path.string();
    }
    bool warned(const std::string& part) const {
        for (const std::string& line : sink_.warnings) {
            if (line.find(part) != std::string::npos) {
                return true;
            }
        }
        return false;
    }

    struct Warnings final : log::Sink {
        void write(log::Level level, std::string_view message, const log::Fields&) override {
            if (level >= log::Level::kWarning) {
                warnings.emplace_back(message);
            }
        }
        std::vector<std::string> warnings;
    };

    test::TempHome home_;
    test::ScopedEnv drivers_{"LIMA_DRIVERS_PATH", LIMA_TEST_DRIVERS};
    Warnings sink_;
    Context context_{store::Home(home_.lima_home()), {}, {}, {}, false, {}};
};

}  // namespace lima::instance
