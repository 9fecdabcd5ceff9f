#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/cidata/seed.hpp"

#include <algorithm>
#include <cstdlib>

namespace lima::cidata {
namespace {

using Path = std::filesystem::path;
using Tree = std::map<std::string, Entry>;

void put(Tree& tree, const std::string& path, std::string data, std::uint32_t mode = 0644) {
    tree[path] = Entry{.path = path, .data = std::move(data), .source = {}, .mode = mode};
}

/// The scripts of our own, two levels deep.
Result<void> put_scripts(Tree& tree, const Path& directory, const std::string& prefix) {
    LIMA_TRY(const auto names, fs::list_names(directory), "cannot find the boot scripts");
    for (const std::string& name : names) {
        const Path path = directory / name;
        std::error_code error;
        if (prefix.empty() && std::filesystem::is_directory(path, error)) {
            LIMA_DO(put_scripts(tree, path, name + "/"));
        } else if (name.ends_with(".sh")) {
            LIMA_TRY(std::string text, fs::read_file(path));
            put(tree, prefix + name, std::move(text), 0755);
        }
    }
    return {};
}

Result<void> put_driver_scripts(Tree& tree, const std::map<std::string, std::string>& scripts) {
    for (const auto& [key, text] : scripts) {
        std::string path = key;
        const auto slashes = std::count(key.begin(), key.end(), '/');
        if (slashes == 0 && !key.empty()) {
            path = "boot.Linux/" + key;
            log::warn("the driver's boot script {} names no directory; it goes to {}", key, path);
        } else if (slashes != 1 || !key.starts_with("boot.") || key.ends_with('/')) {
            return failf(Code::kInvalidArgument,
                         "the driver's boot script {} is not of the form boot.OS/SCRIPT",
                         go_quote(key));
        }
        put(tree, path, text, 0755);
    }
    return {};
}

void put_provision(Tree& tree, const std::vector<config::Provision>& all) {
    for (std::size_t i = 0; i < all.size(); ++i) {
        const config::Provision& each = all[i];
        const std::string mode = each.mode.value_or("system");
        const std::string path = "provision." + mode + "/" + provision_number(i);
        if (mode == "data") {
            put(tree, path, each.content.value_or(""));
        } else if (mode == "yq") {
            put(tree, path, each.expression.value_or(""));
        } else if (mode == "system" || mode == "user" || mode == "dependency") {
            put(tree, path, each.script.value_or(""), 0755);
        }  // boot stands in user-data; ansible runs on the host
    }
}

Result<void> put_files(Tree& tree, const Seed& seed) {
    const Input& input = seed.input;
    if (!input.guest_agent.empty() && !seed.plain) {
        constexpr const char* kName = "lima-guestagent";
        put(tree, kName, "", 0755);
        if (input.guest_agent.extension() == ".gz") {
            LIMA_TRY(tree[kName].data, gunzip(input.guest_agent));
        } else {
            tree[kName].source = input.guest_agent;
        }
    }
    if (!input.nerdctl_archive.empty()) {
        put(tree, "nerdctl-full.tgz", "");
        tree["nerdctl-full.tgz"].source = input.nerdctl_archive;
    }
    return {};
}

}  // namespace

Result<std::filesystem::path> script_dir() {
    if (const char* given = std::getenv("LIMA_CIDATA_DIR"); given != nullptr && *given != '\0') {
        return Path(given);
    }
    // bin/limactl and libexec/lima/lima-hostagent alike: the prefix is some levels up
    const Path program = self_executable();
    for (Path at = program.parent_path(); at.has_relative_path(); at = at.parent_path()) {
        Path found = at / "share" / "lima" / "cidata";
        if (fs::exists(found / "boot.sh")) {
            return found;
        }
    }
    return fail(
        Error(Code::kNotFound,
              "no share/lima/cidata/boot.sh above " + program.parent_path().native())
            .with_hint("the installation is incomplete: install it again, or set LIMA_CIDATA_DIR"));
}

Result<std::vector<Entry>> build_tree(const Input& input) {
    LIMA_TRY(const Seed seed, make_seed(input));
    Tree tree;
    LIMA_TRY(const Path scripts, script_dir());
    LIMA_DO(put_scripts(tree, scripts, ""));
    LIMA_DO(put_driver_scripts(tree, input.driver_boot_scripts));
    put_provision(tree, input.config.provision);
    LIMA_TRY(std::string user, user_data(seed, false));
    put(tree, "user-data", std::move(user));
    put(tree, "meta-data", meta_data(seed));
    put(tree, "network-config", network_config(seed));
    LIMA_TRY(std::string env, lima_env(seed));
    put(tree, "lima.env", std::move(env));
    LIMA_TRY(std::string param, param_env(seed));
    put(tree, "param.env", std::move(param));
    LIMA_TRY(std::string environment, etc_environment(seed));
    put(tree, "etc_environment", std::move(environment));
    if (input.no_cloud_init) {
        put(tree, "ssh_authorized_keys", join(input.public_keys, "\n") + "\n");
    }
    LIMA_DO(put_files(tree, seed));
    std::vector<Entry> out;
    for (auto& [path, entry] : tree) {
        out.push_back(std::move(entry));
    }
    return out;
}

Result<std::string> cloud_config(const Input& input) {
    LIMA_TRY(const Seed seed, make_seed(input));
    return user_data(seed, true);
}

}  // namespace lima::cidata
