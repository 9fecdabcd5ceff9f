// Sizes and durations: any text is a number in range or an error, and what is printed is read as
// what it was.
#include "core/base/units.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <cstring>
#include <limits>

namespace lima::fuzz {
namespace {

void print_size(std::int64_t bytes) {
    const std::string text = format_size(bytes);
    const auto read = parse_size(text);
    if (bytes < 0 || text.ends_with("EiB")) {
        return;  // the reader knows no EiB
    }
    require(read.has_value(), "{} is printed as {}, which is refused", bytes, text);
    // Four digits are printed.
    const std::int64_t error = *read > bytes ? *read - bytes : bytes - *read;
    require(error <= bytes / 1000, "{} is printed as {}, which is {}", bytes, text, *read);
}

void print_duration(std::int64_t nanos) {
    const std::string text = format_duration(std::chrono::nanoseconds(nanos));
    const auto read = parse_duration(text);
    require(read.has_value() && read->count() == nanos, "{} ns are printed as {}, which is {}",
            nanos, text, read ? std::to_string(read->count()) : "refused");
}

}  // namespace

LIMA_FUZZ_TARGET(sizes) {
    if (const auto size = parse_size(input)) {
        require(*size >= 0, "'{}' is {}", input, *size);
        constexpr std::int64_t kExact = std::int64_t{1} << 53;
        const auto bytes = parse_size(std::to_string(*size));
        require(*size > kExact || (bytes && *bytes == *size), "{} is not itself", *size);
        print_size(*size);
    }
    if (const auto duration = parse_duration(input)) {
        print_duration(duration->count());
    }
    std::int64_t number = 0;
    std::memcpy(&number, input.data(), std::min(input.size(), sizeof number));
    print_size(number);
    print_duration(number);
}

}  // namespace lima::fuzz
