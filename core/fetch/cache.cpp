#include "core/fetch/cache.hpp"

#include "core/base/digest.hpp"
#include "core/base/fd.hpp"
#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/process.hpp"
#include "core/fetch/protocol.hpp"

#include <cerrno>
#include <cstdlib>
#include <unistd.h>

namespace lima::fetch {
namespace {

/// Reads the program's lines as they come.
class LineReader {
public:
    explicit LineReader(int fd) : fd_(fd) {}

    /// nullopt at the end of the stream.
    Result<std::optional<std::string>> next() {
        for (;;) {
            if (const std::size_t end = buffer_.find('\n'); end != std::string::npos) {
                std::string line = buffer_.substr(0, end);
                buffer_.erase(0, end + 1);
                return line;
            }
            char chunk[4096];
            const ssize_t count = read(fd_, chunk, sizeof chunk);
            if (count < 0 && errno == EINTR) {
                continue;
            }
            if (count < 0) {
                return fail_errno(errno, "cannot read from lima-fetch");
            }
            if (count == 0) {
                return std::nullopt;
            }
            buffer_.append(chunk, static_cast<std::size_t>(count));
        }
    }

private:
    int fd_;
    std::string buffer_;
};

struct Conversation {
    std::optional<Fetched> fetched;
    std::optional<Error> error;

    Result<void> take(const Reply& reply, const ProgressSink& progress) {
        if (const auto* step = std::get_if<Progress>(&reply)) {
            if (progress) {
                progress(*step);
            }
        } else if (const auto* line = std::get_if<LogLine>(&reply)) {
            log::write(line->level, line->message);
        } else if (const auto* result = std::get_if<Fetched>(&reply)) {
            fetched = *result;
        } else if (const auto* failure = std::get_if<Error>(&reply)) {
            error = *failure;
        }
        return {};
    }
};

Result<Conversation> converse(int fd, const ProgressSink& progress) {
    Conversation conversation;
    LineReader reader(fd);
    for (;;) {
        LIMA_TRY(const std::optional<std::string> line, reader.next());
        if (!line) {
            return conversation;
        }
        LIMA_TRY(const Reply reply, decode_reply(*line));
        LIMA_DO(conversation.take(reply, progress));
    }
}

}  // namespace

Result<Path> default_cache_dir() {
    if (const char* given = std::getenv("XDG_CACHE_HOME"); given != nullptr && *given != '\0') {
        const Path path = given;
        if (!path.is_absolute()) {
            return failf(Code::kInvalidArgument, "path in $XDG_CACHE_HOME is relative: {}", given);
        }
        return path / "lima";
    }
    LIMA_TRY(const Path home, fs::home_directory(), "cannot find the cache directory");
    return home / ".cache" / "lima";
}

Result<Environment> environment() {
    Environment result;
    LIMA_TRY(result.cache_dir, default_cache_dir());
    const Path self = self_executable();
    const Path beside = self.parent_path() / "lima-fetch";
    const Path installed = self.parent_path().parent_path() / "libexec" / "lima" / "lima-fetch";
    for (const Path& candidate : {beside, installed}) {
        if (fs::exists(candidate)) {
            result.fetch_program = candidate;
            return result;
        }
    }
    // Said when it is needed: most commands download nothing.
    result.fetch_program = installed;
    return result;
}

Path cache_entry(const Path& cache_dir, const std::string& url) {
    return cache_dir / "download" / "by-url-sha256" / sha256_hex(url);
}

Result<Fetched> fetch(const Environment& environment, const Request& request,
                      const ProgressSink& progress) {
    if (request.target && fs::exists(*request.target)) {
        return Fetched{Outcome::kSkipped, {}};
    }
    if (!fs::exists(environment.fetch_program)) {
        return fail(Error(Code::kNotFound, fmt::format("the program {} is missing",
                                                       environment.fetch_program.string()))
                        .with_phase("download")
                        .with_hint("the installation is incomplete: install it again"));
    }
    LIMA_TRY(Pipe input, make_pipe());
    LIMA_TRY(Pipe output, make_pipe());
    SpawnOptions options;
    options.argv = {environment.fetch_program.string()};
    options.stdin_fd = input.read.get();
    options.stdout_fd = output.write.get();
    options.stderr_fd = STDERR_FILENO;
    LIMA_TRY(Child child, spawn(options), "cannot start lima-fetch");
    input.read.reset();
    output.write.reset();
    // A failure shows as a program that ends without a result.
    const auto sent =
        write_all(input.write.get(), encode(Order{request, environment.cache_dir, getpid()}));
    input.write.reset();
    auto conversation = converse(output.read.get(), progress);
    output.read.reset();
    LIMA_TRY(const ExitStatus status, child.wait());
    if (!conversation) {
        return fail(std::move(conversation.error()).with_phase("download"));
    }
    if (conversation->error) {
        return fail(std::move(*conversation->error));
    }
    if (!conversation->fetched || !sent) {
        return fail(Error(Code::kInternal,
                          fmt::format("lima-fetch ended without a result ({}) while it fetched {}",
                                      status.text(), request.location))
                        .with_phase("download")
                        .with_hint("try again; what was downloaded so far is kept"));
    }
    return std::move(*conversation->fetched);
}

}  // namespace lima::fetch
