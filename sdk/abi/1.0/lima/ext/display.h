/* FROZEN: <lima/ext/display.h> as it was released with ABI 1.0. Never edited; see sdk/abi/README.md. */
/* lima/ext/display.h - a VM's display, reached from outside. C11 and C++. */
/* clang-format off: the contract is laid out by hand */
#ifndef LIMA_EXT_DISPLAY_H
#define LIMA_EXT_DISPLAY_H

#include <lima/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A display that clients connect to, such as VNC. Called while the VM runs. */
#define LIMA_EXT_DISPLAY "lima.display/1"
typedef struct lima_ext_display {
    /* At most 8 characters count with VNC. */
    lima_status(LIMA_CALL *change_password)(struct lima_driver *, const lima_call *, const char *password); /* [op] */
    /* out["connection"]: the TCP port in decimal. */
    lima_status(LIMA_CALL *connection)(struct lima_driver *, const lima_call *, const lima_sink *out); /* [op] */
} lima_ext_display;

#ifdef __cplusplus
}
#endif
#endif
