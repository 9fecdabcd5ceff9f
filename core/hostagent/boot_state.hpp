// How far the guest's boot has come, from the steps that its agent tells: which milestones are
// reached for this instance id, which script runs, what has failed. Pure. The same step twice does
// no harm: an agent tells all of them again after a reconnection.
#pragma once

#include "core/base/error.hpp"
#include "core/hostagent/guest/guest.hpp"
#include "core/hostagent/requirements.hpp"

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace lima::hostagent {

class BootState {
public:
    using Clock = std::chrono::steady_clock;

    struct RunningScript {
        std::string name;
        Clock::time_point since;  // when we heard of it
        std::vector<std::string> lines;
    };

    explicit BootState(std::string instance_id) : instance_id_(std::move(instance_id)) {}

    /// True when it is news.
    bool take(const BootStep& step, Clock::time_point now);
    /// The kernel's: another one is another boot, of which nothing is known yet.
    void take_boot_id(const std::string& boot_id);

    bool has(Milestone milestone) const;
    /// What is not there by now will not come: the boot is done, or cloud-init has ended without
    /// it.
    bool over() const { return has(Milestone::kBoot) || cloud_init_over_; }
    /// The guest's user has their keys: a refused login stays refused.
    bool keys_are_set() const { return has(Milestone::kSession) || over(); }
    const std::optional<RunningScript>& running() const { return running_; }
    /// Scripts that failed, each with its last lines and a hint; in their order.
    const std::vector<Error>& failures() const { return failures_; }
    /// What cloud-init itself complains of, "" for nothing.
    const std::string& cloud_init_errors() const { return cloud_init_errors_; }

private:
    void take_script(const BootStep& step, Clock::time_point now);

    std::string instance_id_;
    std::string boot_id_;
    std::set<std::string> seen_;
    std::set<Milestone> reached_;
    std::optional<RunningScript> running_;
    std::vector<Error> failures_;
    std::string cloud_init_errors_;
    bool cloud_init_over_ = false;
};

/// A script that failed, as it is told to the user. `lines` are its last ones.
Error script_failure(const std::string& name, const std::string& how,
                     const std::vector<std::string>& lines, bool disk_full);
/// "boot script", "provisioning script" by the directory in its name.
std::string script_kind(const std::string& name);

}  // namespace lima::hostagent
