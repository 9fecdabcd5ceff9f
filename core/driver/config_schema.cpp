#include "core/driver/config_schema.hpp"

namespace lima::driver {

Result<std::optional<Json>> config_schema(const Driver& driver) {
    LIMA_TRY(const std::string text, driver.config_schema());
    if (text.empty()) {
        return std::nullopt;
    }
    LIMA_TRY(Json schema, parse_json(text), "the schema of the driver {}", driver.name());
    if (!schema.is_object()) {
        return failf(Code::kInternal, "the schema of the driver {} is no JSON object",
                     driver.name());
    }
    return std::optional<Json>(std::move(schema));
}

Result<std::optional<Json>> config_schema(const Found& found) {
    LIMA_TRY(const auto driver, Driver::open(found, {}));
    return config_schema(*driver);
}

}  // namespace lima::driver
