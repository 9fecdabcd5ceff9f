#include "core/cli/format/phases.hpp"

#include "core/base/json.hpp"
#include "core/base/time.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

namespace lima::cli {

namespace {

using hostapi::PhaseEvent;

constexpr int kColumns = 80;

/// What the guest does within a phase of the host's.
bool is_inner(const PhaseEvent& phase) {
    return phase.name == "script" || phase.name == "cloud-init";
}

void put(Json& object, const char* key, const std::string& value) {
    if (!value.empty()) {
        object[key] = value;
    }
}

void print_line(const std::string& line) {
    std::fprintf(stdout, "%s\n", line.c_str());
    std::fflush(stdout);
}

std::string forward_text(const hostapi::PortForwardEvent& forward) {
    std::string text = forward.protocol + " " + forward.guest_addr;
    if (!forward.host_addr.empty()) {
        text += " on " + forward.host_addr;
    }
    return forward.error.empty() ? text : text + ": " + forward.error;
}

}  // namespace

std::string phase_line(const PhaseEvent& phase, const std::string& script,
                       std::chrono::seconds elapsed, int columns) {
    std::string text = phase.detail.empty() ? phase.name : phase.detail;
    if (!script.empty()) {
        text += ": " + script;
    }
    const std::string time = fmt::format("  {} s", elapsed.count());
    const auto room = static_cast<std::size_t>(std::max(columns, 20)) - time.size() - 1;
    if (text.size() > room) {
        text = text.substr(0, room - 3) + "...";
    }
    return text + time;
}

std::string phase_json(SystemTime time, const PhaseEvent& phase) {
    Json out = Json::object();
    out["time"] = format_rfc3339_nano(time);
    out["phase"] = phase.name;
    out["state"] = phase.state;
    put(out, "detail", phase.detail);
    put(out, "hint", phase.hint);
    if (!phase.lines.empty()) {
        out["lines"] = phase.lines;
    }
    if (phase.seconds != 0) {
        out["seconds"] = phase.seconds;
    }
    return dump_json(out);
}

std::string result_json(SystemTime time, const Result<void>& result, bool degraded) {
    Json out = Json::object();
    out["time"] = format_rfc3339_nano(time);
    out["phase"] = "result";
    if (result) {
        out["state"] = "running";
        return dump_json(out);
    }
    out["state"] = degraded ? "degraded" : "failed";
    put(out, "detail", result.error().phase());
    put(out, "hint", result.error().hint());
    out["errors"] = Json::array({result.error().text()});
    return dump_json(out);
}

bool PhaseView::is_news(const PhaseEvent& phase) {
    // Every later event repeats the last phase.
    if (phase == last_) {
        return false;
    }
    last_ = phase;
    return true;
}

void PhaseView::take(const hostapi::Event& event) {
    const hostapi::Status& status = event.status;
    degraded_ = status.running && status.degraded;
    if (form_ == Form::kNone) {
        return;
    }
    if (form_ == Form::kJson && status.port_forward) {
        const std::string text = forward_text(*status.port_forward);
        if (std::string now = status.port_forward->type + text; now != forward_) {
            forward_ = std::move(now);
            PhaseEvent forward{.name = "forward", .state = status.port_forward->type};
            forward.detail = text;
            print_line(phase_json(event.time, forward));
        }
    }
    if (!status.phase || !is_news(*status.phase)) {
        return;
    }
    if (form_ == Form::kJson) {
        print_line(phase_json(event.time, *status.phase));
        return;
    }
    const PhaseEvent& phase = *status.phase;
    if (phase.name == "script") {
        script_ = phase.state == "begin" || phase.state == "slow" ? phase.detail : "";
    } else if (!is_inner(phase) && phase.state == "begin") {
        phase_ = phase;
    }
    tick();
}

void PhaseView::tick() {
    if (form_ != Form::kLine || phase_.name.empty()) {
        return;
    }
    const auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin_);
    std::fprintf(stderr, "\r\033[K%s", phase_line(phase_, script_, elapsed, kColumns).c_str());
    std::fflush(stderr);
    drawn_ = true;
}

void PhaseView::clear() {
    if (drawn_) {
        std::fputs("\r\033[K", stderr);
        std::fflush(stderr);
        drawn_ = false;
    }
}

void PhaseView::result(const Result<void>& result) {
    clear();
    if (form_ == Form::kJson) {
        print_line(result_json(std::chrono::system_clock::now(), result, degraded_));
    }
}

}  // namespace lima::cli
