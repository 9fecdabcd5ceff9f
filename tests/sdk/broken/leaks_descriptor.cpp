// Breaks: destroy leaves no descriptor.
#include "broken/good.hpp"

#include <fcntl.h>

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "leaks-descriptor") {}

private:
    const int forgotten_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
};

}  // namespace lima::test

LIMA_BROKEN_DRIVER(lima::test::Broken, "leaks-descriptor")
