/* lib/control: lists of layers, lines, and the two ends of the pipe. */
#include "control/control.h"

#include "base/mem.h"
#include "io/fd.h"

#include "../tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

static struct ai_err err;

static void layers(const char *list, unsigned n, const char *want)
{
    struct ai_layers s;
    struct ai_buf b = {0};

    if (ai_layers_parse(list, n, &s, &err)) {
        ok(want == NULL, "'%s' of %u layers is refused", list, n);
        return;
    }
    if (ai_layers_format(&s, &b, &err) || ai_buf_put(&b, "", 1, &err))
        exit(99);
    is_str((char *)b.data, want ? want : "(refused)", list);
    ai_buf_free(&b);
}

static void test_layers(void)
{
    layers("all", 12, "1-12");
    layers("last", 12, "12");
    layers("4,6-9", 12, "4,6-9");
    layers("3-5,4-7,1", 12, "1,3-7");
    layers("0,1", 3, "0-1");
    layers("", 12, NULL);
    layers("13", 12, NULL);
    layers("5-4", 12, NULL);
    layers("1,", 12, NULL);
    layers("1 2", 12, NULL);
    layers("-3", 12, NULL);
    layers("99999999999", 12, NULL);
    layers("1-", 12, NULL);
}

static void test_hello(void)
{
    static const char *const bad[] = {
        "", "ai-control", "ai-control 1 m", "ai-control 2 m 12", "ai-control 1 m 0", "ai-control 1 m 12 4-20",
        "ai-control 1 m 12 4 5", "ai-control  1 m 12", "ai-control 1 m x", "hello 1 m 12", "ai-control 1 m 12 ",
        "ai-control 1 m\x01 12",
    };
    struct ai_hello h;
    struct ai_buf b = {0};
    int wrong = 0;

    ok(ai_hello_parse("ai-control 1 abc 12 4,6", &h, &err) == 0 && strcmp(h.model, "abc") == 0 && h.layers == 12 &&
           h.has_checks && ai_layers_has(&h.checks, 6) && !ai_layers_has(&h.checks, 5), "a first line with all fields");
    if (ai_hello_format(&h, &b, &err) || ai_buf_put(&b, "", 1, &err))
        exit(99);
    is_str((char *)b.data, "ai-control 1 abc 12 4,6\n", "and back");
    ok(ai_hello_parse("ai-control 1 - -", &h, &err) == 0 && !*h.model && h.layers == 0 && !h.has_checks,
       "a first line that says nothing");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        wrong += ai_hello_parse(bad[i], &h, &err) == 0;
    is_int(wrong, 0, "bad first lines are refused");
    ai_buf_free(&b);
}

static void test_verdicts(void)
{
    static const char *const bad[] = {
        "", "continue", "continue 1 0", "continue 1 0 2 3", "exit 1 0 2", "exit 1 0 2 -1", "exit 1 0 2 4294967295",
        "exit 99999999999999999999 0 2 3", "stop", "stop 1 2", "halt 1", "continue 1 0 5000", "continue +1 0 2",
        "continue 1 0 2 ", " continue 1 0 2", "continue 1\t0 2", "exit 1 0 2 3x",
    };
    struct ai_verdict v = {.kind = AI_EXIT, .doc = 18446744073709551615u, .step = 3, .layer = 7, .token = 42}, w;
    struct ai_buf b = {0};
    int wrong = 0;

    if (ai_verdict_format(&v, &b, &err))
        exit(99);
    b.data[b.len - 1] = '\0';
    ok(ai_verdict_parse((char *)b.data, &w, &err) == 0 && w.kind == v.kind && w.doc == v.doc && w.step == 3 && w.layer == 7 &&
           w.token == 42, "an exit there and back: %s", (char *)b.data);
    ok(ai_verdict_parse("continue 5 0 3", &w, &err) == 0 && w.kind == AI_CONTINUE && w.doc == 5, "continue");
    ok(ai_verdict_parse("stop 5", &w, &err) == 0 && w.kind == AI_STOP, "stop");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (ai_verdict_parse(bad[i], &w, &err) == 0 && ++wrong)
            printf("# accepted: '%s'\n", bad[i]);
    is_int(wrong, 0, "bad verdicts are refused");
    ai_buf_free(&b);
}

static void test_pipe(void)
{
    struct ai_control *c;
    struct ai_verdict v;
    struct ai_hello h;
    int ends[2];

    if (pipe(ends))
        exit(99);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    c = ai_control_from_fd(ends[0], "ctl", &err);
    ai_control_timeout(c, 0.2);
    ok(ai_control_hello(c, &h, &err) < 0 && err.code == AI_ESYS && strstr(err.msg, "no line"), "silence runs out: %s", err.msg);
    dprintf(ends[1], "ai-control 1 - -\ncontinue 0 0 1\nexit 0");
    is_int(ai_control_hello(c, &h, &err), 0, "the first line");
    is_int(ai_control_next(c, &v, true, &err), 1, "a verdict");
    is_int(ai_control_next(c, &v, false, &err), 0, "half a line is no verdict yet");
    dprintf(ends[1], " 0 2 7\nnonsense\n");
    ok(ai_control_next(c, &v, true, &err) == 1 && v.kind == AI_EXIT && v.token == 7, "until the rest has come");
    ok(ai_control_next(c, &v, true, &err) < 0 && err.code == AI_EINPUT && strstr(err.msg, "line 4"), "nonsense is named: %s",
       err.msg);
    dprintf(ends[1], "continue 1 0");
    close(ends[1]);
    ok(ai_control_next(c, &v, true, &err) < 0 && strstr(err.msg, "cut"), "a cut line is seen");
    ai_control_free(c);

    if (pipe(ends))
        exit(99);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    c = ai_control_from_fd(ends[0], "ctl", &err);
    dprintf(ends[1], "continue 1 0 12\n");
    close(ends[1]);
    is_int(ai_control_drain(c, 1, &err), 0, "verdicts that come late are drained");
    ok(ai_control_next(c, &v, true, &err) < 0 && err.code == AI_ESYS && strstr(err.msg, "closed"), "a closed pipe is told");
    ai_control_free(c);
}

static char fifo[64];

static void *late_writer(void *unused)
{
    struct ai_err e;
    int fd;

    usleep(100000);
    fd = ai_control_open_writer(fifo, 5, &e);
    if (fd >= 0) {
        dprintf(fd, "ai-control 1 - -\n");
        close(fd);
    }
    return unused;
}

static void test_fifo(void)
{
    char dir[] = "/tmp/ai-control-test-XXXXXX";
    struct ai_control *c;
    struct ai_hello h;
    pthread_t t;
    int fd;

    if (!mkdtemp(dir))
        exit(99);
    snprintf(fifo, sizeof fifo, "%s/ctl", dir);
    if (mkfifo(fifo, 0600))
        exit(99);
    fd = ai_control_open_writer(fifo, 0.1, &err);
    ok(fd < 0 && err.code == AI_ESYS && strstr(err.msg, "nobody opened"), "a FIFO that nobody reads: %s", err.msg);
    c = ai_control_open(fifo, &err);
    ok(c != NULL, "a FIFO opens without its writer");
    ai_control_timeout(c, 0.1);
    ok(ai_control_hello(c, &h, &err) < 0 && strstr(err.msg, "nobody opened"), "and if none comes, says so: %s", err.msg);
    ai_control_timeout(c, 5);
    pthread_create(&t, NULL, late_writer, NULL);
    is_int(ai_control_hello(c, &h, &err), 0, "a writer that comes late is heard");
    pthread_join(t, NULL);
    ai_control_free(c);
    unlink(fifo);
    rmdir(dir);
    ok(ai_control_open(fifo, &err) == NULL && err.code == AI_ESYS, "a FIFO that is not there: %s", err.msg);
}

int main(void)
{
    test_layers();
    test_hello();
    test_verdicts();
    test_pipe();
    test_fifo();
    return done_testing();
}
