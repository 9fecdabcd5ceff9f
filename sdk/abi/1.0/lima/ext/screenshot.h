/* FROZEN: <lima/ext/screenshot.h> as it was released with ABI 1.0. Never edited; see sdk/abi/README.md. */
/* lima/ext/screenshot.h - a picture of the VM's screen. C11 and C++. */
/* clang-format off: the contract is laid out by hand */
#ifndef LIMA_EXT_SCREENSHOT_H
#define LIMA_EXT_SCREENSHOT_H

#include <lima/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LIMA_EXT_SCREENSHOT "lima.screenshot/1"
typedef struct lima_ext_screenshot {
    /* format is "png", "bmp" or "" for the driver's choice. out["image"] holds the file's bytes, out["format"] which of the
     * two they are. LIMA_FAILED_PRECONDITION: the VM has no display; LIMA_INVALID_ARGUMENT: not that format. */
    lima_status(LIMA_CALL *capture)(struct lima_driver *, const lima_call *, const char *format,
                                    const lima_sink *out); /* [op] */
} lima_ext_screenshot;

#ifdef __cplusplus
}
#endif
#endif
