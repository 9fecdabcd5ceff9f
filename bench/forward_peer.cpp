// Both ends of bench/forward, one static program: `serve PORT` in the guest, the others on the
// host.
//
//   get|put HOST PORT STREAMS BYTES   moves BYTES over STREAMS connections together, one way;
//   prints
//                                     the seconds
//   both HOST PORT BYTES              BYTES each way at once, and their checksums
//   many HOST PORT SEQUENTIAL PARALLEL   connections one after the other, then all at once
//   stalled HOST PORT STREAMS BYTES   STREAMS connections whose BYTES nobody reads; the seconds
//   that
//                                     another takes meanwhile for as many; then they are read too
//
// A request is one line: "source N", "sink N" (answers how much came), "both N" (sends N and
// answers with the checksum of all that came, after its end: without half-close it cannot).
#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::size_t kBlock = 1024 * 1024;
using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const std::string& what) {
    std::fprintf(stderr, "%s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(1);
}

const std::vector<std::uint64_t>& block() {
    static const std::vector<std::uint64_t> words = [] {
        std::vector<std::uint64_t> out(kBlock / 8);
        std::uint64_t state = 88172645463325252U;
        for (auto& word : out) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word = state;
        }
        return out;
    }();
    return words;
}

/// Of all bytes in their order, however they come in pieces.
class Sum {
public:
    void add(const char* data, std::size_t size) {
        for (; size > 0 && count_ % 8 != 0; --size) {
            byte(*data++);
        }
        for (; size >= 8; size -= 8, data += 8, count_ += 8) {
            std::memcpy(&word_, data, 8);
            mix();
        }
        for (; size > 0; --size) {
            byte(*data++);
        }
    }
    std::uint64_t value() const { return sum_ ^ count_; }
    std::uint64_t count() const { return count_; }

private:
    void byte(char value) {
        word_ = word_ << 8 | static_cast<unsigned char>(value);
        if (++count_ % 8 == 0) {
            word_ = __builtin_bswap64(word_);
            mix();
        }
    }
    void mix() { sum_ = (sum_ ^ word_) * 0x100000001b3U + (sum_ >> 29); }

    std::uint64_t sum_ = 14695981039346656037U;
    std::uint64_t word_ = 0;
    std::uint64_t count_ = 0;
};

bool send_all(int fd, const void* data, std::size_t size) {
    const char* at = static_cast<const char*>(data);
    while (size > 0) {
        const ssize_t sent = ::send(fd, at, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        at += sent;
        size -= static_cast<std::size_t>(sent);
    }
    return true;
}

bool send_pattern(int fd, std::uint64_t size) {
    const char* data = reinterpret_cast<const char*>(block().data());
    for (std::uint64_t left = size; left > 0;) {
        const std::size_t part = std::min<std::uint64_t>(left, kBlock);
        if (!send_all(fd, data, part)) {
            return false;
        }
        left -= part;
    }
    return true;
}

std::uint64_t pattern_sum(std::uint64_t size) {
    Sum sum;
    for (std::uint64_t left = size; left > 0;) {
        const std::size_t part = std::min<std::uint64_t>(left, kBlock);
        sum.add(reinterpret_cast<const char*>(block().data()), part);
        left -= part;
    }
    return sum.value();
}

std::string read_line(int fd) {
    std::string out;
    char c = 0;
    while (::recv(fd, &c, 1, 0) == 1 && c != '\n') {
        out += c;
    }
    return out;
}

/// To the end, or until so much has come.
std::uint64_t drain(int fd, std::uint64_t most, Sum* sum = nullptr) {
    std::uint64_t total = 0;
    std::vector<char> buffer(256 * 1024);
    while (total < most) {
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got <= 0) {
            break;
        }
        if (sum != nullptr) {
            sum->add(buffer.data(), static_cast<std::size_t>(got));
        }
        total += static_cast<std::uint64_t>(got);
    }
    return total;
}

void serve_one(int fd) {
    const std::string request = read_line(fd);
    const std::uint64_t size = std::strtoull(request.c_str() + request.find(' ') + 1, nullptr, 10);
    if (request.starts_with("source ")) {
        send_pattern(fd, size);
    } else if (request.starts_with("sink ")) {
        const std::string answer = std::to_string(drain(fd, size)) + "\n";
        send_all(fd, answer.data(), answer.size());
    } else if (request.starts_with("both ")) {
        std::thread sender([fd, size] { send_pattern(fd, size); });
        Sum sum;
        drain(fd, ~std::uint64_t{0}, &sum);
        sender.join();
        const std::string answer = std::to_string(sum.value()) + "\n";
        send_all(fd, answer.data(), answer.size());
    }
    ::close(fd);
}

sockaddr_in address(const char* host, int port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, host, &out.sin_addr);
    return out;
}

int serve(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in name = address("0.0.0.0", port);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
        ::listen(fd, 512) != 0) {
        die("cannot listen");
    }
    (void)block();
    while (true) {
        const int client = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
        if (client >= 0) {
            std::thread(serve_one, client).detach();
        }
    }
}

int connect_to(const char* host, int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const sockaddr_in name = address(host, port);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
        die("cannot connect");
    }
    return fd;
}

void request(int fd, const std::string& line) {
    if (!send_all(fd, (line + "\n").data(), line.size() + 1)) {
        die("cannot ask");
    }
}

/// How much came.
std::uint64_t transfer_one(const char* host, int port, bool get, std::uint64_t size) {
    const int fd = connect_to(host, port);
    std::uint64_t count = 0;
    if (get) {
        request(fd, "source " + std::to_string(size));
        count = drain(fd, ~std::uint64_t{0});
    } else {
        request(fd, "sink " + std::to_string(size));
        send_pattern(fd, size);
        count = std::strtoull(read_line(fd).c_str(), nullptr, 10);
    }
    ::close(fd);
    return count;
}

int transfer(const char* host, int port, bool get, int streams, std::uint64_t size) {
    (void)block();
    const std::uint64_t each = size / static_cast<std::uint64_t>(streams);
    std::atomic<std::uint64_t> came{0};
    std::atomic<int> broken{0};
    const auto begin = Clock::now();
    std::vector<std::thread> threads;
    for (int i = 0; i < streams; ++i) {
        threads.emplace_back([&] {
            const std::uint64_t count = transfer_one(host, port, get, each);
            came += count;
            broken += count == each ? 0 : 1;
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    std::printf("%.6f %llu %d\n", std::chrono::duration<double>(Clock::now() - begin).count(),
                static_cast<unsigned long long>(came.load()), broken.load());
    return 0;
}

int both(const char* host, int port, std::uint64_t size) {
    const int fd = connect_to(host, port);
    request(fd, "both " + std::to_string(size));
    std::thread sender([fd, size] {
        send_pattern(fd, size);
        ::shutdown(fd, SHUT_WR);
    });
    std::vector<char> buffer(256 * 1024);
    Sum sum;
    while (sum.count() < size) {
        const std::size_t part = std::min<std::uint64_t>(buffer.size(), size - sum.count());
        const ssize_t got = ::recv(fd, buffer.data(), part, 0);
        if (got <= 0) {
            die("the answer ended");
        }
        sum.add(buffer.data(), static_cast<std::size_t>(got));
    }
    const std::uint64_t up = std::strtoull(read_line(fd).c_str(), nullptr, 10);
    sender.join();
    const std::uint64_t expected = pattern_sum(size);
    std::printf("down %s, up %s\n", sum.value() == expected ? "right" : "WRONG",
                up == expected ? "right" : "WRONG");
    return sum.value() == expected && up == expected ? 0 : 1;
}

void must(std::uint64_t came, std::uint64_t size) {
    if (came != size) {
        std::fprintf(stderr, "%llu of %llu bytes came\n", static_cast<unsigned long long>(came),
                     static_cast<unsigned long long>(size));
        std::exit(1);
    }
}

int stalled(const char* host, int port, int streams, std::uint64_t size) {
    std::vector<int> unread;
    for (int i = 0; i < streams; ++i) {
        unread.push_back(connect_to(host, port));
        request(unread.back(), "source " + std::to_string(size));
    }
    std::this_thread::sleep_for(std::chrono::seconds(1));  // until all on the way is full
    const auto begin = Clock::now();
    must(transfer_one(host, port, true, size), size);
    std::printf("%.3f\n", std::chrono::duration<double>(Clock::now() - begin).count());
    for (const int fd : unread) {
        must(drain(fd, ~std::uint64_t{0}), size);
        ::close(fd);
    }
    return 0;
}

int many(const char* host, int port, int sequential, int parallel) {
    const auto begin = Clock::now();
    for (int i = 0; i < sequential; ++i) {
        must(transfer_one(host, port, i % 2 == 0, 1000), 1000);
    }
    const auto middle = Clock::now();
    std::vector<std::thread> threads;
    for (int i = 0; i < parallel; ++i) {
        threads.emplace_back([=] { must(transfer_one(host, port, i % 2 == 0, 100'000), 100'000); });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    std::printf("%.3f %.3f\n", std::chrono::duration<double>(middle - begin).count(),
                std::chrono::duration<double>(Clock::now() - middle).count());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    const std::string verb = argc > 2 ? argv[1] : "";
    if (verb == "serve") {
        return serve(std::atoi(argv[2]));
    }
    if ((verb == "get" || verb == "put") && argc == 6) {
        return transfer(argv[2], std::atoi(argv[3]), verb == "get", std::atoi(argv[4]),
                        std::strtoull(argv[5], nullptr, 10));
    }
    if (verb == "both" && argc == 5) {
        return both(argv[2], std::atoi(argv[3]), std::strtoull(argv[4], nullptr, 10));
    }
    if (verb == "many" && argc == 6) {
        return many(argv[2], std::atoi(argv[3]), std::atoi(argv[4]), std::atoi(argv[5]));
    }
    if (verb == "stalled" && argc == 6) {
        return stalled(argv[2], std::atoi(argv[3]), std::atoi(argv[4]),
                       std::strtoull(argv[5], nullptr, 10));
    }
    std::fprintf(stderr,
                 "usage: %s serve PORT | get|put HOST PORT STREAMS BYTES | "
                 "both HOST PORT BYTES | many HOST PORT SEQUENTIAL PARALLEL | stalled HOST PORT "
                 "STREAMS BYTES\n",
                 argv[0]);
    return 2;
}
