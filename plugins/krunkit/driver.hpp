// krunkit: guests under libkrun on Apple silicon, with a GPU. So far it describes itself
// (plugins/described).
#pragma once

#include "plugins/described/driver.hpp"

namespace lima::krunkit {

extern const described::Description kDescription;

class KrunkitDriver final : public described::Driver {
public:
    explicit KrunkitDriver(const sdk::Host& host) : described::Driver(host, kDescription) {}
};

}  // namespace lima::krunkit
