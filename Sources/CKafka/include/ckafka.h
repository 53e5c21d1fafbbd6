// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

// librdkafka is loaded when it is asked for: linked, it would cost every server that has no use for it memory.

/// What is used of it, as its own header declares it.
#define CKAFKA_FUNCTIONS(F)                                                                                                \
    F(conf_new) F(conf_destroy) F(conf_set) F(conf_set_opaque) F(conf_set_log_cb) F(conf_set_error_cb)                     \
    F(conf_set_dr_msg_cb) F(new) F(destroy_flags) F(topic_new) F(topic_destroy) F(produce) F(poll) F(purge) F(last_error)  \
    F(err2str) F(metadata) F(metadata_destroy)

struct ckafka {
#define CKAFKA_MEMBER(name) __typeof__(rd_kafka_##name) *name;
    CKAFKA_FUNCTIONS(CKAFKA_MEMBER)
#undef CKAFKA_MEMBER
};

/// The library's functions; NULL where it is not installed or lacks one of them.
const struct ckafka *ckafka_load(void);
