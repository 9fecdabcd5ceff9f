#include "core/driver/host.hpp"

#include "core/base/json.hpp"
#include "core/base/log.hpp"
#include "core/base/version.hpp"

#include <algorithm>
#include <string_view>

namespace lima::driver {
namespace {

log::Level log_level(lima_level level) {
    constexpr log::Level kLevels[] = {log::Level::kTrace, log::Level::kDebug, log::Level::kInfo,
                                      log::Level::kWarning, log::Level::kError};
    return kLevels[std::clamp<lima_level>(level, LIMA_TRACE, LIMA_ERROR)];
}

log::Fields log_fields(const char* json) {
    log::Fields fields;
    if (json == nullptr) {
        return fields;
    }
    const auto parsed = parse_json(json);
    if (!parsed || !parsed->is_object()) {
        fields.emplace_back("fields", json);
        return fields;
    }
    for (const auto& [key, value] : parsed->items()) {
        fields.emplace_back(key, value.is_string() ? value.get<std::string>() : dump_json(value));
    }
    return fields;
}

void LIMA_CALL on_log(const lima_host*, lima_level level, const char* message,
                      const char* fields_json) noexcept {
    try {
        const log::Level mapped = log_level(level);
        if (log::enabled(mapped)) {
            log::write(mapped, message, log_fields(fields_json));
        }
    } catch (...) {
        return;  // a record that cannot be written is lost, and the driver goes on
    }
}

void LIMA_CALL on_event(const lima_host* host, const char* type, const char* json) noexcept {
    try {
        const EventHandler& handler = HostContext::of(host).options().on_event;
        log::trace("driver event {} {}", type, json);
        if (handler) {
            handler(type, json != nullptr ? json : "{}");
        }
    } catch (...) {
        log::write(log::Level::kError, "the handler of a driver's event threw an exception");
    }
}

const void* LIMA_CALL get_extension(const lima_host* host, const char* id) noexcept {
    const std::string_view wanted(id);
    for (const auto& [name, table] : HostContext::of(host).options().host_extensions) {
        if (wanted == name) {
            return table;
        }
    }
    if (wanted == LIMA_HOST_EXT_PROCESS) {
        return &process_service();
    }
    if (wanted == LIMA_HOST_EXT_NETWORK) {
        return &network_service();
    }
    return nullptr;
}

}  // namespace

HostContext::HostContext(OpenOptions options) : options_(std::move(options)), version_(version()) {
    table_.abi = LIMA_DRIVER_ABI;
    table_.ctx = this;
    table_.name = options_.host_name.c_str();
    table_.version = version_.c_str();
    table_.log = &on_log;
    table_.event = &on_event;
    table_.get_extension = &get_extension;
}

const std::filesystem::path& lima_home_of(const lima_host* host) {
    return HostContext::of(host).options().lima_home;
}

const lima_host_process& process_service() {
    static constexpr lima_host_process kTable = {
        [](const lima_host* host, const lima_call* call, const lima_host_process_spec* spec,
           std::int64_t* out_id) noexcept {
            return serve(call, [&]() -> Result<void> {
                LIMA_TRY(*out_id, HostContext::of(host).processes().spawn(*spec));
                return {};
            });
        },
        [](const lima_host* host, std::int64_t id, std::int32_t number) noexcept {
            return serve(nullptr,
                         [&] { return HostContext::of(host).processes().signal(id, number); });
        },
        [](const lima_host* host, const lima_call* call, std::int64_t id,
           std::int64_t timeout_ms) noexcept {
            return serve(call, [&] {
                return HostContext::of(host).processes().wait(*call, id, timeout_ms);
            });
        },
        [](const lima_host* host, std::int64_t id) noexcept -> std::int64_t {
            return HostContext::of(host).processes().pid(id);
        }};
    return kTable;
}

}  // namespace lima::driver
