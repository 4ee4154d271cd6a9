/* lib/io/regex: cuts, what white space is, and bounds. */
#include "io/regex.h"

#include "../tap.h"

static char parts[4000];

static int collect(void *arg, const char *part, size_t len, bool matched, struct ai_err *err)
{
    size_t n = strlen(parts);

    (void)arg;
    (void)err;
    snprintf(parts + n, sizeof parts - n, "%c%.*s", matched ? '+' : '-', (int)len, part);
    return 0;
}

static const char *split(const char *pattern, const char *text)
{
    struct ai_err err;
    struct ai_regex *re = ai_regex_new(pattern, &err);

    *parts = '\0';
    if (!re || ai_regex_split(re, text, strlen(text), collect, NULL, &err))
        snprintf(parts, sizeof parts, "%s", err.msg);
    ai_regex_free(re);
    return parts;
}

static int count(void *arg, const char *part, size_t len, bool matched, struct ai_err *err)
{
    (void)part;
    (void)len;
    (void)matched;
    (void)err;
    ++*(size_t *)arg;
    return 0;
}

static void test_long(void)
{
    enum { N = 1 << 20 };
    struct ai_err err;
    struct ai_regex *re = ai_regex_new("\\p{L}+|\\s+(?!\\S)|\\s+", &err);
    char *text = malloc(N);
    size_t n = 0;

    memset(text, ' ', N);
    text[N - 1] = 'x';
    is_int(ai_regex_split(re, text, N, count, &n, &err), 0, "a million spaces");
    is_int((long long)n, 3, "are cut before the last");
    ai_regex_free(re);
    free(text);
}

int main(void)
{
    struct ai_err err;

    is_str(split("b+", "abba"), "-a+bb-a", "matches and what lies between");
    is_str(split("x*", "axb"), "-a+x-b", "an empty match cuts nothing");
    is_str(split("x*", "\xc3\xa9\xe2\x82\xac"), "-\xc3\xa9\xe2\x82\xac", "nor inside of a character");
    is_str(split("a", ""), "", "no text, no parts");
    is_str(split("\\s+", "a\xc2\xa0\xe2\x80\xa8z"), "-a+\xc2\xa0\xe2\x80\xa8-z", "\\s is Unicode's white space");
    is_str(split("\\s+", "a\xe1\xa0\x8ez"), "-a\xe1\xa0\x8ez", "U+180E is none");
    is_str(split("[^\\s]+", "a\xc2\x85z"), "+a-\xc2\x85+z", "in a class too");
    is_str(split("\\s+(?!\\S)|\\s+", "a   b"), "-a+  + -b", "\\S is the rest");
    is_str(split("\\p{L}+", "\xce\xb1\xce\xb2" "1"), "+\xce\xb1\xce\xb2-1", "letters of all scripts");
    ok(!ai_regex_new("(", &err) && err.code == AI_EINPUT, "a pattern that is none is refused");
    ok(!ai_regex_new("[\\S]", &err) && err.code == AI_EINPUT, "\\S in a class is refused");
    ok(strstr(split("(a+)+(a+)+(a+)+(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"),
              "matching failed") != NULL,
       "a pattern that explodes is stopped");
    test_long();
    return done_testing();
}
