#include "core/hostapi/http.hpp"

#include "core/base/text.hpp"

#include <charconv>
#include <optional>

namespace lima::hostapi {
namespace {

struct Head {
    int status = 0;
    std::string content_type;
    std::optional<std::size_t> length;
    bool chunked = false;
    std::size_t size = 0;  // of the head with its empty line
};

template <class Number>
bool to_number(std::string_view text, Number& out, int base = 10) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
    return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

/// nullopt when the empty line has not come yet.
Result<std::optional<Head>> parse_head(std::string_view raw) {
    const std::size_t end = raw.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        return std::optional<Head>();
    }
    Head head;
    head.size = end + 4;
    bool first = true;
    for (const std::string_view line : lines(raw.substr(0, end))) {
        if (first) {
            first = false;
            if (!line.starts_with("HTTP/1.") || line.size() < 12 ||
                !to_number(line.substr(9, 3), head.status)) {
                return failf(Code::kInternal, "no HTTP answer: {}", line);
            }
            continue;
        }
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) {
            continue;
        }
        const std::string name = to_lower(line.substr(0, colon));
        const std::string_view value = trim(line.substr(colon + 1));
        std::size_t length = 0;
        if (name == "content-length" && to_number(value, length)) {
            head.length = length;
        } else if (name == "transfer-encoding") {
            head.chunked = to_lower(value) == "chunked";
        } else if (name == "content-type") {
            head.content_type = value;
        }
    }
    return std::optional<Head>(std::move(head));
}

/// The joined chunks; nullopt when the last one has not come yet.
Result<std::optional<std::string>> join_chunks(std::string_view rest) {
    std::string body;
    for (;;) {
        const std::size_t eol = rest.find("\r\n");
        if (eol == std::string_view::npos) {
            return std::optional<std::string>();
        }
        std::size_t size = 0;
        if (!to_number(trim(rest.substr(0, std::min(eol, rest.find(';')))), size, 16)) {
            return fail(Code::kInternal, "an HTTP chunk without a size");
        }
        rest.remove_prefix(eol + 2);
        if (size == 0) {
            return std::optional<std::string>(std::move(body));
        }
        if (rest.size() < 2 || rest.size() - 2 < size) {
            return std::optional<std::string>();
        }
        body += rest.substr(0, size);
        rest.remove_prefix(size + 2);
    }
}

}  // namespace

bool is_complete_response(std::string_view raw) {
    const auto head = parse_head(raw);
    if (!head) {
        return true;
    }
    if (!head->has_value()) {
        return false;
    }
    const std::string_view rest = raw.substr((*head)->size);
    if ((*head)->chunked) {
        const auto body = join_chunks(rest);
        return !body || body->has_value();
    }
    return (*head)->length && rest.size() >= *(*head)->length;
}

Result<Response> parse_response(std::string_view raw) {
    LIMA_TRY(const std::optional<Head> head, parse_head(raw));
    if (!head) {
        return fail(Code::kUnavailable, "the answer ends early");
    }
    Response response;
    response.status = head->status;
    response.content_type = head->content_type;
    const std::string_view rest = raw.substr(head->size);
    if (head->chunked) {
        LIMA_TRY(std::optional<std::string> body, join_chunks(rest));
        if (!body) {
            return fail(Code::kUnavailable, "the answer ends early");
        }
        response.body = std::move(*body);
        return response;
    }
    if (head->length && rest.size() < *head->length) {
        return fail(Code::kUnavailable, "the answer ends early");
    }
    response.body = rest.substr(0, head->length.value_or(rest.size()));
    return response;
}

}  // namespace lima::hostapi
