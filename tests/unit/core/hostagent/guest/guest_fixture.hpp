// A Guest and what it says, with a fake agent at the other end.
#pragma once

#include "core/hostagent/guest/guest.hpp"
#include "tests/unit/core/hostagent/guest/fake_agent.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace lima::hostagent {

class GuestTest : public testing::Test {
protected:
    ~GuestTest() override {
        if (guest_) {
            await(guest_->close());
        }
        pool_.join();
    }

    void begin(std::function<Result<Fd>()> dial, bool link = false) {
        GuestSetup setup;
        setup.dial = std::move(dial);
        setup.link = link;
        setup.host_version = "v9";
        setup.timing.first_pause = std::chrono::milliseconds(5);
        setup.timing.max_pause = std::chrono::milliseconds(20);
        setup.timing.give_up = give_up_;
        GuestHandlers handlers;
        handlers.on_up = [this](const GuestFacts& facts) {
            ++ups_;
            facts_ = facts;
        };
        handlers.on_down = [this](const Error&) { ++downs_; };
        handlers.on_ports = [this](std::vector<GuestPort> ports) {
            ports_.clear();
            for (const GuestPort& port : ports) {
                ports_.push_back(port.port);
            }
            ++port_calls_;
            port_sets_.push_back(std::move(ports));
        };
        handlers.on_boot = [this](const BootStep& step) { steps_.push_back(step); };
        guest_ = std::make_unique<Guest>(loop_.get_executor(), pool_, std::move(setup),
                                         std::move(handlers));
        guest_->start();
    }
    void begin() {
        agent_.start();
        begin([this]() -> Result<Fd> {
            ++dials_;
            return agent_.connect();
        });
    }
    bool run_until(const std::function<bool()>& enough) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!enough() && std::chrono::steady_clock::now() < deadline) {
            loop_.restart();
            loop_.run_one_for(std::chrono::milliseconds(20));
        }
        return enough();
    }
    template <class T>
    T await(asio::awaitable<T> task) {
        std::optional<T> out;
        asio::co_spawn(loop_, std::move(task),
                       [&](const std::exception_ptr&, T value) { out.emplace(std::move(value)); });
        run_until([&] { return out.has_value(); });
        return std::move(*out);
    }
    void await(asio::awaitable<void> task) {
        bool done = false;
        asio::co_spawn(loop_, std::move(task), [&](const std::exception_ptr&) { done = true; });
        run_until([&] { return done; });
    }

    asio::io_context loop_{1};
    asio::thread_pool pool_{2};
    std::chrono::milliseconds give_up_{60'000};
    FakeAgent agent_;
    std::unique_ptr<Guest> guest_;
    std::atomic<int> dials_ = 0;
    int ups_ = 0;
    int downs_ = 0;
    int port_calls_ = 0;
    GuestFacts facts_;
    std::vector<int> ports_;
    std::vector<std::vector<GuestPort>> port_sets_;
    std::vector<BootStep> steps_;
};

}  // namespace lima::hostagent
