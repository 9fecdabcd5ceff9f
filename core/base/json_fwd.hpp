// Json by name only.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace lima {
using Json = nlohmann::ordered_json;
}
