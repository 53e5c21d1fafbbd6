// SPDX-License-Identifier: Apache-2.0
#include "ckafka.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct ckafka functions;
static bool is_loaded;

static void load(void) {
    void *library = dlopen("librdkafka.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return;
#define CKAFKA_LOAD(name)                                                                                                  \
    if (!(*(void **)&functions.name = dlsym(library, "rd_kafka_" #name)))                                                  \
        return;
    CKAFKA_FUNCTIONS(CKAFKA_LOAD)
    is_loaded = true;
}

const struct ckafka *ckafka_load(void) {
    pthread_once(&once, load);
    return is_loaded ? &functions : NULL;
}
