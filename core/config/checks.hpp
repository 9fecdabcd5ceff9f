// The parts of validate(), each for one area of lima.yaml; they add to one list of problems.
// Internal to core/config.
#pragma once

#include "core/config/validate.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace lima::config {

struct Problem {
    std::string path;     // "portForwards[0].guestPort"
    std::string message;  // names the field itself
};

class Problems {
public:
    template <class... Args>
    void add(std::string path, fmt::format_string<Args...> format, Args&&... args) {
        list_.push_back(Problem{std::move(path), fmt::format(format, std::forward<Args>(args)...)});
    }
    template <class... Args>
    void add_first(std::string path, fmt::format_string<Args...> format, Args&&... args) {
        list_.insert(list_.begin(),
                     Problem{std::move(path), fmt::format(format, std::forward<Args>(args)...)});
    }
    template <class... Args>
    void warn(fmt::format_string<Args...> format, Args&&... args) {
        warnings_.push_back(fmt::format(format, std::forward<Args>(args)...));
    }
    const std::vector<Problem>& list() const { return list_; }
    std::vector<std::string>& warnings() { return warnings_; }

private:
    std::vector<Problem> list_;
    std::vector<std::string> warnings_;
};

void check_versions(const Config& config, Problems& out);
void check_machine(const Config& config, const ValidateInput& input, Problems& out);
void check_images(const Config& config, const ValidateInput& input, Problems& out);
void check_sizes(const Config& config, Problems& out);
void check_disks(const Config& config, Problems& out);
void check_mounts(const Config& config, const ValidateInput& input, Problems& out);
void check_ssh(const Config& config, Problems& out);
void check_mount_type(const Config& config, const ValidateInput& input, Problems& out);
void check_provision(const Config& config, Problems& out);
void check_containerd(const Config& config, const ValidateInput& input, Problems& out);
void check_probes(const Config& config, Problems& out);
void check_port_forwards(const Config& config, const ValidateInput& input, Problems& out);
void check_copy_to_host(const Config& config, Problems& out);
void check_dns(const Config& config, Problems& out);
void check_networks(const Config& config, const ValidateInput& input, Problems& out);
void check_params(const Config& config, Problems& out);
void check_user(const Config& config, const ValidateInput& input, Problems& out);
void check_devices(const Config& config, Problems& out);
void check_vm_opts(const Config& config, const ValidateInput& input, Problems& out);
void warn_experimental(const Config& config, const ValidateInput& input, Problems& out);

/// location, arch and digest of something that is downloaded. `path` names the entry.
void check_file(const File& file, const std::string& path, const ValidateInput& input,
                Problems& out);
/// 1..65535, not ssh's 22.
void check_port(const std::string& path, int port, Problems& out);

const std::vector<std::string>& known_archs();
/// "[a b c]", as Go prints a list.
std::string go_list(const std::vector<std::string>& items);
bool contains(const std::vector<std::string>& items, const std::string& item);

}  // namespace lima::config
