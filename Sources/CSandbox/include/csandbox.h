// The kernel's confinement calls that Swift cannot spell: system calls without a libc wrapper, variadic
// functions and function-like macros. No logic: which rule applies when is decided in the Sandbox target.
#ifndef CSANDBOX_H
#define CSANDBOX_H

#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>

// Landlock rights by the kernel's ABI (linux/landlock.h; the newer ones are absent from Debian 12's headers).
#define CSANDBOX_FS_EXECUTE (1ULL << 0)
#define CSANDBOX_FS_WRITE_FILE (1ULL << 1)
#define CSANDBOX_FS_READ_FILE (1ULL << 2)
#define CSANDBOX_FS_READ_DIR (1ULL << 3)
#define CSANDBOX_FS_REMOVE_DIR (1ULL << 4)
#define CSANDBOX_FS_REMOVE_FILE (1ULL << 5)
#define CSANDBOX_FS_MAKE_REG (1ULL << 8)
#define CSANDBOX_FS_ALL_ABI1 0x1fffULL
#define CSANDBOX_FS_REFER (1ULL << 13)      // ABI 2
#define CSANDBOX_FS_TRUNCATE (1ULL << 14)   // ABI 3
#define CSANDBOX_FS_IOCTL_DEV (1ULL << 15)  // ABI 5
#define CSANDBOX_NET_BIND_TCP (1ULL << 0)   // ABI 4
#define CSANDBOX_NET_CONNECT_TCP (1ULL << 1)
#define CSANDBOX_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)  // ABI 6
#define CSANDBOX_SCOPE_SIGNAL (1ULL << 1)

// Flags of clone(2), mmap(2) and prctl(2) that Swift does not see (linux/sched.h, linux/mman.h, linux/prctl.h).
#define CSANDBOX_CLONE_OF_A_THREAD 0x00010900ULL  // CLONE_THREAD, CLONE_SIGHAND, CLONE_VM
#define CSANDBOX_CLONE_NAMESPACES 0x7e020000ULL
#define CSANDBOX_MAP_FIXED_NOREPLACE 0x100000
#define CSANDBOX_MREMAP_MAYMOVE 1
#define CSANDBOX_PR_GET_SECCOMP 21
#define CSANDBOX_PR_SET_NAME 15
#define CSANDBOX_PR_GET_NAME 16
#define CSANDBOX_PR_CAPBSET_READ 23
#define CSANDBOX_PR_SET_VMA 0x53564d41

// Each returns 0 or a descriptor, or -errno.
int csandbox_landlock_abi(void);
int csandbox_landlock_create(uint64_t fs, uint64_t net, uint64_t scoped, int abi);
int csandbox_landlock_allow(int ruleset, uint64_t rights, const char *path);
int csandbox_landlock_restrict(int ruleset);

int csandbox_no_new_privileges(void);
int csandbox_kill_when_parent_dies(void);
int csandbox_undumpable(void);
int csandbox_network_namespace(int with_user_namespace);
/// Gives up every capability but those in `keep` (a mask over the first 64), also for programs started later.
int csandbox_drop_capabilities(uint64_t keep);
int csandbox_close_from(unsigned int first);
int csandbox_set_limit(int resource, uint64_t value);
int csandbox_nice(int niceness);
int csandbox_is_seccomp_active(void);
int csandbox_seccomp_available(void);

int csandbox_limit_cpu(void);
int csandbox_limit_address_space(void);
int csandbox_limit_file_size(void);
int csandbox_limit_open_files(void);
int csandbox_limit_core(void);
int csandbox_limit_memory_lock(void);

/// A filter that answers every call with `error` but those that are allowed afterwards.
scmp_filter_ctx csandbox_filter_create(int error);
/// Allows a call where all `count` conditions about its arguments hold.
int csandbox_filter_allow(
    scmp_filter_ctx filter, int number, unsigned int count, const struct scmp_arg_cmp *conditions);

#endif
