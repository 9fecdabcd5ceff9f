// What a fuzz target is made of. A target takes any bytes and throws Broken where a property does
// not hold; libFuzzer stops at that, the test of the corpus names the file.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#ifndef LIMA_FUZZ
#include "core/base/fs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <vector>
#endif

namespace lima::fuzz {

struct Broken : std::logic_error {
    using std::logic_error::logic_error;
};

template <class... Values>
void require(bool holds, fmt::format_string<Values...> message, Values&&... values) {
    if (!holds) {
        throw Broken(fmt::format(message, std::forward<Values>(values)...));
    }
}

/// Small numbers from the input, zeros at its end.
class Bytes {
public:
    explicit Bytes(std::string_view data) : data_(data) {}
    bool empty() const { return data_.empty(); }
    std::size_t below(std::size_t limit) {
        if (data_.empty()) {
            return 0;
        }
        const auto byte = static_cast<unsigned char>(data_.front());
        data_.remove_prefix(1);
        // Digits and letters stand for small numbers, so that a seed can be written by hand.
        const unsigned value = byte >= '0' && byte <= '9'   ? byte - '0'
                               : byte >= 'a' && byte <= 'z' ? byte - 'a' + 10U
                                                            : byte;
        return value % limit;
    }

private:
    std::string_view data_;
};

/// The first line, and what is behind it.
inline std::pair<std::string_view, std::string_view> split_line(std::string_view input) {
    const std::size_t end = input.find('\n');
    if (end == std::string_view::npos) {
        return {input, {}};
    }
    return {input.substr(0, end), input.substr(end + 1)};
}

#ifndef LIMA_FUZZ
inline void run_corpus(const char* name, void (*target)(std::string_view)) {
    const std::filesystem::path folder =
        std::filesystem::path(LIMA_SOURCE_DIR) / "tests/fuzz/corpus" / name;
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
        files.push_back(file.path());
    }
    std::sort(files.begin(), files.end());
    EXPECT_FALSE(files.empty()) << folder << " is empty";
    for (const auto& file : files) {
        const auto input = fs::read_file(file);
        ASSERT_TRUE(input.has_value()) << input.error().text();
        try {
            target(*input);
        } catch (const Broken& broken) {
            ADD_FAILURE() << file.string() << ": " << broken.what();
        }
    }
}
#endif

}  // namespace lima::fuzz

#ifdef LIMA_FUZZ
#define LIMA_FUZZ_TARGET(name)                                                          \
    static void fuzz_##name(std::string_view input);                                    \
    extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
        fuzz_##name(std::string_view(reinterpret_cast<const char*>(data), size));       \
        return 0;                                                                       \
    }                                                                                   \
    static void fuzz_##name(std::string_view input)
#else
#define LIMA_FUZZ_TARGET(name)                                             \
    static void fuzz_##name(std::string_view input);                       \
    TEST(FuzzCorpus, name) { lima::fuzz::run_corpus(#name, fuzz_##name); } \
    static void fuzz_##name(std::string_view input)
#endif
