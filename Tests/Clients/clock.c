// SPDX-License-Identifier: Apache-2.0
// Preloaded into a process, whose machine then has a clock of its own: wrong by as many seconds as the file PALCO_CLOCK says (a
// number of 8 bytes), which may change at any time. Children inherit it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t right = 0;
static const volatile int64_t *wrong_by = &right;

__attribute__((constructor)) static void prepare(void) {
    const char *name = getenv("PALCO_CLOCK");
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) abort();
    void *page = mmap(NULL, sizeof right, PROT_READ, MAP_SHARED, file, 0);
    if (page == MAP_FAILED) abort();
    close(file);
    wrong_by = page;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    static __typeof__(&clock_gettime) next;
    if (!next) next = (__typeof__(&clock_gettime))dlsym(RTLD_NEXT, "clock_gettime");
    int result = next(clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += *wrong_by;
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec found;
    if (clock_gettime(CLOCK_REALTIME, &found) != 0) return -1;
    *now = (struct timeval){found.tv_sec, found.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *copy) {
    struct timespec found;
    clock_gettime(CLOCK_REALTIME, &found);
    if (copy) *copy = found.tv_sec;
    return found.tv_sec;
}
