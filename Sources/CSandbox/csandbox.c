#define _GNU_SOURCE
#include "csandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int result(long value) { return value < 0 ? -errno : (int)value; }

int csandbox_landlock_abi(void) {
    return result(syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION));
}

int csandbox_landlock_create(uint64_t fs, uint64_t net, uint64_t scoped, int abi) {
    struct { uint64_t fs, net, scoped; } attributes = {fs, net, scoped};
    size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
    return result(syscall(SYS_landlock_create_ruleset, &attributes, size, 0));
}

int csandbox_landlock_allow(int ruleset, uint64_t rights, const char *path) {
    int parent = open(path, O_PATH | O_CLOEXEC);
    if (parent < 0) return -errno;
    struct stat status;
    if (fstat(parent, &status) == 0 && !S_ISDIR(status.st_mode))
        rights &= CSANDBOX_FS_EXECUTE | CSANDBOX_FS_WRITE_FILE | CSANDBOX_FS_READ_FILE | CSANDBOX_FS_TRUNCATE
                  | CSANDBOX_FS_IOCTL_DEV;
    struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = parent};
    int outcome = result(syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
    close(parent);
    return outcome;
}

int csandbox_landlock_restrict(int ruleset) { return result(syscall(SYS_landlock_restrict_self, ruleset, 0)); }

int csandbox_no_new_privileges(void) { return result(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }
int csandbox_kill_when_parent_dies(void) { return result(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)); }
int csandbox_undumpable(void) { return result(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)); }

int csandbox_network_namespace(int with_user_namespace) {
    return result(unshare(CLONE_NEWNET | (with_user_namespace ? CLONE_NEWUSER : 0)));
}

int csandbox_drop_capabilities(uint64_t keep) {
    for (int capability = 0; capability < 64; capability++)
        if (!(keep & (1ULL << capability))) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) < 0) return -errno;
    for (int half = 0; half < 2; half++) {
        uint32_t mask = (uint32_t)(keep >> (32 * half));
        data[half].effective &= mask;
        data[half].permitted &= mask;
        data[half].inheritable = 0;
    }
    return result(syscall(SYS_capset, &header, data));
}

int csandbox_close_from(unsigned int first) {
#ifdef SYS_close_range
    if (syscall(SYS_close_range, first, ~0U, 0) == 0) return 0;
#endif
    long most = sysconf(_SC_OPEN_MAX);
    for (long descriptor = first; descriptor < (most > 0 && most < 65536 ? most : 65536); descriptor++)
        close((int)descriptor);
    return 0;
}

int csandbox_set_limit(int resource, uint64_t value) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) < 0) return -errno;
    if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > value) limit.rlim_max = value;
    limit.rlim_cur = limit.rlim_max;
    return result(setrlimit(resource, &limit));
}

int csandbox_nice(int niceness) { return result(setpriority(PRIO_PROCESS, 0, niceness)); }
int csandbox_is_seccomp_active(void) { return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2; }
int csandbox_seccomp_available(void) { return seccomp_api_get() > 0; }

int csandbox_limit_cpu(void) { return RLIMIT_CPU; }
int csandbox_limit_address_space(void) { return RLIMIT_AS; }
int csandbox_limit_file_size(void) { return RLIMIT_FSIZE; }
int csandbox_limit_open_files(void) { return RLIMIT_NOFILE; }
int csandbox_limit_core(void) { return RLIMIT_CORE; }
int csandbox_limit_memory_lock(void) { return RLIMIT_MEMLOCK; }

scmp_filter_ctx csandbox_filter_create(int error) { return seccomp_init(SCMP_ACT_ERRNO(error)); }

int csandbox_filter_allow(
    scmp_filter_ctx filter, int number, unsigned int count, const struct scmp_arg_cmp *conditions) {
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, count, conditions);
}
