// SPDX-License-Identifier: Apache-2.0
#include "cpostgresql.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#define FUNCTIONS(F)                                                                                                       \
    F(int, PQbackendPID, (const PGconn * connection), connection)                                                          \
    F(char *, PQcmdStatus, (PGresult * result), result)                                                                    \
    F(char *, PQcmdTuples, (PGresult * result), result)                                                                    \
    F(PGconn *, PQconnectdbParams, (const char *const *names, const char *const *values, int expand), names, values, expand) \
    F(int, PQconnectionNeedsPassword, (const PGconn * connection), connection)                                             \
    F(int, PQconnectionUsedPassword, (const PGconn * connection), connection)                                              \
    F(PQconninfoOption *, PQconninfoParse, (const char *text, char **message), text, message)                              \
    F(int, PQconsumeInput, (PGconn * connection), connection)                                                              \
    F(int, PQenterPipelineMode, (PGconn * connection), connection)                                                         \
    F(char *, PQerrorMessage, (const PGconn * connection), connection)                                                     \
    F(PGresult *, PQexec, (PGconn * connection, const char *text), connection, text)                                       \
    F(int, PQexitPipelineMode, (PGconn * connection), connection)                                                          \
    F(char *, PQfname, (const PGresult * result, int column), result, column)                                              \
    F(Oid, PQftype, (const PGresult * result, int column), result, column)                                                 \
    F(int, PQgetisnull, (const PGresult * result, int row, int column), result, row, column)                               \
    F(int, PQgetlength, (const PGresult * result, int row, int column), result, row, column)                               \
    F(PGresult *, PQgetResult, (PGconn * connection), connection)                                                          \
    F(char *, PQgetvalue, (const PGresult * result, int row, int column), result, row, column)                             \
    F(int, PQnfields, (const PGresult * result), result)                                                                   \
    F(PGnotify *, PQnotifies, (PGconn * connection), connection)                                                           \
    F(int, PQntuples, (const PGresult * result), result)                                                                   \
    F(const char *, PQparameterStatus, (const PGconn * connection, const char *name), connection, name)                    \
    F(int, PQpipelineSync, (PGconn * connection), connection)                                                              \
    F(PGresult *, PQprepare,                                                                                               \
      (PGconn * connection, const char *name, const char *text, int count, const Oid *types), connection, name, text,      \
      count, types)                                                                                                        \
    F(char *, PQresultErrorField, (const PGresult * result, int field), result, field)                                     \
    F(ExecStatusType, PQresultStatus, (const PGresult * result), result)                                                   \
    F(int, PQsendQuery, (PGconn * connection, const char *text), connection, text)                                         \
    F(int, PQsendQueryParams,                                                                                              \
      (PGconn * connection, const char *text, int count, const Oid *types, const char *const *values, const int *lengths,  \
       const int *formats, int format),                                                                                    \
      connection, text, count, types, values, lengths, formats, format)                                                    \
    F(int, PQsendQueryPrepared,                                                                                            \
      (PGconn * connection, const char *name, int count, const char *const *values, const int *lengths,                    \
       const int *formats, int format),                                                                                    \
      connection, name, count, values, lengths, formats, format)                                                           \
    F(int, PQserverVersion, (const PGconn * connection), connection)                                                       \
    F(PQnoticeProcessor, PQsetNoticeProcessor, (PGconn * connection, PQnoticeProcessor processor, void *argument),         \
      connection, processor, argument)                                                                                     \
    F(int, PQsocket, (const PGconn * connection), connection)                                                              \
    F(ConnStatusType, PQstatus, (const PGconn * connection), connection)

#define PROCEDURES(F)                                                                                                      \
    F(void, PQclear, (PGresult * result), result)                                                                          \
    F(void, PQconninfoFree, (PQconninfoOption * options), options)                                                         \
    F(void, PQfinish, (PGconn * connection), connection)                                                                   \
    F(void, PQfreemem, (void *memory), memory)

static struct {
#define MEMBER(type, name, ...) __typeof__(name) *name;
    FUNCTIONS(MEMBER) PROCEDURES(MEMBER)
} library;

#define FORWARD_FUNCTION(type, name, parameters, ...)                                                                      \
    type name parameters { return library.name(__VA_ARGS__); }
#define FORWARD_PROCEDURE(type, name, parameters, ...)                                                                     \
    type name parameters { library.name(__VA_ARGS__); }
FUNCTIONS(FORWARD_FUNCTION)
PROCEDURES(FORWARD_PROCEDURE)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char missing[256] = "";

static void load(void) {
    void *found = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (!found) {
        snprintf(missing, sizeof missing, "%s", dlerror());
        return;
    }
#define LOAD(type, name, ...)                                                                                              \
    if (!(*(void **)&library.name = dlsym(found, #name))) {                                                                \
        snprintf(missing, sizeof missing, "libpq.so.5 is too old: it lacks " #name);                                       \
        return;                                                                                                            \
    }
    FUNCTIONS(LOAD)
    PROCEDURES(LOAD)
}

const char *cpostgresql_load(void) {
    pthread_once(&once, load);
    return *missing ? missing : NULL;
}
