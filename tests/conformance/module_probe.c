/* A host in C11, as small as it can be: loads a driver module and tries what the ABI promises of
 * every module without starting a VM. Exit code 1 and a line for each broken promise. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include <lima/ext/config_schema.h>
#include <lima/ext/driver.h>

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { kRounds = 100 };

static int broken = 0;
static int cannot_run = 0; /* the driver is for another kind of host */
static int hints = 0;
static char g_instance[512]; /* JSON */

static void promise(int kept, const char* text) {
    if (!kept) {
        printf("broken: %s\n", text);
        broken = 1;
    }
}

static int count_entries(const char* directory) {
    DIR* dir = opendir(directory);
    int count = 0;
    if (dir == NULL) {
        return -1;
    }
    while (readdir(dir) != NULL) {
        ++count;
    }
    closedir(dir);
    return count;
}

static int destroyed = 0;
static int late_calls = 0;

static void LIMA_CALL on_log(const lima_host* host, lima_level level, const char* message,
                             const char* fields) {
    (void)host, (void)level, (void)message, (void)fields;
    late_calls += destroyed;
}
static void LIMA_CALL on_event(const lima_host* host, const char* type, const char* json) {
    (void)host, (void)type, (void)json;
    late_calls += destroyed;
}
static const void* LIMA_CALL no_extension(const lima_host* host, const char* id) {
    (void)host, (void)id;
    return NULL;
}

static int32_t LIMA_CALL never_cancelled(const lima_call* call) {
    (void)call;
    return 0;
}
static void LIMA_CALL take_text(const lima_call* call, const char* text) {
    if (text != NULL && text[0] != '\0') {
        *(int*)call->ctx = 1;
    }
}
static void LIMA_CALL take_hint(const lima_call* call, const char* text) {
    hints += text != NULL && text[0] != '\0';
    (void)call;
}
static void LIMA_CALL no_progress(const lima_call* call, uint64_t done, uint64_t total,
                                  const char* what) {
    (void)call, (void)done, (void)total, (void)what;
}

static void LIMA_CALL take_info(void* ctx, const char* key, const void* data, size_t size) {
    const char* text = (const char*)data;
    if (strcmp(key, "info") == 0 && size > 2 && text[0] == '{' && text[size - 1] == '}') {
        *(int*)ctx = 1;
    }
}
static void LIMA_CALL take_schema(void* ctx, const char* key, const void* data, size_t size) {
    const char* text = (const char*)data;
    if (strcmp(key, "schema") == 0 && size > 2 && text[0] == '{' && text[size - 1] == '}') {
        *(int*)ctx = 1;
    }
}
static void LIMA_CALL drop(void* ctx, const char* key, const void* data, size_t size) {
    (void)ctx, (void)key, (void)data, (void)size;
}

static const char* const kExtensions[] = {
    LIMA_EXT_GUEST_AGENT, LIMA_EXT_BOOT_SCRIPTS,  LIMA_EXT_SSH,
    LIMA_EXT_STATUS,      LIMA_EXT_ADOPT,         LIMA_EXT_SNAPSHOT,
    LIMA_EXT_GUI,         LIMA_EXT_GUEST_CHANNEL, LIMA_EXT_CONFIG_SCHEMA};

static void try_extensions(lima_driver* driver) {
    char longer[64];
    size_t i;
    promise(driver->get_extension(driver, "org.example.unknown/1") == NULL,
            "an unknown extension is NULL");
    for (i = 0; i < sizeof kExtensions / sizeof *kExtensions; ++i) {
        const void* table = driver->get_extension(driver, kExtensions[i]);
        promise(table == driver->get_extension(driver, kExtensions[i]),
                "an extension is the same at every call");
        snprintf(longer, sizeof longer, "%s0", kExtensions[i]);
        promise(driver->get_extension(driver, longer) == NULL,
                "an id with more behind it is another extension");
    }
}

static void try_schema(lima_driver* driver) {
    const lima_ext_config_schema* table =
        (const lima_ext_config_schema*)driver->get_extension(driver, LIMA_EXT_CONFIG_SCHEMA);
    int got_schema = 0;
    const lima_sink out = {&got_schema, take_schema};
    if (table != NULL) {
        promise(table->get(driver, &out) == LIMA_OK && got_schema,
                "the schema is a JSON object before configure");
    }
}

static void try_refusal(lima_driver* driver, const lima_call* call,
                        lima_status(LIMA_CALL* verb)(lima_driver*, const lima_call*),
                        const char* text) {
    lima_status status;
    *(int*)call->ctx = 0;
    hints = 0;
    status = verb(driver, call);
    promise(status == LIMA_FAILED_PRECONDITION && *(int*)call->ctx != 0 && hints == 1, text);
}

static void try_driver(const lima_driver_module* module) {
    const lima_host host = {LIMA_DRIVER_ABI, NULL,     "module_probe", "v0",
                            on_log,          on_event, no_extension};
    lima_driver* driver = NULL;
    int got_info = 0;
    int got_text = 0;
    const lima_sink info = {&got_info, take_info};
    const lima_sink nowhere = {NULL, drop};
    const lima_call call = {sizeof(lima_call), -1,          &got_text, never_cancelled,
                            take_text,         no_progress, take_hint};
    lima_status status;

    destroyed = 0;
    promise(module->create(&host, &driver) == LIMA_OK && driver != NULL, "create makes an object");
    if (driver == NULL) {
        return;
    }
    promise(driver->info(driver, &info) == LIMA_OK && got_info, "info is JSON before configure");
    try_extensions(driver);
    try_schema(driver);
    status = driver->configure(driver, &call, "this is no JSON", &nowhere);
    promise(status != LIMA_OK, "broken JSON is refused");
    promise(status == LIMA_OK || got_text, "a failure has a text");
    /* stop needs an instance. A driver may want more of one than this. */
    if (driver->configure(driver, &call, g_instance, &nowhere) == LIMA_OK) {
        promise(driver->stop(driver, &call) == LIMA_OK, "stopping what does not run is fine");
        promise(driver->stop(driver, &call) == LIMA_OK, "and so it is once more");
    } else {
        promise(!cannot_run, "a driver that cannot run here can be configured");
    }
    if (cannot_run) {
        try_refusal(driver, &call, driver->validate, "validate refuses, with text and hint");
        try_refusal(driver, &call, driver->start, "start refuses, with text and hint");
        promise(driver->stop(driver, &call) == LIMA_OK, "a VM that was refused does not run");
        promise(driver->remove(driver, &call) == LIMA_OK, "and there is nothing to remove");
    }
    driver->destroy(driver);
    destroyed = 1;
}

static void try_module(lima_driver_entry_fn entry) {
    const lima_driver_module* module = entry(LIMA_DRIVER_ABI);
    int fds, threads, i;
    promise(module != NULL, "the entry answers this major");
    if (module == NULL) {
        return;
    }
    promise(module == entry(LIMA_DRIVER_ABI), "the entry answers the same twice");
    promise(module == entry(LIMA_DRIVER_ABI + 5), "a newer minor is the same major");
    promise(entry((LIMA_DRIVER_ABI_MAJOR + 1000u) << 16) == NULL, "a foreign major is NULL");
    promise(module->struct_size >= sizeof *module, "the record has its size");
    promise(module->abi >> 16 == LIMA_DRIVER_ABI_MAJOR, "the record has its ABI");
    promise(module->id != NULL && module->name != NULL && module->version != NULL,
            "the record has its names");
    try_driver(module); /* once before counting: libraries may keep what they need */
    fds = count_entries("/proc/self/fd");
    threads = count_entries("/proc/self/task");
    for (i = 0; i < kRounds; ++i) {
        try_driver(module);
    }
    promise(fds == count_entries("/proc/self/fd"), "no descriptor is left by destroy");
    promise(threads == count_entries("/proc/self/task"), "no thread is left by destroy");
    promise(late_calls == 0, "the host is not called after destroy");
}

int main(int argc, char** argv) {
    lima_driver_entry_fn entry;
    void* library;
    char directory[] = "/tmp/lima-probe-XXXXXX";
    cannot_run = argc == 3 && strcmp(argv[2], "cannot-run") == 0;
    if (argc != 2 && !cannot_run) {
        fprintf(stderr, "usage: %s MODULE [cannot-run]\n", argv[0]);
        return 2;
    }
    if (mkdtemp(directory) == NULL) {
        perror(directory);
        return 2;
    }
    snprintf(g_instance, sizeof g_instance,
             "{\"name\":\"probe\",\"hostname\":\"lima-probe\",\"dir\":\"%s\",\"arch\":\"x86_64\","
             "\"cpus\":1,\"memory\":1073741824,\"disk\":1073741824,\"sshLocalPort\":60022,"
             "\"config\":{\"os\":\"Linux\",\"arch\":\"x86_64\",\"cpus\":1,\"memory\":\"1GiB\","
             "\"disk\":\"1GiB\",\"mountType\":\"reverse-sshfs\",\"video\":{\"display\":\"none\"}}}",
             directory);
    library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        printf("broken: %s\n", dlerror());
        return 1;
    }
    *(void**)&entry = dlsym(library, LIMA_DRIVER_ENTRY_SYMBOL);
    promise(entry != NULL, "lima_driver_entry is exported");
    if (entry != NULL) {
        try_module(entry);
    }
    rmdir(directory);
    if (!broken) {
        printf("fine\n");
    }
    return broken;
}
