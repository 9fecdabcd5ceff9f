#include "core/text/url.hpp"

#include <fmt/format.h>

namespace lima::text {

std::string escape_query(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool bare = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') ||
                          std::string_view("-_.~").find(c) != std::string_view::npos;
        if (bare) {
            out += c;
        } else if (c == ' ') {
            out += '+';
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

}  // namespace lima::text
