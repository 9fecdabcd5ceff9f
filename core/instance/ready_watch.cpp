#include "core/instance/ready_watch.hpp"

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/store/home.hpp"

namespace lima::instance {

bool ReadyWatch::take(const hostapi::Event& event) {
    const hostapi::Status& status = event.status;
    if (status.ssh_local_port != 0 && ssh_port_ == 0) {
        ssh_port_ = status.ssh_local_port;
        log::info("SSH Local Port: {}", ssh_port_);
    }
    if (status.phase) {
        take_phase(*status.phase);
    }
    if (!status.errors.empty()) {
        errors_ = status.errors;
    }
    if (status.cloud_init) {
        take_cloud_init(*status.cloud_init);
    }
    exiting_ = exiting_ || status.exiting;
    running_ = running_ || status.running;
    degraded_ = degraded_ || status.degraded;
    return exiting_ || (running_ && (!wait_for_cloud_init_ || cloud_init_done_));
}

void ReadyWatch::take_phase(const hostapi::PhaseEvent& phase) {
    if (phase == told_) {
        return;  // every later event repeats it
    }
    told_ = phase;
    log::debug("phase {}: {} {}", phase.name, phase.state, phase.detail);
    if (phase.state == "failed") {
        failed_ = phase;
    }
    if (phase.name == "script") {
        script_ = phase.state == "begin" || phase.state == "slow" ? phase : hostapi::PhaseEvent();
    } else if (phase.name != "cloud-init") {
        phase_ = phase;
    }
}

void ReadyWatch::take_cloud_init(const hostapi::CloudInitProgress& progress) {
    // Every later event repeats the last one.
    if (progress.completed) {
        if (!cloud_init_done_) {
            log::info("Cloud-init progress: {}", progress.log_line);
        }
        cloud_init_done_ = true;
    } else if (progress.log_line != last_log_line_) {
        last_log_line_ = progress.log_line;
        log::info("[cloud-init] {}", progress.log_line);
    }
}

std::string ReadyWatch::cause() const {
    return errors_.empty() ? failed_.detail : join(errors_, "\n");
}

Error ReadyWatch::trouble(Code code, std::string text) const {
    const std::string log_file = (dir_ / store::file::kHaStderr).string();
    // Without an event it has not come far.
    const std::string phase = phase_.name.empty() ? "setup" : phase_.name;
    const std::string hint = failed_.hint.empty() ? "" : failed_.hint + "; ";
    return Error(code, std::move(text))
        .with_hint(hint + "the host agent's log is `" + log_file + "`")
        .with_phase(failed_.name.empty() ? phase : failed_.name);
}

Result<void> ReadyWatch::verdict(const Result<void>& followed) const {
    if (!followed && followed.error().code() == Code::kDeadlineExceeded) {
        std::string text = "did not receive an event with the \"running\" status in time";
        if (phase_.state == "begin") {
            text += ", still in the phase " + go_quote(phase_.name) + ": " + phase_.detail;
        }
        if (!script_.detail.empty()) {
            text += "; the guest runs " + go_quote(script_.detail);
            if (script_.seconds != 0) {
                text += " for more than " + std::to_string(script_.seconds) + " s";
            }
            text += script_.lines.empty() ? "" : ", which said last:\n" + join(script_.lines, "\n");
        }
        return fail(trouble(Code::kDeadlineExceeded, std::move(text) +
                                                         " (it goes on in the background; `limactl "
                                                         "stop -f " +
                                                         name_ + "` ends it)"));
    }
    if (exiting_ || !followed) {
        std::string why = cause();
        if (why.empty() && !followed) {
            why = followed.error().text();
        }
        if (why.empty()) {
            why = "the instance was stopped while it was starting";
        }
        return fail(trouble(Code::kAborted, std::move(why)));
    }
    if (degraded_) {
        return fail(
            trouble(Code::kFailedPrecondition, "the instance runs, but is degraded: " + cause()));
    }
    return {};
}

}  // namespace lima::instance
