// Breaks: no exception crosses the boundary.
#include "broken/good.hpp"

#include <stdexcept>

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "throws") {}
};

/// Behind the back of the SDK, which would have caught it.
const void* LIMA_CALL throwing(lima_driver* driver, const char* id) {
    if (std::string_view(id) == "lima.no-such/1") {
        throw std::invalid_argument(id);
    }
    return lima::sdk::detail::get_extension<Broken>(driver, id);
}

lima_status LIMA_CALL create_throwing(const lima_host* host, lima_driver** out) {
    const lima_status status = lima::sdk::detail::create<Broken>(host, out);
    if (status == LIMA_OK) {
        (*out)->get_extension = &throwing;
    }
    return status;
}

}  // namespace lima::test

extern "C" LIMA_EXPORT const lima_driver_module* LIMA_CALL lima_driver_entry(uint32_t host_abi) {
    static constexpr lima_driver_module kModule = {sizeof(lima_driver_module),
                                                   LIMA_DRIVER_ABI,
                                                   "org.example.broken.throws",
                                                   "throws",
                                                   "1.0.0",
                                                   &lima::test::create_throwing};
    return (host_abi >> 16) == LIMA_DRIVER_ABI_MAJOR ? &kModule : nullptr;
}
