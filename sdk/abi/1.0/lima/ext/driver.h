/* FROZEN: <lima/ext/driver.h> as it was released with ABI 1.0. Never edited; see sdk/abi/README.md. */
/* lima/ext/driver.h - what a driver can offer beyond its table, by lima_driver.get_extension. C11 and C++.
 * Each table is frozen behind "name/revision"; a change is a new revision, and both may be offered. */
/* clang-format off: the contract is laid out by hand */
#ifndef LIMA_EXT_DRIVER_H
#define LIMA_EXT_DRIVER_H

#include <lima/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The way to the guest agent. */
#define LIMA_EXT_GUEST_AGENT "lima.guest-agent/1"
typedef struct lima_ext_guest_agent {
    /* Not 0: the host forwards the agent's socket over ssh to <instance>/ga.sock. */
    int32_t(LIMA_CALL *forward_over_ssh)(struct lima_driver *); /* [any] */
    /* A connected stream; the host owns and closes it. */
    lima_status(LIMA_CALL *connect)(struct lima_driver *, const lima_call *, lima_handle *out); /* [op] */
} lima_ext_guest_agent;

/* More ways to the guest agent, by name. "forward": the bytes of forwarded ports, beside the agent's own channel. */
#define LIMA_EXT_GUEST_CHANNEL "lima.guest-channel/1"
typedef struct lima_ext_guest_channel {
    /* A connected stream; the host owns and closes it. LIMA_NOT_FOUND: no channel of that name. */
    lima_status(LIMA_CALL *connect)(struct lima_driver *, const lima_call *, const char *name, lima_handle *out); /* [op] */
} lima_ext_guest_channel;

/* Boot scripts of the driver for the cidata: keys "boot.Linux/NAME.sh". */
#define LIMA_EXT_BOOT_SCRIPTS "lima.boot-scripts/1"
typedef struct lima_ext_boot_scripts {
    lima_status(LIMA_CALL *list)(struct lima_driver *, const lima_call *, const lima_sink *out); /* [op] */
} lima_ext_boot_scripts;

/* Where ssh is, when that is known only after start: out["address"], out["port"] in decimal. */
#define LIMA_EXT_SSH "lima.ssh/1"
typedef struct lima_ext_ssh {
    lima_status(LIMA_CALL *address)(struct lima_driver *, const lima_call *, const lima_sink *out); /* [op] */
} lima_ext_ssh;

/* The VM's state when PID files do not tell: out["status"], one of Running Stopped Broken Uninitialized Installing. */
#define LIMA_EXT_STATUS "lima.status/1"
typedef struct lima_ext_status {
    lima_status(LIMA_CALL *get)(struct lima_driver *, const lima_call *, const lima_sink *out); /* [op] */
} lima_ext_status;

/* Takes over a VM that another host process started and left. After LIMA_OK the driver is as after start. */
#define LIMA_EXT_ADOPT "lima.adopt/1"
typedef struct lima_ext_adopt {
    lima_status(LIMA_CALL *adopt)(struct lima_driver *, const lima_call *); /* [op] LIMA_NOT_FOUND: no VM runs */
} lima_ext_adopt;

#define LIMA_EXT_SNAPSHOT "lima.snapshot/1"
typedef struct lima_ext_snapshot {
    lima_status(LIMA_CALL *create)(struct lima_driver *, const lima_call *, const char *tag); /* [op] */
    lima_status(LIMA_CALL *apply)(struct lima_driver *, const lima_call *, const char *tag);  /* [op] */
    lima_status(LIMA_CALL *remove)(struct lima_driver *, const lima_call *, const char *tag); /* [op] */
    lima_status(LIMA_CALL *list)(struct lima_driver *, const lima_call *, const lima_sink *out); /* [op] out["text"] */
} lima_ext_snapshot;

/* A window. run() is called on the main thread after start and returns when the VM ends. */
#define LIMA_EXT_GUI "lima.gui/1"
typedef struct lima_ext_gui {
    lima_status(LIMA_CALL *run)(struct lima_driver *, const lima_call *); /* [main] */
} lima_ext_gui;

#ifdef __cplusplus
}
#endif
#endif
