// The events that the agent says on its stdout (spec/host-guest.md 1.4), and the state that they
// leave for GET /v1/status. Every event is a line of its own, written at once; those that tell what
// became of the instance are on the disk when the call returns. Thread: the loop's.
#pragma once

#include "core/base/error.hpp"
#include "core/hostagent/line_file.hpp"
#include "core/hostapi/event.hpp"

#include <string>
#include <vector>

namespace lima::hostagent {

class Events {
public:
    /// The descriptor is borrowed.
    explicit Events(int fd) : file_(fd) {}

    void booting(int ssh_local_port);
    void phase_begin(const std::string& name, const std::string& detail);
    void phase_done(const std::string& name);
    void phase_failed(const std::string& name, const Error& cause);
    /// Something within the phase that runs: it stays the current one.
    void within(hostapi::PhaseEvent event);
    void cloud_init(hostapi::CloudInitProgress progress);
    void port_forward(hostapi::PortForwardEvent event);
    /// Degraded when there are errors; they become one text.
    void ready(const std::vector<Error>& errors);
    /// Why the agent gives up; `exiting` follows.
    void failed(const std::string& phase, const Error& cause);
    void exiting();

    const hostapi::Status& last() const { return last_; }
    bool is_ready() const { return ready_; }
    /// The phase that began last and is not over; "" when there is none.
    const std::string& current_phase() const { return phase_; }

private:
    enum class Durable { kNo, kYes };
    void emit(Durable durable = Durable::kNo);

    LineFile file_;
    bool ready_ = false;
    std::string phase_;
    hostapi::Status last_;
};

}  // namespace lima::hostagent
