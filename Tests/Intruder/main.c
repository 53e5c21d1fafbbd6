// SPDX-License-Identifier: Apache-2.0
// Stands in for ffmpeg in the tests of the sandbox, and tries what a decoder that strangers took over might try.
//
//   Intruder victim=PID tcp=PORT udp=PORT unix=PATH outside=FILE folder=FOLDER inside=FOLDER
//
// For each attempt it prints one line: its name and "done", or its name and the kernel's answer. The last attempt is
// to become /bin/echo, which prints "exec done". Run without the sandbox, every attempt must be "done".
//
// Lines that begin with "probe" are calls that could harm the machine where root runs the tests: they are made with
// arguments that have no effect, and only tell whether the call reaches the kernel at all.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char *outside = "", *folder = "", *inside = "", *unix_path = "";
static int tcp_port, udp_port;
static pid_t victim;

static void tell(const char *name, long outcome) {
    if (outcome >= 0)
        printf("%s done\n", name);
    else
        printf("%s %s\n", name, strerrorname_np(errno));
    fflush(stdout);
}

static char path_buffer[4096];
static const char *in(const char *base, const char *name) {
    snprintf(path_buffer, sizeof path_buffer, "%s/%s", base, name);
    return path_buffer;
}

// A child that ends at once; its start is the attempt.
static long child(pid_t pid) {
    if (pid == 0) _exit(0);
    if (pid > 0) waitpid(pid, NULL, 0);
    return pid;
}

static long fork_by_system_call(void) { return child((pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)); }

static long vfork_here(void) {
    pid_t pid = vfork();
    if (pid == 0) _exit(0);
    if (pid > 0) waitpid(pid, NULL, 0);
    return pid;
}

static long open_and_close(const char *path, int flags) {
    int descriptor = open(path, flags, 0600);
    if (descriptor >= 0) close(descriptor);
    return descriptor;
}

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static long reach(int kind, int port) {
    struct sockaddr_in address = loopback(port);
    int descriptor = socket(AF_INET, kind, 0);
    if (descriptor < 0) return -1;
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0) return -1;
    return write(descriptor, "intruder", 8);
}

static long listen_here(void) {
    struct sockaddr_in address = loopback(0);
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0) return -1;
    return listen(descriptor, 1);
}

static long reach_unix(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, unix_path, sizeof address.sun_path - 1);
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    if (descriptor < 0) return -1;
    return connect(descriptor, (struct sockaddr *)&address, sizeof address);
}

static void *nothing(void *argument) { return argument; }

static long start_thread(void) {
    pthread_t thread;
    errno = pthread_create(&thread, NULL, nothing, NULL);
    return errno ? -1 : pthread_join(thread, NULL);
}

static long map(int protection, int flags, void *where) {
    void *page = mmap(where, 4096, protection, MAP_PRIVATE | flags, -1, 0);
    return page == MAP_FAILED ? -1 : 0;
}

static long make_executable(void) {
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static long move_memory(void) {
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *moved = mremap(page, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)0x180000);
    return moved == MAP_FAILED ? -1 : 0;
}

static void files(void) {
    struct stat status;
    struct timespec times[2] = {{1, 0}, {1, 0}};
    struct timeval old[2] = {{1, 0}, {1, 0}};
    tell("read", open_and_close(outside, O_RDONLY));
    tell("write", open_and_close(outside, O_WRONLY));
    tell("make", open_and_close(in(folder, "made"), O_WRONLY | O_CREAT));
    tell("chmod", chmod(outside, 0666));
    tell("fchmodat", fchmodat(AT_FDCWD, outside, 0666, 0));
    tell("chown", stat(outside, &status) < 0 ? -1 : chown(outside, status.st_uid, status.st_gid));
    tell("utimensat", utimensat(AT_FDCWD, outside, times, 0));
    tell("utimes", syscall(SYS_utimes, outside, old));
    tell("futimesat", syscall(SYS_futimesat, AT_FDCWD, outside, old));
    tell("truncate", truncate(outside, 0));
    tell("setxattr", setxattr(outside, "user.intruder", "x", 1, 0));
    tell("removexattr", removexattr(outside, "user.intruder"));
    tell("link", link(outside, in(folder, "linked")));
    tell("symlink", symlink(outside, in(folder, "symbolic")));
    tell("mkdir", mkdir(in(folder, "folder"), 0700));
    tell("mkfifo", mkfifo(in(folder, "fifo"), 0600));
    tell("rename", rename(outside, in(folder, "renamed")));
    tell("unlink", unlink(in(folder, "renamed")));
}

static void processes(void) {
    struct rlimit limit;
    cpu_set_t processors;
    siginfo_t information = {.si_code = SI_QUEUE};
    int ends[2];
    tell("read the victim's limits", prlimit(victim, RLIMIT_NOFILE, NULL, &limit));
    tell("set the victim's limits", prlimit(victim, RLIMIT_NOFILE, &limit, NULL));
    tell("set own limits", getrlimit(RLIMIT_NOFILE, &limit) < 0 ? -1 : setrlimit(RLIMIT_NOFILE, &limit));
    tell("kill", kill(victim, 0));
    tell("tgkill", syscall(SYS_tgkill, victim, victim, 0));
    tell("tkill", syscall(SYS_tkill, victim, 0));
    tell("sigqueue", sigqueue(victim, 0, (union sigval){0}));
    tell("rt_tgsigqueueinfo", syscall(SYS_rt_tgsigqueueinfo, victim, victim, 0, &information));
    int handle = (int)syscall(SYS_pidfd_open, victim, 0);
    tell("pidfd_open", handle);
    tell("pidfd_send_signal", syscall(SYS_pidfd_send_signal, handle, 0, NULL, 0));
    // To what it has already: a lower one than now is not for everybody.
    tell("setpriority", setpriority(PRIO_PROCESS, (id_t)victim, getpriority(PRIO_PROCESS, (id_t)victim)));
    CPU_ZERO(&processors);
    sched_getaffinity(0, sizeof processors, &processors);
    tell("sched_setaffinity", sched_setaffinity(victim, sizeof processors, &processors));
    tell("ioprio_set", syscall(SYS_ioprio_set, 1, victim, 2 << 13 | 4));
    // Standard output is a pipe or a file; its owner is who gets the signal when something happens on it.
    tell("pipe", pipe(ends));
    tell("F_SETOWN", fcntl(1, F_SETOWN, victim));
    tell("F_SETSIG", fcntl(1, F_SETSIG, SIGURG));
    tell("FIOASYNC", ioctl(1, FIOASYNC, &(int){0}));
    tell("probe ptrace", ptrace(PTRACE_CONT, victim, 0, 0));
    tell("probe process_vm_readv", process_vm_readv(victim, NULL, 0, NULL, 0, 1));
    tell("fork", child(fork()));
    tell("vfork", vfork_here());
    tell("clone", fork_by_system_call());
    tell("stay alive without the server", prctl(PR_SET_PDEATHSIG, 0));
    tell("be looked into", prctl(PR_SET_DUMPABLE, 1));
    tell("setpgid", setpgid(0, 0));
}

static void networks(void) {
    int pair[2];
    tell("tcp", reach(SOCK_STREAM, tcp_port));
    tell("udp", reach(SOCK_DGRAM, udp_port));
    tell("unix", reach_unix());
    tell("listen", listen_here());
    tell("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    tell("netlink", socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
}

static void memory(void) {
    tell("writable code", map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_ANONYMOUS, NULL));
    tell("anonymous code", map(PROT_READ | PROT_EXEC, MAP_ANONYMOUS, NULL));
    tell("mprotect", make_executable());
    tell("the program's place", map(PROT_READ, MAP_ANONYMOUS | MAP_FIXED, (void *)0x100000));
    tell("a growing place", map(PROT_READ, MAP_ANONYMOUS | MAP_GROWSDOWN, NULL));
    tell("a moved place", move_memory());
    tell("memfd_create", memfd_create("intruder", 0));
    int segment = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    tell("shmget", segment);
    if (segment >= 0) shmctl(segment, IPC_RMID, NULL);
}

// Nothing here can change the machine, whoever runs it: the arguments are wrong or ask for no change.
static void probes(void) {
    tell("probe raw", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    tell("probe packet", socket(AF_PACKET, SOCK_RAW, 0));
    tell("probe io_uring", syscall(425 /* io_uring_setup */, 0, NULL));
    tell("probe bpf", syscall(SYS_bpf, -1, NULL, 0));
    tell("probe userfaultfd", syscall(SYS_userfaultfd, -1));
    tell("probe perf", syscall(SYS_perf_event_open, NULL, -1, -1, -1, -1));
    tell("probe keyctl", syscall(SYS_keyctl, -1));
    tell("probe mount", syscall(SYS_mount, NULL, NULL, NULL, 0, NULL));
    tell("probe umount", syscall(SYS_umount2, NULL, 0));
    tell("probe chroot", syscall(SYS_chroot, NULL));
    tell("probe pivot_root", syscall(SYS_pivot_root, NULL, NULL));
    tell("probe settimeofday", syscall(SYS_settimeofday, NULL, NULL));
    tell("probe setns", syscall(SYS_setns, -1, 0));
    tell("probe unshare", syscall(SYS_unshare, 0));
    tell("probe seccomp", syscall(SYS_seccomp, -1, 0, NULL));
    tell("probe setuid", syscall(SYS_setuid, getuid()));
    tell("probe capset", syscall(SYS_capset, NULL, NULL));
    tell("probe execveat", syscall(SYS_execveat, -1, "", NULL, NULL, 0));
}

// What a decoder needs. In the sandbox these are "done", like outside.
static void needs(void) {
    char one[4096];
    struct rlimit limit;
    snprintf(one, sizeof one, "%s/one", inside);
    tell("needed: make", open_and_close(one, O_WRONLY | O_CREAT));
    tell("needed: rename", rename(one, in(inside, "two")));
    int descriptor = open(in(inside, "two"), O_RDWR);
    tell("needed: pwrite", pwrite(descriptor, "x", 1, 0));
    tell("needed: fsync", fsync(descriptor));
    tell("needed: fcntl", fcntl(descriptor, F_SETFD, FD_CLOEXEC));
    tell("needed: unlink", unlink(in(inside, "two")));
    tell("needed: thread", start_thread());
    tell("needed: limits", getrlimit(RLIMIT_STACK, &limit));
    tell("needed: signal to itself", raise(SIGURG));
    tell("needed: name", prctl(PR_SET_NAME, "intruder"));
}

int main(int count, char **arguments) {
    for (int number = 1; number < count; number++) {
        char *value = strchr(arguments[number], '=');
        if (!value) continue;
        *value++ = 0;
        const char *key = arguments[number];
        if (!strcmp(key, "victim")) victim = (pid_t)atoi(value);
        if (!strcmp(key, "tcp")) tcp_port = atoi(value);
        if (!strcmp(key, "udp")) udp_port = atoi(value);
        if (!strcmp(key, "unix")) unix_path = value;
        if (!strcmp(key, "outside")) outside = value;
        if (!strcmp(key, "folder")) folder = value;
        if (!strcmp(key, "inside")) inside = value;
    }
    signal(SIGURG, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    needs();
    processes();
    networks();
    memory();
    files();
    probes();
    execl("/bin/echo", "echo", "exec", "done", NULL);
    tell("exec", -1);
    return 0;
}
