/* FROZEN: <lima/ext/host.h> as it was released with ABI 1.0. Never edited; see sdk/abi/README.md. */
/* lima/ext/host.h - services that the host gives to drivers, by lima_host.get_extension. C11 and C++.
 * All functions return a lima_status; the text of a failure goes to call->fail. */
/* clang-format off: the contract is laid out by hand */
#ifndef LIMA_EXT_HOST_H
#define LIMA_EXT_HOST_H

#include <lima/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Disk images. Paths are absolute. */
#define LIMA_HOST_EXT_DISK "lima.host.disk/1"
typedef struct lima_host_disk {
    /* out["format"] (qcow2 raw vmdk vhdx vdi parallels vpc asif), out["virtual_size"] in decimal (-1 unknown),
     * out["backing_file"], out["iso"] "true" or "false". */
    lima_status(LIMA_CALL *inspect)(const lima_host *, const lima_call *, const char *path, const lima_sink *out);
    lima_status(LIMA_CALL *create)(const lima_host *, const lima_call *, const char *path, const char *format,
                                   int64_t size);
    /* Grows only; LIMA_INVALID_ARGUMENT when the disk would shrink. */
    lima_status(LIMA_CALL *resize)(const lima_host *, const lima_call *, const char *path, int64_t size);
    lima_status(LIMA_CALL *convert)(const lima_host *, const lima_call *, const char *from, const char *to,
                                    const char *format);
    /* Locks an additional disk for the instance: out["path"], out["format"]. */
    lima_status(LIMA_CALL *lock)(const lima_host *, const lima_call *, const char *disk_name, const char *instance_dir,
                                 const lima_sink *out);
    lima_status(LIMA_CALL *unlock)(const lima_host *, const lima_call *, const char *disk_name,
                                   const char *instance_dir);
} lima_host_disk;

/* Networks of networks.yaml. */
#define LIMA_HOST_EXT_NETWORK "lima.host.network/1"
typedef struct lima_host_network {
    /* out["mode"], out["qemu_socket"], out["fd_socket"], out["endpoint_socket"] of a user-v2 network, out["socket"] of a
     * socket_vmnet one. LIMA_NOT_FOUND when networks.yaml does not name it. */
    lima_status(LIMA_CALL *lookup)(const lima_host *, const lima_call *, const char *network, const lima_sink *out);
    /* Asks the user-v2 network to forward a host TCP port to the guest with this MAC, and to stop it. */
    lima_status(LIMA_CALL *expose)(const lima_host *, const lima_call *, const char *network, const char *mac,
                                   int32_t host_port, int32_t guest_port);
    lima_status(LIMA_CALL *unexpose)(const lima_host *, const lima_call *, const char *network, int32_t host_port);
} lima_host_network;

/* Supervised children: own process group, signals reset, nothing inherited but what is named, waited for by the host.
 * Ids are never reused. Once the host has begun to destroy the driver no callback comes any more; a child that still
 * runs then goes on. If it prints it must stand a SIGPIPE, because its reader is gone; without a line callback its output
 * goes to /dev/null. */
#define LIMA_HOST_EXT_PROCESS "lima.host.process/1"
typedef struct lima_host_process_spec {
    uint32_t struct_size;
    const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH unless it has a slash */
    const char *const *env;  /* "K=V", NULL-terminated, added to the host's environment; may be NULL */
    const char *cwd;         /* may be NULL */
    /* A PID file that stays locked as long as the child lives, and is removed at its end; may be NULL. */
    const char *pid_file;
    const lima_handle *inherit; /* descriptors that the child gets as 3, 4, 5 … (before the lock's); may be NULL */
    size_t inherit_count;
    /* Called on a host thread for each whole line that the child prints, stream 1 or 2; may be NULL. [any] */
    void(LIMA_CALL *line)(void *ctx, int32_t stream, const char *text);
    /* Called once on a host thread when it has ended, perhaps before spawn has returned; signal is 0 or the signal that
     * ended it. No call follows. [any] */
    void(LIMA_CALL *exited)(void *ctx, int32_t code, int32_t signal);
    void *ctx;
} lima_host_process_spec;
typedef struct lima_host_process {
    lima_status(LIMA_CALL *spawn)(const lima_host *, const lima_call *, const lima_host_process_spec *,
                                  int64_t *out_id);
    /* POSIX number; no effect once it has ended. [any] */
    lima_status(LIMA_CALL *signal)(const lima_host *, int64_t id, int32_t number);
    /* Waits for its end, at most timeout_ms (negative: until cancelled). LIMA_DEADLINE_EXCEEDED when it still runs,
     * LIMA_CANCELLED when the call is cancelled meanwhile; a call that was cancelled before still gets its time, so that
     * one can wait after killing. The callback exited comes at about the same time, before or after this returns. */
    lima_status(LIMA_CALL *wait)(const lima_host *, const lima_call *, int64_t id, int64_t timeout_ms);
    int64_t(LIMA_CALL *pid)(const lima_host *, int64_t id); /* [any] -1 once it has ended */
} lima_host_process;

#ifdef __cplusplus
}
#endif
#endif
