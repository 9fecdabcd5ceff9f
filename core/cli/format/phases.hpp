// How a start goes, as the user sees it: on a terminal one line that is drawn over and over, for
// programs (--json) a JSON line for each event and one for the result. Elsewhere the log says it.
#pragma once

#include "core/base/error.hpp"
#include "core/hostapi/event.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace lima::cli {

/// The line on a terminal: "boot scripts must have finished: boot.Linux/30-install.sh  12 s", no
/// wider than the columns.
std::string phase_line(const hostapi::PhaseEvent& phase, const std::string& script,
                       std::chrono::seconds elapsed, int columns);

/// Keys: time, phase, state, detail, hint, lines, seconds; those that are empty are left out.
std::string phase_json(SystemTime time, const hostapi::PhaseEvent& phase);
/// The last line: phase "result", state running, degraded or failed. An error of an instance that
/// runs nevertheless is a degraded one's.
std::string result_json(SystemTime time, const Result<void>& result, bool degraded);

class PhaseView {
public:
    enum class Form { kNone, kLine, kJson };
    explicit PhaseView(Form form) : form_(form) {}

    Form form() const { return form_; }
    void take(const hostapi::Event& event);
    /// A second has passed: the line tells how long it has taken.
    void tick();
    /// Something else is about to be printed.
    void clear();
    void result(const Result<void>& result);

private:
    using Clock = std::chrono::steady_clock;
    bool is_news(const hostapi::PhaseEvent& phase);

    Form form_;
    hostapi::PhaseEvent last_;   // that was told
    hostapi::PhaseEvent phase_;  // that runs
    std::string script_;         // that runs in the guest
    Clock::time_point begin_ = Clock::now();
    std::string forward_;  // that was told last
    bool drawn_ = false;
    bool degraded_ = false;  // by the last event
};

}  // namespace lima::cli
