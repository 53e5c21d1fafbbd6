#pragma once
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// What OpenSSL has as macros only: one function for each.

static inline int ctls_set_versions(SSL_CTX *context, int least, int most) {
    return SSL_CTX_set_min_proto_version(context, least) && SSL_CTX_set_max_proto_version(context, most);
}

static inline int ctls_set_groups(SSL_CTX *context, const char *names) {
    return SSL_CTX_set1_groups_list(context, names);
}

static inline void ctls_read_ahead(SSL_CTX *context) { SSL_CTX_set_read_ahead(context, 1); }

static inline void ctls_set_write_modes(SSL_CTX *context) {
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
}

static inline void ctls_on_server_name(SSL_CTX *context, int (*callback)(SSL *, int *, void *), void *argument) {
    SSL_CTX_set_tlsext_servername_callback(context, callback);
    SSL_CTX_set_tlsext_servername_arg(context, argument);
}

/// Tells the server which host is meant.
static inline long ctls_set_server_name(SSL *session, const char *name) {
    return SSL_set_tlsext_host_name(session, name);
}

static inline void ctls_on_ticket_key(
    SSL_CTX *context, int (*callback)(SSL *, unsigned char *, unsigned char *, EVP_CIPHER_CTX *, EVP_MAC_CTX *, int)) {
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, callback);
}

/// For HMAC with SHA-256.
static inline int ctls_set_mac_key(EVP_MAC_CTX *mac, const unsigned char *key, size_t count) {
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, count),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, parameters);
}

static inline void ctls_on_status(SSL_CTX *context, int (*callback)(SSL *, void *), void *argument) {
    SSL_CTX_set_tlsext_status_cb(context, callback);
    SSL_CTX_set_tlsext_status_arg(context, argument);
}

static inline long ctls_set_status(SSL *session, unsigned char *answer, long count) {
    return SSL_set_tlsext_status_ocsp_resp(session, answer, count);
}

/// Whether the kernel encrypts what is written.
static inline int ctls_kernel_sends(SSL *session) { return BIO_get_ktls_send(SSL_get_wbio(session)); }

static inline int ctls_context_index(void) {
    return CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, NULL, NULL, NULL, NULL);
}

static inline GENERAL_NAMES *ctls_alternative_names(const X509 *certificate) {
    return (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}

static inline int ctls_name_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }

/// NULL for a name of another kind.
static inline const ASN1_STRING *ctls_dns_name(const GENERAL_NAMES *names, int index) {
    int kind;
    void *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, index), &kind);
    return kind == GEN_DNS ? (const ASN1_STRING *)value : NULL;
}

/// Looks at the first words of a peer before anything of them is answered.
static inline void ctls_on_hello(SSL_CTX *context, int (*callback)(SSL *, int *, void *), void *argument) {
    SSL_CTX_set_client_hello_cb(context, callback, argument);
}

static inline void ctls_keep_no_sessions(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline void ctls_set_options(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_ENABLE_KTLS);
}

/// A new key on a curve of this name.
static inline EVP_PKEY *ctls_new_key(const char *curve) { return EVP_EC_gen(curve); }

/// An ECDSA signature in DER as two numbers of so many bytes each. 1, or 0 where it is none.
static inline int ctls_fixed_signature(const unsigned char *der, size_t count, unsigned char *fixed, int each) {
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)count);
    if (!signature) return 0;
    int good = BN_bn2binpad(ECDSA_SIG_get0_r(signature), fixed, each) == each
        && BN_bn2binpad(ECDSA_SIG_get0_s(signature), fixed + each, each) == each;
    ECDSA_SIG_free(signature);
    return good;
}

static inline X509_EXTENSION *ctls_extension(int kind, const char *value) {
    return X509V3_EXT_conf_nid(NULL, NULL, kind, value);
}

/// A critical one of a kind that has no name in OpenSSL.
///
/// - kind: its identifier in dots.
/// - value: in DER.
static inline X509_EXTENSION *ctls_critical_extension(const char *kind, const unsigned char *value, int count) {
    ASN1_OBJECT *object = OBJ_txt2obj(kind, 1);
    ASN1_OCTET_STRING *content = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;
    if (object && content && ASN1_OCTET_STRING_set(content, value, count))
        extension = X509_EXTENSION_create_by_OBJ(NULL, object, 1, content);
    ASN1_OBJECT_free(object);
    ASN1_OCTET_STRING_free(content);
    return extension;
}

/// A list with one extension.
static inline STACK_OF(X509_EXTENSION) *ctls_extensions(int kind, const char *value) {
    X509_EXTENSION *only = ctls_extension(kind, value);
    if (!only) return NULL;
    STACK_OF(X509_EXTENSION) *all = sk_X509_EXTENSION_new_null();
    if (!all || !sk_X509_EXTENSION_push(all, only)) {
        X509_EXTENSION_free(only);
        sk_X509_EXTENSION_free(all);
        return NULL;
    }
    return all;
}

static inline void ctls_free_extensions(STACK_OF(X509_EXTENSION) *all) {
    sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
}
