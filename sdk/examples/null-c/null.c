/* null-c: a whole driver in one C11 file, with nothing but lima/driver.h, its extensions and POSIX.
 *
 * It does what the C++ example does: its "virtual machine" is a process that sleeps, so that
 * starting, stopping and finding it again are real, and nothing is downloaded. Read it from the
 * end: the entry names the module, the module makes an object, the object is a table of functions,
 * and each function is one verb of docs/driver-abi.md.
 *
 * The host makes one [op] call at a time, so only what info [any] reads is behind `lock`. The
 * callback of the child and the watcher of an adopted VM run on threads of their own. */
#define _GNU_SOURCE /* asprintf, flock */

#include <lima/ext/driver.h>
#include <lima/ext/host.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <unistd.h>

#define NULL_NAME "null-c"

enum { kDeepestJson = 64, kLongestDelayMs = 24 * 60 * 60 * 1000, kKillTimeoutMs = 10 * 1000 };

typedef struct null_vm {
    lima_driver table; /* what the host holds; its impl is this object */
    const lima_host* host;
    const lima_host_process* processes; /* NULL where the host does not offer it */

    pthread_mutex_t lock;
    char* dir;      /* the instance directory; NULL before configure. Behind `lock` */
    char* dir_json; /* the same as it stood in the JSON, quotes included. Behind `lock` */
    int start_delay_ms;

    int64_t child;         /* of lima.host.process/1; 0 is none */
    pthread_mutex_t order; /* held by start until "started" is out: a child may end before */

    int adopted; /* pidfd of a VM that another host process started; -1 is none */
    int wake;    /* eventfd: ends the watcher */
    char* adopted_pid_file;
    pthread_t watcher;
} null_vm;

/* --- failing: a status, and before it the text for the user ------------------------------------
 */

__attribute__((format(printf, 3, 4))) static lima_status fail(const lima_call* call,
                                                              lima_status status,
                                                              const char* format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    call->fail(call, text);
    return status;
}

static lima_status out_of_memory(const lima_call* call) {
    return fail(call, LIMA_RESOURCE_EXHAUSTED, "out of memory");
}

/* --- JSON: as much of it as a driver needs. NULL is "this is no JSON" --------------------------
 */

static const char* skip_value(const char* at, int depth);

static const char* skip_space(const char* at) { return at + strspn(at, " \t\r\n"); }

static const char* skip_string(const char* at) {
    if (*at++ != '"') {
        return NULL;
    }
    while (*at != '"') {
        if (*at == '\\') {
            ++at;
        }
        if ((unsigned char)*at < 0x20) { /* the end of the text, too */
            return NULL;
        }
        ++at;
    }
    return at + 1;
}

/* Lenient about how a number is spelled. */
static const char* skip_word(const char* at) {
    static const char* const kWords[] = {"true", "false", "null"};
    const size_t number = strspn(at, "+-.0123456789eE");
    size_t i;
    for (i = 0; i < sizeof kWords / sizeof *kWords; ++i) {
        if (strncmp(at, kWords[i], strlen(kWords[i])) == 0) {
            return at + strlen(kWords[i]);
        }
    }
    return number > 0 ? at + number : NULL;
}

/* "key": up to the value, for a member of an object. */
static const char* skip_key(const char* at) {
    at = skip_string(at);
    if (at == NULL) {
        return NULL;
    }
    at = skip_space(at);
    return *at == ':' ? skip_space(at + 1) : NULL;
}

static const char* skip_container(const char* at, int depth) {
    const char close = *at == '{' ? '}' : ']';
    at = skip_space(at + 1);
    if (*at == close) {
        return at + 1;
    }
    for (;;) {
        if (close == '}') {
            at = skip_key(at);
        }
        at = at == NULL ? NULL : skip_value(at, depth + 1);
        if (at == NULL) {
            return NULL;
        }
        at = skip_space(at);
        if (*at == close) {
            return at + 1;
        }
        if (*at != ',') {
            return NULL;
        }
        at = skip_space(at + 1);
    }
}

static const char* skip_value(const char* at, int depth) {
    if (depth > kDeepestJson) {
        return NULL;
    }
    if (*at == '{' || *at == '[') {
        return skip_container(at, depth);
    }
    return *at == '"' ? skip_string(at) : skip_word(at);
}

/* The value of a member. The text is known to be JSON; NULL: no object, or no such member. */
static const char* member(const char* object, const char* key) {
    const size_t size = strlen(key);
    const char* at;
    if (object == NULL || *object != '{') {
        return NULL;
    }
    at = skip_space(object + 1);
    while (*at == '"') {
        const char* value = skip_key(at);
        if (strncmp(at + 1, key, size) == 0 && at[1 + size] == '"') {
            return value;
        }
        at = skip_space(skip_value(value, 0));
        if (*at == ',') {
            at = skip_space(at + 1);
        }
    }
    return NULL;
}

/* One character behind a backslash into *out; how much of the text it took, 0: not supported. */
static size_t unescape(const char* at, char* out) {
    static const char kFrom[] = "\"\\/bfnrt";
    static const char kTo[] = "\"\\/\b\f\n\r\t";
    const char* found = *at != '\0' ? strchr(kFrom, *at) : NULL;
    unsigned code = 0;
    if (found != NULL) {
        *out = kTo[found - kFrom];
        return 1;
    }
    /* Hosts write UTF-8 as it is, and \u only for characters of ASCII. */
    if (sscanf(at, "u%4x", &code) != 1 || code == 0 || code > 0x7f) {
        return 0;
    }
    *out = (char)code;
    return 5;
}

/* A copy of the string, for free(); NULL when it is none, or the memory is out. */
static char* copy_string(const char* at) {
    const char* end = at != NULL && *at == '"' ? skip_string(at) : NULL;
    char* copy = end != NULL ? malloc((size_t)(end - at)) : NULL;
    size_t size = 0;
    if (copy == NULL) {
        return NULL;
    }
    for (++at; at < end - 1; ++at) {
        if (*at == '\\') {
            const size_t taken = unescape(at + 1, &copy[size++]);
            if (taken == 0) {
                free(copy);
                return NULL;
            }
            at += taken;
        } else {
            copy[size++] = *at;
        }
    }
    copy[size] = '\0';
    return copy;
}

/* --- the adopted VM: a process that is not our child, pinned by a pidfd ------------------------
 */

static int has_ended(int pidfd) {
    struct pollfd polled = {pidfd, POLLIN, 0};
    return poll(&polled, 1, 0) > 0;
}

/* Waits until the process has ended (1), or cancel_fd (-1: none) is readable or the time is over
 * (0). A negative time is no limit. */
static int wait_end(int pidfd, int cancel_fd, int timeout_ms) {
    struct pollfd polled[2] = {{pidfd, POLLIN, 0}, {cancel_fd, POLLIN, 0}};
    while (poll(polled, 2, timeout_ms) < 0 && errno == EINTR) {
    }
    return has_ended(pidfd);
}

static void* watch(void* argument) {
    null_vm* vm = argument;
    if (wait_end(vm->adopted, vm->wake, -1)) {
        unlink(vm->adopted_pid_file); /* its parent, whose work this would be, is gone */
        vm->host->event(vm->host, "exited", "{\"code\":-1,\"signal\":0,\"stderr\":\"\"}");
    }
    return NULL;
}

/* Ends the watcher. The process goes on, when it has not ended. */
static void release_adopted(null_vm* vm) {
    if (vm->adopted < 0) {
        return;
    }
    eventfd_write(vm->wake, 1);
    pthread_join(vm->watcher, NULL);
    close(vm->wake);
    close(vm->adopted);
    free(vm->adopted_pid_file);
    vm->adopted_pid_file = NULL;
    vm->adopted = -1;
}

/* Who holds the lock of the PID file; 0 is nobody. The number is good as long as the lock is. */
static pid_t locked_pid(const char* path) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    char text[32] = "";
    int held;
    if (fd < 0) {
        return 0;
    }
    held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (!held || read(fd, text, sizeof text - 1) <= 0) {
        text[0] = '\0';
    }
    close(fd);
    return (pid_t)strtol(text, NULL, 10);
}

/* Takes the pidfd and the path over, also when it fails. */
static lima_status begin_watch(null_vm* vm, const lima_call* call, int pidfd, char* pid_file) {
    const int wake = eventfd(0, EFD_CLOEXEC);
    int error = wake < 0 ? errno : 0;
    vm->adopted = pidfd;
    vm->wake = wake;
    vm->adopted_pid_file = pid_file;
    if (error == 0) {
        error = pthread_create(&vm->watcher, NULL, watch, vm);
    }
    if (error == 0) {
        return LIMA_OK;
    }
    if (wake >= 0) {
        close(wake);
    }
    close(pidfd);
    free(pid_file);
    vm->adopted_pid_file = NULL;
    vm->adopted = -1;
    return fail(call, LIMA_RESOURCE_EXHAUSTED, "cannot watch the VM: %s", strerror(error));
}

/* --- the verbs ---------------------------------------------------------------------------------
 */

static char* pid_file_of(const null_vm* vm) {
    char* path = NULL;
    return asprintf(&path, "%s/" NULL_NAME ".pid", vm->dir) < 0 ? NULL : path;
}

static int running(const null_vm* vm) {
    if (vm->adopted >= 0 && !has_ended(vm->adopted)) {
        return 1;
    }
    return vm->child != 0 && vm->processes->pid(vm->host, vm->child) > 0;
}

/* vmOpts.null-c.startDelay, in milliseconds. */
static lima_status read_delay(const lima_call* call, const char* value, int* delay_ms) {
    char* end = NULL;
    long number;
    *delay_ms = 0;
    if (value == NULL) {
        return LIMA_OK;
    }
    number = strtol(value, &end, 10);
    if (end == value || strchr(".eE", *end) != NULL || number < 0 || number > kLongestDelayMs) {
        call->hint(call, "remove it to start at once");
        return fail(call, LIMA_INVALID_ARGUMENT,
                    "field `vmOpts." NULL_NAME ".startDelay` must be a number from 0 to %d",
                    kLongestDelayMs);
    }
    *delay_ms = (int)number;
    return LIMA_OK;
}

static lima_status LIMA_CALL null_configure(lima_driver* driver, const lima_call* call,
                                            const char* instance_json, const lima_sink* out) {
    null_vm* vm = driver->impl;
    const char* root = skip_space(instance_json);
    const char* end = *root == '{' ? skip_value(root, 0) : NULL;
    const char* dir_value;
    char* dir = NULL;
    char* dir_json = NULL;
    int delay_ms;
    lima_status status;
    if (end == NULL || *skip_space(end) != '\0') {
        return fail(call, LIMA_INVALID_ARGUMENT, "the instance is no JSON object");
    }
    status = read_delay(
        call, member(member(member(member(root, "config"), "vmOpts"), NULL_NAME), "startDelay"),
        &delay_ms);
    if (status != LIMA_OK) {
        return status;
    }
    dir_value = member(root, "dir");
    if (dir_value != NULL && *dir_value == '"') {
        dir = copy_string(dir_value);
        dir_json = strndup(dir_value, (size_t)(skip_string(dir_value) - dir_value));
        if (dir == NULL || dir_json == NULL) {
            free(dir);
            free(dir_json);
            return fail(call, LIMA_INVALID_ARGUMENT, "cannot read the instance directory");
        }
    }
    pthread_mutex_lock(&vm->lock);
    free(vm->dir);
    free(vm->dir_json);
    vm->dir = dir;
    vm->dir_json = dir_json;
    vm->start_delay_ms = delay_ms;
    pthread_mutex_unlock(&vm->lock);
    /* No defaults of its own: the instance goes back as it came, with keys that nobody here knows.
     */
    out->put(out->ctx, "instance", instance_json, strlen(instance_json));
    return LIMA_OK;
}

/* validate, create, create_disk and remove: a process needs no disk and leaves nothing behind. */
static lima_status LIMA_CALL null_nothing(lima_driver* driver, const lima_call* call) {
    (void)driver, (void)call;
    return LIMA_OK;
}

/* On a thread of the host, once; not any more once the host has begun to destroy this driver. */
static void LIMA_CALL child_exited(void* context, int32_t code, int32_t signal) {
    null_vm* vm = context;
    char json[96];
    snprintf(json, sizeof json, "{\"code\":%d,\"signal\":%d,\"stderr\":\"\"}", (int)code,
             (int)signal);
    pthread_mutex_lock(&vm->order);
    vm->host->event(vm->host, "exited", json);
    pthread_mutex_unlock(&vm->order);
}

static lima_status LIMA_CALL null_start(lima_driver* driver, const lima_call* call) {
    static const char* const kCommand[] = {"sleep", "infinity", NULL};
    null_vm* vm = driver->impl;
    struct pollfd cancel = {call->cancel_fd, POLLIN, 0};
    lima_host_process_spec spec = {.struct_size = sizeof spec, .argv = kCommand};
    char* pid_file;
    lima_status status;
    if (vm->processes == NULL) {
        return fail(call, LIMA_UNIMPLEMENTED, "the host does not offer " LIMA_HOST_EXT_PROCESS);
    }
    if (vm->dir == NULL) {
        return fail(call, LIMA_FAILED_PRECONDITION, "the driver is not configured");
    }
    if (running(vm)) {
        return fail(call, LIMA_FAILED_PRECONDITION, "the VM runs already");
    }
    /* Whatever takes time wakes up when the call is cancelled. poll skips a descriptor of -1. */
    poll(&cancel, 1, vm->start_delay_ms);
    if (call->cancelled(call)) {
        return fail(call, LIMA_CANCELLED, "cancelled");
    }
    release_adopted(vm);
    pid_file = pid_file_of(vm);
    if (pid_file == NULL) {
        return out_of_memory(call);
    }
    /* The host keeps the PID file, and the VM its lock: that is how everybody sees it running. */
    spec.pid_file = pid_file;
    spec.exited = child_exited;
    spec.ctx = vm;
    pthread_mutex_lock(&vm->order);
    status = vm->processes->spawn(vm->host, call, &spec, &vm->child);
    if (status == LIMA_OK) {
        vm->host->event(vm->host, "started", "{}");
    }
    pthread_mutex_unlock(&vm->order);
    free(pid_file);
    return status;
}

/* Asks with SIGTERM and waits; a cancelled call does not wait, it kills. */
static lima_status LIMA_CALL null_stop(lima_driver* driver, const lima_call* call) {
    null_vm* vm = driver->impl;
    lima_status status;
    if (!running(vm)) {
        return LIMA_OK;
    }
    if (vm->adopted >= 0) {
        pidfd_send_signal(vm->adopted, SIGTERM, NULL, 0);
        if (wait_end(vm->adopted, call->cancel_fd, -1)) {
            return LIMA_OK;
        }
        pidfd_send_signal(vm->adopted, SIGKILL, NULL, 0);
        return wait_end(vm->adopted, -1, kKillTimeoutMs)
                   ? LIMA_OK
                   : fail(call, LIMA_DEADLINE_EXCEEDED, "the VM survives SIGKILL");
    }
    vm->processes->signal(vm->host, vm->child, SIGTERM);
    status = vm->processes->wait(vm->host, call, vm->child, -1);
    if (status == LIMA_OK) {
        return LIMA_OK;
    }
    vm->processes->signal(vm->host, vm->child, SIGKILL);
    return vm->processes->wait(vm->host, call, vm->child, kKillTimeoutMs);
}

static lima_status LIMA_CALL null_adopt(lima_driver* driver, const lima_call* call) {
    null_vm* vm = driver->impl;
    char* pid_file;
    pid_t pid;
    int pidfd;
    lima_status status;
    if (running(vm)) {
        return LIMA_OK;
    }
    if (vm->dir == NULL) {
        return fail(call, LIMA_FAILED_PRECONDITION, "the driver is not configured");
    }
    release_adopted(vm);
    pid_file = pid_file_of(vm);
    if (pid_file == NULL) {
        return out_of_memory(call);
    }
    pid = locked_pid(pid_file);
    pidfd = pid > 0 ? pidfd_open(pid, 0) : -1;
    if (pidfd < 0) {
        status = fail(call, LIMA_NOT_FOUND, "no process holds %s", pid_file);
        free(pid_file);
        return status;
    }
    status = begin_watch(vm, call, pidfd, pid_file);
    if (status == LIMA_OK) {
        vm->host->event(vm->host, "started", "{}");
    }
    return status;
}

static lima_status LIMA_CALL null_info(lima_driver* driver, const lima_sink* out) {
    null_vm* vm = driver->impl;
    char* json = NULL;
    int size;
    pthread_mutex_lock(&vm->lock);
    size = asprintf(&json,
                    "{\"name\":\"" NULL_NAME
                    "\",\"vsockPort\":0,\"virtioPort\":\"\",%s%s%s"
                    "\"features\":{\"skipSocketForwarding\":true,\"noCloudInit\":true},"
                    "\"needsImage\":false,\"hasGuest\":false}",
                    vm->dir_json != NULL ? "\"instanceDir\":" : "",
                    vm->dir_json != NULL ? vm->dir_json : "", vm->dir_json != NULL ? "," : "");
    pthread_mutex_unlock(&vm->lock);
    if (size < 0) {
        return LIMA_RESOURCE_EXHAUSTED;
    }
    out->put(out->ctx, "info", json, (size_t)size);
    free(json);
    return LIMA_OK;
}

static const void* LIMA_CALL null_get_extension(lima_driver* driver, const char* id) {
    static const lima_ext_adopt kAdopt = {.adopt = null_adopt};
    (void)driver;
    return strcmp(id, LIMA_EXT_ADOPT) == 0 ? &kAdopt : NULL;
}

static void LIMA_CALL null_destroy(lima_driver* driver) {
    null_vm* vm = driver->impl;
    release_adopted(vm);
    pthread_mutex_destroy(&vm->order);
    pthread_mutex_destroy(&vm->lock);
    free(vm->dir);
    free(vm->dir_json);
    free(vm);
}

/* --- the module --------------------------------------------------------------------------------
 */

static lima_status LIMA_CALL null_create(const lima_host* host, lima_driver** out) {
    null_vm* vm = calloc(1, sizeof *vm);
    if (vm == NULL) {
        return LIMA_RESOURCE_EXHAUSTED;
    }
    vm->host = host;
    vm->processes = host->get_extension(host, LIMA_HOST_EXT_PROCESS);
    vm->adopted = -1;
    pthread_mutex_init(&vm->lock, NULL);
    pthread_mutex_init(&vm->order, NULL);
    vm->table = (lima_driver){
        .impl = vm,
        .configure = null_configure,
        .validate = null_nothing,
        .create = null_nothing,
        .create_disk = null_nothing,
        .start = null_start,
        .stop = null_stop,
        .remove = null_nothing,
        .info = null_info,
        .get_extension = null_get_extension,
        .destroy = null_destroy,
    };
    *out = &vm->table;
    return LIMA_OK;
}

LIMA_EXPORT const lima_driver_module* LIMA_CALL lima_driver_entry(uint32_t host_abi) {
    static const lima_driver_module kModule = {
        .struct_size = sizeof kModule,
        .abi = LIMA_DRIVER_ABI,
        .id = "io.lima-vm." NULL_NAME,
        .name = NULL_NAME,
        .version = "1.0.0",
        .create = null_create,
    };
    return (host_abi >> 16) == LIMA_DRIVER_ABI_MAJOR ? &kModule : NULL;
}
