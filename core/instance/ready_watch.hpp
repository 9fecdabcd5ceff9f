// What `start` makes of the host agent's events: what is shown, when it is enough, and the error
// that names phase, cause and next step. No input or output but the log.
#pragma once

#include "core/base/error.hpp"
#include "core/hostapi/event.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace lima::instance {

class ReadyWatch {
public:
    ReadyWatch(std::string name, std::filesystem::path instance_dir, bool wait_for_cloud_init)
        : name_(std::move(name)),
          dir_(std::move(instance_dir)),
          wait_for_cloud_init_(wait_for_cloud_init) {}

    /// True when no more is needed.
    bool take(const hostapi::Event& event);
    /// After follow(): what became of the start.
    Result<void> verdict(const Result<void>& followed) const;

private:
    void take_phase(const hostapi::PhaseEvent& phase);
    void take_cloud_init(const hostapi::CloudInitProgress& progress);
    Error trouble(Code code, std::string text) const;
    std::string cause() const;

    std::string name_;
    std::filesystem::path dir_;
    bool wait_for_cloud_init_;
    bool running_ = false;
    bool degraded_ = false;
    bool exiting_ = false;
    bool cloud_init_done_ = false;
    int ssh_port_ = 0;
    std::string last_log_line_;
    std::vector<std::string> errors_;
    hostapi::PhaseEvent told_;    // the latest
    hostapi::PhaseEvent phase_;   // the latest of the host's own
    hostapi::PhaseEvent script_;  // what runs in the guest
    hostapi::PhaseEvent failed_;  // the latest that failed
};

}  // namespace lima::instance
