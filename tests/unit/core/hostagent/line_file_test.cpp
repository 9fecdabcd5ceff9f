// Lines on a disk that is full: a limit for files of this process stands for it, and /dev/full.
#include "core/hostagent/line_file.hpp"

#include "core/base/fd.hpp"
#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>

namespace lima::hostagent {
namespace {

/// No file of this process grows beyond it.
class FileLimit {
public:
    explicit FileLimit(rlim_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before_);
        rlimit now = before_;
        now.rlim_cur = bytes;
        setrlimit(RLIMIT_FSIZE, &now);
    }
    ~FileLimit() { setrlimit(RLIMIT_FSIZE, &before_); }
    FileLimit(const FileLimit&) = delete;
    FileLimit& operator=(const FileLimit&) = delete;

private:
    rlimit before_{};
};

class LineFileTest : public testing::Test {
protected:
    std::vector<std::string> written() const {
        const std::string text = fs::read_file(path_).value_or("");
        std::vector<std::string> out;
        for (const std::string_view line : lines(text)) {
            out.emplace_back(line);
        }
        return out;
    }

    fs::TempDir dir_ = std::move(*fs::TempDir::create("ll", std::filesystem::path("/tmp")));
    std::filesystem::path path_ = dir_.path() / "log";
    Fd fd_{open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)};
};

TEST_F(LineFileTest, ACutLineEndsBeforeTheNext) {
    LineFile file(fd_.get());
    ASSERT_TRUE(file.append("one\n"));
    {
        const FileLimit full(6);
        EXPECT_FALSE(file.append("two\n"));
        EXPECT_FALSE(file.append("three\n"));
    }
    ASSERT_TRUE(file.append("four\n"));
    ASSERT_TRUE(file.append("five\n"));
    EXPECT_EQ(written(), (std::vector<std::string>{"one", "tw", "four", "five"}));
}

TEST_F(LineFileTest, TheLogSaysHowMuchItLost) {
    LogFile log(fd_.get());
    log.write(log::Level::kInfo, "before", {});
    {
        const FileLimit full(20);
        for (int i = 0; i < 3; ++i) {
            log.write(log::Level::kInfo, "lost", {});
        }
    }
    log.write(log::Level::kInfo, "after", {{"key", "value"}});
    const auto all = written();
    ASSERT_GE(all.size(), 3U);
    const auto note = parse_json(all[all.size() - 2]);
    ASSERT_TRUE(note) << all[all.size() - 2];
    EXPECT_EQ(json_string(*note, "level"), "warning");
    EXPECT_NE(json_string(*note, "msg").find("3 lines of this log were lost"), std::string::npos);
    const auto last = parse_json(all.back());
    ASSERT_TRUE(last) << all.back();
    EXPECT_EQ(json_string(*last, "msg"), "after");
    EXPECT_EQ(json_string(*last, "key"), "value");
}

TEST(LogFile, AFullDeviceHarmsNothing) {
    const Fd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
    LogFile log(full.get());
    for (int i = 0; i < 100; ++i) {
        log.write(log::Level::kInfo, "lost", {});
    }
    LineFile file(full.get());
    const auto written = file.append("x\n");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code(), Code::kResourceExhausted);
}

}  // namespace
}  // namespace lima::hostagent
