// One directive of a Go format applied to one value. For go_format.cpp only.
#pragma once

#include "core/base/json.hpp"

#include <optional>
#include <string>

namespace lima::text::gofmt {

constexpr int kMaxWidth = 1'000'000;

struct Flags {
    bool sharp = false;
    bool zero = false;
    bool plus = false;
    bool minus = false;
    bool space = false;
    std::optional<int> width{};
    std::optional<int> precision{};
};

std::string format_value(const Json& value, char32_t verb, const Flags& flags);

}  // namespace lima::text::gofmt
