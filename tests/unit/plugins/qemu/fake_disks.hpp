// A lima.host.disk/1 for tests: formats by their first bytes, disks made sparse, locks counted.
// Behind it is no core/image.
#pragma once

#include "core/base/fs.hpp"

#include <lima/ext/host.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <string>

namespace lima::qemu::test {

struct FakeDisks {
    std::filesystem::path directory;  // of additional disks, as NAME/datadisk
    std::set<std::string> locked;
    std::string backing_file;
    bool refuse_create = false;

    static FakeDisks& instance() {
        static FakeDisks disks;
        return disks;
    }
    void reset() { *this = FakeDisks(); }
};

namespace detail {

inline void put(const lima_sink* out, const char* key, const std::string& value) {
    out->put(out->ctx, key, value.data(), value.size());
}

inline std::string format_of(const std::string& path) {
    char magic[4] = {};
    std::ifstream(path, std::ios::binary).read(magic, sizeof magic);
    return std::string_view(magic, 3) == "QFI" ? "qcow2" : "raw";
}

inline bool is_iso(const std::string& path) {
    char magic[5] = {};
    std::ifstream file(path, std::ios::binary);
    file.seekg(0x8001);
    file.read(magic, sizeof magic);
    return std::string_view(magic, sizeof magic) == "CD001";
}

inline lima_status LIMA_CALL inspect(const lima_host*, const lima_call* call, const char* path,
                                     const lima_sink* out) {
    if (!fs::exists(path)) {
        call->fail(call, "no such disk");
        return LIMA_NOT_FOUND;
    }
    put(out, "format", format_of(path));
    put(out, "virtual_size", std::to_string(std::filesystem::file_size(path)));
    put(out, "backing_file", FakeDisks::instance().backing_file);
    put(out, "iso", is_iso(path) ? "true" : "false");
    return LIMA_OK;
}

inline lima_status LIMA_CALL create(const lima_host*, const lima_call* call, const char* path,
                                    const char* format, std::int64_t size) {
    if (FakeDisks::instance().refuse_create) {
        call->fail(call, "no space left on device");
        return LIMA_RESOURCE_EXHAUSTED;
    }
    std::ofstream(path, std::ios::binary) << (std::string_view(format) == "qcow2" ? "QFI\xfb" : "");
    std::filesystem::resize_file(path, static_cast<std::uintmax_t>(size));
    return LIMA_OK;
}

inline lima_status LIMA_CALL lock(const lima_host*, const lima_call* call, const char* name,
                                  const char*, const lima_sink* out) {
    FakeDisks& disks = FakeDisks::instance();
    const std::filesystem::path path = disks.directory / name / "datadisk";
    if (!fs::exists(path)) {
        call->fail(call, "no such disk");
        return LIMA_NOT_FOUND;
    }
    disks.locked.insert(name);
    put(out, "path", path.string());
    put(out, "format", format_of(path.string()));
    return LIMA_OK;
}

inline lima_status LIMA_CALL unlock(const lima_host*, const lima_call*, const char* name,
                                    const char*) {
    FakeDisks::instance().locked.erase(name);
    return LIMA_OK;
}

}  // namespace detail

inline const lima_host_disk* fake_disk_service() {
    static const lima_host_disk kTable = {
        &detail::inspect,
        &detail::create,
        [](const lima_host*, const lima_call*, const char*, std::int64_t) -> lima_status {
            return LIMA_UNIMPLEMENTED;
        },
        [](const lima_host*, const lima_call*, const char*, const char*,
           const char*) -> lima_status { return LIMA_UNIMPLEMENTED; },
        &detail::lock,
        &detail::unlock};
    return &kTable;
}

}  // namespace lima::qemu::test
