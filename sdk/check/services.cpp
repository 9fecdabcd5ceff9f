// The services of the played host. Disks are what their format's first bytes say, and otherwise
// sparse.
#include "check/host.hpp"

#include <chrono>
#include <fstream>
#include <thread>

namespace lima::check {
namespace {

lima_status refuse(const lima_call* call, lima_status status, const std::string& text) {
    call->fail(call, text.c_str());
    return status;
}

lima_status LIMA_CALL process_spawn(const lima_host* raw, const lima_call* call,
                                    const lima_host_process_spec* spec, std::int64_t* id) {
    PlayedHost& host = PlayedHost::of(raw);
    const lima_status status = host.enter("lima.host.process/1 spawn", call);
    return status != LIMA_OK ? status : host.spawn(call, *spec, *id);
}

lima_status LIMA_CALL process_signal(const lima_host* raw, std::int64_t id, std::int32_t number) {
    PlayedHost& host = PlayedHost::of(raw);
    const auto child = host.child(id);
    const lima_status status = host.enter("lima.host.process/1 signal", nullptr);
    if (status == LIMA_OK && child) {
        child->signal(number);
    }
    return status;
}

lima_status LIMA_CALL process_wait(const lima_host* raw, const lima_call* call, std::int64_t id,
                                   std::int64_t timeout_ms) {
    PlayedHost& host = PlayedHost::of(raw);
    const lima_status status = host.enter("lima.host.process/1 wait", call);
    const auto child = host.child(id);
    if (status != LIMA_OK || !child) {
        return status;
    }
    const int cancel_fd = call->cancelled(call) != 0 ? -1 : call->cancel_fd;
    if (child->wait(timeout_ms < 0 ? -1 : static_cast<int>(timeout_ms), cancel_fd)) {
        return LIMA_OK;
    }
    return cancel_fd >= 0 && call->cancelled(call) != 0
               ? refuse(call, LIMA_CANCELLED, "cancelled")
               : refuse(call, LIMA_DEADLINE_EXCEEDED, "the process still runs");
}

std::int64_t LIMA_CALL process_pid(const lima_host* raw, std::int64_t id) {
    const auto child = PlayedHost::of(raw).child(id);
    return child ? child->pid() : -1;
}

constexpr char kQcow2[] = {'Q', 'F', 'I', '\xfb', 0, 0, 0, 3};
constexpr std::size_t kQcow2Header = 104;
constexpr std::size_t kQcow2Size = 24;

bool is_qcow2(const Path& path) {
    std::ifstream file(path, std::ios::binary);
    char head[4] = {};
    return file.read(head, sizeof head) && std::equal(head, head + 4, kQcow2);
}

std::int64_t virtual_size(const Path& path) {
    if (!is_qcow2(path)) {
        std::error_code ignored;
        return static_cast<std::int64_t>(std::filesystem::file_size(path, ignored));
    }
    std::ifstream file(path, std::ios::binary);
    file.seekg(kQcow2Size);
    std::int64_t size = 0;
    for (int i = 0; i < 8; ++i) {
        size = size << 8 | file.get();
    }
    return size;
}

bool make_disk(const Path& path, const std::string& format, std::int64_t size) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    if (format == "qcow2") {
        std::string head(kQcow2Header, '\0');
        std::copy(std::begin(kQcow2), std::end(kQcow2), head.begin());
        for (std::size_t i = 0; i < 8; ++i) {
            head[kQcow2Size + i] = static_cast<char>(size >> (56 - 8 * i));
        }
        file << head;
    }
    file.close();
    if (format != "qcow2") {
        std::error_code failure;
        std::filesystem::resize_file(path, static_cast<std::uintmax_t>(size), failure);
        return !failure;
    }
    return !file.fail();
}

void put(const lima_sink* out, const char* key, const std::string& value) {
    out->put(out->ctx, key, value.data(), value.size());
}

lima_status LIMA_CALL disk_inspect(const lima_host* raw, const lima_call* call, const char* path,
                                   const lima_sink* out) {
    if (const auto status = PlayedHost::of(raw).enter("lima.host.disk/1 inspect", call)) {
        return status;
    }
    if (!std::filesystem::exists(path)) {
        return refuse(call, LIMA_NOT_FOUND, std::string("cannot open ") + path);
    }
    put(out, "format", is_qcow2(path) ? "qcow2" : "raw");
    put(out, "virtual_size", std::to_string(virtual_size(path)));
    put(out, "backing_file", "");
    put(out, "iso", "false");
    return LIMA_OK;
}

lima_status LIMA_CALL disk_create(const lima_host* raw, const lima_call* call, const char* path,
                                  const char* format, std::int64_t size) {
    if (const auto status = PlayedHost::of(raw).enter("lima.host.disk/1 create", call)) {
        return status;
    }
    return make_disk(path, format, size)
               ? LIMA_OK
               : refuse(call, LIMA_INTERNAL, std::string("cannot create ") + path);
}

lima_status LIMA_CALL disk_resize(const lima_host* raw, const lima_call* call, const char* path,
                                  std::int64_t size) {
    if (const auto status = PlayedHost::of(raw).enter("lima.host.disk/1 resize", call)) {
        return status;
    }
    if (!std::filesystem::exists(path)) {
        return refuse(call, LIMA_NOT_FOUND, std::string("cannot open ") + path);
    }
    if (size < virtual_size(path)) {
        return refuse(call, LIMA_INVALID_ARGUMENT, std::string(path) + " would shrink");
    }
    make_disk(path, is_qcow2(path) ? "qcow2" : "raw", size);
    return LIMA_OK;
}

lima_status LIMA_CALL disk_convert(const lima_host* raw, const lima_call* call, const char* from,
                                   const char* to, const char* format) {
    if (const auto status = PlayedHost::of(raw).enter("lima.host.disk/1 convert", call)) {
        return status;
    }
    if (!std::filesystem::exists(from)) {
        return refuse(call, LIMA_NOT_FOUND, std::string("cannot open ") + from);
    }
    make_disk(to, format, virtual_size(from));
    return LIMA_OK;
}

lima_status LIMA_CALL disk_lock(const lima_host* raw, const lima_call* call, const char* name,
                                const char*, const lima_sink*) {
    if (const auto status = PlayedHost::of(raw).enter("lima.host.disk/1 lock", call)) {
        return status;
    }
    return refuse(call, LIMA_NOT_FOUND, std::string("there is no disk ") + name);
}

lima_status LIMA_CALL disk_unlock(const lima_host* raw, const lima_call* call, const char*,
                                  const char*) {
    return PlayedHost::of(raw).enter("lima.host.disk/1 unlock", call);
}

lima_status no_network(const lima_host* raw, const lima_call* call, const char* service,
                       const char* network) {
    if (const auto status = PlayedHost::of(raw).enter(service, call)) {
        return status;
    }
    return refuse(call, LIMA_NOT_FOUND, std::string("there is no network ") + network);
}

}  // namespace

const lima_host_process kProcessService = {process_spawn, process_signal, process_wait,
                                           process_pid};

const lima_host_disk kDiskService = {disk_inspect, disk_create, disk_resize,
                                     disk_convert, disk_lock,   disk_unlock};

const lima_host_network kNetworkService = {
    [](const lima_host* raw, const lima_call* call, const char* network, const lima_sink*) {
        return no_network(raw, call, "lima.host.network/1 lookup", network);
    },
    [](const lima_host* raw, const lima_call* call, const char* network, const char*, std::int32_t,
       std::int32_t) { return no_network(raw, call, "lima.host.network/1 expose", network); },
    [](const lima_host* raw, const lima_call* call, const char* network, std::int32_t) {
        return no_network(raw, call, "lima.host.network/1 unexpose", network);
    }};

}  // namespace lima::check
