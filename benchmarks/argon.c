// SPDX-License-Identifier: Apache-2.0
// argon SECONDS: how many password hashes this machine makes in a second on one thread, by the library and at the cost that Palco uses
// (Argon2id, 19 MiB, two passes, one lane, 32 bytes), and nothing else.
#include <argon2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    double seconds = argc > 1 ? atof(argv[1]) : 5;
    const char *password = "Correct-Horse-7-Battery";
    unsigned char salt[16] = {7}, hash[32];
    int count = 0;
    double start = now(), end = start;
    while (end - start < seconds) {
        salt[1] = (unsigned char)count;
        if (argon2id_hash_raw(2, 19 * 1024, 1, password, strlen(password), salt, sizeof salt, hash, sizeof hash) != ARGON2_OK) return 1;
        count += 1;
        end = now();
    }
    printf("%f\n", count / (end - start));
    return 0;
}
