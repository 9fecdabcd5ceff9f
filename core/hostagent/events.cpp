#include "core/hostagent/events.hpp"

#include "core/base/log.hpp"
#include "core/base/text.hpp"

#include <unistd.h>

namespace lima::hostagent {

using hostapi::PhaseEvent;

void Events::emit(Durable durable) {
    const hostapi::Event event{.time = std::chrono::system_clock::now(), .status = last_};
    const std::string line = hostapi::encode(event);
    log::trace("event {}", line);
    if (const auto written = file_.append(line + "\n"); !written) {
        log::warn("cannot write an event: {}", written.error().text());
        return;
    }
    if (durable == Durable::kYes) {
        fsync(file_.fd());  // fails on a terminal or pipe, where there is nothing to sync
    }
}

void Events::booting(int ssh_local_port) {
    last_.ssh_local_port = ssh_local_port;
    emit();
}

void Events::phase_begin(const std::string& name, const std::string& detail) {
    phase_ = name;
    last_.phase = PhaseEvent{.name = name, .state = "begin", .detail = detail};
    emit();
}

void Events::phase_done(const std::string& name) {
    phase_.clear();
    last_.phase = PhaseEvent{.name = name, .state = "done"};
    emit();
}

void Events::phase_failed(const std::string& name, const Error& cause) {
    phase_.clear();
    last_.phase =
        PhaseEvent{.name = name, .state = "failed", .detail = cause.text(), .hint = cause.hint()};
    emit();
}

void Events::within(PhaseEvent event) {
    last_.phase = std::move(event);
    emit();
}

void Events::port_forward(hostapi::PortForwardEvent event) {
    last_.port_forward = std::move(event);
    emit();
}

void Events::cloud_init(hostapi::CloudInitProgress progress) {
    last_.cloud_init = std::move(progress);
    emit();
}

void Events::ready(const std::vector<Error>& errors) {
    hostapi::Status status;
    status.running = true;
    status.ssh_local_port = last_.ssh_local_port;
    if (!errors.empty()) {
        status.degraded = true;
        std::vector<std::string> texts;
        for (const Error& error : errors) {
            texts.push_back(error.text());
        }
        status.errors.push_back(join(texts, "\n"));
        status.phase = last_.phase;
    }
    ready_ = true;
    last_ = std::move(status);
    emit(Durable::kYes);
}

void Events::failed(const std::string& phase, const Error& cause) {
    phase_.clear();
    hostapi::Status status;
    status.ssh_local_port = last_.ssh_local_port;
    status.errors.push_back(cause.text());
    status.phase =
        PhaseEvent{.name = phase, .state = "failed", .detail = cause.text(), .hint = cause.hint()};
    last_ = std::move(status);
    emit(Durable::kYes);
}

void Events::exiting() {
    last_ = hostapi::Status{};
    last_.exiting = true;
    emit(Durable::kYes);
}

}  // namespace lima::hostagent
