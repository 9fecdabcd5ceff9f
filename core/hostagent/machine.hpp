// What the agent knows about its instance once it is set up, and the setting up itself
// (spec/host-guest.md 1.3): inspect, port, driver, cidata, ssh.config. Blocking, on a worker,
// before the API socket exists. Nothing is running yet when it fails.
#pragma once

#include "core/base/error.hpp"
#include "core/driver/driver.hpp"
#include "core/hostagent/options.hpp"
#include "core/ssh/options.hpp"
#include "core/store/home.hpp"
#include "core/store/instance.hpp"

#include <memory>
#include <string>

namespace lima::hostagent {

struct Machine {
    store::Home home;
    store::Instance instance;  // its config is there and filled, with the driver's defaults
    driver::Info info = {};
    std::unique_ptr<driver::Driver> driver = {};
    bool adopt = false;            // the VM runs already: an earlier agent started it
    std::string instance_id = {};  // what the guest's markers hold
    bool containerd_archive = false;
    ssh::Client client = {};
    ssh::Target target = {};

    std::filesystem::path dir() const { return instance.dir; }
};

Result<std::unique_ptr<Machine>> set_up(const Options& options, driver::EventHandler on_event);

}  // namespace lima::hostagent
