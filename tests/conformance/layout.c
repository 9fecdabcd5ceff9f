/* The layout of the driver ABI, major 1, on 64-bit machines: a change here breaks every driver that
 * was ever built, so that it does not compile. Only lima_call may grow at its end. Compiled as C11
 * and as C++. */
#include <lima/ext/config_schema.h>
#include <lima/ext/display.h>
#include <lima/ext/driver.h>
#include <lima/ext/host.h>
#include <lima/ext/remote.h>
#include <lima/ext/screenshot.h>

#ifdef __cplusplus
#define LIMA_ASSERT(condition) static_assert(condition, #condition)
#else
#define LIMA_ASSERT(condition) _Static_assert(condition, #condition)
#endif
#define LIMA_SIZE(type, bytes) LIMA_ASSERT(sizeof(type) == (bytes))
#define LIMA_OFFSET(type, field, bytes) LIMA_ASSERT(offsetof(type, field) == (bytes))

LIMA_SIZE(void*, 8);
LIMA_SIZE(lima_status, 4);
LIMA_SIZE(lima_level, 4);
LIMA_SIZE(lima_handle, 8);
LIMA_ASSERT(LIMA_DRIVER_ABI == 0x10000u);

/* lima/driver.h */
LIMA_SIZE(lima_sink, 16);
LIMA_OFFSET(lima_sink, ctx, 0);
LIMA_OFFSET(lima_sink, put, 8);

LIMA_SIZE(lima_call, 48);
LIMA_OFFSET(lima_call, struct_size, 0);
LIMA_OFFSET(lima_call, cancel_fd, 4);
LIMA_OFFSET(lima_call, ctx, 8);
LIMA_OFFSET(lima_call, cancelled, 16);
LIMA_OFFSET(lima_call, fail, 24);
LIMA_OFFSET(lima_call, progress, 32);
LIMA_OFFSET(lima_call, hint, 40);

LIMA_SIZE(lima_host, 56);
LIMA_OFFSET(lima_host, abi, 0);
LIMA_OFFSET(lima_host, ctx, 8);
LIMA_OFFSET(lima_host, name, 16);
LIMA_OFFSET(lima_host, version, 24);
LIMA_OFFSET(lima_host, log, 32);
LIMA_OFFSET(lima_host, event, 40);
LIMA_OFFSET(lima_host, get_extension, 48);

LIMA_SIZE(lima_driver, 88);
LIMA_OFFSET(lima_driver, impl, 0);
LIMA_OFFSET(lima_driver, configure, 8);
LIMA_OFFSET(lima_driver, validate, 16);
LIMA_OFFSET(lima_driver, create, 24);
LIMA_OFFSET(lima_driver, create_disk, 32);
LIMA_OFFSET(lima_driver, start, 40);
LIMA_OFFSET(lima_driver, stop, 48);
LIMA_OFFSET(lima_driver, remove, 56);
LIMA_OFFSET(lima_driver, info, 64);
LIMA_OFFSET(lima_driver, get_extension, 72);
LIMA_OFFSET(lima_driver, destroy, 80);

LIMA_SIZE(lima_driver_module, 40);
LIMA_OFFSET(lima_driver_module, struct_size, 0);
LIMA_OFFSET(lima_driver_module, abi, 4);
LIMA_OFFSET(lima_driver_module, id, 8);
LIMA_OFFSET(lima_driver_module, name, 16);
LIMA_OFFSET(lima_driver_module, version, 24);
LIMA_OFFSET(lima_driver_module, create, 32);

/* lima/ext/driver.h */
LIMA_SIZE(lima_ext_guest_agent, 16);
LIMA_OFFSET(lima_ext_guest_agent, forward_over_ssh, 0);
LIMA_OFFSET(lima_ext_guest_agent, connect, 8);

LIMA_SIZE(lima_ext_guest_channel, 8);
LIMA_OFFSET(lima_ext_guest_channel, connect, 0);

LIMA_SIZE(lima_ext_boot_scripts, 8);
LIMA_OFFSET(lima_ext_boot_scripts, list, 0);

LIMA_SIZE(lima_ext_ssh, 8);
LIMA_OFFSET(lima_ext_ssh, address, 0);

LIMA_SIZE(lima_ext_status, 8);
LIMA_OFFSET(lima_ext_status, get, 0);

LIMA_SIZE(lima_ext_adopt, 8);
LIMA_OFFSET(lima_ext_adopt, adopt, 0);

LIMA_SIZE(lima_ext_snapshot, 32);
LIMA_OFFSET(lima_ext_snapshot, create, 0);
LIMA_OFFSET(lima_ext_snapshot, apply, 8);
LIMA_OFFSET(lima_ext_snapshot, remove, 16);
LIMA_OFFSET(lima_ext_snapshot, list, 24);

LIMA_SIZE(lima_ext_gui, 8);
LIMA_OFFSET(lima_ext_gui, run, 0);

/* lima/ext/config_schema.h */
LIMA_SIZE(lima_ext_config_schema, 8);
LIMA_OFFSET(lima_ext_config_schema, get, 0);

/* lima/ext/display.h */
LIMA_SIZE(lima_ext_display, 16);
LIMA_OFFSET(lima_ext_display, change_password, 0);
LIMA_OFFSET(lima_ext_display, connection, 8);

/* lima/ext/screenshot.h */
LIMA_SIZE(lima_ext_screenshot, 8);
LIMA_OFFSET(lima_ext_screenshot, capture, 0);

/* lima/ext/remote.h */
LIMA_SIZE(lima_host_remote, 40);
LIMA_OFFSET(lima_host_remote, name, 0);
LIMA_OFFSET(lima_host_remote, executable, 8);
LIMA_OFFSET(lima_host_remote, module, 16);
LIMA_OFFSET(lima_host_remote, owner, 24);
LIMA_OFFSET(lima_host_remote, instance_dir, 32);

LIMA_SIZE(lima_ext_remote, 24);
LIMA_OFFSET(lima_ext_remote, identify, 0);
LIMA_OFFSET(lima_ext_remote, inspect, 8);
LIMA_OFFSET(lima_ext_remote, last_failure, 16);

/* lima/ext/host.h */
LIMA_SIZE(lima_host_disk, 48);
LIMA_OFFSET(lima_host_disk, inspect, 0);
LIMA_OFFSET(lima_host_disk, create, 8);
LIMA_OFFSET(lima_host_disk, resize, 16);
LIMA_OFFSET(lima_host_disk, convert, 24);
LIMA_OFFSET(lima_host_disk, lock, 32);
LIMA_OFFSET(lima_host_disk, unlock, 40);

LIMA_SIZE(lima_host_network, 24);
LIMA_OFFSET(lima_host_network, lookup, 0);
LIMA_OFFSET(lima_host_network, expose, 8);
LIMA_OFFSET(lima_host_network, unexpose, 16);

LIMA_SIZE(lima_host_process_spec, 80);
LIMA_OFFSET(lima_host_process_spec, struct_size, 0);
LIMA_OFFSET(lima_host_process_spec, argv, 8);
LIMA_OFFSET(lima_host_process_spec, env, 16);
LIMA_OFFSET(lima_host_process_spec, cwd, 24);
LIMA_OFFSET(lima_host_process_spec, pid_file, 32);
LIMA_OFFSET(lima_host_process_spec, inherit, 40);
LIMA_OFFSET(lima_host_process_spec, inherit_count, 48);
LIMA_OFFSET(lima_host_process_spec, line, 56);
LIMA_OFFSET(lima_host_process_spec, exited, 64);
LIMA_OFFSET(lima_host_process_spec, ctx, 72);

LIMA_SIZE(lima_host_process, 32);
LIMA_OFFSET(lima_host_process, spawn, 0);
LIMA_OFFSET(lima_host_process, signal, 8);
LIMA_OFFSET(lima_host_process, wait, 16);
LIMA_OFFSET(lima_host_process, pid, 24);
