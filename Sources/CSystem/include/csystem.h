// The Linux calls that the Reactor stands on and the toolchain's Glibc module lacks. A header and no logic.
#pragma once
#include <malloc.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static const unsigned int csystem_mfd_cloexec = 0x1;  // MFD_CLOEXEC, linux/memfd.h
static const int csystem_rwf_nowait = 0x00000008;  // RWF_NOWAIT, linux/fs.h

// glibc declares these for _GNU_SOURCE only, which an imported header cannot set for the modules it shares.
int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);
int memfd_create(const char *name, unsigned int flags);
int pipe2(int ends[2], int flags);
int prlimit(pid_t pid, int resource, const struct rlimit *wanted, struct rlimit *previous);
int pthread_setname_np(unsigned long thread, const char *name);
ssize_t preadv2(int descriptor, const struct iovec *vectors, int count, off_t offset, int flags);
ssize_t readahead(int descriptor, off_t offset, size_t count);

// glibc's own are points at which a thread can be cancelled, and say so by two atomic exchanges a call. No thread here is.
long syscall(long number, ...);
static inline ssize_t csystem_recv(int socket, void *bytes, size_t count) {
    return syscall(SYS_recvfrom, socket, bytes, count, 0, 0, 0);
}
static inline ssize_t csystem_send(int socket, const void *bytes, size_t count, int flags) {
    return syscall(SYS_sendto, socket, bytes, count, flags, 0, 0);
}
