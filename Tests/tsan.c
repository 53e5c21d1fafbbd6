// SPDX-License-Identifier: Apache-2.0
// Tells ThreadSanitizer of two hand-overs that it cannot see, because Swift's libraries are not built with it. Without
// this it reports as races what they order:
//
// - A `Mutex` that two threads want at once: waiting for it and waking the next one is the kernel's work (a futex with
//   priority inheritance). Without contention it is locked by inlined, instrumented code, and nothing is to be told.
// - A continuation that is resumed before its task waits: the runtime tells of the resuming, but not of the going on.
//
// Linked into the tests by scripts/test tsan, not instrumented itself. Each function stands before the one of the same
// name in Swift's libraries and calls it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

extern void __tsan_acquire(void *place);
extern void __tsan_release(void *place);

#define SELF __attribute__((swift_context)) void *
#define CONTEXT __attribute__((swift_async_context)) struct context *

// MARK: Mutex

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

__attribute__((swiftcall)) void mutex_lock(uint32_t thread, SELF handle) __asm__(LOCK);
__attribute__((swiftcall)) _Bool mutex_try_lock(SELF handle) __asm__(TRY_LOCK);
__attribute__((swiftcall)) void mutex_unlock(SELF handle) __asm__(UNLOCK);

static __attribute__((swiftcall)) void (*real_lock)(uint32_t, SELF);
static __attribute__((swiftcall)) _Bool (*real_try_lock)(SELF);
static __attribute__((swiftcall)) void (*real_unlock)(SELF);

__attribute__((swiftcall)) void mutex_lock(uint32_t thread, SELF handle) {
    real_lock(thread, handle);
    __tsan_acquire(handle);
}

__attribute__((swiftcall)) _Bool mutex_try_lock(SELF handle) {
    _Bool is_locked = real_try_lock(handle);
    if (is_locked) __tsan_acquire(handle);
    return is_locked;
}

__attribute__((swiftcall)) void mutex_unlock(SELF handle) {
    __tsan_release(handle);
    real_unlock(handle);
}

// MARK: Continuations

// How every async context begins, by the ABI.
struct context {
    void *parent;
    __attribute__((swiftasynccall)) void (*resume)(CONTEXT);
};

// Absent from a program in C, which is linked with this file as well.
extern void *swift_task_getCurrent(void) __attribute__((weak));

static void *(*real_init)(struct context *, uintptr_t);

// The task goes on, here or on another thread: what came before its resuming (a release of the task) is seen.
static __attribute__((swiftasynccall)) void go_on(CONTEXT context) {
    struct context *kept = context->parent;
    *context = *kept;
    free(kept);
    __tsan_acquire(swift_task_getCurrent());
    __attribute__((musttail)) return context->resume(context);
}

// Every continuation begins here. While it is waited for, `parent` holds the beginning of its context.
void *swift_continuation_init(struct context *context, uintptr_t flags) {
    struct context *kept = malloc(sizeof *kept);
    if (!kept) abort();
    *kept = *context;
    *context = (struct context){kept, go_on};
    return real_init(context, flags);
}

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    // Another version of Swift: what is here must be looked at again.
    if (!found) abort();
    return found;
}

__attribute__((constructor)) static void find(void) {
    if (!swift_task_getCurrent) return;
    real_lock = real(LOCK);
    real_try_lock = real(TRY_LOCK);
    real_unlock = real(UNLOCK);
    real_init = real("swift_continuation_init");
}
