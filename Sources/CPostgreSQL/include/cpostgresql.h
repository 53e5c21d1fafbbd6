// SPDX-License-Identifier: Apache-2.0
#pragma once

// libpq is loaded when it is asked for: linked, it and the libraries that it needs would cost every server without PostgreSQL
// megabytes. Its functions stand here by their own names, and are hidden, so that the library itself never meets them. What its header
// includes must not be.
#include <stdio.h>
#pragma GCC visibility push(hidden)
#include <postgresql/libpq-fe.h>
#pragma GCC visibility pop

/// Must have answered NULL before any other function is called; else it says what is missing.
__attribute__((visibility("hidden"))) const char *cpostgresql_load(void);
