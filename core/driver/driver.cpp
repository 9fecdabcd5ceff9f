#include "core/driver/driver.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/driver/call.hpp"
#include "core/driver/host.hpp"
#include "core/driver/info.hpp"
#include "core/driver/module.hpp"
#include "core/driver/remote.hpp"

#include <lima/ext/config_schema.h>
#include <lima/ext/display.h>
#include <lima/ext/screenshot.h>

#include <charconv>
#include <mutex>

namespace lima::driver {

struct Driver::Impl {
    explicit Impl(OpenOptions options) : host(std::move(options)) {}

    template <class Table>
    const Table* extension(const char* id) const {
        return static_cast<const Table*>(object->get_extension(object, id));
    }
    /// kUnimplemented: the driver `lacks` it ("has no snapshots").
    template <class Table>
    Result<const Table*> offered(const char* id, const char* lacks) const {
        const auto* table = extension<Table>(id);
        if (table == nullptr) {
            return failf(Code::kUnimplemented, "the driver {} {}", name, lacks);
        }
        return table;
    }
    /// One [op] at a time.
    template <class Body>
    Result<void> op(const char* what, const Cancel* cancel, Body&& body) {
        const std::lock_guard lock(mutex);
        const CallContext call(cancel, &host.options().on_progress);
        return call.result(body(call.raw()), name, what);
    }
    Result<void> verb(const char* what, const Cancel* cancel,
                      lima_status(LIMA_CALL* function)(lima_driver*, const lima_call*)) {
        return op(what, cancel, [&](const lima_call* call) { return function(object, call); });
    }

    /// The failure of a call that cannot give its reason itself.
    Error failure(lima_status status, const char* what) const;

    std::unique_ptr<RemoteHost> remote;  // of a process
    HostContext host;
    std::string name;
    std::string version;
    std::mutex mutex;
    lima_driver* object = nullptr;
};

Error Driver::Impl::failure(lima_status status, const char* what) const {
    MapSink out;
    if (remote) {
        extension<lima_ext_remote>(LIMA_EXT_REMOTE)->last_failure(object, out.raw());
    }
    const std::string& why = out.values()["text"];
    std::string text = fmt::format("the driver {} cannot {}", name, what);
    text += why.empty() ? fmt::format(" (status {})", status) : ": " + why;
    return Error(code_of(status), std::move(text)).with_hint(out.values()["hint"]);
}

Driver::Driver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Driver::~Driver() {
    // First no child's thread may call into the object any more, then the object goes.
    impl_->host.processes().stop_callbacks();
    const std::lock_guard lock(impl_->mutex);
    impl_->object->destroy(impl_->object);
}

namespace {

Result<lima_driver*> create_object(const lima_driver_module& module, const lima_host* host) {
    lima_driver* object = nullptr;
    const lima_status status = module.create(host, &object);
    if (status != LIMA_OK) {
        return failf(code_of(status), "the driver {} cannot be created (status {})", module.name,
                     status);
    }
    if (object == nullptr) {
        return failf(Code::kInternal, "the driver {} created nothing", module.name);
    }
    return object;
}

}  // namespace

Result<std::unique_ptr<Driver>> Driver::open(const Found& found, OpenOptions options) {
    if (driver::is_remote(found)) {
        return open_remote(found, std::move(options));
    }
    LIMA_TRY(const lima_driver_module* module, load_module(found.path, found.name));
    return open_module(*module, std::move(options));
}

Result<std::unique_ptr<Driver>> Driver::open_remote(const Found& found, OpenOptions options) {
    LIMA_TRY(auto remote, RemoteHost::make(found, options));
    LIMA_TRY(const lima_driver_module* module, load_module(remote->module(), "remote"));
    options.host_extensions[LIMA_HOST_EXT_REMOTE] = remote->table();
    LIMA_TRY(auto driver, open_module(*module, std::move(options)));
    driver->impl_->remote = std::move(remote);
    driver->impl_->name = found.name;
    driver->impl_->version.clear();
    return driver;
}

Result<std::unique_ptr<Driver>> Driver::open_static(lima_driver_entry_fn entry,
                                                    OpenOptions options) {
    LIMA_TRY(const lima_driver_module* module, ask_entry(entry, "the driver that is linked in"));
    return open_module(*module, std::move(options));
}

Result<std::unique_ptr<Driver>> Driver::open_module(const lima_driver_module& module,
                                                    OpenOptions options) {
    auto impl = std::make_unique<Impl>(std::move(options));
    impl->name = module.name;
    impl->version = module.version;
    LIMA_TRY(impl->object, create_object(module, impl->host.table()));
    return std::unique_ptr<Driver>(new Driver(std::move(impl)));
}

Result<Json> Driver::configure(const Json& instance) {
    MapSink out;
    const std::string text = dump_json(instance);
    LIMA_DO(impl_->op("configure", nullptr, [&](const lima_call* call) {
        return impl_->object->configure(impl_->object, call, text.c_str(), out.raw());
    }));
    const auto answer = out.values().find("instance");
    if (answer == out.values().end()) {
        return failf(Code::kInternal, "the driver {} configured the instance and returned none",
                     impl_->name);
    }
    return parse_json(answer->second).map_error([&](Error error) {
        return std::move(error).wrap(
            fmt::format("the driver {} returned a broken instance", impl_->name));
    });
}

Result<void> Driver::validate(const Cancel* cancel) {
    return impl_->verb("validate", cancel, impl_->object->validate);
}
Result<void> Driver::create(const Cancel* cancel) {
    return impl_->verb("create", cancel, impl_->object->create);
}
Result<void> Driver::create_disk(const Cancel* cancel) {
    return impl_->verb("create the disk", cancel, impl_->object->create_disk);
}
Result<void> Driver::start(const Cancel* cancel) {
    return impl_->verb("start", cancel, impl_->object->start);
}
Result<void> Driver::stop(const Cancel* cancel) {
    return impl_->verb("stop", cancel, impl_->object->stop);
}
Result<void> Driver::remove(const Cancel* cancel) {
    return impl_->verb("remove", cancel, impl_->object->remove);
}

Result<std::string> Driver::info_json() const {
    MapSink out;
    const lima_status status = impl_->object->info(impl_->object, out.raw());
    if (status != LIMA_OK) {
        return fail(impl_->failure(status, "tell about itself"));
    }
    return std::move(out.values()["info"]);
}

Result<Info> Driver::info() const {
    LIMA_TRY(const std::string json, info_json());
    LIMA_TRY(Info info, parse_info(json), "the driver {} tells something broken about itself",
             impl_->name);
    return info;
}

Result<std::string> Driver::config_schema() const {
    const auto* table = impl_->extension<lima_ext_config_schema>(LIMA_EXT_CONFIG_SCHEMA);
    if (table == nullptr) {
        return std::string();
    }
    MapSink out;
    const lima_status status = table->get(impl_->object, out.raw());
    if (status != LIMA_OK) {
        return fail(impl_->failure(status, "tell its schema"));
    }
    return std::move(out.values()["schema"]);
}

Result<std::string> Driver::status() {
    const auto* table = impl_->extension<lima_ext_status>(LIMA_EXT_STATUS);
    if (table == nullptr) {
        return std::string();
    }
    MapSink out;
    LIMA_DO(impl_->op("tell the status", nullptr, [&](const lima_call* call) {
        return table->get(impl_->object, call, out.raw());
    }));
    return out.values()["status"];
}

Result<std::map<std::string, std::string>> Driver::boot_scripts() {
    const auto* table = impl_->extension<lima_ext_boot_scripts>(LIMA_EXT_BOOT_SCRIPTS);
    MapSink out;
    if (table != nullptr) {
        LIMA_DO(impl_->op("list its boot scripts", nullptr, [&](const lima_call* call) {
            return table->list(impl_->object, call, out.raw());
        }));
    }
    return std::move(out.values());
}

bool Driver::forward_guest_agent_over_ssh() const {
    const auto* table = impl_->extension<lima_ext_guest_agent>(LIMA_EXT_GUEST_AGENT);
    return table != nullptr && table->forward_over_ssh(impl_->object) != 0;
}

Result<int> Driver::connect_guest_agent() {
    LIMA_TRY(const auto* table, impl_->offered<lima_ext_guest_agent>(
                                    LIMA_EXT_GUEST_AGENT, "has no way to the guest agent"));
    lima_handle handle = -1;
    LIMA_DO(impl_->op("connect to the guest agent", nullptr, [&](const lima_call* call) {
        return table->connect(impl_->object, call, &handle);
    }));
    return static_cast<int>(handle);
}

Result<int> Driver::connect_guest_channel(const std::string& channel) {
    LIMA_TRY(const auto* table,
             impl_->offered<lima_ext_guest_channel>(LIMA_EXT_GUEST_CHANNEL,
                                                    "has no further channels to the guest"));
    lima_handle handle = -1;
    const std::string what = "connect to the guest's channel " + channel;
    LIMA_DO(impl_->op(what.c_str(), nullptr, [&](const lima_call* call) {
        return table->connect(impl_->object, call, channel.c_str(), &handle);
    }));
    return static_cast<int>(handle);
}

bool Driver::has_extension(const char* id) const { return impl_->extension<void>(id) != nullptr; }

Result<void> Driver::adopt(const Cancel* cancel) {
    LIMA_TRY(const auto* table,
             impl_->offered<lima_ext_adopt>(LIMA_EXT_ADOPT, "cannot take over a VM that runs"));
    return impl_->verb("adopt the VM", cancel, table->adopt);
}

Result<SshAddress> Driver::ssh_address() {
    LIMA_TRY(const auto* table,
             impl_->offered<lima_ext_ssh>(LIMA_EXT_SSH, "does not tell where ssh is"));
    MapSink out;
    LIMA_DO(impl_->op("tell where ssh is", nullptr, [&](const lima_call* call) {
        return table->address(impl_->object, call, out.raw());
    }));
    SshAddress address{.address = out.values()["address"]};
    const std::string& port = out.values()["port"];
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (error != std::errc() || end != port.data() + port.size()) {
        return failf(Code::kInternal, "the driver {} names {} as the port of ssh", impl_->name,
                     go_quote(port));
    }
    return address;
}

namespace {
constexpr const char* kNoSnapshots = "has no snapshots";
constexpr const char* kNoDisplay = "has no display that clients can connect to";
}  // namespace

Result<void> Driver::create_snapshot(const std::string& tag, const Cancel* cancel) {
    LIMA_TRY(const auto* table, impl_->offered<lima_ext_snapshot>(LIMA_EXT_SNAPSHOT, kNoSnapshots));
    return impl_->op("create the snapshot", cancel, [&](const lima_call* call) {
        return table->create(impl_->object, call, tag.c_str());
    });
}

Result<void> Driver::apply_snapshot(const std::string& tag, const Cancel* cancel) {
    LIMA_TRY(const auto* table, impl_->offered<lima_ext_snapshot>(LIMA_EXT_SNAPSHOT, kNoSnapshots));
    return impl_->op("apply the snapshot", cancel, [&](const lima_call* call) {
        return table->apply(impl_->object, call, tag.c_str());
    });
}

Result<void> Driver::delete_snapshot(const std::string& tag, const Cancel* cancel) {
    LIMA_TRY(const auto* table, impl_->offered<lima_ext_snapshot>(LIMA_EXT_SNAPSHOT, kNoSnapshots));
    return impl_->op("delete the snapshot", cancel, [&](const lima_call* call) {
        return table->remove(impl_->object, call, tag.c_str());
    });
}

Result<std::string> Driver::list_snapshots(const Cancel* cancel) {
    LIMA_TRY(const auto* table, impl_->offered<lima_ext_snapshot>(LIMA_EXT_SNAPSHOT, kNoSnapshots));
    MapSink out;
    LIMA_DO(impl_->op("list the snapshots", cancel, [&](const lima_call* call) {
        return table->list(impl_->object, call, out.raw());
    }));
    return out.values()["text"];
}

Result<void> Driver::change_display_password(const std::string& password) {
    LIMA_TRY(const auto* table, impl_->offered<lima_ext_display>(LIMA_EXT_DISPLAY, kNoDisplay));
    return impl_->op("change the display's password", nullptr, [&](const lima_call* call) {
        return table->change_password(impl_->object, call, password.c_str());
    });
}

Result<std::string> Driver::display_connection() {
    LIMA_TRY(const auto* table, impl_->offered<lima_ext_display>(LIMA_EXT_DISPLAY, kNoDisplay));
    MapSink out;
    LIMA_DO(impl_->op("tell where its display is", nullptr, [&](const lima_call* call) {
        return table->connection(impl_->object, call, out.raw());
    }));
    return out.values()["connection"];
}

Result<Picture> Driver::screenshot(const std::string& format) {
    LIMA_TRY(const auto* table,
             impl_->offered<lima_ext_screenshot>(LIMA_EXT_SCREENSHOT, "takes no screenshots"));
    MapSink out;
    LIMA_DO(impl_->op("take a screenshot", nullptr, [&](const lima_call* call) {
        return table->capture(impl_->object, call, format.c_str(), out.raw());
    }));
    return Picture{std::move(out.values()["format"]), std::move(out.values()["image"])};
}

Result<void> Driver::run_gui(const Cancel* cancel) {
    LIMA_TRY(const auto* table,
             impl_->offered<lima_ext_gui>(LIMA_EXT_GUI, "has no window to show"));
    // Not an [op]: the window is up as long as the VM, and stop must get through.
    const CallContext call(cancel, &impl_->host.options().on_progress);
    return call.result(table->run(impl_->object, call.raw()), impl_->name, "show its window");
}

bool Driver::is_remote() const { return impl_->remote != nullptr; }

Result<std::optional<RemoteIdentity>> Driver::identify() {
    if (!impl_->remote) {
        return std::nullopt;
    }
    const auto* table = impl_->extension<lima_ext_remote>(LIMA_EXT_REMOTE);
    MapSink out;
    LIMA_DO(impl_->op("say what it is", nullptr, [&](const lima_call* call) {
        return table->identify(impl_->object, call, out.raw());
    }));
    auto& values = out.values();
    const auto number = [&values](const char* key) {
        std::uint32_t value = 0;
        const std::string& text = values[key];
        std::from_chars(text.data(), text.data() + text.size(), value);
        return value;
    };
    RemoteIdentity identity{.generation = values["generation"], .version = values["version"]};
    identity.abi = number("abi");
    identity.pid = static_cast<int>(number("pid"));
    return identity;
}

Result<Json> Driver::inspect(const Json& instance) {
    if (!impl_->remote) {
        return failf(Code::kUnimplemented, "the driver {} is no program", impl_->name);
    }
    const auto* table = impl_->extension<lima_ext_remote>(LIMA_EXT_REMOTE);
    MapSink out;
    const std::string text = dump_json(instance);
    LIMA_DO(impl_->op("inspect the instance", nullptr, [&](const lima_call* call) {
        return table->inspect(impl_->object, call, text.c_str(), out.raw());
    }));
    return parse_json(out.values()["instance"]);
}

const std::string& Driver::name() const { return impl_->name; }
const std::string& Driver::version() const { return impl_->version; }

Result<std::unique_ptr<Driver>> open_driver(const std::string& name, OpenOptions options) {
    LIMA_TRY(Found found, find(default_search_path(), name));
    LIMA_TRY(found, as_isolated(std::move(found)));
    return Driver::open(found, std::move(options));
}

}  // namespace lima::driver
