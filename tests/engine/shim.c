/* Preloaded into a host: counts what its audio thread must not do while it is inside the callback.
 *
 * watched_process stands in for the process core (State.process), watched_jack for the whole process callback
 * of a JACK client: they mark the calling thread, call the other, and take the mark off. Each function below counts calls by a marked thread, keeps the stack of the first
 * few, and does what it is there for. Needs glibc (for __libc_malloc and its like, which dlsym itself needs).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define KINDS 64
#define STACKS 16
#define DEPTH 24

static __thread int inside __attribute__((tls_model("initial-exec")));
static const char *names[KINDS];
static long counts[KINDS];
static void *stacks[STACKS][DEPTH];
static int stack_depth[STACKS], stack_kind[STACKS], stack_count, kind_count;
static void (*process)(int64_t, int64_t, int64_t, int64_t);
static long calls;
static int (*jack_process)(uint32_t, void *);

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static void note(const char *name)
{
    if (!inside)
        return;
    inside = 0;
    int kind = 0;
    while (kind < kind_count && strcmp(names[kind], name) != 0)
        kind++;
    if (kind == kind_count && kind_count < KINDS)
        names[kind_count++] = name;
    if (kind < KINDS && counts[kind]++ < 2 && stack_count < STACKS) {
        stack_kind[stack_count] = kind;
        stack_depth[stack_count] = backtrace(stacks[stack_count], DEPTH);
        stack_count++;
    }
    inside = 1;
}

__attribute__((constructor)) static void warm(void)
{
    void *some[2];
    backtrace(some, 2); /* the first call loads a library */
}

void watched_target(int64_t address)
{
    process = (void (*)(int64_t, int64_t, int64_t, int64_t))address;
}

void watched_process(int64_t state, int64_t frames, int64_t left, int64_t right)
{
    calls++;
    inside = 1;
    process(state, frames, left, right);
    inside = 0;
}

void watched_jack_target(int64_t address)
{
    jack_process = (int (*)(uint32_t, void *))address;
}

int watched_jack(uint32_t frames, void *argument)
{
    calls++;
    inside = 1;
    int result = jack_process(frames, argument);
    inside = 0;
    return result;
}

long watched_calls(void)
{
    return calls;
}

/* A core that does all that a core must not: what the report then lacks, this file does not watch. */
void watched_sins(int64_t state, int64_t frames, int64_t left, int64_t right)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
    static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    static const struct timespec past = {0, 1};
    void *volatile some = malloc(64);
    free(some);
    some = realloc(calloc(4, 4), 256);
    free(some);
    some = aligned_alloc(64, 64);
    free(some);
    if (posix_memalign((void **)&some, 64, 64) == 0)
        free(some);
    some = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(some, 4096);
    sbrk(0);
    pthread_mutex_lock(&lock);
    pthread_cond_timedwait(&condition, &lock, &past);
    pthread_mutex_unlock(&lock);
    if (pthread_mutex_trylock(&lock) == 0)
        pthread_mutex_unlock(&lock);
    pthread_rwlock_rdlock(&shared);
    pthread_rwlock_unlock(&shared);
    pthread_rwlock_wrlock(&shared);
    pthread_rwlock_unlock(&shared);
    int file = open("/dev/null", O_RDWR);
    char byte = 0;
    if (write(file, &byte, 1) + read(file, &byte, 1) < 0)
        return;
    close(file);
    fclose(fopen("/dev/null", "r"));
    syscall(SYS_getpid);
    nanosleep(&past, NULL);
}

/* Lines "name count", then one line for each stack that was kept. */
void watched_report(const char *path)
{
    FILE *file = fopen(path, "w");
    for (int kind = 0; kind < kind_count; kind++)
        fprintf(file, "%s %ld\n", names[kind], counts[kind]);
    for (int i = 0; i < stack_count; i++) {
        fprintf(file, "# %s:", names[stack_kind[i]]);
        for (int j = 2; j < stack_depth[i]; j++) {
            Dl_info info;
            if (dladdr(stacks[i][j], &info) && info.dli_fname) {
                const char *base = strrchr(info.dli_fname, '/');
                fprintf(file, " %s(%s)", info.dli_sname ? info.dli_sname : "?", base ? base + 1 : info.dli_fname);
            } else
                fprintf(file, " compiled");
        }
        fprintf(file, "\n");
    }
    fclose(file);
}

void *malloc(size_t size) { note("malloc"); return __libc_malloc(size); }
void *calloc(size_t count, size_t size) { note("calloc"); return __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { note("realloc"); return __libc_realloc(old, size); }
void *memalign(size_t alignment, size_t size) { note("memalign"); return __libc_memalign(alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) { note("aligned_alloc"); return __libc_memalign(alignment, size); }
void free(void *old) { if (old) note("free"); __libc_free(old); }

int posix_memalign(void **result, size_t alignment, size_t size)
{
    note("posix_memalign");
    *result = __libc_memalign(alignment, size);
    return *result ? 0 : ENOMEM;
}

static void *find(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) /* GLib comes with a library that is opened later, out of this one's sight */
        found = dlsym(dlopen("libglib-2.0.so.0", RTLD_LAZY | RTLD_NOLOAD), name);
    return found;
}

/* A function that is passed on as it is: its result, its name, its parameters, and the names of those. */
#define PASS(result, name, parameters, given)                                                              \
    result name parameters                                                                                 \
    {                                                                                                      \
        static result(*next) parameters;                                                                   \
        note(#name);                                                                                       \
        if (!next)                                                                                         \
            next = (result(*) parameters)find(#name);                                                      \
        return next given;                                                                                 \
    }

PASS(void *, mmap, (void *at, size_t size, int guard, int flags, int file, off_t from), (at, size, guard, flags, file, from))
PASS(void *, mmap64, (void *at, size_t size, int guard, int flags, int file, off64_t from), (at, size, guard, flags, file, from))
PASS(int, munmap, (void *at, size_t size), (at, size))
PASS(int, mprotect, (void *at, size_t size, int guard), (at, size, guard))
PASS(int, madvise, (void *at, size_t size, int advice), (at, size, advice))
PASS(void *, sbrk, (intptr_t by), (by))
PASS(int, brk, (void *at), (at))

PASS(int, pthread_mutex_lock, (pthread_mutex_t *lock), (lock))
PASS(int, pthread_mutex_trylock, (pthread_mutex_t *lock), (lock))
PASS(int, pthread_mutex_timedlock, (pthread_mutex_t *lock, const struct timespec *until), (lock, until))
PASS(int, pthread_rwlock_rdlock, (pthread_rwlock_t *lock), (lock))
PASS(int, pthread_rwlock_tryrdlock, (pthread_rwlock_t *lock), (lock))
PASS(int, pthread_rwlock_wrlock, (pthread_rwlock_t *lock), (lock))
PASS(int, pthread_rwlock_trywrlock, (pthread_rwlock_t *lock), (lock))
PASS(int, pthread_spin_lock, (pthread_spinlock_t *lock), (lock))
PASS(int, pthread_join, (pthread_t thread, void **result), (thread, result))
PASS(int, pthread_cond_wait, (pthread_cond_t *condition, pthread_mutex_t *lock), (condition, lock))
PASS(int, pthread_cond_timedwait, (pthread_cond_t *condition, pthread_mutex_t *lock, const struct timespec *until), (condition, lock, until))
PASS(int, sem_wait, (sem_t *semaphore), (semaphore))
PASS(int, sem_timedwait, (sem_t *semaphore, const struct timespec *until), (semaphore, until))
PASS(int, sem_trywait, (sem_t *semaphore), (semaphore))

/* GLib's locks, which FluidSynth uses: those without contention never reach pthread. */
PASS(void, g_mutex_lock, (void *lock), (lock))
PASS(int, g_mutex_trylock, (void *lock), (lock))
PASS(void, g_rec_mutex_lock, (void *lock), (lock))
PASS(int, g_rec_mutex_trylock, (void *lock), (lock))
PASS(void, g_cond_wait, (void *condition, void *lock), (condition, lock))

PASS(int, nanosleep, (const struct timespec *time, struct timespec *left), (time, left))
PASS(int, clock_nanosleep, (clockid_t clock, int flags, const struct timespec *time, struct timespec *left), (clock, flags, time, left))
PASS(int, usleep, (useconds_t time), (time))
PASS(int, sched_yield, (void), ())
PASS(ssize_t, read, (int file, void *into, size_t size), (file, into, size))
PASS(ssize_t, write, (int file, const void *from, size_t size), (file, from, size))
PASS(FILE *, fopen, (const char *path, const char *mode), (path, mode))
PASS(FILE *, fopen64, (const char *path, const char *mode), (path, mode))
PASS(int, fclose, (FILE *file), (file))
PASS(int, fflush, (FILE *file), (file))
PASS(size_t, fwrite, (const void *from, size_t size, size_t count, FILE *file), (from, size, count, file))
PASS(int, fputs, (const char *text, FILE *file), (text, file))
PASS(int, puts, (const char *text), (text))
PASS(int, vfprintf, (FILE *file, const char *format, va_list rest), (file, format, rest))

static int open_next(const char *name, const char *path, int flags, int mode)
{
    int (*next)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, name);
    return next(path, flags, mode);
}

#define OPEN(name)                                                                                         \
    int name(const char *path, int flags, ...)                                                             \
    {                                                                                                      \
        va_list rest;                                                                                      \
        va_start(rest, flags);                                                                             \
        int mode = va_arg(rest, int);                                                                      \
        va_end(rest);                                                                                      \
        note(#name);                                                                                       \
        return open_next(#name, path, flags, mode);                                                        \
    }

OPEN(open)
OPEN(open64)

long syscall(long number, ...) /* futexes, where a library makes its own locks */
{
    va_list rest;
    va_start(rest, number);
    long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long);
    long d = va_arg(rest, long), e = va_arg(rest, long), f = va_arg(rest, long);
    va_end(rest);
    static long (*next)(long, ...);
    note("syscall");
    if (!next)
        next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    return next(number, a, b, c, d, e, f);
}
