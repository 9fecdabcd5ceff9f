// The parts of validate(), each for one area of lima.yaml; they add to one list of problems.
// Internal to core/config.
#pragma once

#include "core/config/validate.hpp"

#include <fmt/format.h>

#include <span>
#include <string>
#include <vector>

namespace lima::config {

struct Problem {
    std::string path;                     // "portForwards[0].guestPort"
    std::string message;                  // names the field itself
    std::vector<const char*> needs = {};  // other fields that it follows from
};

class Problems {
public:
    template <class... Args>
    Problem& add(std::string path, fmt::format_string<Args...> format, Args&&... args) {
        return list_.emplace_back(
            Problem{std::move(path), fmt::format(format, std::forward<Args>(args)...)});
    }
    template <class... Args>
    void warn(fmt::format_string<Args...> format, Args&&... args) {
        warnings_.push_back(fmt::format(format, std::forward<Args>(args)...));
    }
    /// By the first of the fields that the path begins with; then by the index in a list.
    void sort(std::span<const char* const> order);
    /// Forgets what may only follow from a field that could not be read.
    void forget_about(const std::string& path);
    void forget_all() { list_.clear(); }
    const std::vector<Problem>& list() const { return list_; }
    std::vector<std::string>& warnings() { return warnings_; }

private:
    std::vector<Problem> list_;
    std::vector<std::string> warnings_;
};

/// The words and formats that the table gives.
void check_facts(const Config& config, Problems& out);
void check_facts(const File& file, const std::string& path, Problems& out);
void check_versions(const Config& config, const ValidateInput& input, Problems& out);
void check_machine(const Config& config, const ValidateInput& input, Problems& out);
void check_images(const Config& config, const ValidateInput& input, Problems& out);
void check_mounts(const Config& config, const ValidateInput& input, Problems& out);
void check_mount_type(const Config& config, const ValidateInput& input, Problems& out);
void check_provision(const Config& config, const ValidateInput& input, Problems& out);
void check_containerd(const Config& config, Problems& out);
void check_probes(const Config& config, const ValidateInput& input, Problems& out);
void check_port_forwards(const Config& config, const ValidateInput& input, Problems& out);
void check_dns(const Config& config, Problems& out);
void check_networks(const Config& config, const ValidateInput& input, Problems& out);
void check_params(const Config& config, Problems& out);
void check_user(const Config& config, const ValidateInput& input, Problems& out);
void check_devices(const Config& config, Problems& out);
/// vmOpts of the driver, by its schema, and osOpts.
void check_options(const Config& config, const ValidateInput& input, Problems& out);
void warn_experimental(const Config& config, const ValidateInput& input, Problems& out);

/// "[a b c]", as Go prints a list.
std::string go_list(const std::vector<std::string>& items);
bool contains(const std::vector<std::string>& items, const std::string& item);

}  // namespace lima::config
