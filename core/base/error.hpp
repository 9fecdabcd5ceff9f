// Result and Error (from the SDK) with formatted messages, and the macros that pass errors on.
//
//   LIMA_TRY(auto text, fs::read_file(path), "cannot read {}", path);   declares text, or returns
//   the wrapped error LIMA_DO(fs::remove(path));                                          for a
//   Result<void> LIMA_CO_TRY / LIMA_CO_DO                                            the same in a
//   coroutine (co_return)
#pragma once

#include <lima/result.hpp>

#include <fmt/core.h>

#include <string>

namespace lima {

template <class... Args>
Failure failf(Code code, fmt::format_string<Args...> format, Args&&... args) {
    return fail(code, fmt::format(format, std::forward<Args>(args)...));
}

/// An error from errno (or another system error number): its code follows the number, its text ends
/// in strerror.
Failure fail_errno(int number, std::string_view context);
Code code_from_errno(int number);

namespace detail {
inline Error wrap_error(Error error) { return error; }
template <class... Args>
Error wrap_error(Error error, fmt::format_string<Args...> format, Args&&... args) {
    return std::move(error).wrap(fmt::format(format, std::forward<Args>(args)...));
}
}  // namespace detail

/// For bugs only: prints the condition and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace lima

#define LIMA_CAT2(a, b) a##b
#define LIMA_CAT(a, b) LIMA_CAT2(a, b)
#define LIMA_TRY_IMPL(tmp, ret, decl, expr, ...)                                            \
    auto tmp = (expr);                                                                      \
    if (!tmp) {                                                                             \
        ret ::lima::fail(                                                                   \
            ::lima::detail::wrap_error(std::move(tmp.error()) __VA_OPT__(, ) __VA_ARGS__)); \
    }                                                                                       \
    decl = std::move(*tmp)
#define LIMA_DO_IMPL(tmp, ret, expr, ...)                                                   \
    if (auto tmp = (expr); !tmp) {                                                          \
        ret ::lima::fail(                                                                   \
            ::lima::detail::wrap_error(std::move(tmp.error()) __VA_OPT__(, ) __VA_ARGS__)); \
    }                                                                                       \
    static_assert(true)
#define LIMA_TRY(decl, expr, ...) \
    LIMA_TRY_IMPL(LIMA_CAT(lima_try_, __LINE__), return, decl, expr __VA_OPT__(, ) __VA_ARGS__)
#define LIMA_DO(expr, ...) \
    LIMA_DO_IMPL(LIMA_CAT(lima_do_, __LINE__), return, expr __VA_OPT__(, ) __VA_ARGS__)
#define LIMA_CO_TRY(decl, expr, ...) \
    LIMA_TRY_IMPL(LIMA_CAT(lima_try_, __LINE__), co_return, decl, expr __VA_OPT__(, ) __VA_ARGS__)
#define LIMA_CO_DO(expr, ...) \
    LIMA_DO_IMPL(LIMA_CAT(lima_do_, __LINE__), co_return, expr __VA_OPT__(, ) __VA_ARGS__)
#define LIMA_CHECK(condition) \
    ((condition) ? void(0) : ::lima::check_failed(#condition, __FILE__, __LINE__))
