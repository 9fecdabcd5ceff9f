#include "core/hostagent/copy_to_host.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"

namespace lima::hostagent {
namespace {

constexpr std::chrono::minutes kTimeout(2);

std::filesystem::path host_path(const config::CopyToHost& rule,
                                const std::filesystem::path& instance_dir) {
    const std::filesystem::path path = rule.host;
    return path.is_absolute() ? path : instance_dir / path;
}

Result<std::optional<std::string>> read_guest_file(const config::CopyToHost& rule,
                                                   CommandRunner& guest) {
    const std::string command = "env LANG=C LC_ALL=C cat " + shell_quote(rule.guest);
    LIMA_TRY(ssh::CommandResult result, guest.run(command, {}, kTimeout));
    if (result.exit_code != 0 && result.err.find("Permission denied") != std::string::npos) {
        LIMA_TRY(result, guest.run("sudo -n " + command, {}, kTimeout));
    }
    if (result.exit_code == 0) {
        return std::optional<std::string>(std::move(result.out));
    }
    if (rule.skip_if_missing && result.err.find("No such file or directory") != std::string::npos) {
        return std::optional<std::string>();
    }
    return failf(Code::kFailedPrecondition, "cannot read {} in the guest: {}",
                 name_quote(rule.guest), trim(result.err));
}

Result<void> copy(const config::CopyToHost& rule, CommandRunner& guest,
                  const std::filesystem::path& instance_dir) {
    LIMA_TRY(const std::optional<std::string> text, read_guest_file(rule, guest));
    if (!text) {
        log::debug("copyToHost: {} is missing in the guest", name_quote(rule.guest));
        return {};
    }
    const std::filesystem::path to = host_path(rule, instance_dir);
    LIMA_DO(fs::make_dirs(to.parent_path(), 0700));
    // A link at the end of the path could lead anywhere: it is replaced, not followed.
    std::error_code ignored;
    if (std::filesystem::is_symlink(to, ignored)) {
        LIMA_DO(fs::remove_if_exists(to));
    }
    return fs::write_file_atomic(to, *text, 0600);
}

}  // namespace

std::vector<Error> copy_to_host(const std::vector<config::CopyToHost>& rules, CommandRunner& guest,
                                const std::filesystem::path& instance_dir) {
    std::vector<Error> errors;
    for (const config::CopyToHost& rule : rules) {
        log::info("Copying config from {} to {}", name_quote(rule.guest), name_quote(rule.host));
        if (auto copied = copy(rule, guest, instance_dir); !copied) {
            errors.push_back(
                std::move(copied.error()).wrap("copyToHost " + name_quote(rule.guest)));
        }
    }
    return errors;
}

void delete_copies(const std::vector<config::CopyToHost>& rules,
                   const std::filesystem::path& instance_dir) {
    for (const config::CopyToHost& rule : rules) {
        if (!rule.delete_on_stop) {
            continue;
        }
        if (const auto removed = fs::remove_if_exists(host_path(rule, instance_dir)); !removed) {
            log::warn("copyToHost: {}", removed.error().text());
        }
    }
}

}  // namespace lima::hostagent
