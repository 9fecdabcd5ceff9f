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

#ifdef __cplusplus
}
#endif
#endif
