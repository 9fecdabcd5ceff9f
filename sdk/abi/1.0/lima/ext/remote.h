/* FROZEN: <lima/ext/remote.h> as it was released with ABI 1.0. Never edited; see sdk/abi/README.md. */
/* lima/ext/remote.h - what a host tells to lima-remote.so, the module that speaks for an external driver process. Other
 * drivers have no use for it. C11 and C++. */
/* clang-format off: the contract is laid out by hand */
#ifndef LIMA_EXT_REMOTE_H
#define LIMA_EXT_REMOTE_H

#include <lima/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Strings live as long as the host. */
#define LIMA_HOST_EXT_REMOTE "lima.host.remote/1"
typedef struct lima_host_remote {
    const char *name;         /* of the driver: names its socket and PID file */
    const char *executable;   /* absolute */
    const char *module;       /* absolute: the executable is lima-run-driver and shall serve this; or NULL */
    const char *owner;        /* "cli" or "ha": names the PID file */
    const char *instance_dir; /* absolute; NULL where there is no instance yet: a directory of the process's own */
} lima_host_remote;

/* What lima-remote.so offers beside what the process does. */
#define LIMA_EXT_REMOTE "lima.remote/1"
typedef struct lima_ext_remote {
    /* Launches the process if need be: out["generation"] ("1" and "2" of the original's protocol, "own" with our service
     * beside it), out["version"], out["abi"] in decimal (empty and 0 where it does not say), out["pid"] (0: somebody else
     * has started it). */
    lima_status(LIMA_CALL *identify)(struct lima_driver *, const lima_call *, const lima_sink *out); /* [op] */
    /* The instance as JSON in; the same with the driver's word on its `status` (which may be empty) into out["instance"].
     * In a process that ends at once (--inspect-status): nothing is launched or configured. */
    lima_status(LIMA_CALL *inspect)(struct lima_driver *, const lima_call *, const char *instance_json,
                                    const lima_sink *out); /* [op] */
    /* Why the last call without a lima_call failed: out["text"], out["hint"]. */
    void(LIMA_CALL *last_failure)(struct lima_driver *, const lima_sink *out); /* [any] */
} lima_ext_remote;

#ifdef __cplusplus
}
#endif
#endif
