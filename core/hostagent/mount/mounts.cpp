#include "core/hostagent/mount/mounts.hpp"

#include "core/aio/loop.hpp"
#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/config/load.hpp"
#include "core/hostagent/mount/connection.hpp"
#include "core/hostagent/mount/guest_scripts.hpp"
#include "core/hostagent/mount/sftp_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <unistd.h>

namespace lima::hostagent {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr const char* kReverseSshfs = "reverse-sshfs";
/// Longer than the guest's own waiting.
constexpr std::chrono::seconds kCheckWithin(60);
constexpr std::chrono::seconds kUnmountWithin(5);

Error mount_error(const config::Mount& mount, const std::string& type, Error cause) {
    std::string hint = mount_hint(type, cause.text());
    return std::move(cause)
        .wrap(fmt::format("the mount of {} at {} ({}) does not work", go_quote(mount.location),
                          go_quote(mount.mount_point.value_or("")), type))
        .with_hint(std::move(hint))
        .with_phase("mounts");
}

Result<void> make_location(const std::string& location) {
    LIMA_DO(fs::make_dirs(location));
    std::error_code error;
    if (!std::filesystem::is_directory(location, error)) {
        return fail(Code::kFailedPrecondition, "it is not a directory on the host");
    }
    return {};
}

SshfsMount sshfs_of(const config::Mount& mount) {
    return {.location = mount.location,
            .mount_point = mount.mount_point.value_or(mount.location),
            .tag = config::mount_tag(mount),
            .writable = mount.writable.value_or(false),
            .cache = mount.sshfs.cache.value_or(true),
            .follow_symlinks = mount.sshfs.follow_symlinks.value_or(false),
            .uid = ::getuid(),
            .gid = ::getgid()};
}

}  // namespace

struct Mounts::Impl {
    struct Entry {
        Entry(const asio::any_io_executor& executor, config::Mount mount_in)
            : mount(std::move(mount_in)), sshfs(sshfs_of(mount)), retry(executor) {}
        config::Mount mount;
        SshfsMount sshfs;
        std::unique_ptr<Connection> connection;
        aio::Wakeup retry;  // now, and not after the pause
    };

    Impl(asio::any_io_executor executor_in, asio::thread_pool& pool_in, MountSetup setup_in)
        : executor(std::move(executor_in)),
          pool(pool_in),
          setup(std::move(setup_in)),
          scope(executor) {}

    asio::awaitable<Result<void>> make(Entry& entry);
    asio::awaitable<Result<void>> make_once(Entry& entry);
    asio::awaitable<bool> make_again(Entry& entry, milliseconds pause);
    asio::awaitable<void> keep(Entry& entry, bool up);
    asio::awaitable<void> start_sshfs(std::vector<Error>* errors);
    asio::awaitable<void> check(std::string type, std::vector<Error>* errors);
    asio::awaitable<Result<Output>> in_guest(std::string command, milliseconds timeout);
    asio::awaitable<void> unmount_all();
    Result<std::filesystem::path> server_for(const config::Mount& mount);

    asio::any_io_executor executor;
    asio::thread_pool& pool;
    MountSetup setup;
    std::vector<std::unique_ptr<Entry>> entries;  // of reverse-sshfs, in the order of making
    aio::TaskScope scope;
    std::filesystem::path server;  // found when first needed
    bool closing = false;
};

Result<std::filesystem::path> Mounts::Impl::server_for(const config::Mount& mount) {
    if (mount.sshfs.sftp_driver.value_or("") == "builtin") {
        return fail(Error(Code::kUnimplemented, "there is no SFTP server inside of limactl")
                        .with_hint("leave sshfs.sftpDriver empty, or set it to "
                                   "\"openssh-sftp-server\""));
    }
    if (server.empty()) {
        const auto& places = setup.sftp_server_places;
        LIMA_TRY(server, find_sftp_server(places.empty() ? sftp_server_places() : places));
    }
    return server;
}

asio::awaitable<Result<Output>> Mounts::Impl::in_guest(std::string command, milliseconds timeout) {
    SpawnOptions options;
    options.argv = setup.shell_argv(command);
    auto job = [&options, timeout] { return lima::run(std::move(options), {}, timeout); };
    auto output = co_await aio::on_pool(pool, job);
    if (output && (output->status.signal != 0 || output->status.code == 255)) {
        co_return fail(Code::kUnavailable,
                       "ssh: " + output->status.text() + ": " + std::string(trim(output->err)));
    }
    co_return output;
}

asio::awaitable<Result<void>> Mounts::Impl::make_once(Entry& entry) {
    LIMA_CO_DO(make_location(entry.mount.location));
    LIMA_CO_TRY(const std::filesystem::path program, server_for(entry.mount));
    std::vector<std::string> ssh = setup.shell_argv(sshfs_command(entry.sshfs));
    std::vector<std::string> sftp =
        sftp_server_argv(program, entry.mount.location, entry.sshfs.writable);
    entry.connection = std::make_unique<Connection>(
        executor, "the mount at " + entry.sshfs.mount_point, setup.timing);
    if (closing) {
        entry.connection->drop();
    }
    std::string marker(kMounted);
    co_return co_await entry.connection->open(std::move(ssh), std::move(sftp), std::move(marker));
}

asio::awaitable<Result<void>> Mounts::Impl::make(Entry& entry) {
    Result<void> made = co_await make_once(entry);
    if (!made && !entry.sshfs.nonempty && !closing &&
        made.error().text().find("nonempty") != std::string::npos) {
        entry.sshfs.nonempty = true;
        made = co_await make_once(entry);
    }
    co_return made;
}

/// Tries until it is mounted, with growing pauses. False: given up, or closing.
asio::awaitable<bool> Mounts::Impl::make_again(Entry& entry, milliseconds pause) {
    const MountTiming& timing = setup.timing;
    const Clock::time_point until = Clock::now() + timing.give_up_after;
    std::string told;
    while (!closing) {
        co_await entry.retry.wait_for(pause);
        if (closing) {
            break;
        }
        const Result<void> made = co_await make(entry);
        if (made) {
            co_return true;
        }
        if (made.error().text() != told && !closing) {
            told = made.error().text();
            log::warn("{}", mount_error(entry.mount, kReverseSshfs, made.error()).text());
        }
        pause = std::clamp(pause * 2, timing.first_pause, timing.max_pause);
        if (Clock::now() + pause > until) {
            log::error("the mount at {} is given up: {}", entry.sshfs.mount_point, told);
            break;
        }
    }
    co_return false;
}

asio::awaitable<void> Mounts::Impl::keep(Entry& entry, bool up) {
    milliseconds pause(0);
    milliseconds next_pause(0);  // when it is lost again before it has settled
    while (!closing) {
        if (up) {
            const Clock::time_point since = Clock::now();
            const std::string said = co_await entry.connection->ended();
            if (closing) {
                co_return;
            }
            log::warn("the mount at {} is lost and will be made again: {}", entry.sshfs.mount_point,
                      said);
            const bool held = Clock::now() - since >= setup.timing.settled;
            pause = held ? milliseconds(0) : next_pause;
            next_pause = std::clamp(pause * 2, setup.timing.first_pause, setup.timing.max_pause);
        }
        up = co_await make_again(entry, pause);
        if (up) {
            log::info("the mount at {} is back", entry.sshfs.mount_point);
        } else if (!closing) {
            // Until there is reason to try again.
            co_await entry.retry.wait();
            pause = milliseconds(0);
        }
    }
}

asio::awaitable<void> Mounts::Impl::start_sshfs(std::vector<Error>* errors) {
    for (const config::Mount& mount : setup.config.mounts) {
        entries.push_back(std::make_unique<Entry>(executor, mount));
    }
    for (std::size_t i = 0; i < entries.size() && !closing; ++i) {
        Entry& entry = *entries[i];
        log::info("Mounting {} at {}", go_quote(entry.mount.location),
                  go_quote(entry.sshfs.mount_point));
        Result<void> made = co_await make(entry);
        // What the guest refuses it will refuse again; a connection can come back.
        if (!closing && (made || made.error().code() == Code::kUnavailable)) {
            scope.spawn(keep(entry, made.has_value()), "the mount at " + entry.sshfs.mount_point);
        }
        if (!made) {
            errors->push_back(mount_error(entry.mount, kReverseSshfs, std::move(made.error())));
        }
    }
}

asio::awaitable<void> Mounts::Impl::check(std::string type, std::vector<Error>* errors) {
    const std::vector<config::Mount>& mounts = setup.config.mounts;
    std::vector<std::string> points;
    for (const config::Mount& mount : mounts) {
        points.push_back(mount.mount_point.value_or(mount.location));
    }
    auto output = co_await in_guest(check_command(type, points), kCheckWithin);
    if (closing) {
        co_return;
    }
    if (!output) {
        errors->push_back(std::move(output.error())
                              .wrap("cannot look whether the mounts are there")
                              .with_phase("mounts"));
        co_return;
    }
    const auto wrong = read_check(type, output->out, mounts.size());
    for (std::size_t i = 0; i < mounts.size(); ++i) {
        if (wrong[i]) {
            errors->push_back(
                mount_error(mounts[i], type, Error(Code::kFailedPrecondition, *wrong[i])));
        }
    }
}

/// What still has files open is let go of too: the guest is about to stop.
asio::awaitable<void> Mounts::Impl::unmount_all() {
    std::vector<std::string> points;
    for (const std::unique_ptr<Entry>& entry : entries) {
        if (entry->connection && entry->connection->is_up()) {
            points.insert(points.begin(), entry->sshfs.mount_point);
        }
    }
    if (points.empty()) {
        co_return;
    }
    const auto output = co_await in_guest(unmount_command(points), kUnmountWithin);
    if (!output) {
        log::debug("cannot unmount in the guest: {}", output.error().text());
    }
}

Mounts::Mounts(asio::any_io_executor executor, asio::thread_pool& pool, MountSetup setup)
    : impl_(std::make_unique<Impl>(std::move(executor), pool, std::move(setup))) {}

Mounts::~Mounts() = default;

asio::awaitable<std::vector<Error>> Mounts::start() {
    std::vector<Error> errors;
    const config::Config& config = impl_->setup.config;
    if (config.plain.value_or(false) || config.mounts.empty() ||
        config.os.value_or("Linux") != "Linux") {
        co_return errors;
    }
    const std::string type = config.mount_type.value_or("");
    if (type == kReverseSshfs) {
        co_await impl_->start_sshfs(&errors);
    } else if (type == "9p" || type == "virtiofs") {
        co_await impl_->check(type, &errors);
    }
    co_return errors;
}

void Mounts::retry_now() {
    for (const auto& entry : impl_->entries) {
        entry->retry.notify();
    }
}

asio::awaitable<void> Mounts::close(bool guest_gone) {
    impl_->closing = true;
    retry_now();
    if (!guest_gone) {
        co_await impl_->unmount_all();
    }
    for (const auto& entry : impl_->entries) {
        if (entry->connection) {
            entry->connection->drop();
        }
    }
    co_await impl_->scope.join();
}

}  // namespace lima::hostagent
