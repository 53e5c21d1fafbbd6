// A Linux call that Storage stands on and the toolchain's Glibc module lacks. A header and no logic.
#pragma once
#include <sys/types.h>

static const unsigned int cstorage_write = 2;  // SYNC_FILE_RANGE_WRITE, linux/fs.h

// glibc declares this for _GNU_SOURCE only, which an imported header cannot set for the modules it shares.
int sync_file_range(int descriptor, off_t offset, off_t count, unsigned int flags);
