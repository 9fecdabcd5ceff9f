// HTTP by libcurl: one GET into a file, resumed where the server lets us, and one HEAD. Redirects
// (at most 10), proxies from the environment, http and https only. No retries here: download.hpp
// decides about them.
#pragma once

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/fetch/program/entry.hpp"
#include "core/fetch/program/reporter.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace lima::fetch {

/// For the whole process; prepares the proxy variables as Go reads them.
void init_http();

struct HeadAnswer {
    std::string last_modified;
};
Result<HeadAnswer> http_head(const Entry& entry);

/// How one attempt ended.
struct Attempt {
    enum class End {
        kComplete,
        kRetry,    // the connection or the server failed: may work again
        kRestart,  // the part does not fit the server's answer any more; it was removed
        kFailed
    };
    End end = End::kFailed;
    std::optional<Error> error;  // for kRetry and kFailed
    std::uint64_t have = 0;      // bytes in data.part afterwards
    bool resumed = false;        // this answer continued an older part
    std::string last_modified;
    std::string content_type;
    std::optional<Digest> digest;  // of the whole file, when complete and asked for
};

/// GETs the entry's URL into data.part. algorithm: of the digest to compute, or "".
Attempt http_get(const Entry& entry, const std::string& algorithm, Reporter& reporter);

}  // namespace lima::fetch
