/* See redact.h.  One pass over the text, from word to word; nothing is parsed, so that any text will do. */

#define _GNU_SOURCE
#include "redact.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MASK "***"

static const char *const TELLING[] = { "accesskey", "apikey", "authorization", "clientcertificatedata",
                                       "cookie", "credential", "dockerconfig", "keydata", "passphrase",
                                       "passwd", "password", "privatekey", "secret", "token", NULL };
static const char *const TELLING_ENDS[] = { "auth", "key", "pass", "psk", NULL };
static const char *const PLACES[] = { "dir", "file", "name", "path", "type", "url", NULL };

struct scan {
    const char *text;
    size_t length, at; /* of the text, and what was read of it */
    char *copy;
    size_t copied;
    unsigned secrets;
};

static int is_word(char c) { return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.'; }

static int ends_with(const char *text, size_t length, const char *end) {
    size_t n = strlen(end);
    return length >= n && memcmp(text + length - n, end, n) == 0;
}

int is_secret_name(const char *name, size_t length) {
    char plain[128];
    size_t n = 0;
    for (size_t i = 0; i < length && n < sizeof plain - 1; i++)
        if (isalnum((unsigned char)name[i]))
            plain[n++] = (char)tolower((unsigned char)name[i]);
    plain[n] = 0;
    for (int i = 0; PLACES[i]; i++)
        if (ends_with(plain, n, PLACES[i]))
            return 0;
    for (int i = 0; TELLING[i]; i++)
        if (strstr(plain, TELLING[i]))
            return 1;
    for (int i = 0; TELLING_ENDS[i]; i++)
        if (ends_with(plain, n, TELLING_ENDS[i]))
            return 1;
    return 0;
}

static int is_at(const struct scan *s, size_t i, const char *text) {
    return s->length - i >= strlen(text) && memcmp(s->text + i, text, strlen(text)) == 0;
}

static void keep(struct scan *s, size_t until) {
    memcpy(s->copy + s->copied, s->text + s->at, until - s->at);
    s->copied += until - s->at;
    s->at = until;
}

static void put(struct scan *s, const char *text) {
    memcpy(s->copy + s->copied, text, strlen(text));
    s->copied += strlen(text);
}

static void mask(struct scan *s, size_t until) {
    if (until == s->at)
        return;
    put(s, MASK);
    s->at = until;
    s->secrets++;
}

static size_t skip_blanks(const struct scan *s, size_t i) {
    while (i < s->length && isspace((unsigned char)s->text[i]))
        i++;
    return i;
}

/* Where a quote is that may have backslashes before it, as in JSON within JSON; `i` when there is none. */
static size_t skip_backslashes(const struct scan *s, size_t i) {
    size_t quote = i;
    while (quote < s->length && s->text[quote] == '\\')
        quote++;
    return quote < s->length && (s->text[quote] == '"' || s->text[quote] == '\'') ? quote : i;
}

static int is_quote(const struct scan *s, size_t i) {
    return i < s->length && (s->text[i] == '"' || s->text[i] == '\'');
}

/* Where a string ends whose opening quote, at `quote`, has `slashes` before it: at the first of the backslashes
   of the closing one.  Each level of JSON within JSON doubles the backslashes and adds one. */
static size_t string_end(const struct scan *s, size_t quote, size_t slashes) {
    size_t run = 0;
    for (size_t i = quote + 1; i < s->length; i++) {
        if (s->text[i] == s->text[quote] && run % (2 * (slashes + 1)) == slashes)
            return i - slashes;
        run = s->text[i] == '\\' ? run + 1 : 0;
    }
    return s->length;
}

static size_t bare_end(const struct scan *s, size_t i) {
    while (i < s->length && s->text[i] && !isspace((unsigned char)s->text[i]) && !strchr(",;&\"'\\}])", s->text[i]))
        i++;
    return i;
}

/* Mask a number of JSON, which stays JSON. */
static void mask_number(struct scan *s) {
    put(s, "\"");
    mask(s, bare_end(s, s->at));
    put(s, "\"");
}

/* Mask every string and number in an object or a list but the names; they are those that a colon follows. */
static void mask_members(struct scan *s) {
    int depth = 0;
    while (s->at < s->length) {
        char c = s->text[s->at];
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        if (c == '"') {
            size_t end = string_end(s, s->at, 0);
            size_t after = skip_blanks(s, end < s->length ? end + 1 : end);
            if (after < s->length && s->text[after] == ':') {
                keep(s, after);
            } else {
                keep(s, s->at + 1);
                mask(s, end);
            }
        }
        if (c == '-' || isdigit((unsigned char)c))
            mask_number(s);
        else if (s->at < s->length)
            keep(s, s->at + 1);
        if (depth == 0)
            return;
    }
}

static int is_one_of(const char *text, size_t length, const char *words) {
    char word[16];
    if (length == 0 || length + 3 > sizeof word)
        return 0;
    word[0] = word[length + 1] = ' ';
    memcpy(word + 1, text, length);
    word[length + 2] = 0;
    return strcasestr(words, word) != NULL;
}

/* Behind a secret's name: mask its value, if there is one. */
static void mask_value(struct scan *s) {
    size_t i = skip_backslashes(s, s->at);
    int quoted_name = is_quote(s, i);
    i = skip_blanks(s, quoted_name ? i + 1 : i);
    if (i >= s->length || (s->text[i] != ':' && s->text[i] != '='))
        return;
    size_t value = skip_blanks(s, i + 1), quote = skip_backslashes(s, value);
    if (is_quote(s, quote)) {
        size_t end = string_end(s, quote, quote - value);
        keep(s, quote + 1);
        mask(s, end);
    } else if (quoted_name && value < s->length && (s->text[value] == '{' || s->text[value] == '[')) {
        keep(s, value);
        mask_members(s);
    } else {
        size_t end = bare_end(s, value);
        if (is_one_of(s->text + value, end - value, " bearer basic "))
            end = bare_end(s, skip_blanks(s, end));
        if (end == value || is_one_of(s->text + value, end - value, " true false null "))
            return;
        keep(s, value);
        if (quoted_name)
            mask_number(s);
        else
            mask(s, end);
    }
}

static int is_token(const char *word, size_t length) {
    if (length >= 20 && memcmp(word, "eyJ", 3) == 0 && memchr(word, '.', length))
        return 1;
    if (length != 23 || word[6] != '.') /* a bootstrap token of Kubernetes */
        return 0;
    for (size_t i = 0; i < length; i++)
        if (i != 6 && !islower((unsigned char)word[i]) && !isdigit((unsigned char)word[i]))
            return 0;
    return 1;
}

/* At the beginning of a word. */
static void take_word(struct scan *s) {
    static const char ENCODED_PEM[] = "LS0tLS1CRUdJTi";
    const char *word = s->text + s->at;
    size_t end = s->at;
    while (end < s->length && is_word(s->text[end]) && !is_at(s, end, "-----"))
        end++;
    size_t length = end - s->at;
    if (length >= strlen(ENCODED_PEM) && memcmp(word, ENCODED_PEM, strlen(ENCODED_PEM)) == 0) {
        while (end < s->length && (isalnum((unsigned char)s->text[end]) || strchr("+/=", s->text[end])))
            end++;
        mask(s, end);
    } else if (is_token(word, length)) {
        mask(s, end);
    } else if (is_one_of(word, length, " bearer ") && end < s->length && s->text[end] == ' ') {
        keep(s, end + 1);
        mask(s, bare_end(s, s->at));
    } else {
        keep(s, end);
        if (is_secret_name(word, length))
            mask_value(s);
    }
}

/* At five dashes: a private key is left out with all its lines, other things of PEM are not secret. */
static void take_pem(struct scan *s) {
    static const char BEGIN[] = "-----BEGIN ", END[] = "-----END ";
    const char *here = s->text + s->at;
    size_t left = s->length - s->at;
    const char *label_end = left > strlen(BEGIN) ? memmem(here + strlen(BEGIN), left - strlen(BEGIN), "-----", 5) : NULL;
    if (memcmp(here, BEGIN, left < strlen(BEGIN) ? left : strlen(BEGIN)) != 0 || label_end == NULL ||
        memmem(here, (size_t)(label_end - here), "PRIVATE KEY", 11) == NULL) {
        keep(s, s->at + 5);
        return;
    }
    const char *end = memmem(here, left, END, strlen(END));
    const char *close = end ? memmem(end + strlen(END), left - (size_t)(end - here) - strlen(END), "-----", 5) : NULL;
    mask(s, close ? (size_t)(close - s->text) + 5 : s->length);
}

/* At "://": mask the password of user:password@host. */
static void take_authority(struct scan *s) {
    size_t colon = 0, i = s->at + 3;
    keep(s, i);
    for (; i < s->length && s->text[i] && !isspace((unsigned char)s->text[i]) && !strchr("/\"'\\", s->text[i]); i++) {
        if (s->text[i] == ':' && !colon)
            colon = i + 1;
        if (s->text[i] == '@' && colon) {
            keep(s, colon);
            mask(s, i);
            return;
        }
    }
}

char *redact(const char *text, size_t length, size_t *copied, unsigned *secrets) {
    /* in a list a number of one digit and its comma become six characters, and nothing grows by more */
    struct scan s = { text, length, 0, malloc(3 * length + 16), 0, 0 };
    if (s.copy == NULL)
        return NULL;
    while (s.at < length) {
        if (is_at(&s, s.at, "-----"))
            take_pem(&s);
        else if (is_at(&s, s.at, "://"))
            take_authority(&s);
        else if (is_at(&s, s.at, "\\n") || is_at(&s, s.at, "\\t"))
            keep(&s, s.at + 2); /* an escape of JSON, whose letter begins no word */
        else if (is_word(text[s.at]))
            take_word(&s);
        else
            keep(&s, s.at + 1);
    }
    *copied = s.copied;
    *secrets += s.secrets;
    return s.copy;
}
