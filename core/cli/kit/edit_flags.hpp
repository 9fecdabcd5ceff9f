// The flags that change lima.yaml, shared by create, start, edit and restart, as the assignments
// that they mean (spec/cli.md section 6). A table of values in, expressions out: pure.
#pragma once

#include "core/cli/kit/cli.hpp"

namespace lima::cli {

struct EditFlags {
    std::optional<int> cpus;
    std::optional<Args> dns;
    std::optional<double> memory;
    std::optional<Args> mount;
    std::optional<Args> mount_only;
    std::optional<bool> mount_none;
    std::optional<std::string> mount_type;
    std::optional<std::string> vm_type;
    std::optional<bool> mount_inotify;
    std::optional<bool> mount_writable;
    std::optional<Args> network;
    std::optional<bool> nested_virt;
    std::optional<bool> rosetta;
    Args set;
    Args param;
    std::optional<bool> video;
    std::optional<int> ssh_port;
    std::optional<double> disk;
    std::optional<std::string> shell;
    // only at creation
    std::optional<std::string> audio_device;
    std::optional<std::string> audio_interface;
    std::optional<std::string> image_variant;
    std::optional<std::string> arch_variant;
    std::optional<std::string> arch;
    std::optional<std::string> containerd;
    std::optional<bool> plain;
    Args port_forward;
    bool operator==(const EditFlags&) const = default;
};

enum class EditScope { kEdit, kCreate };

void add_edit_flags(Flags flags, EditFlags& values, EditScope scope);

struct EditInput {
    bool new_instance = true;         // else the creation-only flags warn and are ignored
    std::filesystem::path home;       // for ~ in mounts
    std::vector<std::string> params;  // keys that the text's param has
};

struct Edits {
    std::vector<std::string> expressions;  // in the specified order; empty: nothing given
    std::vector<std::string> warnings;
};

/// An error names the flag.
Result<Edits> edit_expressions(const EditFlags& values, const EditInput& input);

/// Applies them to a text: the whole way from flags to the new lima.yaml. Warnings are logged.
Result<std::string> apply_edit_flags(const EditFlags& values, EditInput input,
                                     const std::string& text, const std::string& file);

}  // namespace lima::cli
