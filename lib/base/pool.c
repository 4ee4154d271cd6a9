#include "base/pool.h"

#include "base/mem.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

/* Some ten microseconds: longer than the gap between two products of a block, far
 * shorter than the wait for a verdict. */
enum { SPINS = 600 };

struct worker {
    struct ai_pool *pool;
    pthread_t thread;
    unsigned index;
};

struct ai_pool {
    unsigned threads;
    unsigned started;
    struct worker *workers;

    pthread_mutex_t lock;
    pthread_cond_t work, idle;
    bool quit;

    void (*fn)(void *, size_t, unsigned);
    void *arg;
    size_t n;
    atomic_size_t next;      /* index not taken yet */
    atomic_uint generation;  /* counts jobs */
    bool open;               /* the present job may have work left: workers that wake up join it */
    atomic_uint running;     /* workers that joined the present job and have not finished */
};

static inline void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static void take_work(struct ai_pool *p, unsigned thread)
{
    size_t i;

    while ((i = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed)) < p->n)
        p->fn(p->arg, i, thread);
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct ai_pool *p = w->pool;
    unsigned seen = 0;

    for (;;) {
        bool joined;

        for (int i = 0; i < SPINS && atomic_load_explicit(&p->generation, memory_order_acquire) == seen; i++)
            relax();
        pthread_mutex_lock(&p->lock);
        while (atomic_load(&p->generation) == seen && !p->quit)
            pthread_cond_wait(&p->work, &p->lock);
        if (p->quit) {
            pthread_mutex_unlock(&p->lock);
            return NULL;
        }
        seen = atomic_load(&p->generation);
        joined = p->open;
        if (joined)
            atomic_fetch_add(&p->running, 1);
        pthread_mutex_unlock(&p->lock);
        if (!joined)
            continue;
        take_work(p, w->index);
        if (atomic_fetch_sub_explicit(&p->running, 1, memory_order_acq_rel) == 1) {
            pthread_mutex_lock(&p->lock);
            pthread_cond_signal(&p->idle);
            pthread_mutex_unlock(&p->lock);
        }
    }
}

struct ai_pool *ai_pool_new(unsigned threads, struct ai_err *err)
{
    struct ai_pool *p = ai_calloc(1, sizeof *p, err);

    if (!p)
        return NULL;
    p->threads = threads;
    p->workers = ai_calloc(threads, sizeof *p->workers, err);
    if (!p->workers) {
        free(p);
        return NULL;
    }
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->idle, NULL);
    for (unsigned i = 1; i < threads; i++) {
        struct worker *w = &p->workers[i];

        w->pool = p;
        w->index = i;
        if (pthread_create(&w->thread, NULL, worker_main, w)) {
            ai_fail(err, AI_ESYS, "cannot start thread %u of %u", i + 1, threads);
            ai_pool_free(p);
            return NULL;
        }
        p->started++;
    }
    return p;
}

void ai_pool_free(struct ai_pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->quit = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 1; i <= p->started; i++)
        pthread_join(p->workers[i].thread, NULL);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->idle);
    free(p->workers);
    free(p);
}

unsigned ai_pool_threads(const struct ai_pool *p)
{
    return p->threads;
}

void ai_pool_run(struct ai_pool *p, size_t n, void (*fn)(void *arg, size_t i, unsigned thread), void *arg)
{
    if (p->threads == 1 || n <= 1) {
        for (size_t i = 0; i < n; i++)
            fn(arg, i, 0);
        return;
    }
    pthread_mutex_lock(&p->lock);
    p->fn = fn;
    p->arg = arg;
    p->n = n;
    atomic_store(&p->next, 0);
    p->open = true;
    atomic_fetch_add_explicit(&p->generation, 1, memory_order_release);
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);

    /* Only those are waited for that took part: on a busy machine a worker may wake up
     * long after the work is done. */
    take_work(p, 0);
    for (int i = 0; i < SPINS && atomic_load_explicit(&p->running, memory_order_acquire); i++)
        relax();
    pthread_mutex_lock(&p->lock);
    p->open = false;
    while (atomic_load(&p->running))
        pthread_cond_wait(&p->idle, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

unsigned ai_cpu_count(void)
{
    long n = 0;
#ifdef CPU_COUNT
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        n = CPU_COUNT(&set);
#endif
    if (n < 1)
        n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : (unsigned)n;
}
