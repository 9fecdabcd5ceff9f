// A new instance: all of it, or nothing.
#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/base/version.hpp"
#include "core/cidata/cidata.hpp"
#include "core/instance/check.hpp"
#include "core/instance/instance.hpp"
#include "core/instance/load.hpp"
#include "core/instance/open_driver.hpp"
#include "core/instance/unfinished.hpp"
#include "core/network/networks.hpp"
#include "core/ssh/keys.hpp"
#include "core/store/lock.hpp"

#include <cerrno>
#include <optional>
#include <sys/stat.h>
#include <utility>

namespace lima::instance {
namespace {

constexpr const char* kCommand = "limactl create";

/// An instance directory of ours: locked, marked, and gone again unless it is kept.
class NewDir {
public:
    static Result<NewDir> make(const Context& context, const std::string& name);
    NewDir(NewDir&& other) noexcept
        : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}
    NewDir& operator=(NewDir&&) = delete;
    NewDir(const NewDir&) = delete;
    NewDir& operator=(const NewDir&) = delete;
    ~NewDir() {
        if (path_.empty()) {
            return;
        }
        if (const auto removed = remove_dir(path_); !removed) {
            log::warn("cannot clean up after the failure: {}", removed.error().text());
        }
    }

    const store::Path& path() const { return path_; }
    Result<void> keep() {
        LIMA_DO(mark_finished(path_));
        path_.clear();
        return {};
    }

private:
    NewDir(store::Path path, store::InstanceLock lock)
        : path_(std::move(path)), lock_(std::move(lock)) {}
    store::Path path_;
    store::InstanceLock lock_;
};

Failure exists_already(const std::string& name) {
    return fail(
        Error(Code::kAlreadyExists, fmt::format("instance {} already exists", name_quote(name)))
            .with_hint(fmt::format("start it by `limactl start {0}`, or delete it by "
                                   "`limactl delete {0}`",
                                   name)));
}

/// What a killed command left may be taken over.
bool is_free(const store::Path& dir) { return is_abandoned(dir) || is_blank(dir); }

Result<NewDir> NewDir::make(const Context& context, const std::string& name) {
    store::Path dir = context.home.instance_dir(name);
    LIMA_DO(fs::make_dirs(context.home.root(), 0700));
    if (mkdir(dir.c_str(), 0700) != 0) {
        if (errno != EEXIST) {
            return fail_errno(errno, fmt::format("cannot create directory {}", dir.string()));
        }
        if (!is_free(dir) && !store::is_locked(dir)) {
            return exists_already(name);
        }
    }
    LIMA_TRY(store::InstanceLock lock, store::InstanceLock::acquire(dir, kCommand));
    // Between the look and the lock another command may have made it.
    if (fs::exists(dir / store::file::kYaml) && !is_marked(dir)) {
        return exists_already(name);
    }
    LIMA_DO(mark_unfinished(dir));
    NewDir made(std::move(dir), std::move(lock));
    if (!is_blank(made.path())) {
        log::info("Removing what an interrupted command left of the instance {}", name_quote(name));
        LIMA_DO(empty_out(made.path()));
        LIMA_DO(mark_unfinished(made.path()));
    }
    return made;
}

/// For the user to read; the host agent writes the same at each start.
Result<void> write_cloud_config(const Context& context, const ConfiguredDriver& configured) {
    const store::Instance& instance = configured.instance;
    if (!configured.info.has_guest) {
        return {};
    }
    LIMA_DO(ssh::ensure_identity(context.home.config_dir()));
    cidata::Input input;
    input.name = instance.name;
    input.instance_dir = instance.dir;
    input.config = *instance.config;
    input.vm_type = instance.vm_type;
    LIMA_TRY(input.public_keys,
             ssh::public_keys(context.home.config_dir(),
                              instance.config->ssh.load_dot_ssh_pub_keys.value_or(false),
                              context.host.home));
    input.host_home = context.host.home.string();
    input.machine_id = context.host.machine_id;
    input.vsock_port = configured.info.vsock_port;
    input.virtio_port = configured.info.virtio_port;
    input.no_cloud_init = configured.info.no_cloud_init;
    LIMA_TRY(input.user_v2_names, network::user_v2_names(context.home));
    LIMA_TRY(const std::string text, cidata::cloud_config(input));
    return fs::write_file_atomic(std::filesystem::path(instance.dir) / store::file::kCloudConfig,
                                 text, 0444);
}

Result<void> fill(const Context& context, const CreateInput& input, const store::Path& dir,
                  const store::Instance& instance) {
    LIMA_DO(fs::write_file_atomic(dir / store::file::kYaml, input.yaml, 0644));
    LIMA_DO(fs::write_file_atomic(dir / store::file::kVersion, version(), 0444));
    LIMA_TRY(const ConfiguredDriver configured, open_configured_driver(context, instance));
    LIMA_DO(configured.driver->validate());
    LIMA_DO(write_cloud_config(context, configured), "cannot write {}", store::file::kCloudConfig);
    auto created = configured.driver->create();
    if (!created) {
        if (const auto removed = configured.driver->remove(); !removed) {
            log::warn("the driver could not clean up: {}", removed.error().text());
        }
    }
    return created;
}

}  // namespace

Result<store::Instance> create(const Context& context, const CreateInput& input) {
    LIMA_DO(store::check_instance_name(input.name));
    const store::Path dir = context.home.instance_dir(input.name);
    LIMA_DO(store::check_socket_length(dir));
    if (trim(input.yaml).empty()) {
        return failf(Code::kInvalidArgument, "the YAML of instance {} is empty",
                     name_quote(input.name));
    }
    if (fs::exists_nofollow(dir) && !is_free(dir) && !store::is_locked(dir)) {
        return exists_already(input.name);
    }
    LIMA_TRY(const store::Instance instance,
             check_text(context, input.name, {input.yaml, input.source_file, input.origins}));
    {
        LIMA_TRY(NewDir made, NewDir::make(context, input.name));
        LIMA_DO(fill(context, input, made.path(), instance), "cannot create instance {}",
                name_quote(input.name));
        LIMA_DO(made.keep());
    }
    return inspect(context, input.name);
}

}  // namespace lima::instance
