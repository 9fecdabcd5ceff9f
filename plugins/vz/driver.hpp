// vz: guests under Apple's Virtualization framework. So far it describes itself
// (plugins/described).
#pragma once

#include "plugins/described/driver.hpp"

namespace lima::vz {

extern const described::Description kDescription;

class VzDriver final : public described::Driver {
public:
    explicit VzDriver(const sdk::Host& host) : described::Driver(host, kDescription) {}
};

}  // namespace lima::vz
