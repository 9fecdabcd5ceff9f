// The Go templates inside lima.yaml: which variables a guest template and a host template see
// (spec/config.md 3.1), and expansion that keeps the text and warns when a template is bad.
#pragma once

#include "core/base/json.hpp"
#include "core/config/load.hpp"

#include <optional>
#include <string>
#include <vector>

namespace lima::config {

class Expander {
public:
    /// .Param is the instance's own map: what default.yaml and override.yaml add is not seen by
    /// templates.
    Expander(const LoadInput& input, const StringMap& own_param,
             std::vector<std::string>& warnings);

    /// To be called once the guest's user is known (its home still unexpanded); returns the
    /// expanded home.
    std::string set_user(const User& user);

    void guest(std::optional<std::string>& text, const std::string& field);
    void guest(std::string& text, const std::string& field);
    void host(std::string& text, const std::string& field);

private:
    void expand(std::string& text, const Json& data, const std::string& field);

    const LoadInput& input_;
    std::vector<std::string>& warnings_;
    Json guest_;
    Json host_;
};

/// Base name of the instance directory.
std::string instance_name(const std::filesystem::path& instance_dir);
/// Go's filepath.Clean.
std::string clean_path(const std::string& path);
/// "~" and "~/x" by the home; everything else unchanged; cleaned.
std::string expand_home(const std::string& path, const std::filesystem::path& home);

}  // namespace lima::config
