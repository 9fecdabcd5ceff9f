#include "core/hostagent/events.hpp"

#include "core/base/fd.hpp"
#include "core/base/text.hpp"

#include <gtest/gtest.h>

namespace lima::hostagent {
namespace {

class EventsTest : public testing::Test {
protected:
    std::vector<hostapi::Status> said() {
        pipe_.write.reset();
        std::vector<hostapi::Status> out;
        const std::string text = *read_all(pipe_.read.get());
        for (const std::string_view line : lines(text)) {
            const auto event = hostapi::decode(std::string(line));
            EXPECT_TRUE(event) << line;
            out.push_back(event->status);
        }
        return out;
    }

    Pipe pipe_ = *make_pipe();
    Events events_{pipe_.write.get()};
};

TEST_F(EventsTest, AGoodStart) {
    events_.phase_begin("vm", "starting the VM");
    EXPECT_EQ(events_.current_phase(), "vm");
    events_.phase_done("vm");
    EXPECT_EQ(events_.current_phase(), "");
    events_.booting(60022);
    EXPECT_FALSE(events_.is_ready());
    events_.ready({});
    EXPECT_TRUE(events_.is_ready());
    events_.exiting();
    const auto all = said();
    ASSERT_EQ(all.size(), 5U);
    EXPECT_EQ(all[0].phase->state, "begin");
    EXPECT_EQ(all[0].phase->detail, "starting the VM");
    EXPECT_EQ(all[1].phase->state, "done");
    EXPECT_EQ(all[2].ssh_local_port, 60022);
    EXPECT_TRUE(all[3].running);
    EXPECT_FALSE(all[3].degraded);
    EXPECT_EQ(all[3].ssh_local_port, 60022);
    EXPECT_FALSE(all[3].phase);
    EXPECT_TRUE(all[4].exiting);
    EXPECT_FALSE(all[4].running);
    EXPECT_EQ(all[4].ssh_local_port, 0);
}

TEST_F(EventsTest, DegradedJoinsItsErrors) {
    events_.booting(1);
    events_.ready({Error(Code::kUnknown, "one"), Error(Code::kUnknown, "two")});
    const auto all = said();
    EXPECT_TRUE(all.back().running && all.back().degraded);
    EXPECT_EQ(all.back().errors, std::vector<std::string>{"one\ntwo"});
}

TEST_F(EventsTest, AFailureNamesPhaseCauseAndHint) {
    events_.phase_begin("vm", "d");
    events_.failed("vm", Error(Code::kUnknown, "no KVM").with_hint("use TCG"));
    const auto all = said();
    EXPECT_EQ(all.back().errors, std::vector<std::string>{"no KVM"});
    EXPECT_EQ(all.back().phase->name, "vm");
    EXPECT_EQ(all.back().phase->state, "failed");
    EXPECT_EQ(all.back().phase->detail, "no KVM");
    EXPECT_EQ(all.back().phase->hint, "use TCG");
    EXPECT_FALSE(all.back().running);
}

TEST_F(EventsTest, CloudInitLinesKeepTheRestOfTheStatus) {
    events_.booting(5);
    events_.cloud_init({.log_line = "x", .completed = false, .active = true});
    const auto all = said();
    EXPECT_EQ(all.back().ssh_local_port, 5);
    EXPECT_EQ(all.back().cloud_init->log_line, "x");
}

}  // namespace
}  // namespace lima::hostagent
