// What a host and a guest agent have said to each other, from a file of tests/data/recorded: who
// sent which bytes, in order, and marks of what had come to its end.
#pragma once

#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "tests/support/http2.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lima::test {

struct RecordedStep {
    enum class Kind { kHost, kAgent, kMark };
    Kind kind = Kind::kMark;
    std::string bytes = {};  // of a mark: its name
};

inline std::string from_hex(std::string_view text) {
    std::string out;
    EXPECT_EQ(text.size() % 2, 0U) << text;
    for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
        out += static_cast<char>(std::stoi(std::string(text.substr(at, 2)), nullptr, 16));
    }
    return out;
}

inline std::vector<RecordedStep> read_recording(std::string_view name) {
    using Kind = RecordedStep::Kind;
    const auto text = fs::read_file(std::filesystem::path(LIMA_SOURCE_DIR) / "tests/data/recorded" /
                                    std::string(name));
    std::vector<RecordedStep> out;
    if (!text) {
        ADD_FAILURE() << text.error().text();
        return out;
    }
    for (const std::string_view line : lines(*text)) {
        constexpr std::size_t kColumn = 6;
        if (line.starts_with('#') || line.size() <= kColumn) {
            continue;
        }
        const std::string_view rest = line.substr(kColumn);
        if (line.starts_with('=')) {
            out.push_back({Kind::kMark, std::string(rest)});
        } else if (line.starts_with(' ')) {
            out.back().bytes += from_hex(rest);
        } else {
            out.push_back({line.starts_with("host") ? Kind::kHost : Kind::kAgent, from_hex(rest)});
        }
    }
    EXPECT_FALSE(out.empty());
    return out;
}

}  // namespace lima::test
