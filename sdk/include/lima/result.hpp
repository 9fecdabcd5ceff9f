// lima/result.hpp - how an error travels: Result<T> is a value or an Error. The SDK, the drivers
// and the core share it.
//
// An Error is one pointer. It has a code (numbered as gRPC's, and as LIMA_* in driver.h), a message
// in Go's style (lower case, no full stop, the outer text does not repeat the inner) and, where
// known, the phase in which the work was and a hint that says what to do next. wrap() adds an outer
// text; text() prints the chain "outer: inner". Thread: an Error is a value, movable between
// threads, not shared by them.
#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace lima {

enum class Code : std::int32_t {
    kOk = 0,
    kCancelled = 1,
    kUnknown = 2,
    kInvalidArgument = 3,
    kDeadlineExceeded = 4,
    kNotFound = 5,
    kAlreadyExists = 6,
    kPermissionDenied = 7,
    kResourceExhausted = 8,
    kFailedPrecondition = 9,
    kAborted = 10,
    kUnimplemented = 12,
    kInternal = 13,
    kUnavailable = 14,
};

class [[nodiscard]] Error {
public:
    Error(Code code, std::string message)
        : body_(std::make_unique<Body>(Body{code, std::move(message), {}, {}})) {}

    Error(const Error& other) : body_(std::make_unique<Body>(*other.body_)) {}
    Error& operator=(const Error& other) {
        body_ = std::make_unique<Body>(*other.body_);
        return *this;
    }
    Error(Error&&) noexcept = default;
    Error& operator=(Error&&) noexcept = default;
    ~Error() = default;

    Code code() const { return body_->code; }
    /// The whole chain, outermost first: "failed to start: cannot open disk: no such file".
    const std::string& text() const { return body_->text; }
    /// What the user can do next; empty where nobody knows.
    const std::string& hint() const { return body_->hint; }
    /// The phase of the work in which it failed, such as "prepare" or "boot"; empty where it has
    /// none.
    const std::string& phase() const { return body_->phase; }

    Error wrap(std::string_view context) && {
        body_->text = std::string(context) + ": " + body_->text;
        return std::move(*this);
    }
    /// The innermost hint and phase win: the place that knows best spoke first.
    Error with_hint(std::string hint) && {
        if (body_->hint.empty()) {
            body_->hint = std::move(hint);
        }
        return std::move(*this);
    }
    Error with_phase(std::string phase) && {
        if (body_->phase.empty()) {
            body_->phase = std::move(phase);
        }
        return std::move(*this);
    }
    Error with_code(Code code) && {
        body_->code = code;
        return std::move(*this);
    }

private:
    struct Body {
        Code code;
        std::string text;
        std::string hint;
        std::string phase;
    };
    std::unique_ptr<Body> body_;
};

template <class T = void>
using Result = tl::expected<T, Error>;

using Failure = tl::unexpected<Error>;

inline Failure fail(Code code, std::string message) {
    return Failure(Error(code, std::move(message)));
}

inline Failure fail(Error error) { return Failure(std::move(error)); }

}  // namespace lima
