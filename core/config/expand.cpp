#include "core/config/expand.hpp"

#include "core/text/go_template.hpp"

#include <fmt/format.h>

namespace lima::config {

std::string instance_name(const std::filesystem::path& instance_dir) {
    std::filesystem::path path = instance_dir.lexically_normal();
    if (!path.has_filename()) {
        path = path.parent_path();
    }
    return path.filename().string();
}

std::string clean_path(const std::string& path) {
    std::string out = std::filesystem::path(path).lexically_normal().string();
    if (out.empty()) {
        return ".";
    }
    while (out.size() > 1 && out.ends_with('/')) {
        out.pop_back();
    }
    return out;
}

std::string expand_home(const std::string& path, const std::filesystem::path& home) {
    if (path == "~" || path.starts_with("~/")) {
        return clean_path(home.string() + "/" + path.substr(1));
    }
    return clean_path(path);
}

Expander::Expander(const LoadInput& input, const StringMap& own_param,
                   std::vector<std::string>& warnings)
    : input_(input), warnings_(warnings), guest_(Json::object()), host_(Json::object()) {
    const std::string name = instance_name(input.instance_dir);
    const Json param(own_param);
    guest_["Name"] = name;
    guest_["Hostname"] = hostname_of(name);
    guest_["Param"] = param;
    host_["Dir"] = input.instance_dir.string();
    host_["Name"] = name;
    host_["UID"] = std::to_string(input.host.uid);
    host_["User"] = input.host.user;
    host_["Home"] = input.host.home.string();
    host_["Param"] = param;
    host_["GlobalTempDir"] = "/tmp";
    host_["TempDir"] = input.host.temp_dir;
    host_["Instance"] = name;  // deprecated spellings
    host_["LimaHome"] = input.lima_home.string();
}

std::string Expander::set_user(const User& user) {
    guest_["UID"] = user.uid.value_or(0);
    guest_["User"] = user.name.value_or("");
    std::string home = user.home.value_or("");
    guest_["Home"] = home;
    guest(home, "user.home");
    guest_["Home"] = home;
    return home;
}

void Expander::guest(std::optional<std::string>& text, const std::string& field) {
    if (text) {
        expand(*text, guest_, field);
    }
}

void Expander::guest(std::string& text, const std::string& field) { expand(text, guest_, field); }

void Expander::host(std::string& text, const std::string& field) { expand(text, host_, field); }

void Expander::expand(std::string& text, const Json& data, const std::string& field) {
    if (text.find("{{") == std::string::npos) {
        return;
    }
    auto expanded = text::expand_template(text, data);
    if (!expanded) {
        warnings_.push_back(fmt::format("{}: field `{}` is left as it is: {}", input_.instance.file,
                                        field, expanded.error().text()));
        return;
    }
    text = std::move(*expanded);
}

}  // namespace lima::config
