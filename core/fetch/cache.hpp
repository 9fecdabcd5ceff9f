// The download cache, compatible with the original's: <cache>/download/by-url-sha256/<sha256 of
// URL>/. The transfer itself runs in lima-fetch (untrusted bytes and libcurl stay in that process);
// this is its client.
#pragma once

#include "core/base/error.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lima::fetch {

using Path = std::filesystem::path;

struct Progress {
    std::string what;         // "downloading", "verifying", "decompressing", "converting"
    std::uint64_t done = 0;   // bytes
    std::uint64_t total = 0;  // 0 when unknown
};
using ProgressSink = std::function<void(const Progress&)>;

struct Request {
    std::string location;                   // URL, file:///path, or a path
    std::string digest;                     // "sha256:…" or empty
    std::vector<std::string> headers = {};  // "Name: value", for the server that is named alone
    bool decompress = false;                // by extension, else by magic
    std::string description;                // "the image", for progress and messages
    std::optional<Path> target;             // none: into the cache only
    bool sparse = false;                    // leave holes for zero blocks in the target
    /// Formats that the caller can use, such as {"qcow2","raw"}; an image in another is converted
    /// to raw in the cache. Empty: no conversion.
    std::vector<std::string> image_formats;
};

enum class Outcome { kDownloaded, kUsedCache, kSkipped, kCopied };

struct Fetched {
    Outcome outcome;
    Path cache_path;  // the data file in the cache; the source itself for a local location
};

struct Environment {
    Path cache_dir;      // <user cache dir>/lima
    Path fetch_program;  // libexec/lima/lima-fetch
};
Result<Environment> environment();

/// Resumes a broken download, verifies, unpacks, and leaves target complete or absent. Errors say
/// the phase "download", the URL, the cause and what to do.
Result<Fetched> fetch(const Environment& environment, const Request& request,
                      const ProgressSink& progress = {});

Path cache_entry(const Path& cache_dir, const std::string& url);
/// <XDG_CACHE_HOME or ~/.cache>/lima.
Result<Path> default_cache_dir();

}  // namespace lima::fetch
