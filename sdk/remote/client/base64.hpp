// Base64 with the usual alphabet and padding, as Go's encoding/json writes bytes.
#pragma once

#include "core/base/error.hpp"

#include <string>
#include <string_view>

namespace lima::remote::client {

std::string encode_base64(std::string_view bytes);
Result<std::string> decode_base64(std::string_view text);

}  // namespace lima::remote::client
