#include "core/fetch/program/download.hpp"

#include "core/base/fs.hpp"
#include "core/fetch/program/cancel.hpp"
#include "core/fetch/program/http.hpp"

#include <algorithm>
#include <chrono>
#include <poll.h>

namespace lima::fetch {
namespace {

constexpr int kMaxFailures = 4;

/// A signal ends the pause.
void pause_before(int failures) {
    constexpr int kFirst = 200;
    poll(nullptr, 0, kFirst << (failures - 1));
}

Result<void> drop_part(const Entry& entry) {
    LIMA_DO(fs::remove_if_exists(entry.part()));
    LIMA_DO(fs::remove_if_exists(entry.part_notes()));
    return {};
}

/// Attempts until one is complete. Failures count only while nothing new arrives.
Result<Attempt> get_whole(const Entry& entry, const std::string& algorithm, Reporter& reporter) {
    int failures = 0;
    int restarts = 0;
    std::uint64_t most = 0;
    for (;;) {
        Attempt attempt = http_get(entry, algorithm, reporter);
        if (attempt.end == Attempt::End::kComplete) {
            return attempt;
        }
        if (attempt.end == Attempt::End::kRestart && restarts++ == 0) {
            continue;
        }
        if (!attempt.error) {
            return fail(Error(Code::kUnavailable,
                              "the server does not agree with itself where the download continues")
                            .with_hint("try again later, or use another mirror"));
        }
        failures = attempt.have > most ? 1 : failures + 1;
        most = std::max(most, attempt.have);
        if (attempt.end != Attempt::End::kRetry || failures >= kMaxFailures || cancelled()) {
            return fail(std::move(*attempt.error));
        }
        reporter.log(log::Level::kDebug, fmt::format("trying again: {}", attempt.error->text()));
        pause_before(failures);
    }
}

}  // namespace

Error digest_mismatch(const std::string& what, const Digest& expected, const Digest& got) {
    return Error(Code::kFailedPrecondition,
                 fmt::format("the digest of {} is wrong: expected {}, got {}", what,
                             expected.text(), got.text()))
        .with_hint(
            "the file has changed or is damaged: correct the digest in the YAML, or use a newer "
            "template");
}

Result<void> download(const Entry& entry, const std::optional<Digest>& expected,
                      Reporter& reporter) {
    const std::string algorithm = expected ? expected->algorithm : std::string();
    LIMA_DO(fs::write_file_atomic(entry.url_file(), entry.url));
    LIMA_TRY(Attempt attempt, get_whole(entry, algorithm, reporter));
    if (expected && attempt.digest != expected && attempt.resumed) {
        // The older part may be what is wrong.
        LIMA_DO(drop_part(entry));
        LIMA_TRY(attempt, get_whole(entry, algorithm, reporter));
    }
    if (expected && attempt.digest != expected) {
        LIMA_DO(drop_part(entry));
        return fail(digest_mismatch(entry.url, *expected, *attempt.digest));
    }
    return commit(entry, Arrival{attempt.last_modified, attempt.content_type, attempt.digest});
}

}  // namespace lima::fetch
