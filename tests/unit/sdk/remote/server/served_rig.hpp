// The server of lima-run-driver in this process, with the played driver, and clients of both
// services over its real socket.
#pragma once

#include "core/base/fs.hpp"
#include "sdk/remote/server/server.hpp"
#include "tests/unit/sdk/remote/server/played_driver.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <grpcpp/create_channel.h>
#include <grpcpp/grpcpp.h>
#include <memory>
#include <thread>

extern "C" const lima_driver_module* LIMA_CALL lima_played_entry(uint32_t host_abi);

namespace lima::remote {

inline std::shared_ptr<grpc::Channel> channel_to(const std::filesystem::path& socket) {
    grpc::ChannelArguments arguments;
    // Each is a host of its own.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxReceiveMessageSize(-1);
    return grpc::CreateCustomChannel("unix:" + socket.string(), grpc::InsecureChannelCredentials(),
                                     arguments);
}

/// Until it holds, at most ten seconds.
template <class Condition>
bool eventually(Condition&& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

class ServedRig : public testing::Test {
protected:
    explicit ServedRig(Generation generation = Generation::kTwo)
        : dir_(*fs::TempDir::create("srv")) {
        Played::current().reset();
        poller_.start();
        auto served = Served::create(
            [](driver::OpenOptions options) {
                return driver::Driver::open_static(&lima_played_entry, std::move(options));
            },
            {}, [this] { idle_.set_value(); });
        EXPECT_TRUE(served) << served.error().text();
        served_ = std::move(*served);
        main_ = std::thread([this] { served_->main().run(); });
        const ServerOptions options{
            .socket = socket(), .instance_dir = dir_.path(), .generation = generation};
        auto server = Server::start(*served_, poller_, options);
        EXPECT_TRUE(server) << server.error().text();
        server_ = std::move(*server);
    }
    ~ServedRig() override { shut_down(); }

    void shut_down() {
        server_.reset();
        served_->main().close();
        if (main_.joinable()) {
            main_.join();
        }
    }

    std::filesystem::path socket() const { return dir_.path() / "played.drv.sock"; }
    std::unique_ptr<::Driver::Stub> original() const {
        return ::Driver::NewStub(channel_to(socket()));
    }
    std::unique_ptr<v1::DriverService::Stub> own() const {
        return v1::DriverService::NewStub(channel_to(socket()));
    }
    static Played& played() { return Played::current(); }

    fs::TempDir dir_;
    std::promise<void> idle_;
    Poller poller_;
    std::unique_ptr<Served> served_;
    std::unique_ptr<Server> server_;
    std::thread main_;
};

}  // namespace lima::remote
