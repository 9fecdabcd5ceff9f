// Levels 1 to 3: the file, its loading, and the record.
#include "check/elf.hpp"
#include "check/object.hpp"
#include "check/tests/tests.hpp"

#include <algorithm>
#include <cstring>

namespace lima::check {
namespace {

constexpr long kEntryMs = 100;

ModuleFile file_of(Bench& bench) {
    ModuleFile file = read_module_file(bench.target().path);
    bench.need(file.error.empty(), bench.target().path.string() + ": " + file.error);
    return file;
}

lima_driver_entry_fn entry_of(Bench& bench) {
    const Loaded loaded = load_module(bench.target().path);
    bench.need(loaded.entry != nullptr, "cannot load the module: " + loaded.error);
    return loaded.entry;
}

void exports(Bench& bench) {
    const ModuleFile file = file_of(bench);
    bool entry = false;
    for (const std::string& name : file.exported) {
        entry = entry || name == LIMA_DRIVER_ENTRY_SYMBOL;
        bench.expect(name == LIMA_DRIVER_ENTRY_SYMBOL, "it exports " + name + " as well");
    }
    bench.expect(entry, "it does not export " LIMA_DRIVER_ENTRY_SYMBOL);
}

void no_unloading(Bench& bench) {
    bench.expect(file_of(bench).never_unloaded, "it is not linked with -z nodelete");
}

void libraries(Bench& bench) {
    for (const std::string& name : file_of(bench).needed) {
        for (const char* forbidden : {"libgrpc", "libprotobuf", "libspdlog"}) {
            bench.expect(name.rfind(forbidden, 0) != 0,
                         "it needs " + name + ", which does not live with a second user of it");
        }
    }
}

void loads(Bench& bench) {
    const int threads = thread_count();
    const auto begin = Clock::now();
    entry_of(bench);
    bench.expect(thread_count() == threads, "loading it starts a thread");
    if (ms_since(begin) > 1000) {
        bench.warn("loading it takes " + std::to_string(ms_since(begin)) + " ms");
    }
}

void entry_fast(Bench& bench) {
    const lima_driver_entry_fn entry = entry_of(bench);
    const auto begin = Clock::now();
    entry(LIMA_DRIVER_ABI);
    const long took = ms_since(begin);
    bench.expect(took < kEntryMs, "the entry takes " + std::to_string(took) + " ms");
}

void entry_same(Bench& bench) {
    const lima_driver_entry_fn entry = entry_of(bench);
    const lima_driver_module* module = entry(LIMA_DRIVER_ABI);
    bench.need(module != nullptr, "the entry gives no module for this ABI");
    bench.expect(module == entry(LIMA_DRIVER_ABI), "the second call gives another module");
    const lima_driver_module* newer = entry(LIMA_DRIVER_ABI + 7);
    bench.expect(newer != nullptr, "a newer minor of the host is refused");
}

void entry_majors(Bench& bench) {
    const lima_driver_entry_fn entry = entry_of(bench);
    for (const unsigned major : {0U, 1000U, 0xffffU}) {
        bench.expect(entry(major << 16) == nullptr,
                     "a host of major " + std::to_string(major) + " gets a module");
    }
    const lima_driver_module* module = entry((LIMA_DRIVER_ABI_MAJOR + 1) << 16);
    bench.expect(module == nullptr || module->abi >> 16 == LIMA_DRIVER_ABI_MAJOR + 1,
                 "a host of the next major gets a module of this one");
}

void record_complete(Bench& bench) {
    const lima_driver_module* module = entry_of(bench)(LIMA_DRIVER_ABI);
    bench.need(module != nullptr, "the entry gives no module for this ABI");
    bench.need(module->struct_size >= sizeof *module, "struct_size is too small");
    bench.expect(module->abi >> 16 == LIMA_DRIVER_ABI_MAJOR,
                 "abi is of major " + std::to_string(module->abi >> 16));
    bench.expect(module->create != nullptr, "create is missing");
    const auto text = [&](const char* value, const char* what) {
        return bench.expect(value != nullptr && *value != '\0', std::string(what) + " is missing")
                   ? std::string(value)
                   : std::string();
    };
    const std::string id = text(module->id, "id");
    text(module->version, "version");
    const std::string name = text(module->name, "name");
    bench.expect(id.empty() || id.find('.') != std::string::npos,
                 "the id \"" + id + "\" is no reverse domain name");
    bench.expect(name.find_first_of("/ \t\n") == std::string::npos,
                 "the name \"" + name + "\" cannot be a vmType");
}

void record_name(Bench& bench) {
    const lima_driver_module* module = entry_of(bench)(LIMA_DRIVER_ABI);
    bench.need(module != nullptr && module->name != nullptr, "there is no name");
    bench.expect(bench.target().name == module->name,
                 "the record says \"" + std::string(module->name) + "\", the file's name \"" +
                     bench.target().name + "\": it must be called lima-driver-" + module->name +
                     ".so");
}

void object_table(Bench& bench) {
    const auto begin = Clock::now();
    const Object object(bench);
    const long took = ms_since(begin);
    const lima_driver* table = object.raw();
    bench.expect(table->configure != nullptr && table->validate != nullptr &&
                     table->create != nullptr && table->create_disk != nullptr &&
                     table->start != nullptr && table->stop != nullptr &&
                     table->remove != nullptr && table->info != nullptr &&
                     table->get_extension != nullptr && table->destroy != nullptr,
                 "a function of the table is missing");
    if (took > kEntryMs) {
        bench.warn("loading it and making an object takes " + std::to_string(took) + " ms");
    }
}

void object_two(Bench& bench) {
    const Object one(bench);
    const Object two(bench);
    bench.expect(one.raw() != two.raw(), "two calls of create give the same object");
}

}  // namespace

const std::vector<Test> kFileTests = {
    {"file.exports", 1, kModule, "the file exports lima_driver_entry and nothing else", exports},
    {"file.nodelete", 1, kModule, "the file is marked as never to be unloaded", no_unloading},
    {"file.libraries", 1, kModule, "no library that a process may have only once", libraries},
    {"load.now", 2, kModule, "it loads with every symbol bound, and starts nothing", loads},
    {"entry.fast", 2, kModule, "the entry answers in less than 100 ms", entry_fast},
    {"entry.same", 2, kModule, "the entry answers the same twice, and takes a newer minor",
     entry_same},
    {"entry.majors", 2, kModule, "the entry has nothing for another major", entry_majors},
    {"record.complete", 3, kModule, "the record has its size, ABI, id, name, version, create",
     record_complete},
    {"record.name", 3, kModule, "the record's name is that of the file", record_name},
    {"object.table", 3, kAnyWay, "create gives an object whose table is whole", object_table},
    {"object.two", 3, kAnyWay, "two objects are two", object_two},
};

}  // namespace lima::check
