// wsl2: guests as distributions of the Windows Subsystem for Linux. So far it describes itself
// (plugins/described).
#pragma once

#include "plugins/described/driver.hpp"

namespace lima::wsl2 {

extern const described::Description kDescription;

class Wsl2Driver final : public described::Driver {
public:
    explicit Wsl2Driver(const sdk::Host& host) : described::Driver(host, kDescription) {}
};

}  // namespace lima::wsl2
