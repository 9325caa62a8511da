#pragma once
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <crypt.h>

// Hash of phrase under setting, to be freed with free(); NULL if crypt(3) refuses either.
// struct crypt_data is 32 KiB of arrays, which Swift would import as tuples.
static inline char *ccrypt_hash(const char *phrase, const char *setting) {
    struct crypt_data *data = calloc(1, sizeof *data);
    if (!data) return NULL;
    char *hash = crypt_r(phrase, setting, data);
    // libxcrypt returns a text that starts with '*' on failure, as well as NULL.
    char *result = hash && hash[0] != '*' ? strdup(hash) : NULL;
    explicit_bzero(data, sizeof *data);
    free(data);
    return result;
}
