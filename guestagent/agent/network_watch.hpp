// Waits until the guest has a network: an address of global scope and a default route of the same
// family. Told by the kernel (rtnetlink), without a timer; over once it has been seen. Thread: the
// loop's.
#pragma once

#include "core/base/fd.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace lima::guestagent {

namespace asio = boost::asio;

struct AddressNews {
    int family = 0;
    std::string ip;
};
/// The address in an RTM_NEWADDR, if it is global and can be used.
std::optional<AddressNews> usable_address(std::string_view payload);
/// The family of a default route in an RTM_NEWROUTE of the main table.
std::optional<int> default_route(std::string_view payload);
/// The address with which the guest reaches the world; nullopt while it does not.
Result<std::optional<std::string>> find_network();

class NetworkWatch {
public:
    /// `on_network` gets the address, once, perhaps at once. The watch must outlive the call.
    NetworkWatch(const asio::any_io_executor& executor,
                 std::function<void(const std::string&)> on_network);
    NetworkWatch(const NetworkWatch&) = delete;
    NetworkWatch& operator=(const NetworkWatch&) = delete;
    ~NetworkWatch();
    Result<void> start();

private:
    void look();
    void wait();

    asio::posix::stream_descriptor socket_;
    std::function<void(const std::string&)> on_network_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lima::guestagent
