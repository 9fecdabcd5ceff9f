#include "core/hostapi/event.hpp"

#include <gtest/gtest.h>

namespace lima::hostapi {
namespace {

Event at(Status status) {
    return Event{.time = SystemTime(std::chrono::milliseconds(1'700'000'000'250)),
                 .status = std::move(status)};
}

TEST(Event, EmptyStatusKeepsBothKeys) {
    EXPECT_EQ(encode(at({})), R"({"time":"2023-11-14T22:13:20.25Z","status":{}})");
}

TEST(Event, KeysComeInTheSpecifiedOrderAndHtmlIsEscaped) {
    Status status;
    status.running = true;
    status.degraded = true;
    status.errors = {"a <b> & c"};
    status.ssh_local_port = 60022;
    status.cloud_init = CloudInitProgress{.log_line = "x", .active = true};
    status.port_forward =
        PortForwardEvent{.type = "forwarding", .protocol = "tcp", .guest_addr = "0.0.0.0:80"};
    status.vsock = VsockEvent{.type = "skipped", .reason = "r"};
    status.phase = PhaseEvent{.name = "ssh", .state = "failed", .detail = "d", .hint = "h"};
    EXPECT_EQ(encode(at(status)),
              R"({"time":"2023-11-14T22:13:20.25Z","status":{"running":true,"degraded":true,)"
              R"("errors":["a \u003cb\u003e \u0026 c"],"sshLocalPort":60022,)"
              R"("cloudInitProgress":{"logLine":"x","active":true},)"
              R"("portForward":{"type":"forwarding","protocol":"tcp","guestAddr":"0.0.0.0:80"},)"
              R"("vsock":{"type":"skipped","reason":"r"},)"
              R"("phase":{"name":"ssh","state":"failed","detail":"d","hint":"h"}}})");
}

TEST(Event, ExitingStandsAlone) {
    Status status;
    status.exiting = true;
    EXPECT_EQ(encode(at(status)),
              R"({"time":"2023-11-14T22:13:20.25Z","status":{"exiting":true}})");
}

TEST(Event, DecodesWhatItEncodes) {
    Status status;
    status.running = true;
    status.errors = {"one", "two"};
    status.ssh_local_port = 1;
    status.cloud_init = CloudInitProgress{.log_line = "l", .completed = true};
    status.port_forward = PortForwardEvent{.type = "stopping", .host_addr = "127.0.0.1:1"};
    status.vsock = VsockEvent{.type = "started", .host_addr = "a", .vsock_port = 22};
    status.phase = PhaseEvent{.name = "vm", .state = "begin"};
    const std::string line = encode(at(status));
    const auto event = decode(line);
    ASSERT_TRUE(event) << event.error().text();
    EXPECT_EQ(encode(*event), line);
}

TEST(Event, ASlowScriptKeepsItsLines) {
    Status status;
    status.phase = PhaseEvent{.name = "script", .state = "slow", .detail = "a.sh"};
    status.phase->lines = {"one", "two"};
    status.phase->seconds = 30;
    const auto back = decode(encode(at(status)));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->status.phase, status.phase);
}

TEST(Event, IgnoresKeysItDoesNotKnow) {
    const auto event = decode(
        R"({"time":"2023-11-14T23:13:20+01:00","status":{"running":true,"new":{"a":1}},"x":2})");
    ASSERT_TRUE(event);
    EXPECT_TRUE(event->status.running);
    EXPECT_EQ(event->time, SystemTime(std::chrono::seconds(1'700'000'000)));
}

TEST(Event, RefusesWhatIsNoEvent) {
    EXPECT_FALSE(decode("plain text"));
    EXPECT_FALSE(decode("[1]"));
    EXPECT_FALSE(decode(R"({"status":{}})"));
}

}  // namespace
}  // namespace lima::hostapi
