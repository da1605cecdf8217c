/* Copies of what a plugin reads and writes, without the secrets in it. */

#ifndef REDACT_H
#define REDACT_H

#include <stddef.h>

/* A copy of a text with every secret in it replaced by ***, and how many there were.  A secret is the value
   of a name that tells (password, token, ...Key), in JSON, YAML or NAME=VALUE, or has a telling shape: a JWT,
   a private key in PEM, the password of a URL.  The result is to be freed; NULL when there is no memory. */
char *redact(const char *text, size_t length, size_t *copied, unsigned *secrets);

/* Whether a name tells that its value is a secret. */
int is_secret_name(const char *name, size_t length);

#endif
