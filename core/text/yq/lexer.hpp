// Cuts an expression into words. Internal to core/text/yq.
#pragma once

#include "core/base/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lima::text::yq {

struct Token {
    enum class Type {
        kEnd,
        kSymbol,    // text: ( ) [ ] { } : ; , | ? . .. ... and the operators
        kKey,       // .name: text without the dot
        kName,      // of an operator, true, @base64
        kNumber,    // as it is written
        kString,    // chunks and expressions in turn
        kVariable,  // $name: text without the dollar
    };
    Type type = Type::kEnd;
    std::string text;
    std::size_t column = 0;
    std::size_t end = 0;
    bool space_before = false;
    /// kString: pieces of text; between them the places of \(…).
    std::vector<std::string> chunks;
    struct Inner {
        std::size_t begin = 0;
        std::size_t end = 0;
    };
    std::vector<Inner> inner;
};

/// The words of a part of the text; the last is kEnd.
Result<std::vector<Token>> cut(std::string_view text, std::size_t begin, std::size_t end);

}  // namespace lima::text::yq
