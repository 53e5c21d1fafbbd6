// SPDX-License-Identifier: Apache-2.0
#pragma once

// libcurl is loaded when it is asked for: linked, it and the libraries that it needs would cost every server that asks nobody megabytes.
// Its functions stand here by their own names, and are hidden, so that the library itself never meets them. What its header includes
// must not be.
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#pragma GCC visibility push(hidden)
#include <curl/curl.h>

/// Must have answered NULL before any other function is called; else it says what is missing.
const char *ccurl_load(void);

// The setters of libcurl take a variable argument, which Swift cannot pass: one function for each type of it.
CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value);
CURLcode ccurl_set_offset(CURL *easy, CURLoption option, curl_off_t value);
CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value);
CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value);
CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value);
/// For CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION, which have the same type.
CURLcode ccurl_set_receiver(CURL *easy, CURLoption option, curl_write_callback value);
CURLcode ccurl_set_sender(CURL *easy, curl_read_callback value);
CURLcode ccurl_set_seeker(CURL *easy, curl_seek_callback value);
CURLcode ccurl_set_opener(CURL *easy, curl_opensocket_callback value);
CURLcode ccurl_set_prerequest(CURL *easy, curl_prereq_callback value);
CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value);
CURLMcode ccurl_multi_set_pointer(CURLM *multi, CURLMoption option, void *value);
CURLMcode ccurl_multi_set_socket(CURLM *multi, curl_socket_callback value);
CURLMcode ccurl_multi_set_timer(CURLM *multi, curl_multi_timer_callback value);
#pragma GCC visibility pop
