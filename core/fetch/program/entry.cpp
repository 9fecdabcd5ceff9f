#include "core/fetch/program/entry.hpp"

#include "core/base/fs.hpp"
#include "core/base/text.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <vector>

namespace lima::fetch {

std::string read_note(const Path& path) {
    const auto text = fs::read_file_if_exists(path);
    return text && *text ? std::string(trim(**text)) : std::string();
}

std::optional<Digest> recorded_digest(const Entry& entry, const std::string& algorithm) {
    const auto digest = parse_digest(read_note(entry.digest_file(algorithm)));
    if (!digest || digest->algorithm != algorithm) {
        return std::nullopt;
    }
    return *digest;
}

PartNotes read_part_notes(const Entry& entry) {
    const auto text = fs::read_file_if_exists(entry.part_notes());
    if (!text || !*text) {
        return {};
    }
    std::vector<std::string> parts = split(**text, '\n');
    constexpr std::size_t kLines = 3;
    parts.resize(std::max(parts.size(), kLines));
    return {parts[0], parts[1], parts[2]};
}

Result<void> write_part_notes(const Entry& entry, const PartNotes& notes) {
    return fs::write_file_atomic(
        entry.part_notes(),
        join({notes.validator, notes.last_modified, notes.content_type, ""}, "\n"));
}

Result<void> commit(const Entry& entry, const Arrival& arrival) {
    LIMA_DO(fs::remove_if_exists(entry.time_file()));
    LIMA_DO(fs::remove_if_exists(entry.type_file()));
    for (const char* algorithm : {"sha256", "sha384", "sha512"}) {
        LIMA_DO(fs::remove_if_exists(entry.digest_file(algorithm)));
    }
    LIMA_DO(fs::remove_tree(entry.raw().parent_path()));
    LIMA_DO(fs::rename(entry.part(), entry.data()));
    LIMA_DO(fs::remove_if_exists(entry.part_notes()));
    LIMA_DO(fs::write_file_atomic(entry.time_file(), arrival.last_modified));
    LIMA_DO(fs::write_file_atomic(entry.type_file(), arrival.content_type));
    if (arrival.digest) {
        LIMA_DO(fs::write_file_atomic(entry.digest_file(arrival.digest->algorithm),
                                      arrival.digest->text()));
    }
    return {};
}

bool same_http_time(const std::string& a, const std::string& b) {
    const time_t left = curl_getdate(a.c_str(), nullptr);
    const time_t right = curl_getdate(b.c_str(), nullptr);
    if (left == -1 && right == -1) {
        return a == b;
    }
    return left == right;
}

}  // namespace lima::fetch
