// SPDX-License-Identifier: Apache-2.0
#define CURL_DISABLE_TYPECHECK
#include "ccurl.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#undef curl_easy_setopt
#undef curl_multi_setopt

#define FUNCTIONS(F)                                                                                                       \
    F(CURL *, curl_easy_init, (void))                                                                                      \
    F(CURLcode, curl_easy_pause, (CURL * easy, int action), easy, action)                                                  \
    F(const char *, curl_easy_strerror, (CURLcode code), code)                                                             \
    F(CURLcode, curl_global_init, (long flags), flags)                                                                     \
    F(CURLMcode, curl_multi_add_handle, (CURLM * multi, CURL *easy), multi, easy)                                          \
    F(CURLMcode, curl_multi_cleanup, (CURLM * multi), multi)                                                               \
    F(CURLMsg *, curl_multi_info_read, (CURLM * multi, int *left), multi, left)                                            \
    F(CURLM *, curl_multi_init, (void))                                                                                    \
    F(CURLMcode, curl_multi_remove_handle, (CURLM * multi, CURL *easy), multi, easy)                                       \
    F(CURLMcode, curl_multi_socket_action, (CURLM * multi, curl_socket_t socket, int events, int *running), multi, socket, \
      events, running)                                                                                                     \
    F(const char *, curl_multi_strerror, (CURLMcode code), code)                                                           \
    F(struct curl_slist *, curl_slist_append, (struct curl_slist * list, const char *text), list, text)                    \
    F(CURLU *, curl_url, (void))                                                                                           \
    F(CURLUcode, curl_url_get, (CURLU * url, CURLUPart part, char **text, unsigned int flags), url, part, text, flags) \
    F(CURLUcode, curl_url_set, (CURLU * url, CURLUPart part, const char *text, unsigned int flags), url, part, text, flags) \
    F(const char *, curl_url_strerror, (CURLUcode code), code)                                                             \
    F(curl_version_info_data *, curl_version_info, (CURLversion version), version)

#define PROCEDURES(F)                                                                                                      \
    F(void, curl_easy_cleanup, (CURL * easy), easy)                                                                        \
    F(void, curl_free, (void *memory), memory)                                                                             \
    F(void, curl_slist_free_all, (struct curl_slist * list), list)                                                         \
    F(void, curl_url_cleanup, (CURLU * url), url)

static struct {
#define MEMBER(type, name, ...) __typeof__(name) *name;
    FUNCTIONS(MEMBER) PROCEDURES(MEMBER)
    MEMBER(CURLcode, curl_easy_setopt)
    MEMBER(CURLMcode, curl_multi_setopt)
} library;

#define FORWARD_FUNCTION(type, name, parameters, ...)                                                                      \
    type name parameters { return library.name(__VA_ARGS__); }
#define FORWARD_PROCEDURE(type, name, parameters, ...)                                                                     \
    type name parameters { library.name(__VA_ARGS__); }
FUNCTIONS(FORWARD_FUNCTION)
PROCEDURES(FORWARD_PROCEDURE)

CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value) { return library.curl_easy_setopt(easy, option, value); }
CURLcode ccurl_set_offset(CURL *easy, CURLoption option, curl_off_t value) { return library.curl_easy_setopt(easy, option, value); }
CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value) { return library.curl_easy_setopt(easy, option, value); }
CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value) { return library.curl_easy_setopt(easy, option, value); }
CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) { return library.curl_easy_setopt(easy, option, value); }
CURLcode ccurl_set_receiver(CURL *easy, CURLoption option, curl_write_callback value) { return library.curl_easy_setopt(easy, option, value); }
CURLcode ccurl_set_sender(CURL *easy, curl_read_callback value) { return library.curl_easy_setopt(easy, CURLOPT_READFUNCTION, value); }
CURLcode ccurl_set_seeker(CURL *easy, curl_seek_callback value) { return library.curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, value); }
CURLcode ccurl_set_opener(CURL *easy, curl_opensocket_callback value) { return library.curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, value); }
CURLcode ccurl_set_prerequest(CURL *easy, curl_prereq_callback value) { return library.curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, value); }
CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) { return library.curl_multi_setopt(multi, option, value); }
CURLMcode ccurl_multi_set_pointer(CURLM *multi, CURLMoption option, void *value) { return library.curl_multi_setopt(multi, option, value); }
CURLMcode ccurl_multi_set_socket(CURLM *multi, curl_socket_callback value) { return library.curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, value); }
CURLMcode ccurl_multi_set_timer(CURLM *multi, curl_multi_timer_callback value) { return library.curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, value); }

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char missing[256] = "";

static void load(void) {
    void *found = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!found) {
        snprintf(missing, sizeof missing, "%s", dlerror());
        return;
    }
#define LOAD(type, name, ...)                                                                                              \
    if (!(*(void **)&library.name = dlsym(found, #name))) {                                                                \
        snprintf(missing, sizeof missing, "libcurl.so.4 is too old: it lacks " #name);                                     \
        return;                                                                                                            \
    }
    FUNCTIONS(LOAD)
    PROCEDURES(LOAD)
    LOAD(CURLcode, curl_easy_setopt)
    LOAD(CURLMcode, curl_multi_setopt)
}

const char *ccurl_load(void) {
    pthread_once(&once, load);
    return *missing ? missing : NULL;
}
