// The command line while it grows: words, warnings, and the rule that an option which the user gave
// in QEMU_SYSTEM_X is not given again.
#pragma once

#include "plugins/qemu/argv.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lima::qemu {

class ArgvBuilder {
public:
    ArgvBuilder(const Config& wanted, const Host& found, const Arch& guest)
        : config(wanted), host(found), arch(guest) {
        line.words.push_back(host.exe);
        line.words.insert(line.words.end(), host.extra_args.begin(), host.extra_args.end());
    }

    void add(std::string_view option) { line.words.emplace_back(option); }
    void add(std::string_view option, std::string value) {
        line.words.emplace_back(option);
        line.words.push_back(std::move(value));
    }
    /// For the options that can stand once: what the user gave stays.
    void add_unless_given(std::string_view option, std::string value);
    void warn(std::string text) { line.warnings.push_back(std::move(text)); }

    /// A file of the instance directory, ready to stand inside an option.
    std::string inst(std::string_view name) const {
        return escape_commas((config.dir / name).string());
    }
    bool windows_guest() const { return config.os == "Windows"; }
    bool at_least(int major, int minor, int patch = 0) const {
        return host.version && *host.version >= Version{major, minor, patch};
    }

    const Config& config;
    const Host& host;
    const Arch& arch;
    CommandLine line;
};

// The steps, in the order of the command line.
Result<void> add_machine(ArgvBuilder& out);  // argv.cpp
void add_disks(ArgvBuilder& out);            // argv_devices.cpp, like the rest
void add_direct_boot(ArgvBuilder& out);
Result<void> add_tpm(ArgvBuilder& out);
Result<void> add_networks(ArgvBuilder& out);
Result<void> add_audio(ArgvBuilder& out);
void add_display(ArgvBuilder& out);
void add_serial(ArgvBuilder& out);
void add_mounts(ArgvBuilder& out);

}  // namespace lima::qemu
