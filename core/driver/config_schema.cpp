#include "core/driver/config_schema.hpp"

#include "core/driver/call.hpp"
#include "core/driver/host.hpp"
#include "core/driver/module.hpp"

#include <lima/ext/config_schema.h>

namespace lima::driver {
namespace {

Result<std::optional<Json>> ask(lima_driver* object, const std::string& name) {
    const auto* table = static_cast<const lima_ext_config_schema*>(
        object->get_extension(object, LIMA_EXT_CONFIG_SCHEMA));
    if (table == nullptr) {
        return std::nullopt;
    }
    MapSink out;
    const lima_status status = table->get(object, out.raw());
    if (status != LIMA_OK) {
        return failf(code_of(status), "the driver {} cannot give its schema (status {})", name,
                     status);
    }
    LIMA_TRY(Json schema, parse_json(out.values()["schema"]), "the schema of the driver {}", name);
    if (!schema.is_object()) {
        return failf(Code::kInternal, "the schema of the driver {} is no JSON object", name);
    }
    return std::optional<Json>(std::move(schema));
}

}  // namespace

Result<std::optional<Json>> config_schema(const Found& found) {
    if (found.origin != Origin::kModule) {
        return std::nullopt;
    }
    LIMA_TRY(const lima_driver_module* module, load_module(found.path, found.name));
    HostContext host{OpenOptions{}};
    lima_driver* object = nullptr;
    const lima_status status = module->create(host.table(), &object);
    if (status != LIMA_OK || object == nullptr) {
        return failf(Code::kInternal, "the driver {} cannot be created (status {})", found.name,
                     status);
    }
    auto schema = ask(object, found.name);
    object->destroy(object);
    return schema;
}

}  // namespace lima::driver
