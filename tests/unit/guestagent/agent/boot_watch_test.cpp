#include "guestagent/agent/boot_watch.hpp"

#include "core/base/fs.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace lima::guestagent {
namespace {

/// A watch of a guest whose files lie in a directory, on a loop that the test runs.
class BootWatchTest : public ::testing::Test {
protected:
    void write(const std::string& name, const std::string& text) {
        const std::filesystem::path path = root_.path() / name;
        std::filesystem::create_directories(path.parent_path());
        ASSERT_TRUE(fs::write_file_atomic(path, text));
    }
    void start() {
        BootWatchOptions options;
        options.root = root_.path();
        options.moment = std::chrono::milliseconds(5);
        options.network = false;
        options.sshd = false;
        watch_ = std::make_unique<BootWatch>(loop_.get_executor(), ports_, std::move(options));
        ASSERT_TRUE(watch_->start());
    }
    void run_until_done() {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        const auto done = [this] {
            return watch_->log().boot_done() && watch_->log().cloud_init_done();
        };
        while (!done() && loop_.run_one_until(until) != 0) {
        }
        ASSERT_TRUE(done());
    }
    /// What ended, in the order in which it was told.
    std::vector<std::string> ends() const {
        std::vector<std::string> out;
        std::uint64_t number = 0;
        while (const BootLog::Entry* entry = watch_->log().after(number)) {
            number = entry->number;
            if (entry->step.kind() != "agent" && entry->step.state() != BootStep::BEGIN) {
                out.push_back(entry->step.kind() + " " + entry->step.name());
            }
        }
        return out;
    }
    using Names = std::vector<std::string>;

    fs::TempDir root_ = *fs::TempDir::create("boot-watch");
    asio::io_context loop_;
    PortWatch ports_{loop_.get_executor(), PortWatchOptions()};  // is not asked
    std::unique_ptr<BootWatch> watch_;
};

constexpr const char* kFailed =
    "1.00 begin provision.system/0\n"
    "1.50 end provision.system/0 1\n";

/// The log never gets the script's last words, as on a disk that is full.
TEST_F(BootWatchTest, TheBootIsDoneOnlyAfterEachFailedScriptWasTold) {
    write("run/lima-boot-steps", kFailed);
    write("run/lima-ssh-ready", "iid-1\n");
    write("run/lima-boot-done", "iid-1\n");
    write("run/cloud-init/result.json", R"({"v1":{"errors":[]}})");
    start();
    EXPECT_EQ(ends(), Names{"session "});
    run_until_done();
    EXPECT_EQ(ends(),
              (Names{"session ", "script provision.system/0", "boot ", "cloud-init result"}));
}

TEST_F(BootWatchTest, SoItIsWhenTheFilesComeWhileItWatches) {
    write("run/lima-boot-progress", "");
    start();
    write("run/lima-boot-steps", kFailed);
    write("run/lima-boot-done", "iid-1\n");
    write("run/cloud-init/result.json", R"({"v1":{"errors":[]}})");
    run_until_done();
    EXPECT_EQ(ends(), (Names{"script provision.system/0", "boot ", "cloud-init result"}));
}

}  // namespace
}  // namespace lima::guestagent
