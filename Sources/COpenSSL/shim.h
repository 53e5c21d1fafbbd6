#pragma once
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

// What takes many steps of OpenSSL's parameters: one function for each. A key, or NULL and a complaint in the error queue.

static inline EVP_PKEY *copenssl_key_of(const char *kind, OSSL_PARAM_BLD *builder) {
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    EVP_PKEY *key = NULL;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context) != 1
        || EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    return key;
}

/// From big-endian numbers.
static inline EVP_PKEY *copenssl_rsa(
    const unsigned char *modulus, int modulus_count, const unsigned char *exponent, int exponent_count) {
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(modulus, modulus_count, NULL), *e = BN_bin2bn(exponent, exponent_count, NULL);
    EVP_PKEY *key = NULL;
    if (builder && n && e && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n)
        && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e))
        key = copenssl_key_of("RSA", builder);
    BN_free(n);
    BN_free(e);
    OSSL_PARAM_BLD_free(builder);
    return key;
}

/// On P-256, from an uncompressed point (SEC 1 2.3.3). A point that is not on the curve is none.
static inline EVP_PKEY *copenssl_p256(const unsigned char *point, size_t count) {
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    if (builder && OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0)
        && OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, count))
        key = copenssl_key_of("EC", builder);
    OSSL_PARAM_BLD_free(builder);
    return key;
}

static inline EVP_PKEY *copenssl_ed25519(const unsigned char *bytes, size_t count) {
    return EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, bytes, count);
}

static inline EVP_PKEY *copenssl_new_rsa(unsigned int bits) { return EVP_RSA_gen(bits); }

static inline EVP_PKEY *copenssl_new_ed25519(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); }

/// Whether two numbers of the same length are an ECDSA signature (RFC 7518 3.4), which OpenSSL wants in DER.
static inline int copenssl_verify_fixed(
    EVP_MD_CTX *context, const unsigned char *fixed, int each, const unsigned char *message, size_t count) {
    BIGNUM *r = BN_bin2bn(fixed, each, NULL), *s = BN_bin2bn(fixed + each, each, NULL);
    ECDSA_SIG *signature = ECDSA_SIG_new();
    int good = 0;
    if (r && s && signature && ECDSA_SIG_set0(signature, r, s) == 1) {
        unsigned char *der = NULL;
        int der_count = i2d_ECDSA_SIG(signature, &der);
        good = der_count > 0 && EVP_DigestVerify(context, der, (size_t)der_count, message, count) == 1;
        OPENSSL_free(der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(signature);
    return good;
}

/// PSS as JSON Web Algorithms have it (RFC 7518 3.5): salt as long as the digest.
static inline int copenssl_use_pss(EVP_PKEY_CTX *context) {
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0
        && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0;
}
