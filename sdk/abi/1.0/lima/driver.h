/* FROZEN: <lima/driver.h> as it was released with ABI 1.0. Never edited; see sdk/abi/README.md. */
/* lima/driver.h - the driver ABI, major 1. C11 and C++; no other header of ours is needed.
 *
 * A driver is a shared library that exports one function, lima_driver_entry. The host asks it for a module record,
 * creates one driver object per VM instance and calls that object's table. Everything beyond the table is a named,
 * versioned extension, asked for by get_extension. Tables never change; growth is a new id.
 *
 * Thread tags: [main] the process's main thread; [op] one call at a time per driver object, on a worker of the host, may
 * block; [any] any thread, may run during an [op] call, must not block.
 * Strings are UTF-8, NUL-terminated and borrowed for the call. Nothing is freed across the boundary: outputs go into
 * sinks that the host owns. No function may throw or longjmp. A module is never unloaded.
 * Sizes are bytes, times are milliseconds.
 */
/* clang-format off: the contract is laid out by hand */
#ifndef LIMA_DRIVER_H
#define LIMA_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define LIMA_CALL __cdecl
#define LIMA_EXPORT __declspec(dllexport)
#else
#define LIMA_CALL
#define LIMA_EXPORT __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define LIMA_DRIVER_ABI_MAJOR 1u
#define LIMA_DRIVER_ABI_MINOR 0u
/* What a module says it was built against, and the host says it speaks. Majors must be equal; minors inform. */
#define LIMA_DRIVER_ABI ((LIMA_DRIVER_ABI_MAJOR << 16) | LIMA_DRIVER_ABI_MINOR)

/* Numbered as gRPC's codes, so that the way over the wire is the identity. */
typedef int32_t lima_status;
enum {
    LIMA_OK = 0,
    LIMA_CANCELLED = 1,
    LIMA_UNKNOWN = 2,
    LIMA_INVALID_ARGUMENT = 3,
    LIMA_DEADLINE_EXCEEDED = 4,
    LIMA_NOT_FOUND = 5,
    LIMA_ALREADY_EXISTS = 6,
    LIMA_PERMISSION_DENIED = 7,
    LIMA_RESOURCE_EXHAUSTED = 8,
    LIMA_FAILED_PRECONDITION = 9,
    LIMA_ABORTED = 10,
    LIMA_UNIMPLEMENTED = 12,
    LIMA_INTERNAL = 13,
    LIMA_UNAVAILABLE = 14
};

typedef int32_t lima_level;
enum { LIMA_TRACE = 0, LIMA_DEBUG = 1, LIMA_INFO = 2, LIMA_WARN = 3, LIMA_ERROR = 4 };

/* A file descriptor (or SOCKET, HANDLE). -1 is none. */
typedef intptr_t lima_handle;

/* Where outputs go. Owned by the host, valid for the call; the driver only pushes. Data need not be NUL-terminated. */
typedef struct lima_sink {
    void *ctx;
    void(LIMA_CALL *put)(void *ctx, const char *key, const void *data, size_t size);
} lima_sink;

/* The context of one call, valid until the call returns. The only struct that may grow at its end: check struct_size
 * before reading a field that is not in ABI 1.0. */
typedef struct lima_call {
    uint32_t struct_size; /* the host's sizeof */
    int32_t cancel_fd;    /* readable once the call is cancelled; -1 where there is none */
    void *ctx;
    int32_t(LIMA_CALL *cancelled)(const struct lima_call *);              /* [any] not 0 once cancelled */
    void(LIMA_CALL *fail)(const struct lima_call *, const char *message); /* why it fails; the last wins */
    /* total 0 is unknown; what names the work: "creating the disk". */
    void(LIMA_CALL *progress)(const struct lima_call *, uint64_t done, uint64_t total, const char *what);
    /* What the user can do about the failure; the last wins. */
    void(LIMA_CALL *hint)(const struct lima_call *, const char *text);
} lima_call;

/* The host's face. Outlives every driver that was created with it. */
typedef struct lima_host {
    uint32_t abi;
    void *ctx;
    const char *name;    /* "limactl", "lima-hostagent" … */
    const char *version; /* "v2.2.0" */
    /* fields_json is a JSON object or NULL. */
    void(LIMA_CALL *log)(const struct lima_host *, lima_level, const char *message, const char *fields_json); /* [any] */
    /* Something happened to the VM; docs/driver-abi.md lists the types: started, exited, panic, warning … */
    void(LIMA_CALL *event)(const struct lima_host *, const char *type, const char *json); /* [any] */
    /* A service of the host by id (lima/ext/host.h), or NULL. */
    const void *(LIMA_CALL *get_extension)(const struct lima_host *, const char *id); /* [any] */
} lima_host;

/* One VM instance. Frozen for the whole of major 1. */
typedef struct lima_driver {
    void *impl;
    /* The instance as JSON in; the same with the driver's defaults applied into out["instance"]. Comes before every other
     * [op]; may come again, also while the VM runs, and must not disturb it. */
    lima_status(LIMA_CALL *configure)(struct lima_driver *, const lima_call *, const char *instance_json,
                                      const lima_sink *out); /* [op] */
    /* Can this configuration run on this host? */
    lima_status(LIMA_CALL *validate)(struct lima_driver *, const lima_call *); /* [op] */
    /* First-time state of the driver's own. Idempotent; makes no disks. */
    lima_status(LIMA_CALL *create)(struct lima_driver *, const lima_call *); /* [op] */
    /* Makes the VM's disk from what was downloaded. Idempotent. */
    lima_status(LIMA_CALL *create_disk)(struct lima_driver *, const lima_call *); /* [op] */
    /* Returns once boot is under way. The end of the VM is the event "exited". */
    lima_status(LIMA_CALL *start)(struct lima_driver *, const lima_call *); /* [op] */
    /* Blocks until the VM is gone. Idempotent; cancelling it means: at once. */
    lima_status(LIMA_CALL *stop)(struct lima_driver *, const lima_call *); /* [op] */
    /* Removes state outside the instance directory. */
    lima_status(LIMA_CALL *remove)(struct lima_driver *, const lima_call *); /* [op] */
    /* JSON into out["info"]; also before configure. */
    lima_status(LIMA_CALL *info)(struct lima_driver *, const lima_sink *out); /* [any] */
    /* A frozen table by id, or NULL. The same answer at every call. */
    const void *(LIMA_CALL *get_extension)(struct lima_driver *, const char *id); /* [any] */
    /* Joins the driver's threads; no call to the host after it returns. A VM that runs goes on. */
    void(LIMA_CALL *destroy)(struct lima_driver *); /* [op] */
} lima_driver;

/* Frozen for ever, in every major: it is read before anything is negotiated. */
typedef struct lima_driver_module {
    uint32_t struct_size;
    uint32_t abi;        /* the LIMA_DRIVER_ABI that the module was built against */
    const char *id;      /* reverse DNS: "io.lima-vm.qemu" */
    const char *name;    /* the vmType: "qemu" */
    const char *version; /* of the driver: "1.2.0" */
    /* Cheap, no I/O. *out stays valid until destroy. */
    lima_status(LIMA_CALL *create)(const lima_host *, struct lima_driver **out); /* [op] */
} lima_driver_module;

/* The one exported symbol. A pure look-up: no I/O, no threads, callable twice. NULL when the module cannot work with that
 * major; the host explains it to the user. */
typedef const lima_driver_module *(LIMA_CALL *lima_driver_entry_fn)(uint32_t host_abi);
LIMA_EXPORT const lima_driver_module *LIMA_CALL lima_driver_entry(uint32_t host_abi);
#define LIMA_DRIVER_ENTRY_SYMBOL "lima_driver_entry"

#ifdef __cplusplus
}
#endif
#endif
