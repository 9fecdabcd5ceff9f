/* FROZEN: <lima/ext/config_schema.h> as it was released with ABI 1.0. Never edited; see sdk/abi/README.md. */
/* lima/ext/config_schema.h - what a driver says about its part of lima.yaml. C11 and C++. */
/* clang-format off: the contract is laid out by hand */
#ifndef LIMA_EXT_CONFIG_SCHEMA_H
#define LIMA_EXT_CONFIG_SCHEMA_H

#include <lima/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The JSON schema of vmOpts.NAME. The host checks an instance against it before configure, and reports file, line and
 * column. It knows type, properties, additionalProperties, enum, minimum, maximum, pattern, items and required; it ignores
 * other keywords, and takes a null for an absent value. */
#define LIMA_EXT_CONFIG_SCHEMA "lima.config-schema/1"
typedef struct lima_ext_config_schema {
    /* out["schema"]; also before configure, and always the same. */
    lima_status(LIMA_CALL *get)(struct lima_driver *, const lima_sink *out); /* [any] */
} lima_ext_config_schema;

#ifdef __cplusplus
}
#endif
#endif
