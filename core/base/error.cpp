#include "core/base/error.hpp"

#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace lima {

Code code_from_errno(int number) {
    switch (number) {
        case 0:
            return Code::kOk;
        case EINVAL:
        case ENAMETOOLONG:
        case EDOM:
        case ERANGE:
            return Code::kInvalidArgument;
        case ENOENT:
        case ESRCH:
        case ENXIO:
        case ENODEV:
            return Code::kNotFound;
        case EEXIST:
            return Code::kAlreadyExists;
        case EACCES:
        case EPERM:
        case EROFS:
            return Code::kPermissionDenied;
        case ENOSPC:
        case EDQUOT:
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case EFBIG:
            return Code::kResourceExhausted;
        case ENOTDIR:
        case EISDIR:
        case ENOTEMPTY:
        case EBUSY:
        case ETXTBSY:
        case EADDRINUSE:
        case ENOEXEC:
        case ELOOP:
            return Code::kFailedPrecondition;
        case ECONNREFUSED:
        case ECONNRESET:
        case EPIPE:
        case EAGAIN:
        case EHOSTUNREACH:
        case ENETUNREACH:
            return Code::kUnavailable;
        case ETIMEDOUT:
            return Code::kDeadlineExceeded;
        case ECANCELED:
            return Code::kCancelled;
        case ENOSYS:
        case EOPNOTSUPP:
            return Code::kUnimplemented;
        default:
            return Code::kUnknown;
    }
}

Failure fail_errno(int number, std::string_view context) {
    std::string reason = std::system_category().message(number);
    // The texts of our errors begin in lower case, also in the middle of a chain.
    if (reason.size() > 1 && std::islower(static_cast<unsigned char>(reason[1])) != 0) {
        reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
    }
    return fail(code_from_errno(number), fmt::format("{}: {}", context, reason));
}

void check_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: bug: check failed: %s\n", file, line, condition);
    std::abort();
}

}  // namespace lima
