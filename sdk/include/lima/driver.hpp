// lima/driver.hpp - write a driver in C++20. Derive from Driver, implement its verbs, add a mixin
// for each extension that the driver offers, and end the file with LIMA_EXPORT_DRIVER. Needs the
// standard library and tl::expected, no more.
//
//   class MyDriver final : public lima::sdk::Driver, public lima::sdk::Adopt {
//   public:
//       using Driver::Driver;
//       …
//   };
//   LIMA_EXPORT_DRIVER(MyDriver, "org.example.my", "my", "1.0.0")
//
// What happens at the C boundary is done here: an Error becomes a status, call->fail and
// call->hint; an exception becomes LIMA_INTERNAL with its text; answers go into the host's sinks.
// The object lives from the module's create to destroy; its destructor joins the threads that it
// started and leaves a VM that runs alone. Thread: the host makes one [op] call at a time; what is
// tagged [any] here may run beside it.
#pragma once

#include <lima/call.hpp>
#include <lima/driver.h>
#include <lima/ext/config_schema.h>
#include <lima/ext/display.h>
#include <lima/ext/driver.h>
#include <lima/ext/screenshot.h>
#include <lima/result.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <map>
#include <string>
#include <string_view>

namespace lima::sdk {

class Driver {
public:
    explicit Driver(const Host& host) : host_(host) {}
    virtual ~Driver() = default;
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;

    /// The instance as JSON in; the same with this driver's defaults out. May come again while the
    /// VM runs.
    virtual Result<std::string> configure(const Call& call, std::string_view instance_json) = 0;
    virtual Result<> validate(const Call&) { return {}; }
    virtual Result<> create(const Call&) { return {}; }
    virtual Result<> create_disk(const Call&) { return {}; }
    /// Returns once boot is under way; the end of the VM is host().exited(…).
    virtual Result<> start(const Call& call) = 0;
    /// Blocks until the VM is gone; fine when it is not running. Cancelling it means: at once.
    virtual Result<> stop(const Call& call) = 0;
    virtual Result<> remove(const Call&) { return {}; }
    /// [any] JSON with the keys of docs/driver-abi.md; also before configure.
    virtual Result<std::string> info() const = 0;
    /// [any] A table for an id that no mixin here covers, or nullptr.
    virtual const void* extension(std::string_view) const noexcept { return nullptr; }

protected:
    const Host& host() const { return host_; }
    template <class T>
    const T* host_extension(const char* id) const {
        return host_.extension<T>(id);
    }

private:
    Host host_;
};

/// lima.guest-agent/1
class GuestAgent {
public:
    virtual ~GuestAgent() = default;
    /// [any] True: the host forwards the agent's socket over ssh.
    virtual bool forward_over_ssh() const = 0;
    /// A connected stream, close-on-exec; it becomes the host's.
    virtual Result<lima_handle> connect(const Call& call) = 0;
};

/// lima.guest-channel/1
class GuestChannels {
public:
    virtual ~GuestChannels() = default;
    /// A connected stream, close-on-exec; it becomes the host's. kNotFound: no channel of that
    /// name.
    virtual Result<lima_handle> connect_channel(const Call& call, std::string_view name) = 0;
};

/// lima.boot-scripts/1
class BootScripts {
public:
    virtual ~BootScripts() = default;
    /// "boot.Linux/NAME.sh" -> content.
    virtual Result<std::map<std::string, std::string>> boot_scripts(const Call& call) = 0;
};

struct SshAddress {
    std::string address;
    int port = 0;
};
/// lima.ssh/1
class Ssh {
public:
    virtual ~Ssh() = default;
    virtual Result<SshAddress> ssh_address(const Call& call) = 0;
};

/// lima.status/1
class Status {
public:
    virtual ~Status() = default;
    /// Running, Stopped, Broken, Uninitialized, Installing; empty leaves it to the PID files.
    virtual Result<std::string> status(const Call& call) = 0;
};

/// lima.adopt/1
class Adopt {
public:
    virtual ~Adopt() = default;
    /// Takes over a VM that another process started; kNotFound when none runs.
    virtual Result<> adopt(const Call& call) = 0;
};

/// lima.snapshot/1
class Snapshot {
public:
    virtual ~Snapshot() = default;
    virtual Result<> create_snapshot(const Call& call, const std::string& tag) = 0;
    virtual Result<> apply_snapshot(const Call& call, const std::string& tag) = 0;
    virtual Result<> delete_snapshot(const Call& call, const std::string& tag) = 0;
    /// A table as text; its first line has TAG as the second word.
    virtual Result<std::string> list_snapshots(const Call& call) = 0;
};

/// lima.gui/1
class Gui {
public:
    virtual ~Gui() = default;
    /// [main] Returns when the VM ends.
    virtual Result<> run_gui(const Call& call) = 0;
};

/// lima.display/1
class Display {
public:
    virtual ~Display() = default;
    virtual Result<> change_display_password(const Call& call, const std::string& password) = 0;
    /// The TCP port in decimal.
    virtual Result<std::string> display_connection(const Call& call) = 0;
};

struct Picture {
    std::string format;  // "png" or "bmp"
    std::string bytes;
};
/// lima.screenshot/1
class Screenshot {
public:
    virtual ~Screenshot() = default;
    /// Format "png", "bmp" or "" for the driver's choice. kFailedPrecondition: there is no display.
    virtual Result<Picture> capture_screenshot(const Call& call, std::string_view format) = 0;
};

/// lima.config-schema/1
class ConfigSchema {
public:
    virtual ~ConfigSchema() = default;
    /// [any] The JSON schema of vmOpts.NAME; also before configure.
    virtual Result<std::string> config_schema() const = 0;
};

namespace detail {

/// What the host holds: the C table, and the driver behind it.
template <class D>
struct Object {
    explicit Object(const lima_host& host) : driver(Host(host)) {}
    lima_driver table{};
    D driver;
};

template <class D>
D& self(lima_driver* table) {
    return static_cast<Object<D>*>(table->impl)->driver;
}

inline lima_status report(const lima_call* call, const Error& error) {
    call->fail(call, error.text().c_str());
    // hint came after the first three functions: a host that was built against a draft may lack it.
    constexpr std::size_t kNeeded = offsetof(lima_call, hint) + sizeof(call->hint);
    if (!error.hint().empty() && call->struct_size >= kNeeded) {
        call->hint(call, error.hint().c_str());
    }
    return error.code() == Code::kOk ? LIMA_UNKNOWN : static_cast<lima_status>(error.code());
}

/// Without the heap, because running out of memory is one of the reasons to be here.
inline lima_status report_exception(const lima_call* call, const char* what) noexcept {
    char text[512];
    std::snprintf(text, sizeof text, "the driver threw an exception: %s", what);
    call->fail(call, text);
    return LIMA_INTERNAL;
}

/// The one place where an exception of a driver ends.
template <class Body>
lima_status guarded(const lima_call* raw, Body&& body) noexcept {
    try {
        const Result<> result = body(Call(*raw));
        return result ? LIMA_OK : report(raw, result.error());
    } catch (const std::exception& e) {
        return report_exception(raw, e.what());
    } catch (...) {
        return report_exception(raw, "of an unknown type");
    }
}

inline void put(const lima_sink* out, const char* key, std::string_view value) {
    out->put(out->ctx, key, value.data(), value.size());
}

/// A value into the sink, or the error onwards.
inline Result<> put_result(const lima_sink* out, const char* key,
                           const Result<std::string>& value) {
    if (!value) {
        return fail(value.error());
    }
    put(out, key, *value);
    return {};
}

template <class D, class Base, Result<> (Base::*Verb)(const Call&)>
lima_status LIMA_CALL verb(lima_driver* table, const lima_call* call) noexcept {
    return guarded(call, [&](const Call& c) { return (self<D>(table).*Verb)(c); });
}

template <class D, class Base, Result<> (Base::*Verb)(const Call&, const std::string&)>
lima_status LIMA_CALL tagged_verb(lima_driver* table, const lima_call* call,
                                  const char* tag) noexcept {
    return guarded(call, [&](const Call& c) { return (self<D>(table).*Verb)(c, tag); });
}

template <class D>
lima_status LIMA_CALL configure(lima_driver* table, const lima_call* call, const char* json,
                                const lima_sink* out) noexcept {
    return guarded(call, [&](const Call& c) {
        return put_result(out, "instance", self<D>(table).configure(c, json));
    });
}

/// For what has no call to explain itself to: a failure is its status alone.
template <class Body>
lima_status put_or_status(const lima_sink* out, const char* key, Body&& body) noexcept {
    try {
        const Result<std::string> result = body();
        if (!result) {
            return static_cast<lima_status>(result.error().code());
        }
        put(out, key, *result);
        return LIMA_OK;
    } catch (...) {
        return LIMA_INTERNAL;
    }
}

template <class D>
lima_status LIMA_CALL info(lima_driver* table, const lima_sink* out) noexcept {
    return put_or_status(out, "info", [&] { return self<D>(table).info(); });
}

template <class D>
inline constexpr lima_ext_guest_agent kGuestAgent = {
    [](lima_driver* table) noexcept -> std::int32_t {
        try {
            return self<D>(table).forward_over_ssh() ? 1 : 0;
        } catch (...) {
            return 0;
        }
    },
    [](lima_driver* table, const lima_call* call, lima_handle* out) noexcept {
        return guarded(call, [&](const Call& c) -> Result<> {
            const Result<lima_handle> handle = static_cast<GuestAgent&>(self<D>(table)).connect(c);
            if (!handle) {
                return fail(handle.error());
            }
            *out = *handle;
            return {};
        });
    }};

template <class D>
inline constexpr lima_ext_guest_channel kGuestChannel = {
    [](lima_driver* table, const lima_call* call, const char* name, lima_handle* out) noexcept {
        return guarded(call, [&](const Call& c) -> Result<> {
            GuestChannels& channels = self<D>(table);
            const Result<lima_handle> handle =
                channels.connect_channel(c, name == nullptr ? "" : name);
            if (!handle) {
                return fail(handle.error());
            }
            *out = *handle;
            return {};
        });
    }};

template <class D>
inline constexpr lima_ext_boot_scripts kBootScripts = {
    [](lima_driver* table, const lima_call* call, const lima_sink* out) noexcept {
        return guarded(call, [&](const Call& c) -> Result<> {
            const auto scripts = self<D>(table).boot_scripts(c);
            if (!scripts) {
                return fail(scripts.error());
            }
            for (const auto& [name, content] : *scripts) {
                put(out, name.c_str(), content);
            }
            return {};
        });
    }};

template <class D>
inline constexpr lima_ext_ssh kSsh = {
    [](lima_driver* table, const lima_call* call, const lima_sink* out) noexcept {
        return guarded(call, [&](const Call& c) -> Result<> {
            const Result<SshAddress> found = self<D>(table).ssh_address(c);
            if (!found) {
                return fail(found.error());
            }
            put(out, "address", found->address);
            put(out, "port", std::to_string(found->port));
            return {};
        });
    }};

template <class D>
inline constexpr lima_ext_status kStatus = {[](lima_driver* table, const lima_call* call,
                                               const lima_sink* out) noexcept {
    return guarded(
        call, [&](const Call& c) { return put_result(out, "status", self<D>(table).status(c)); });
}};

template <class D>
inline constexpr lima_ext_adopt kAdopt = {&verb<D, Adopt, &Adopt::adopt>};

template <class D>
inline constexpr lima_ext_snapshot kSnapshot = {
    &tagged_verb<D, Snapshot, &Snapshot::create_snapshot>,
    &tagged_verb<D, Snapshot, &Snapshot::apply_snapshot>,
    &tagged_verb<D, Snapshot, &Snapshot::delete_snapshot>,
    [](lima_driver* table, const lima_call* call, const lima_sink* out) noexcept {
        return guarded(call, [&](const Call& c) {
            return put_result(out, "text", self<D>(table).list_snapshots(c));
        });
    }};

template <class D>
inline constexpr lima_ext_gui kGui = {&verb<D, Gui, &Gui::run_gui>};

template <class D>
inline constexpr lima_ext_display kDisplay = {
    &tagged_verb<D, Display, &Display::change_display_password>,
    [](lima_driver* table, const lima_call* call, const lima_sink* out) noexcept {
        return guarded(call, [&](const Call& c) {
            return put_result(out, "connection", self<D>(table).display_connection(c));
        });
    }};

template <class D>
inline constexpr lima_ext_screenshot kScreenshot = {[](lima_driver* table, const lima_call* call,
                                                       const char* format,
                                                       const lima_sink* out) noexcept {
    return guarded(call, [&](const Call& c) -> Result<> {
        const Result<Picture> picture =
            self<D>(table).capture_screenshot(c, format == nullptr ? "" : format);
        if (!picture) {
            return fail(picture.error());
        }
        put(out, "format", picture->format);
        put(out, "image", picture->bytes);
        return {};
    });
}};

template <class D>
inline constexpr lima_ext_config_schema kConfigSchema = {
    [](lima_driver* table, const lima_sink* out) noexcept {
        return put_or_status(out, "schema", [&] { return self<D>(table).config_schema(); });
    }};

template <class D>
const void* LIMA_CALL get_extension(lima_driver* table, const char* id) noexcept {
    const std::string_view wanted(id);
    if constexpr (std::derived_from<D, GuestAgent>) {
        if (wanted == LIMA_EXT_GUEST_AGENT) {
            return &kGuestAgent<D>;
        }
    }
    if constexpr (std::derived_from<D, GuestChannels>) {
        if (wanted == LIMA_EXT_GUEST_CHANNEL) {
            return &kGuestChannel<D>;
        }
    }
    if constexpr (std::derived_from<D, BootScripts>) {
        if (wanted == LIMA_EXT_BOOT_SCRIPTS) {
            return &kBootScripts<D>;
        }
    }
    if constexpr (std::derived_from<D, Ssh>) {
        if (wanted == LIMA_EXT_SSH) {
            return &kSsh<D>;
        }
    }
    if constexpr (std::derived_from<D, Status>) {
        if (wanted == LIMA_EXT_STATUS) {
            return &kStatus<D>;
        }
    }
    if constexpr (std::derived_from<D, Adopt>) {
        if (wanted == LIMA_EXT_ADOPT) {
            return &kAdopt<D>;
        }
    }
    if constexpr (std::derived_from<D, Snapshot>) {
        if (wanted == LIMA_EXT_SNAPSHOT) {
            return &kSnapshot<D>;
        }
    }
    if constexpr (std::derived_from<D, Gui>) {
        if (wanted == LIMA_EXT_GUI) {
            return &kGui<D>;
        }
    }
    if constexpr (std::derived_from<D, Display>) {
        if (wanted == LIMA_EXT_DISPLAY) {
            return &kDisplay<D>;
        }
    }
    if constexpr (std::derived_from<D, Screenshot>) {
        if (wanted == LIMA_EXT_SCREENSHOT) {
            return &kScreenshot<D>;
        }
    }
    if constexpr (std::derived_from<D, ConfigSchema>) {
        if (wanted == LIMA_EXT_CONFIG_SCHEMA) {
            return &kConfigSchema<D>;
        }
    }
    return self<D>(table).extension(wanted);
}

template <class D>
void LIMA_CALL destroy(lima_driver* table) noexcept {
    delete static_cast<Object<D>*>(table->impl);
}

template <class D>
lima_status LIMA_CALL create(const lima_host* host, lima_driver** out) noexcept {
    try {
        auto* object = new Object<D>(*host);
        object->table = {object,
                         &configure<D>,
                         &verb<D, Driver, &Driver::validate>,
                         &verb<D, Driver, &Driver::create>,
                         &verb<D, Driver, &Driver::create_disk>,
                         &verb<D, Driver, &Driver::start>,
                         &verb<D, Driver, &Driver::stop>,
                         &verb<D, Driver, &Driver::remove>,
                         &info<D>,
                         &get_extension<D>,
                         &destroy<D>};
        *out = &object->table;
        return LIMA_OK;
    } catch (const std::exception& e) {
        host->log(host, LIMA_ERROR, e.what(), nullptr);
        return LIMA_INTERNAL;
    } catch (...) {
        return LIMA_INTERNAL;
    }
}

}  // namespace detail
}  // namespace lima::sdk

/// Defines an entry function under a name of the caller's: for drivers that are linked in, as tests
/// do.
#define LIMA_DEFINE_DRIVER_ENTRY(function, Class, id, name, version)                \
    const lima_driver_module* LIMA_CALL function(uint32_t host_abi) {               \
        static constexpr lima_driver_module kModule = {                             \
            sizeof(lima_driver_module),         LIMA_DRIVER_ABI, id, name, version, \
            &::lima::sdk::detail::create<Class>};                                   \
        return (host_abi >> 16) == LIMA_DRIVER_ABI_MAJOR ? &kModule : nullptr;      \
    }

/// The module's one export. id in reverse DNS, name is the vmType.
#define LIMA_EXPORT_DRIVER(Class, id, name, version) \
    extern "C" LIMA_EXPORT LIMA_DEFINE_DRIVER_ENTRY(lima_driver_entry, Class, id, name, version)
