#include "core/driver/module.hpp"

#include "core/base/fd.hpp"
#include "core/base/text.hpp"
#include "core/driver/trust.hpp"

#include <boost/dll/library_info.hpp>
#include <boost/dll/shared_library.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <exception>
#include <fcntl.h>
#include <link.h>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <unistd.h>

namespace lima::driver {
namespace {

namespace dll = boost::dll;
using Path = std::filesystem::path;

constexpr std::uint32_t kNewestMajorAsked = 8;

std::string abi_text(std::uint32_t abi) { return fmt::format("{}.{}", abi >> 16, abi & 0xffffU); }

struct ElfIdentity {
    unsigned char elf_class = 0;
    unsigned char byte_order = 0;
    std::uint16_t machine = 0;
    bool operator==(const ElfIdentity&) const = default;
};

/// nullopt when the file is no ELF file.
Result<std::optional<ElfIdentity>> read_elf_identity(const Path& path) {
    const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
        return fail_errno(errno, fmt::format("cannot open {}", path.string()));
    }
    std::array<unsigned char, 20> head{};
    const ssize_t size = read(fd.get(), head.data(), head.size());
    if (size != static_cast<ssize_t>(head.size()) ||
        std::memcmp(head.data(), ELFMAG, SELFMAG) != 0) {
        return std::optional<ElfIdentity>();
    }
    ElfIdentity out{.elf_class = head[EI_CLASS], .byte_order = head[EI_DATA]};
    const bool big = out.byte_order == ELFDATA2MSB;
    out.machine = static_cast<std::uint16_t>(head[big ? 19 : 18] | (head[big ? 18 : 19] << 8));
    return out;
}

/// Not every refusal of dlopen says that a file is for another machine, so it is looked up before.
Result<void> check_machine(const Path& path) {
    LIMA_TRY(const auto theirs, read_elf_identity(path));
    if (!theirs) {
        return failf(Code::kInvalidArgument, "{} is no driver module: not an ELF file",
                     path.string());
    }
    LIMA_TRY(const auto ours, read_elf_identity("/proc/self/exe"));
    if (ours && *ours != *theirs) {
        return failf(Code::kInvalidArgument,
                     "{} is built for another machine (ELF machine {}, {}-bit; this process is {}, "
                     "{}-bit)",
                     path.string(), theirs->machine, theirs->elf_class == ELFCLASS64 ? 64 : 32,
                     ours->machine, ours->elf_class == ELFCLASS64 ? 64 : 32);
    }
    return {};
}

/// Read from the file, so that nothing of a library that is no driver runs in this process.
Result<void> check_export(const Path& path) {
    std::vector<std::string> symbols;
    try {
        symbols = dll::library_info(path).symbols();
    } catch (const std::exception& e) {
        return failf(Code::kInvalidArgument, "{} is no driver module: cannot read its symbols: {}",
                     path.string(), e.what());
    }
    if (std::find(symbols.begin(), symbols.end(), LIMA_DRIVER_ENTRY_SYMBOL) == symbols.end()) {
        return failf(Code::kInvalidArgument, "{} is no driver module: it does not export {}",
                     path.string(), LIMA_DRIVER_ENTRY_SYMBOL);
    }
    return {};
}

Result<std::unique_ptr<dll::shared_library>> open_library(const Path& path) {
    auto library = std::make_unique<dll::shared_library>();
    std::error_code ec;
    library->load(path, ec, dll::load_mode::rtld_now | dll::load_mode::rtld_local);
    if (ec) {
        const char* reason = dlerror();  // set in this thread by the load
        return failf(Code::kFailedPrecondition, "cannot load the driver {}: {}", path.string(),
                     reason != nullptr ? reason : ec.message());
    }
    return library;
}

/// Leaked on purpose, with its libraries: code and data of a module are used until the process
/// ends.
struct Loaded {
    std::mutex mutex;
    std::map<Path, std::unique_ptr<dll::shared_library>> libraries;
};
Loaded& loaded() {
    static auto* registry = new Loaded;
    return *registry;
}

Result<lima_driver_entry_fn> load_entry(const Path& path) {
    Loaded& registry = loaded();
    const std::lock_guard lock(registry.mutex);
    auto known = registry.libraries.find(path);
    if (known == registry.libraries.end()) {
        if (const std::string reason = distrust(path); !reason.empty()) {
            return failf(Code::kPermissionDenied, "will not load the driver {}: {}", path.string(),
                         reason);
        }
        LIMA_DO(check_machine(path));
        LIMA_DO(check_export(path));
        LIMA_TRY(auto library, open_library(path));
        known = registry.libraries.emplace(path, std::move(library)).first;
    }
    try {
        return &known->second->get<const lima_driver_module*(std::uint32_t)>(
            LIMA_DRIVER_ENTRY_SYMBOL);
    } catch (const std::exception& e) {
        return failf(Code::kInvalidArgument, "{} is no driver module: {}", path.string(), e.what());
    }
}

/// A module that answers NULL may still say to another major which one it speaks.
std::optional<std::uint32_t> foreign_abi(lima_driver_entry_fn entry) {
    for (std::uint32_t major = 0; major <= kNewestMajorAsked; ++major) {
        if (major == LIMA_DRIVER_ABI_MAJOR) {
            continue;
        }
        if (const lima_driver_module* record = entry(major << 16); record != nullptr) {
            return record->abi;
        }
    }
    return std::nullopt;
}

Failure wrong_major(const std::string& where, std::uint32_t abi) {
    Error error(Code::kFailedPrecondition,
                fmt::format("{} speaks driver ABI {}, this program speaks {}", where, abi_text(abi),
                            abi_text(LIMA_DRIVER_ABI)));
    return fail(std::move(error).with_hint((abi >> 16) > LIMA_DRIVER_ABI_MAJOR
                                               ? "use a newer limactl, or an older driver"
                                               : "rebuild the driver against the current SDK"));
}

}  // namespace

Result<const lima_driver_module*> ask_entry(lima_driver_entry_fn entry, const std::string& where) {
    const lima_driver_module* record = entry(LIMA_DRIVER_ABI);
    if (record == nullptr) {
        if (const auto abi = foreign_abi(entry)) {
            return wrong_major(where, *abi);
        }
        return failf(Code::kFailedPrecondition,
                     "{} refuses driver ABI {} of this program, and names no other", where,
                     abi_text(LIMA_DRIVER_ABI));
    }
    if (record->abi >> 16 != LIMA_DRIVER_ABI_MAJOR) {
        return wrong_major(where, record->abi);
    }
    if (record->struct_size < sizeof(lima_driver_module)) {
        return failf(Code::kInternal, "{} has a module record of {} bytes, at least {} are needed",
                     where, record->struct_size, sizeof(lima_driver_module));
    }
    if (record->id == nullptr || record->name == nullptr || record->version == nullptr ||
        record->create == nullptr) {
        return failf(Code::kInternal,
                     "{} has an incomplete module record: id, name, version and create are needed",
                     where);
    }
    return record;
}

Result<const lima_driver_module*> load_module(const Path& path, const std::string& name) {
    LIMA_TRY(const lima_driver_entry_fn entry, load_entry(path));
    LIMA_TRY(const lima_driver_module* record, ask_entry(entry, path.string()));
    if (record->name != name) {
        return failf(Code::kFailedPrecondition,
                     "{} holds the driver {}, its file name says {}: rename the file",
                     path.string(), go_quote(record->name), go_quote(name));
    }
    return record;
}

}  // namespace lima::driver
