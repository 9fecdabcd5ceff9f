// What must be true in the guest before an instance is ready, as values (spec/host-guest.md 1.7).
// Pure: the list follows from the configuration; who runs the scripts is in readiness.hpp.
#pragma once

#include "core/config/fields.hpp"

#include <string>
#include <vector>

namespace lima::hostagent {

/// What the guest's agent tells of the boot: the requirement that has one waits for it.
enum class Milestone { kNone, kSshd, kSession, kFuse, kBoot };

struct Requirement {
    std::string group;         // essential, optional, final
    std::string phase;         // of the events: ssh, user-session, boot …
    std::string description;   // "ssh", "user session is ready for ssh"
    std::string script;        // first line: #!interpreter
    bool fatal = false;        // its failure ends the group at once
    bool uses_master = false;  // run by OpenSSH, so that the ControlMaster comes up with it
    bool with_params = false;  // PARAM_* are exported to it
    std::string hint;
    Milestone milestone = Milestone::kNone;
    bool verify = false;       // the script is run even when the milestone is reached
    bool of_the_boot = false;  // made true by the boot or not at all
};

struct Plan {
    std::vector<Requirement> essential;
    std::vector<Requirement> optional;
    std::vector<Requirement> final;
    /// What the instance goes without, and why: told to the user, no failure.
    std::vector<std::string> notices;
};

struct PlanInput {
    config::Config config;
    std::string instance_id;          // what the markers must hold
    bool containerd_archive = false;  // the cidata has nerdctl-full.tgz
};

Plan plan_requirements(const PlanInput& input);

/// The text after "#!" of the first line, trimmed; /bin/sh when there is none.
std::string interpreter_of(const std::string& script);
/// What sshd is told to run, with the script on its stdin.
std::string remote_command(const Requirement& requirement);

}  // namespace lima::hostagent
