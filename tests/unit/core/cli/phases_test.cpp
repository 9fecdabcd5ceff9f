#include "core/cli/format/phases.hpp"

#include <gtest/gtest.h>

namespace lima::cli {
namespace {

using hostapi::PhaseEvent;

const SystemTime kTime{std::chrono::seconds(1'700'000'000)};

TEST(PhaseLine, NamesWhatIsWaitedForAndTheScript) {
    const PhaseEvent boot{.name = "boot", .state = "begin", .detail = "boot scripts"};
    EXPECT_EQ(phase_line(boot, "", std::chrono::seconds(3), 80), "boot scripts  3 s");
    EXPECT_EQ(phase_line(boot, "boot.Linux/30.sh", std::chrono::seconds(12), 80),
              "boot scripts: boot.Linux/30.sh  12 s");
    EXPECT_EQ(phase_line({.name = "vm"}, "", std::chrono::seconds(0), 80), "vm  0 s");
}

TEST(PhaseLine, IsNoWiderThanTheTerminal) {
    const PhaseEvent boot{.name = "boot", .state = "begin", .detail = std::string(100, 'x')};
    const std::string line = phase_line(boot, "", std::chrono::seconds(5), 40);
    EXPECT_EQ(line.size(), 39U);
    EXPECT_TRUE(line.ends_with("...  5 s")) << line;
}

TEST(PhaseJson, LeavesOutWhatIsEmpty) {
    EXPECT_EQ(phase_json(kTime, {.name = "vm", .state = "done"}),
              R"({"time":"2023-11-14T22:13:20Z","phase":"vm","state":"done"})");
    PhaseEvent failed{.name = "script", .state = "failed", .detail = "a.sh: exit status 1"};
    failed.hint = "look";
    failed.lines = {"one", "two"};
    EXPECT_EQ(phase_json(kTime, failed),
              R"({"time":"2023-11-14T22:13:20Z","phase":"script","state":"failed",)"
              R"("detail":"a.sh: exit status 1","hint":"look","lines":["one","two"]})");
}

TEST(ResultJson, TellsRunningDegradedAndFailed) {
    EXPECT_EQ(result_json(kTime, {}, false),
              R"({"time":"2023-11-14T22:13:20Z","phase":"result","state":"running"})");
    const Result<void> degraded = fail(
        Error(Code::kFailedPrecondition, "the instance runs, but is degraded: x").with_hint("h"));
    EXPECT_EQ(result_json(kTime, degraded, true),
              R"({"time":"2023-11-14T22:13:20Z","phase":"result","state":"degraded","hint":"h",)"
              R"("errors":["the instance runs, but is degraded: x"]})");
    const Result<void> failed = fail(Error(Code::kAborted, "no luck").with_phase("vm"));
    EXPECT_EQ(result_json(kTime, failed, false),
              R"({"time":"2023-11-14T22:13:20Z","phase":"result","state":"failed","detail":"vm",)"
              R"("errors":["no luck"]})");
}

TEST(PhaseView, PrintsEachPhaseOnceAsJson) {
    PhaseView view(PhaseView::Form::kJson);
    testing::internal::CaptureStdout();
    hostapi::Event event{.time = kTime};
    event.status.phase = PhaseEvent{.name = "vm", .state = "begin"};
    view.take(event);
    event.status.ssh_local_port = 22;
    view.take(event);
    event.status.port_forward = hostapi::PortForwardEvent{.type = "forwarding",
                                                          .protocol = "tcp",
                                                          .guest_addr = "0.0.0.0:80",
                                                          .host_addr = "127.0.0.1:80"};
    view.take(event);
    view.take(event);
    const std::string said = testing::internal::GetCapturedStdout();
    EXPECT_EQ(said,
              "{\"time\":\"2023-11-14T22:13:20Z\",\"phase\":\"vm\",\"state\":\"begin\"}\n"
              "{\"time\":\"2023-11-14T22:13:20Z\",\"phase\":\"forward\",\"state\":\"forwarding\","
              "\"detail\":\"tcp 0.0.0.0:80 on 127.0.0.1:80\"}\n");
}

TEST(PhaseView, DegradedIsWhatTheLastEventSays) {
    const Result<void> error = fail(Error(Code::kFailedPrecondition, "is degraded"));
    const auto last_word = [&error](bool running, bool degraded) {
        PhaseView view(PhaseView::Form::kJson);
        hostapi::Event event{.time = kTime};
        event.status.running = running;
        event.status.degraded = degraded;
        testing::internal::CaptureStdout();
        view.take(event);
        view.result(error);
        return testing::internal::GetCapturedStdout();
    };
    EXPECT_NE(last_word(true, true).find(R"("state":"degraded")"), std::string::npos);
    EXPECT_NE(last_word(false, false).find(R"("state":"failed")"), std::string::npos);
    EXPECT_NE(last_word(true, false).find(R"("state":"failed")"), std::string::npos);
}

TEST(PhaseView, OnATerminalALineIsDrawnAndCleared) {
    PhaseView view(PhaseView::Form::kLine);
    testing::internal::CaptureStderr();
    hostapi::Event event{.time = kTime};
    event.status.phase = PhaseEvent{.name = "ssh", .state = "begin", .detail = "ssh"};
    view.take(event);
    event.status.phase = PhaseEvent{.name = "script", .state = "begin", .detail = "a.sh"};
    view.take(event);
    view.result({});
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "\r\033[Kssh  0 s\r\033[Kssh: a.sh  0 s\r\033[K");
}

}  // namespace
}  // namespace lima::cli
