#include "guestagent/agent/links.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "guestagent/agent/dial.hpp"

#include <cerrno>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lima::guestagent {

Result<std::filesystem::path> find_virtio_port(std::string_view name,
                                               const std::filesystem::path& root) {
    const std::filesystem::path link = root / "dev/virtio-ports" / name;
    if (fs::exists(link)) {
        return link;
    }
    const std::filesystem::path ports = root / "sys/class/virtio-ports";
    const auto entries = fs::list_names(ports);
    for (const std::string& entry : entries ? *entries : std::vector<std::string>()) {
        const auto text = fs::read_file(ports / entry / "name");
        if (text && trim(*text) == name && fs::exists(root / "dev" / entry)) {
            return root / "dev" / entry;
        }
    }
    return failf(Code::kNotFound, "there is no virtio port {}", name);
}

Result<void> secure_device(const std::filesystem::path& device) {
    struct stat info{};
    if (::stat(device.c_str(), &info) != 0) {
        return fail_errno(errno, fmt::format("cannot examine {}", device.native()));
    }
    if (info.st_uid == ::geteuid() && (info.st_mode & (S_IRWXG | S_IRWXO)) == 0) {
        return {};
    }
    log::warn("{} could be opened by others (owner {}, mode {:o}); it is root's now",
              device.native(), info.st_uid, info.st_mode & 07777U);
    if (::chown(device.c_str(), ::geteuid(), static_cast<gid_t>(-1)) != 0 ||
        ::chmod(device.c_str(), 0600) != 0) {
        return fail_errno(errno, fmt::format("cannot take {} from others", device.native()));
    }
    return {};
}

PortLink::PortLink(const asio::any_io_executor& executor, std::unique_ptr<mux::Transport> transport,
                   std::string name, Opener on_open)
    : executor_(executor),
      name_(std::move(name)),
      streams_(executor),
      link_(executor, std::move(transport),
            mux::LinkOptions{.role = mux::Role::kGuest, .name = name_},
            mux::LinkHandlers{
                .on_up = [this] { log::debug("{}: the host is there", name_); },
                .on_down =
                    [this](const Error& why) {
                        log::debug("{}: the host is gone: {}", name_, why.text());
                    },
                .on_open = [this, opener = std::move(on_open)](
                               std::uint32_t stream,
                               const std::string& target) { opener(*this, stream, target); }}) {}

asio::awaitable<void> PortLink::serve() {
    const Result<void> ended = co_await link_.run();
    if (!ended) {
        log::error("{}: {}", name_, ended.error().text());
    }
    streams_.cancel();
    co_await streams_.join();
}

asio::awaitable<void> PortLink::accept(std::uint32_t stream, Fd socket) {
    const Result<void> ended = co_await link_.accept(stream, std::move(socket));
    if (!ended) {
        log::debug("{}: stream {}: {}", name_, stream, ended.error().text());
    }
}

void PortLink::join_stream(std::uint32_t stream, Fd socket) {
    streams_.spawn(accept(stream, std::move(socket)), "a stream of " + name_);
}

PortLink::Opener agent_opener(std::function<Result<void>(Fd)> add_connection) {
    return [add = std::move(add_connection)](PortLink& link, std::uint32_t stream,
                                             const std::string& target) {
        if (target != "agent") {
            link.refuse(stream, Error(Code::kNotFound, "no target " + target + " on this port"));
            return;
        }
        auto pair = make_socket_pair();
        if (!pair) {
            link.refuse(stream, pair.error());
            return;
        }
        if (const auto added = add(std::move(pair->second)); !added) {
            link.refuse(stream, added.error());
            return;
        }
        link.join_stream(stream, std::move(pair->first));
    };
}

PortLink::Opener plane_opener() {
    return [](PortLink& link, std::uint32_t stream, const std::string& target) {
        const auto parsed = parse_plane_target(target);
        if (!parsed || parsed->type != SOCK_STREAM) {
            link.refuse(stream, parsed ? Error(Code::kInvalidArgument, "not a stream: " + target)
                                       : parsed.error());
            return;
        }
        dial(link.executor(), *parsed, [&link, stream](Result<Fd> connection) {
            if (connection) {
                link.join_stream(stream, std::move(*connection));
            } else {
                link.refuse(stream, connection.error());
            }
        });
    };
}

}  // namespace lima::guestagent
