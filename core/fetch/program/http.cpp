#include "core/fetch/program/http.hpp"

#include "core/base/fd.hpp"
#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/base/units.hpp"
#include "core/base/version.hpp"
#include "core/fetch/program/cancel.hpp"

#include <curl/curl.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <fcntl.h>
#include <map>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace lima::fetch {
namespace {

constexpr std::size_t kMaxErrorBody = std::size_t{64} << 10;
constexpr std::uint64_t kSpaceReserve = std::uint64_t{16} << 20;

struct EasyDeleter {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;
using List = std::unique_ptr<curl_slist, ListDeleter>;

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

/// "bytes 100-199/200": where it begins and how long the whole is (0 unknown).
struct ContentRange {
    std::uint64_t begin = 0;
    std::uint64_t total = 0;
};
std::optional<ContentRange> parse_content_range(std::string_view text) {
    if (!text.starts_with("bytes ")) {
        return std::nullopt;
    }
    text.remove_prefix(6);
    const std::size_t dash = text.find('-');
    const std::size_t slash = text.find('/');
    if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) {
        return std::nullopt;
    }
    const auto begin = parse_number(trim(text.substr(0, dash)));
    if (!begin) {
        return std::nullopt;
    }
    return ContentRange{*begin, parse_number(trim(text.substr(slash + 1))).value_or(0)};
}

/// All that one GET needs while libcurl calls back. Lives on the stack of http_get.
struct Transfer {
    Transfer(const Entry& of, const std::string& digest_algorithm, Reporter& to)
        : entry(of), algorithm(digest_algorithm), reporter(to) {}

    const Entry& entry;
    const std::string& algorithm;
    Reporter& reporter;
    CURL* easy = nullptr;
    Fd file;
    PartNotes notes;           // about the part that this answer shall continue
    std::uint64_t offset = 0;  // where the part ended before
    std::uint64_t done = 0;    // bytes in the file now
    std::uint64_t total = 0;   // 0 unknown
    bool begun = false;
    bool restart = false;
    bool resumed = false;
    std::map<std::string, std::string> headers;  // of the last answer, names in lower case
    std::string error_body;
    std::optional<Hasher> hasher;
    std::optional<Error> failure;  // ours, rather than libcurl's

    long status() const {
        long code = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
        return code;
    }
    std::string header(const std::string& name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? std::string() : found->second;
    }
};

Failure no_space(const Entry& entry, std::uint64_t needed, std::uint64_t available) {
    return fail(
        Error(Code::kResourceExhausted,
              fmt::format("not enough space in {}: {} needed, {} available", entry.dir.string(),
                          format_size(static_cast<std::int64_t>(needed)),
                          format_size(static_cast<std::int64_t>(available))))
            .with_hint(
                "make room on that file system; `limactl prune` empties the download cache"));
}

Result<void> check_space(const Transfer& transfer) {
    const std::uint64_t missing =
        transfer.total > transfer.done ? transfer.total - transfer.done : 0;
    LIMA_TRY(const std::uint64_t available, fs::free_space(transfer.entry.dir));
    if (missing != 0 && (available < missing || available - missing < kSpaceReserve)) {
        return no_space(transfer.entry, missing + kSpaceReserve, available);
    }
    return {};
}

/// The bytes that are there already go into the digest first.
Result<void> hash_part(Transfer& transfer) {
    std::vector<char> buffer(std::size_t{1} << 20);
    std::uint64_t at = 0;
    while (at < transfer.offset) {
        const std::size_t want =
            static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), transfer.offset - at));
        const ssize_t count =
            pread(transfer.file.get(), buffer.data(), want, static_cast<off_t>(at));
        if (count <= 0) {
            return fail_errno(count < 0 ? errno : EIO,
                              fmt::format("cannot read {}", transfer.entry.part().string()));
        }
        transfer.hasher->update(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
        at += static_cast<std::uint64_t>(count);
    }
    return {};
}

/// What a later attempt may continue with: only a validator that means "the same bytes".
std::string validator_of(const Transfer& transfer) {
    const std::string etag = transfer.header("etag");
    return !etag.empty() && !etag.starts_with("W/") ? etag : transfer.header("last-modified");
}

Result<void> begin_body(Transfer& transfer) {
    transfer.begun = true;
    if (transfer.status() == 206) {
        const auto range = parse_content_range(transfer.header("content-range"));
        // Some servers continue a file that has changed, whatever If-Range says.
        const std::string validator = validator_of(transfer);
        const bool changed = !validator.empty() && validator != transfer.notes.validator;
        if (!range || range->begin != transfer.offset || changed) {
            transfer.restart = true;
            return fail(Code::kAborted, "the server continued at another place than asked");
        }
        transfer.resumed = true;
        transfer.done = transfer.offset;
        transfer.total = range->total;
    } else {
        if (ftruncate(transfer.file.get(), 0) != 0) {
            return fail_errno(errno,
                              fmt::format("cannot write {}", transfer.entry.part().string()));
        }
        transfer.offset = 0;
        transfer.done = 0;
        transfer.total = parse_number(transfer.header("content-length")).value_or(0);
        LIMA_DO(write_part_notes(transfer.entry,
                                 {validator_of(transfer), transfer.header("last-modified"),
                                  transfer.header("content-type")}));
    }
    LIMA_DO(check_space(transfer));
    if (!transfer.algorithm.empty()) {
        LIMA_TRY(transfer.hasher, Hasher::create(transfer.algorithm));
        LIMA_DO(hash_part(transfer));
    }
    if (lseek(transfer.file.get(), static_cast<off_t>(transfer.offset), SEEK_SET) < 0) {
        return fail_errno(errno, fmt::format("cannot write {}", transfer.entry.part().string()));
    }
    return {};
}

Result<void> take_body(Transfer& transfer, std::string_view data) {
    if (transfer.status() / 100 != 2) {
        transfer.error_body.append(
            data.substr(0, kMaxErrorBody - std::min(kMaxErrorBody, transfer.error_body.size())));
        return {};
    }
    if (!transfer.begun) {
        LIMA_DO(begin_body(transfer));
    }
    if (auto written = write_all(transfer.file.get(), data); !written) {
        const std::uint64_t available = fs::free_space(transfer.entry.dir).value_or(0);
        const std::uint64_t needed =
            transfer.total > transfer.done ? transfer.total - transfer.done : data.size();
        // A quota, or a limit on files, is something else than a file system without room.
        if (written.error().code() == Code::kResourceExhausted && available < needed) {
            return no_space(transfer.entry, needed, available);
        }
        return fail(std::move(written.error())
                        .wrap(fmt::format("cannot write {}", transfer.entry.part().string())));
    }
    if (transfer.hasher) {
        transfer.hasher->update(data);
    }
    transfer.done += data.size();
    transfer.reporter.progress("downloading", transfer.done, transfer.total);
    return {};
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* context) {
    auto* transfer = static_cast<Transfer*>(context);
    if (auto taken = take_body(*transfer, std::string_view(data, size)); !taken) {
        transfer->failure = std::move(taken.error());
        return 0;
    }
    return size;
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* context) {
    auto* headers = static_cast<std::map<std::string, std::string>*>(context);
    const std::string_view line(data, size);
    if (line.starts_with("HTTP/")) {
        headers->clear();  // the answer before was a redirect
    } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
        (*headers)[to_lower(trim(line.substr(0, colon)))] = trim(line.substr(colon + 1));
    }
    return size;
}

int on_progress(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return cancelled() ? 1 : 0;
}

Easy make_easy(const std::string& url, std::array<char, CURL_ERROR_SIZE>& message) {
    Easy easy(curl_easy_init());
    if (!easy) {
        return easy;
    }
    CURL* handle = easy.get();
    const std::string agent = fmt::format("lima/{}", version());
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_USERAGENT, agent.c_str());
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 10L);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, 30L);
    // A download may take hours, but not without a byte for a minute.
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, 60L);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, message.data());
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
    if (const char* file = std::getenv("SSL_CERT_FILE"); file != nullptr && *file != '\0') {
        curl_easy_setopt(handle, CURLOPT_CAINFO, file);
    }
    if (const char* dir = std::getenv("SSL_CERT_DIR"); dir != nullptr && *dir != '\0') {
        curl_easy_setopt(handle, CURLOPT_CAPATH, dir);
    }
    return easy;
}

/// libcurl hands an Authorization among them to no other host that a redirect leads to.
List make_list(const std::vector<std::string>& headers) {
    curl_slist* list = nullptr;
    for (const std::string& header : headers) {
        list = curl_slist_append(list, header.c_str());
    }
    return List(list);
}

const char* hint_for(CURLcode code) {
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_CONNECT:
        case CURLE_OPERATION_TIMEDOUT:
            return "check the network connection; a proxy is set by http_proxy, https_proxy and "
                   "no_proxy";
        case CURLE_COULDNT_RESOLVE_PROXY:
            return "check the variables http_proxy and https_proxy";
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
            return "the server's certificate is not trusted; SSL_CERT_FILE names another file of "
                   "authorities";
        case CURLE_UNSUPPORTED_PROTOCOL:
            return "only http and https URLs can be downloaded; a file is named by its path or a "
                   "file:// URL";
        default:
            return "try again: what was downloaded so far is kept";
    }
}

bool is_transient(CURLcode code) {
    switch (code) {
        case CURLE_PARTIAL_FILE:
        case CURLE_RECV_ERROR:
        case CURLE_SEND_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_OPERATION_TIMEDOUT:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
            return true;
        default:
            return false;
    }
}

Error transport_error(CURLcode code, const std::array<char, CURL_ERROR_SIZE>& message) {
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        return Error(Code::kCancelled, "the download was cancelled");
    }
    std::string text = message[0] != '\0' ? message.data() : curl_easy_strerror(code);
    if (code == CURLE_PARTIAL_FILE || code == CURLE_GOT_NOTHING) {
        text = "the server closed the connection before the end of the file: " + text;
    }
    const bool wrong_url = code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT;
    return Error(wrong_url ? Code::kInvalidArgument : Code::kUnavailable, std::move(text))
        .with_hint(hint_for(code));
}

/// {"message": "…"} says it best, else the beginning of the body.
std::string body_excerpt(const std::string& body) {
    if (const auto json = parse_json(body); json && json->is_object()) {
        if (std::string message = json_string(*json, "message"); !message.empty()) {
            return message;
        }
    }
    constexpr std::size_t kExcerpt = 300;
    const std::string_view text = trim(body);
    return go_quote(text.size() > kExcerpt ? std::string(text.substr(0, kExcerpt)) + "…"
                                           : std::string(text));
}

Error status_error(long status, const std::string& body) {
    std::string text = fmt::format("the server answered with HTTP status {}", status);
    if (!trim(body).empty()) {
        text += ": " + body_excerpt(body);
    }
    switch (status) {
        case 404:
        case 410:
            return Error(Code::kNotFound, std::move(text))
                .with_hint(
                    "the file is not there (any more): check the URL, or use a newer template");
        case 401:
        case 403:
        case 407:
            return Error(Code::kPermissionDenied, std::move(text))
                .with_hint("the server wants authorization: check the URL and the proxy settings");
        default:
            return Error(Code::kUnavailable, std::move(text))
                .with_hint("try again later, or use another mirror");
    }
}

bool is_transient_status(long status) {
    return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
           status == 504;
}

/// Opens data.part; a part without a validator cannot be continued.
Result<PartNotes> open_part(Transfer& transfer) {
    const Path path = transfer.entry.part();
    transfer.file.reset(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    struct stat status{};
    if (!transfer.file || fstat(transfer.file.get(), &status) != 0) {
        return fail_errno(errno, fmt::format("cannot open {}", path.string()));
    }
    PartNotes notes = read_part_notes(transfer.entry);
    if (status.st_size == 0 || notes.validator.empty()) {
        return PartNotes();
    }
    transfer.offset = static_cast<std::uint64_t>(status.st_size);
    return notes;
}

Attempt failed(Error error) {
    Attempt attempt;
    attempt.error = std::move(error);
    return attempt;
}

Attempt restart(const Transfer& transfer) {
    unlink(transfer.entry.part().c_str());
    unlink(transfer.entry.part_notes().c_str());
    Attempt attempt;
    attempt.end = Attempt::End::kRestart;
    return attempt;
}

Attempt complete(Transfer& transfer) {
    Attempt attempt;
    if (fsync(transfer.file.get()) != 0) {
        return failed(
            fail_errno(errno, fmt::format("cannot write {}", transfer.entry.part().string()))
                .value());
    }
    attempt.end = Attempt::End::kComplete;
    attempt.have = transfer.done;
    attempt.resumed = transfer.resumed;
    // The answer to a range need not repeat what the first answer said.
    attempt.last_modified = transfer.header("last-modified");
    attempt.content_type = transfer.header("content-type");
    if (transfer.resumed && attempt.last_modified.empty()) {
        attempt.last_modified = transfer.notes.last_modified;
        attempt.content_type = transfer.notes.content_type;
    }
    if (transfer.hasher) {
        attempt.digest = transfer.hasher->finish();
    }
    transfer.reporter.progress("downloading", transfer.done, transfer.done);
    return attempt;
}

Attempt conclude(Transfer& transfer, CURLcode code,
                 const std::array<char, CURL_ERROR_SIZE>& message) {
    if (transfer.restart) {
        return restart(transfer);
    }
    if (transfer.failure) {
        return failed(std::move(*transfer.failure));
    }
    const long status = transfer.status();
    if (code == CURLE_OK && status == 416) {
        return restart(transfer);
    }
    if (code == CURLE_OK && status / 100 == 2) {
        if (!transfer.begun) {  // an empty body: no call for it came
            if (auto begun = begin_body(transfer); !begun) {
                return transfer.restart ? restart(transfer) : failed(std::move(begun.error()));
            }
        }
        return complete(transfer);
    }
    const bool by_status = code == CURLE_OK;
    Attempt attempt = failed(by_status ? status_error(status, transfer.error_body)
                                       : transport_error(code, message));
    attempt.have = transfer.begun ? transfer.done : transfer.offset;
    if (by_status ? is_transient_status(status) : is_transient(code)) {
        attempt.end = Attempt::End::kRetry;
    }
    return attempt;
}

void copy_variable(const char* from, const char* to) {
    const char* value = std::getenv(from);
    if (value != nullptr && std::getenv(to) == nullptr) {
        setenv(to, value, 1);
    }
}

}  // namespace

void init_http() {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    // libcurl reads http_proxy in lower case only, and asks a proxy also for this machine.
    copy_variable("HTTP_PROXY", "http_proxy");
    copy_variable("NO_PROXY", "no_proxy");
    const char* given = std::getenv("no_proxy");
    std::string exceptions = "localhost,127.0.0.0/8,::1";
    if (given != nullptr && *given != '\0') {
        exceptions = std::string(given) == "*" ? "*" : std::string(given) + "," + exceptions;
    }
    setenv("no_proxy", exceptions.c_str(), 1);
}

Result<HeadAnswer> http_head(const Entry& entry) {
    std::array<char, CURL_ERROR_SIZE> message{};
    const Easy easy = make_easy(entry.url, message);
    if (!easy) {
        return fail(Code::kInternal, "cannot set up libcurl");
    }
    std::map<std::string, std::string> headers;
    const List list = make_list(entry.headers);
    curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, list.get());
    curl_easy_setopt(easy.get(), CURLOPT_NOBODY, 1L);
    curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT, 30L);
    curl_easy_setopt(easy.get(), CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy.get(), CURLOPT_HEADERDATA, &headers);
    const CURLcode code = curl_easy_perform(easy.get());
    if (code != CURLE_OK) {
        return fail(transport_error(code, message));
    }
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status / 100 != 2) {
        return fail(status_error(status, ""));
    }
    return HeadAnswer{headers["last-modified"]};
}

Attempt http_get(const Entry& entry, const std::string& algorithm, Reporter& reporter) {
    Transfer transfer(entry, algorithm, reporter);
    auto notes = open_part(transfer);
    if (!notes) {
        return failed(std::move(notes.error()));
    }
    std::array<char, CURL_ERROR_SIZE> message{};
    const Easy easy = make_easy(entry.url, message);
    if (!easy) {
        return failed(Error(Code::kInternal, "cannot set up libcurl"));
    }
    transfer.easy = easy.get();
    transfer.notes = std::move(*notes);
    std::vector<std::string> headers = entry.headers;
    if (transfer.offset != 0) {
        headers.push_back("If-Range: " + transfer.notes.validator);
        curl_easy_setopt(easy.get(), CURLOPT_RANGE, fmt::format("{}-", transfer.offset).c_str());
    }
    const List list = make_list(headers);
    curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, list.get());
    curl_easy_setopt(easy.get(), CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy.get(), CURLOPT_HEADERDATA, &transfer.headers);
    curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &transfer);
    const CURLcode code = curl_easy_perform(easy.get());
    return conclude(transfer, code, message);
}

}  // namespace lima::fetch
