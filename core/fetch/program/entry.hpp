// One entry of the download cache: the paths in it, and whether what lies there may be used. The
// caller holds the lock of the directory.
#pragma once

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/fetch/cache.hpp"

#include <optional>
#include <string>
#include <vector>

namespace lima::fetch {

struct Entry {
    Path dir;
    std::string url;
    std::vector<std::string> headers = {};  // to ask the server with

    Path data() const { return dir / "data"; }
    Path part() const { return dir / "data.part"; }
    Path part_notes() const { return dir / "data.part.notes"; }
    Path url_file() const { return dir / "url"; }
    Path time_file() const { return dir / "time"; }
    Path type_file() const { return dir / "type"; }
    Path digest_file(const std::string& algorithm) const { return dir / (algorithm + ".digest"); }
    Path raw() const { return dir / "imgconv" / "raw"; }
    Path raw_digest() const { return dir / "imgconv" / "raw.digest"; }
};

/// Trimmed text of a small file; "" when it is missing.
std::string read_note(const Path& path);
/// The recorded digest of that algorithm.
std::optional<Digest> recorded_digest(const Entry& entry, const std::string& algorithm);

/// What the answer said that data.part began with: by the validator (ETag, else Last-Modified) a
/// later one continues it.
struct PartNotes {
    std::string validator;
    std::string last_modified;
    std::string content_type;
};
PartNotes read_part_notes(const Entry& entry);
Result<void> write_part_notes(const Entry& entry, const PartNotes& notes);

/// What came with a complete download.
struct Arrival {
    std::string last_modified;
    std::string content_type;
    std::optional<Digest> digest;
};
/// data.part becomes data, and only then the notes about it change, so that a crash between leaves
/// nothing that could be taken for fresh.
Result<void> commit(const Entry& entry, const Arrival& arrival);

/// True when two Last-Modified texts mean the same instant; texts that are no dates must be equal.
bool same_http_time(const std::string& a, const std::string& b);

}  // namespace lima::fetch
