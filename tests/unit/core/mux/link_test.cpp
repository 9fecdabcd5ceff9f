#include "core/mux/link.hpp"

#include "core/base/fd.hpp"
#include "core/mux/frame.hpp"
#include "core/mux/transport.hpp"
#include "tests/unit/core/mux/link_support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

namespace lima::mux {
namespace {

using test::LinkPair;

std::string noise(std::size_t size, unsigned seed) {
    std::mt19937 random(seed);
    std::string out(size, '\0');
    for (std::size_t i = 0; i + 4 <= size; i += 4) {
        const auto word = static_cast<std::uint32_t>(random());
        std::memcpy(out.data() + i, &word, 4);
    }
    return out;
}

std::string read_exactly(const Fd& fd, std::size_t size) {
    std::string out(size, '\0');
    std::size_t done = 0;
    while (done < size) {
        const ssize_t count = ::read(fd.get(), out.data() + done, size - done);
        if (count <= 0) {
            break;
        }
        done += static_cast<std::size_t>(count);
    }
    out.resize(done);
    return out;
}

TEST(Link, BytesBothWaysAndHalfCloseEachWay) {
    LinkPair links;
    const Fd client = links.connect("tcp:127.0.0.1:80");
    const Fd server = links.accepted.take();

    ASSERT_TRUE(write_all(client.get(), "request"));
    ::shutdown(client.get(), SHUT_WR);
    EXPECT_EQ(read_all(server.get()).value_or("?"), "request");
    // The other direction is still there after the end of the first.
    ASSERT_TRUE(write_all(server.get(), "answer"));
    ::shutdown(server.get(), SHUT_WR);
    EXPECT_EQ(read_all(client.get()).value_or("?"), "answer");
    links.ended.take();
    EXPECT_TRUE(links.last_result());
}

TEST(Link, RefusalIsToldAsItWasSaid) {
    LinkPair links;
    const Fd client = links.connect("no");
    links.ended.take();
    const auto result = links.last_result();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kNotFound);
    EXPECT_EQ(result.error().text(), "there is no such thing");
}

TEST(Link, ManyMegabytesBothWaysAtOnce) {
    constexpr std::size_t kSize = 64 * 1024 * 1024;
    LinkPair links;
    const Fd client = links.connect("x");
    const Fd server = links.accepted.take();
    const std::string up = noise(kSize, 1);
    const std::string down = noise(kSize, 2);
    std::thread up_writer([&] {
        EXPECT_TRUE(write_all(client.get(), up));
        ::shutdown(client.get(), SHUT_WR);
    });
    std::thread down_writer([&] {
        EXPECT_TRUE(write_all(server.get(), down));
        ::shutdown(server.get(), SHUT_WR);
    });
    std::string got_up;
    std::thread reader([&] { got_up = read_all(server.get()).value_or(""); });
    const std::string got_down = read_all(client.get()).value_or("");
    up_writer.join();
    down_writer.join();
    reader.join();
    EXPECT_TRUE(got_up == up);
    EXPECT_TRUE(got_down == down);
}

TEST(Link, StalledReaderHoldsUpNoOther) {
    LinkPair links;
    const Fd stalled = links.connect("stalled");
    const Fd stalled_server = links.accepted.take();
    // Written until nothing goes any more: neither end's buffers nor the window take more.
    const std::string block(64 * 1024, 'x');
    std::size_t sent = 0;
    for (int quiet = 0; quiet < 20;) {
        const ssize_t count = ::send(stalled.get(), block.data(), block.size(), MSG_DONTWAIT);
        if (count > 0) {
            sent += static_cast<std::size_t>(count);
            quiet = 0;
        } else {
            ++quiet;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
    EXPECT_LT(sent, 4U * 1024 * 1024);

    const Fd client = links.connect("other");
    const Fd server = links.accepted.take();
    const std::string data = noise(8 * 1024 * 1024, 3);
    std::thread writer([&] { EXPECT_TRUE(write_all(client.get(), data)); });
    EXPECT_TRUE(read_exactly(server, data.size()) == data);
    writer.join();
    // And all of the stalled one is there when it is read at last.
    EXPECT_EQ(read_exactly(stalled_server, sent).size(), sent);
}

TEST(Link, TwoHundredStreamsAtOnce) {
    LinkPair links;
    std::vector<Fd> clients;
    std::vector<Fd> servers;
    for (int i = 0; i < 200; ++i) {
        clients.push_back(links.connect("x"));
    }
    for (int i = 0; i < 200; ++i) {
        servers.push_back(links.accepted.take());
    }
    for (std::size_t i = 0; i < clients.size(); ++i) {
        ASSERT_TRUE(write_all(clients[i].get(), "client " + std::to_string(i)));
        ::shutdown(clients[i].get(), SHUT_WR);
    }
    for (std::size_t i = 0; i < servers.size(); ++i) {
        EXPECT_EQ(read_all(servers[i].get()).value_or("?"), "client " + std::to_string(i));
        ASSERT_TRUE(write_all(servers[i].get(), "server " + std::to_string(i)));
        servers[i].reset();
    }
    for (std::size_t i = 0; i < clients.size(); ++i) {
        EXPECT_EQ(read_all(clients[i].get()).value_or("?"), "server " + std::to_string(i));
    }
}

TEST(Link, ClientThatGoesResetsTheServer) {
    LinkPair links;
    Fd client = links.connect("x");
    const Fd server = links.accepted.take();
    ASSERT_TRUE(write_all(server.get(), "hello"));
    EXPECT_EQ(read_exactly(client, 5), "hello");
    client.reset();
    // The server sees the end of what the client sends, and writing fails in the end.
    EXPECT_EQ(read_all(server.get()).value_or("?"), "");
    bool broke = false;
    const std::string block(64 * 1024, 'x');
    for (int i = 0; i < 1000 && !broke; ++i) {
        broke = ::send(server.get(), block.data(), block.size(), MSG_NOSIGNAL) < 0;
    }
    EXPECT_TRUE(broke);
    links.ended.take();
    EXPECT_FALSE(links.last_result());
}

TEST(Link, StreamsEndWhenTheGuestGoes) {
    LinkPair links;
    const Fd client = links.connect("x");
    const Fd server = links.accepted.take();
    links.on_loop([&links] { links.guest->stop(); });
    links.ended.take();
    EXPECT_EQ(links.last_result().error().code(), Code::kUnavailable);
    EXPECT_EQ(read_all(client.get()).value_or(""), "");
    const Fd late = links.connect("y");
    links.ended.take();
    EXPECT_EQ(links.last_result().error().code(), Code::kUnavailable);
}

/// As a virtio port of Linux: what arrives while the port is asked is taken there and then, and
/// the interrupt that follows finds nothing to report.
class PortThatIsAsked final : public Transport {
public:
    PortThatIsAsked(asio::any_io_executor executor, std::vector<std::byte>* arriving)
        : arriving_(arriving), news_(std::move(executor)) {}
    Result<std::size_t> read_some(std::span<std::byte> into) override {
        const std::size_t count = std::min(into.size(), taken_.size());
        std::copy_n(taken_.begin(), count, into.begin());
        taken_.erase(taken_.begin(), taken_.begin() + static_cast<std::ptrdiff_t>(count));
        return count;
    }
    Result<std::size_t> write_some(std::span<const iovec> parts) override {
        std::size_t size = 0;
        for (const iovec& part : parts) {
            size += part.iov_len;
        }
        written += size;
        return size;
    }
    Peer peer() override {
        taken_.insert(taken_.end(), arriving_->begin(), arriving_->end());
        arriving_->clear();
        return Peer::kThere;
    }
    asio::awaitable<void> changed() override { return news_.wait(); }
    void close() override { news_.notify(); }
    bool all_read() const { return arriving_->empty() && taken_.empty(); }
    void wake() { news_.notify(); }

    std::size_t written = 0;

private:
    std::vector<std::byte>* arriving_;
    std::vector<std::byte> taken_;
    aio::Wakeup news_;
};

asio::awaitable<void> run_to_its_end(Link& link) { (void)co_await link.run(); }

TEST(Link, WhatArrivesWhileThePortIsAskedIsRead) {
    asio::io_context loop{1};
    std::vector<std::byte> arriving;
    auto made = std::make_unique<PortThatIsAsked>(loop.get_executor(), &arriving);
    PortThatIsAsked& port = *made;
    aio::TaskScope scope(loop.get_executor());
    Link link(loop.get_executor(), std::move(made), LinkOptions{Role::kGuest, "guest"}, {});
    scope.spawn(run_to_its_end(link), "guest");
    loop.poll();
    ASSERT_EQ(port.written, 0U);
    arriving = encode_control(Control{});  // HELLO of a host that knows no agent yet
    port.wake();                           // for another reason
    loop.poll();
    EXPECT_TRUE(port.all_read());
    EXPECT_GT(port.written, 0U);  // START
    link.stop();
    loop.run();
}

}  // namespace
}  // namespace lima::mux
