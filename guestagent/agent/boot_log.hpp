// The boot as a list of steps: takes what is found in files and heard from the kernel, and adds a
// step for each thing that is new. The same news twice adds nothing, so that everything can be read
// again whenever anything may have changed. No input or output.
#pragma once

#include "guestagent/agent/boot_text.hpp"
#include "guestagent/proto/agent_service.pb.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lima::guestagent {

using BootStep = lima::agent::v1::BootStep;

/// What a step may need to know of the machine.
struct BootFacts {
    std::function<std::uint64_t()> uptime_ms;
    std::function<bool()> disk_full;
    /// What the named script has said, at most so many lines.
    std::function<ScriptOutput(const std::string& name, std::size_t count)> output;
};

class BootLog {
public:
    BootLog(BootFacts facts, std::function<void()> on_step)
        : facts_(std::move(facts)), on_step_(std::move(on_step)) {}

    struct Entry {
        std::uint64_t number = 0;
        BootStep step;
    };
    /// The step after the number; null when there is none yet.
    const Entry* after(std::uint64_t number) const;

    void agent(BootStep::State state, std::string boot_id);
    void network(const std::string& address);
    void sshd();
    /// The content of a marker file; an empty one is not written yet. Kind: session, fuse, boot.
    void marker(const std::string& kind, std::string_view content);
    void cloud_init_status(std::string_view text);
    void cloud_init_result(std::string_view text);
    /// The whole of the steps file. False: the output of a script that failed is not there yet;
    /// call again in a while, with `last_try` in the end.
    bool scripts(std::string_view text, bool last_try);
    /// The script that runs, with what it has said by now, as a step that replaces its BEGIN, when
    /// it has said something new. True when one runs.
    bool refresh_running();

    bool running() const { return running_.has_value(); }
    bool boot_done() const { return booted_; }
    bool cloud_init_done() const { return result_; }
    bool network_seen() const { return network_; }
    bool sshd_seen() const { return sshd_; }

private:
    BootStep make(std::string kind, std::string name, BootStep::State state) const;
    void add(BootStep step);
    bool script(const ScriptLine& line, bool last_try);

    BootFacts facts_;
    std::function<void()> on_step_;
    std::deque<Entry> steps_;
    std::uint64_t last_ = 0;
    std::size_t scripts_taken_ = 0;
    std::string first_line_;
    std::optional<std::uint64_t> running_;  // the number of the running script's step
    std::map<std::string, std::string> markers_;
    std::set<std::string> begun_;
    std::set<std::string> finished_;
    bool network_ = false;
    bool sshd_ = false;
    bool result_ = false;
    bool booted_ = false;
};

}  // namespace lima::guestagent
