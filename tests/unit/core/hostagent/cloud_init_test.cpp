#include "core/hostagent/cloud_init.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace lima::hostagent {
namespace {

std::vector<hostapi::CloudInitProgress> watch(const std::string& script) {
    asio::io_context loop(1);
    std::vector<hostapi::CloudInitProgress> seen;
    aio::TaskScope scope(loop.get_executor());
    std::vector<std::string> argv = {"sh", "-c", script};
    std::function<void(hostapi::CloudInitProgress)> tell =
        [&seen](hostapi::CloudInitProgress progress) { seen.push_back(std::move(progress)); };
    scope.spawn(watch_cloud_init(std::move(argv), std::move(tell)), "watch");
    loop.run();
    return seen;
}

TEST(CloudInit, TellsLinesUntilTheLast) {
    const auto seen =
        watch("echo one; echo; echo 'Cloud-init v. 22.4.2 finished at …'; exec sleep 100");
    ASSERT_EQ(seen.size(), 4U);
    EXPECT_TRUE(seen[0].active && seen[0].log_line.empty());
    EXPECT_EQ(seen[1].log_line, "one");
    EXPECT_TRUE(seen[2].log_line.starts_with("Cloud-init v."));
    EXPECT_TRUE(seen[3].completed);
    EXPECT_EQ(seen[3].log_line, "cloud-init has finished");
}

TEST(CloudInit, LinesComeWhole) {
    const auto seen = watch("printf 'one\\ntw'; sleep 0.1; printf 'o\\n  three\\npart'");
    ASSERT_EQ(seen.size(), 5U);
    EXPECT_EQ(seen[2].log_line, "two");
    EXPECT_EQ(seen[3].log_line, "  three");
}

TEST(CloudInit, AnEndThatComesEarlyCompletesToo) {
    const auto seen = watch("echo one");
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_TRUE(seen[2].completed);
    EXPECT_NE(seen[2].log_line, "cloud-init has finished");
}

TEST(CloudInit, OfTheUnitTheJournalSaysTheEnd) {
    CloudInitLog log;
    EXPECT_FALSE(log.is_last("Started cloud-init-main.service - Cloud-init: Single Process."));
    EXPECT_FALSE(log.is_last("Cloud-init v. 25 finished at …"));
    EXPECT_TRUE(log.is_last("cloud-init-main.service: Consumed 3.5s CPU time."));
}

}  // namespace
}  // namespace lima::hostagent
