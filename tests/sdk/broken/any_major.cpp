// Breaks: a module has nothing for a host of another major.
#include "broken/good.hpp"

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "any-major") {}
};

}  // namespace lima::test

extern "C" LIMA_EXPORT const lima_driver_module* LIMA_CALL lima_driver_entry(uint32_t) {
    static constexpr lima_driver_module kModule = {sizeof(lima_driver_module),
                                                   LIMA_DRIVER_ABI,
                                                   "org.example.broken.any-major",
                                                   "any-major",
                                                   "1.0.0",
                                                   &lima::sdk::detail::create<lima::test::Broken>};
    return &kModule;
}
