#include "check/object.hpp"

#include "check/instance.hpp"

#include <atomic>
#include <condition_variable>
#include <thread>

namespace lima::check {
namespace {

constexpr int kVmEventMs = 5'000;

/// One call on its way; shared, because a call that hangs outlives the test.
struct Running {
    explicit Running(PlayedCall::Size size) : call(size) {}
    PlayedCall call;
    PlayedSink sink;
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
    bool thrown = false;
    lima_status status = LIMA_OK;
    Clock::time_point begin = Clock::now();
    Clock::time_point end;

    bool wait(int ms) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, std::chrono::milliseconds(ms), [this] { return done; });
    }
};

/// What comes out of the driver is not ours: an exception is a finding.
void run(const std::shared_ptr<Running>& running, const Body& body) {
    lima_status status = LIMA_INTERNAL;
    bool thrown = false;
    running->begin = Clock::now();
    try {
        status = body(running->call.raw(), running->sink.raw());
    } catch (...) {
        thrown = true;
    }
    const std::lock_guard guard(running->mutex);
    running->end = Clock::now();
    running->status = status;
    running->thrown = thrown;
    running->done = true;
    running->changed.notify_all();
}

bool is_known_status(lima_status status) {
    return status >= LIMA_OK && status <= LIMA_UNAVAILABLE && status != 11;
}

}  // namespace

const std::vector<const char*> kExtensionIds = {
    LIMA_EXT_GUEST_AGENT, LIMA_EXT_GUEST_CHANNEL, LIMA_EXT_BOOT_SCRIPTS, LIMA_EXT_SSH,
    LIMA_EXT_STATUS,      LIMA_EXT_ADOPT,         LIMA_EXT_SNAPSHOT,     LIMA_EXT_GUI,
    LIMA_EXT_DISPLAY,     LIMA_EXT_SCREENSHOT,    LIMA_EXT_CONFIG_SCHEMA};

const lima_driver_module* module_of(Bench& bench) {
    const Target& target = bench.target();
    const Path path = target.way == kModule ? target.path : target.remote;
    const Loaded loaded = load_module(path);
    bench.need(loaded.entry != nullptr, "cannot load " + path.string() + ": " + loaded.error);
    const lima_driver_module* module = loaded.entry(LIMA_DRIVER_ABI);
    bench.need(module != nullptr && module->create != nullptr,
               "the entry gives no module for this ABI");
    return module;
}

std::string driver_name(Bench& bench) {
    if (bench.away()) {
        return bench.target().name;
    }
    const char* name = module_of(bench)->name;
    return name != nullptr ? name : "";
}

std::string Outcome::says() const {
    if (thrown) {
        return "an exception";
    }
    return status == LIMA_OK ? "success"
                             : "status " + std::to_string(status) + ": " +
                                   (text.empty() ? "(no text)" : shorten(text));
}

std::string Outcome::value(const std::string& key) const {
    return out.count(key) == 1 ? out.find(key)->second : std::string();
}

void expect_explained(Bench& bench, const std::string& what, const Outcome& outcome) {
    if (outcome.ok() || outcome.thrown) {
        return;
    }
    bench.expect(is_known_status(outcome.status),
                 what + " fails with the unknown status " + std::to_string(outcome.status));
    if (bench.expect(!outcome.text.empty(), what + " fails with status " +
                                                std::to_string(outcome.status) +
                                                " and without a text")) {
        bench.expect(outcome.text.find('\n') == std::string::npos,
                     what + " fails with more than one line: " + shorten(outcome.text));
        if (outcome.text.back() == '.') {
            bench.warn(what + " fails with a full stop at the end: " + shorten(outcome.text));
        }
    }
}

Object::Object(Bench& bench, Faults faults, std::uint32_t host_abi)
    : bench_(bench), host_(new PlayedHost(bench.target(), bench.dir() / "i", faults)) {
    host_->set_abi(host_abi);
    std::filesystem::create_directories(bench.dir() / "i");
    const lima_driver_module* module = module_of(bench);
    lima_driver* made = nullptr;
    const Outcome outcome = call("the module's create", [&](const lima_call*, const lima_sink*) {
        return module->create(host_->raw(), &made);
    });
    bench.need(outcome.ok() && made != nullptr,
               "the module's create gives no object: " + outcome.says());
    driver_ = made;
}

Outcome Object::call(const std::string& name, const Body& body, CallOptions options) const {
    const auto running = std::make_shared<Running>(options.size);
    if (options.cancel_after_ms == 0) {
        running->call.cancel();
    }
    std::thread worker([running, body] { run(running, body); });
    const int limit = options.limit_ms > 0 ? options.limit_ms : bench_.call_limit_ms();
    bool done = false;
    if (options.cancel_after_ms > 0 && !(done = running->wait(options.cancel_after_ms))) {
        running->call.cancel();
    }
    if (!done && !running->wait(limit)) {
        bench_.give_up(
            name + " has not returned " + std::to_string(limit) + " ms " +
            (options.cancel_after_ms >= 0 ? "after it was cancelled" : "after it was called"));
    }
    worker.join();
    Outcome outcome{running->status, running->call.text(), running->call.hint(),
                    running->sink.values()};
    outcome.took_ms = static_cast<long>(
        std::chrono::duration_cast<std::chrono::milliseconds>(running->end - running->begin)
            .count());
    outcome.thrown = running->thrown;
    outcome.asked_too_much = running->call.asked_too_much();
    bench_.expect(!outcome.thrown, "an exception came out of " + name);
    return outcome;
}

Outcome Object::verb(const std::string& name, Verb verb, CallOptions options) const {
    lima_driver* driver = driver_;
    return call(
        name,
        [driver, verb](const lima_call* call, const lima_sink*) {
            return (driver->*verb)(driver, call);
        },
        options);
}

Outcome Object::configure(const std::string& json, CallOptions options) const {
    lima_driver* driver = driver_;
    return call(
        "configure",
        [driver, json](const lima_call* call, const lima_sink* out) {
            return driver->configure(driver, call, json.c_str(), out);
        },
        options);
}

Outcome Object::stop() const {
    const int patience = bench_.target().patience_ms;
    Outcome outcome = stop({.cancel_after_ms = patience});
    if (patience >= 0 && outcome.status == LIMA_CANCELLED) {
        outcome.status = LIMA_OK;  // as was to be
    }
    return outcome;
}

Outcome Object::info() const {
    lima_driver* driver = driver_;
    return call("info", [driver](const lima_call*, const lima_sink* out) {
        return driver->info(driver, out);
    });
}

Outcome Object::schema(const lima_ext_config_schema& table) const {
    lima_driver* driver = driver_;
    return call(LIMA_EXT_CONFIG_SCHEMA, [driver, &table](const lima_call*, const lima_sink* out) {
        return table.get(driver, out);
    });
}

const void* Object::extension(const char* id) const {
    try {
        return driver_->get_extension(driver_, id);
    } catch (...) {
        bench_.expect(false, std::string("an exception came out of get_extension of ") + id);
        return nullptr;
    }
}

Json Object::configured() const {
    const Outcome outcome = configure(test_instance(bench_).dump());
    bench_.need(outcome.ok(), "configure refuses the instance: " + outcome.says());
    return Json::parse(outcome.value("instance"), nullptr, false);
}

Json Object::info_object() const {
    const Outcome outcome = info();
    Json json = Json::parse(outcome.value("info"), nullptr, false);
    bench_.need(outcome.ok() && json.is_object(), "info gives no JSON object: " + outcome.says());
    return json;
}

void Object::close() {
    if (driver_ == nullptr) {
        return;
    }
    lima_driver* driver = driver_;
    driver_ = nullptr;
    host_->closing();
    call("destroy", [driver](const lima_call*, const lima_sink*) {
        driver->destroy(driver);
        return LIMA_OK;
    });
    host_->closed();
}

Json test_instance(Bench& bench) {
    const Path dir = bench.dir() / "i";
    std::filesystem::create_directories(dir);
    Json instance = plain_instance(driver_name(bench), dir.string());
    if (!bench.target().instance.empty()) {
        instance = read_instance(bench.target().instance);
        if (!instance.contains("dir")) {
            instance["dir"] = dir.string();
        }
    }
    return instance;
}

void prepare_vm(Bench& bench, const Object& object) {
    const Json info = object.info_object();
    if (info.value("needsImage", true) && bench.target().instance.empty()) {
        bench.skip("the driver needs an image: give an instance that can start by --instance");
    }
    object.configured();
    if (const Outcome valid = object.validate(); !valid.ok()) {
        bench.skip("validate refuses: " + valid.text);
    }
    for (const Outcome& outcome : {object.create(), object.create_disk()}) {
        bench.need(outcome.ok(), "the instance cannot be created: " + outcome.says());
    }
}

void start_vm(Bench& bench, const Object& object) {
    const std::size_t before = object.host().count("started");
    const Outcome started = object.start();
    bench.need(started.ok(), "start fails: " + started.says());
    bench.need(object.host().await("started", before + 1, kVmEventMs),
               "start succeeded, and there is no event started");
}

void stop_vm(Bench& bench, const Object& object) {
    const std::size_t before = object.host().count("exited");
    const Outcome stopped = object.stop();
    bench.need(stopped.ok(), "stop fails: " + stopped.says());
    bench.need(object.host().await("exited", before + 1, kVmEventMs),
               "stop succeeded, and there is no event exited");
}

Path pid_file(Bench& bench) {
    return Path(test_instance(bench).at("dir").get<std::string>()) / (driver_name(bench) + ".pid");
}

bool eventually(int timeout_ms, const std::function<bool()>& done) {
    const auto begin = Clock::now();
    while (!done()) {
        if (ms_since(begin) >= timeout_ms) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

}  // namespace lima::check
