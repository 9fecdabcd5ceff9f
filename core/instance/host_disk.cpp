#include "core/instance/host_disk.hpp"

#include "core/driver/host.hpp"
#include "core/image/data_disk.hpp"
#include "core/image/image.hpp"

#include <string_view>

namespace lima::instance {
namespace {

void put(const lima_sink* out, const char* key, std::string_view value) {
    out->put(out->ctx, key, value.data(), value.size());
}

Result<void> inspect(const char* path, const lima_sink* out) {
    LIMA_TRY(const image::Info info, image::inspect(path));
    put(out, "format", info.format);
    put(out, "virtual_size", std::to_string(info.virtual_size));
    put(out, "backing_file", info.backing_file);
    put(out, "iso", image::is_iso9660(path) ? "true" : "false");
    return {};
}

Result<void> resize(const char* path, std::int64_t size) {
    LIMA_TRY(const image::Info info, image::inspect(path));
    if (size < info.virtual_size) {
        return failf(Code::kInvalidArgument,
                     "cannot shrink {} from {} to {} bytes: the data at its end would be lost",
                     path, info.virtual_size, size);
    }
    if (size == info.virtual_size) {
        return {};
    }
    return image::resize(path, info.format, size);
}

Result<void> convert(const char* from, const char* to, std::string_view format) {
    LIMA_TRY(const image::Info info, image::inspect(from));
    if (format == "raw") {
        return image::convert_to_raw(from, to);
    }
    if (format == info.format) {
        return image::copy_sparse(from, to);
    }
    return failf(Code::kUnimplemented, "cannot convert {} from {} to {}: only raw can be made",
                 from, info.format, format);
}

Result<image::DataDisk> data_disk(const lima_host* host, const char* name) {
    return image::inspect_disk(store::Home(driver::lima_home_of(host)), name);
}

Result<void> lock(const lima_host* host, const char* name, const char* instance_dir,
                  const lima_sink* out) {
    LIMA_TRY(const image::DataDisk disk, data_disk(host, name));
    LIMA_DO(image::lock_disk(disk, instance_dir));
    put(out, "path", disk.data().string());
    put(out, "format", disk.format);
    return {};
}

Result<void> unlock(const lima_host* host, const char* name, const char* instance_dir) {
    LIMA_TRY(const image::DataDisk disk, data_disk(host, name));
    return image::unlock_disk(disk, instance_dir);
}

}  // namespace

const lima_host_disk& disk_service() {
    static constexpr lima_host_disk kTable = {
        [](const lima_host*, const lima_call* call, const char* path,
           const lima_sink* out) noexcept {
            return driver::serve(call, [&] { return inspect(path, out); });
        },
        [](const lima_host*, const lima_call* call, const char* path, const char* format,
           std::int64_t size) noexcept {
            return driver::serve(call, [&] { return image::create(path, format, size); });
        },
        [](const lima_host*, const lima_call* call, const char* path, std::int64_t size) noexcept {
            return driver::serve(call, [&] { return resize(path, size); });
        },
        [](const lima_host*, const lima_call* call, const char* from, const char* to,
           const char* format) noexcept {
            return driver::serve(call, [&] { return convert(from, to, format); });
        },
        [](const lima_host* host, const lima_call* call, const char* name, const char* instance_dir,
           const lima_sink* out) noexcept {
            return driver::serve(call, [&] { return lock(host, name, instance_dir, out); });
        },
        [](const lima_host* host, const lima_call* call, const char* name,
           const char* instance_dir) noexcept {
            return driver::serve(call, [&] { return unlock(host, name, instance_dir); });
        }};
    return kTable;
}

std::map<std::string, const void*> host_extensions() {
    return {{LIMA_HOST_EXT_DISK, &disk_service()}};
}

}  // namespace lima::instance
