// What commands do with an instance: orchestration only; each step lives in a folder further left.
// Straight-line code, called by limactl (and inspect by lima-hostagent). Every function that
// changes an instance holds its lock, so that of two commands at once one wins and the other says
// so.
#pragma once

#include "core/base/error.hpp"
#include "core/base/host.hpp"
#include "core/driver/driver.hpp"
#include "core/fetch/cache.hpp"
#include "core/hostapi/event.hpp"
#include "core/store/home.hpp"
#include "core/store/instance.hpp"
#include "core/text/document.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace lima::instance {

/// What main knows and everybody needs; passed by reference.
struct Context {
    store::Home home;
    HostFacts host;
    std::filesystem::path self;       // the running limactl
    std::filesystem::path hostagent;  // libexec/lima/lima-hostagent
    bool debug = false;
    /// Shows progress of downloads and disk work; may be empty.
    std::function<void(const fetch::Progress&, const std::string& description)> progress;
};
Result<Context> make_context();

/// kNotFound when there is no such instance (no directory, or no lima.yaml). Other troubles are in
/// Instance::errors.
Result<store::Instance> inspect(const Context& context, const std::string& name);

struct CreateInput {
    std::string name;
    std::string yaml;            // after embedding and edits: stored as it is
    std::string source_file;     // for messages
    text::Origins origins = {};  // of its lines, when several files were put together
};
/// Validates, makes the directory, lets the driver create its state. On failure nothing is left.
Result<store::Instance> create(const Context& context, const CreateInput& input);
/// Checks an edited text as create does, without touching anything; file name and origins are for
/// messages.
Result<void> check_yaml(const Context& context, const std::string& name, const std::string& yaml,
                        const std::string& file, const text::Origins& origins = {});

/// Downloads, disk, resize: everything before the VM can start.
Result<void> prepare(const Context& context, const store::Instance& instance);

struct StartOptions {
    std::chrono::milliseconds timeout = std::chrono::minutes(10);
    bool foreground = false;  // does not return on success: the process becomes the host agent
    bool progress = false;
    std::function<void(const store::Instance&)> on_ready;  // prints READY
    /// Shows how it goes: each event of the host agent, each second, before a log line of the
    /// host agent's is shown. Only those that warn are, when `quiet`. All may be empty.
    std::function<void(const hostapi::Event&)> on_event = {};
    std::function<void()> on_tick = {};
    std::function<void()> before_log = {};
    bool quiet = false;
};
/// Waits for one that is shutting down, then starts it.
Result<void> start(const Context& context, const std::string& name, const StartOptions& options);

/// True while its host agent lives and is on its way out, whatever the status is called.
bool is_stopping(const store::Instance& instance);

struct StopOptions {
    bool force = false;
};
Result<void> stop(const Context& context, const std::string& name, const StopOptions& options);
/// kNotFound when it does not exist, kFailedPrecondition when protected or running without force.
Result<void> remove(const Context& context, const std::string& name, bool force);

Result<bool> set_protected(const Context& context, const std::string& name,
                           bool value);  // false: was so already

}  // namespace lima::instance
