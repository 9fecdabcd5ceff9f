#include "core/base/fs.hpp"
#include "core/base/posix/platform.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <set>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace lima {
namespace {

class Attributes {
public:
    explicit Attributes(const SpawnOptions& options) {
        posix_spawnattr_init(&value_);
        sigset_t set;
        // A disposition that we ignore (SIGPIPE) and signals that we block are ours, not the
        // child's.
        sigfillset(&set);
        posix_spawnattr_setsigdefault(&value_, &set);
        sigemptyset(&set);
        posix_spawnattr_setsigmask(&value_, &set);
        int flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
        if (options.new_session) {
            flags |= POSIX_SPAWN_SETSID;
        } else if (options.new_group) {
            flags |= POSIX_SPAWN_SETPGROUP;
            posix_spawnattr_setpgroup(&value_, 0);
        }
        posix_spawnattr_setflags(&value_, static_cast<short>(flags));
    }
    ~Attributes() { posix_spawnattr_destroy(&value_); }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    const posix_spawnattr_t* get() const { return &value_; }

private:
    posix_spawnattr_t value_{};
};

/// The child's descriptors: what is named at its place, nothing else.
class FileActions {
public:
    FileActions() { posix_spawn_file_actions_init(&value_); }
    ~FileActions() { posix_spawn_file_actions_destroy(&value_); }
    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;

    Result<void> build(const SpawnOptions& options) {
        std::vector<std::pair<int, int>> moves = options.inherit;
        const int stdio[] = {options.stdin_fd, options.stdout_fd, options.stderr_fd};
        for (int target = 0; target < 3; ++target) {
            if (stdio[target] >= 0) {
                moves.emplace_back(stdio[target], target);
            } else if (!options.inherit_stdio) {
                nulls_.push_back(target);
            }
        }
        int highest = 2;
        std::set<int> targets;
        for (const auto& [source, target] : moves) {
            if (target < 0 || !targets.insert(target).second) {
                return failf(Code::kInvalidArgument, "descriptor {} of the child is given twice",
                             target);
            }
            highest = std::max(highest, target);
        }
        LIMA_DO(add_moves(moves, highest));
        for (const int target : nulls_) {
            posix_spawn_file_actions_addopen(&value_, target, "/dev/null",
                                             target == 0 ? O_RDONLY : O_WRONLY, 0);
        }
        for (int fd = 3; fd < highest; ++fd) {
            if (targets.count(fd) == 0) {
                posix_spawn_file_actions_addclose(&value_, fd);
            }
        }
        posix_spawn_file_actions_addclosefrom_np(&value_, highest + 1);
        if (options.cwd) {
            posix_spawn_file_actions_addchdir_np(&value_, options.cwd->c_str());
        }
        return {};
    }

    const posix_spawn_file_actions_t* get() const { return &value_; }

private:
    /// The sources are first copied above every target, so that no dup2 overwrites what a later one
    /// still needs.
    Result<void> add_moves(const std::vector<std::pair<int, int>>& moves, int highest) {
        for (const auto& [source, target] : moves) {
            Fd copy(fcntl(source, F_DUPFD_CLOEXEC, highest + 1));
            if (!copy) {
                return fail_errno(errno, fmt::format("cannot pass descriptor {}", source));
            }
            posix_spawn_file_actions_adddup2(&value_, copy.get(), target);
            copies_.push_back(std::move(copy));
        }
        return {};
    }

    posix_spawn_file_actions_t value_{};
    std::vector<Fd> copies_;
    std::vector<int> nulls_;
};

std::vector<std::string> child_environment(const SpawnOptions& options) {
    std::vector<std::string> env;
    if (options.env) {
        env = *options.env;
    } else {
        for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
            env.emplace_back(*entry);
        }
    }
    const auto replaced = [&](const std::string& entry) {
        return options.extra_env.count(entry.substr(0, entry.find('='))) > 0;
    };
    env.erase(std::remove_if(env.begin(), env.end(), replaced), env.end());
    for (const auto& [key, value] : options.extra_env) {
        env.push_back(key + "=" + value);
    }
    return env;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> result;
    result.reserve(words.size() + 1);
    for (std::string& word : words) {
        result.push_back(word.data());
    }
    result.push_back(nullptr);
    return result;
}

bool is_executable_file(const std::filesystem::path& path) {
    struct stat status{};
    return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           access(path.c_str(), X_OK) == 0;
}

Result<std::filesystem::path> check_program(std::string_view name) {
    std::filesystem::path path(name);
    struct stat status{};
    if (stat(path.c_str(), &status) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            return failf(Code::kNotFound, "program {} does not exist", name_quote(name));
        }
        return fail_errno(errno, fmt::format("cannot use program {}", name_quote(name)));
    }
    if (!is_executable_file(path)) {
        return failf(Code::kPermissionDenied, "{} is not an executable file", name_quote(name));
    }
    return path;
}

}  // namespace

std::string ExitStatus::text() const {
    if (signal != 0) {
        const char* name = sigdescr_np(signal);
        return fmt::format("signal {} ({})", signal, name == nullptr ? "unknown" : name);
    }
    return fmt::format("exit status {}", code);
}

Result<std::filesystem::path> find_program(std::string_view name) {
    if (name.empty()) {
        return failf(Code::kInvalidArgument, "empty program name");
    }
    if (name.find('/') != std::string_view::npos) {
        return check_program(name);
    }
    const char* value = std::getenv("PATH");
    const std::string path = value == nullptr ? "/usr/local/bin:/usr/bin:/bin" : value;
    for (const std::string& directory : split(path, ':')) {
        std::filesystem::path candidate =
            std::filesystem::path(directory.empty() ? "." : directory) / name;
        if (is_executable_file(candidate)) {
            return candidate;
        }
    }
    return fail(Error(Code::kNotFound,
                      fmt::format("executable file {} not found in $PATH", name_quote(name)))
                    .with_hint(fmt::format("install {}, or add its directory to PATH (now {})",
                                           name, path)));
}

Result<Child> spawn(const SpawnOptions& options) {
    if (options.argv.empty()) {
        return failf(Code::kInvalidArgument, "cannot start a program without a name");
    }
    LIMA_TRY(std::filesystem::path program, find_program(options.argv[0]));
    if (options.cwd) {
        std::error_code error;
        if (!std::filesystem::is_directory(*options.cwd, error)) {
            return failf(Code::kNotFound, "cannot start {}: no directory {}",
                         name_quote(options.argv[0]), options.cwd->string());
        }
        // Relative to our directory, not to the one that it starts in.
        program = std::filesystem::absolute(program, error);
    }
    FileActions actions;
    LIMA_DO(actions.build(options), "cannot start {}", name_quote(options.argv[0]));
    const Attributes attributes(options);
    std::vector<std::string> argv = options.argv;
    std::vector<std::string> env = child_environment(options);
    pid_t pid = 0;
    const int number = posix_spawn(&pid, program.c_str(), actions.get(), attributes.get(),
                                   pointers(argv).data(), pointers(env).data());
    if (number == ENOENT) {
        return failf(Code::kNotFound, "cannot start {}: its interpreter does not exist",
                     name_quote(program.string()));
    }
    if (number != 0) {
        return fail_errno(number, fmt::format("cannot start {}", name_quote(program.string())));
    }
    // It is our child and nobody has waited for it, so the number cannot have been given to
    // another.
    auto pidfd = platform::open_process(pid);
    if (!pidfd) {
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
        return fail(std::move(pidfd.error()));
    }
    return Child(pid, std::move(*pidfd));
}

}  // namespace lima
