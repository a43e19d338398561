/*
 * A host that fails as a test tells it: no space, a disk that cannot be written,
 * a clock that is wrong, names that cannot be looked up.
 *
 * Loaded with LD_PRELOAD into a process under test. FAULTY_HOST names a file
 * of 32 bytes. The test writes three 64-bit integers: what is wrong with the
 * disk, what is added to the clock in milliseconds, and whether names are lost.
 * It reads the fourth: how many flushes have been held. Only files below
 * FAULTY_HOST_FOLDER are touched.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { DISK_WELL, DISK_FULL, DISK_READ_ONLY, DISK_FAILS_TO_FLUSH, DISK_HOLDS_FLUSHES };

struct control {
    volatile int64_t disk;
    volatile int64_t clock_shift_ms;
    volatile int64_t names_lost;
    volatile int64_t flushes_held;
};

static struct control well;
static struct control *control = &well;
static const char *folder = "";

__attribute__((constructor)) static void open_control(void) {
    const char *path = getenv("FAULTY_HOST");
    const char *below = getenv("FAULTY_HOST_FOLDER");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file >= 0) {
        void *mapped = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (mapped != MAP_FAILED) control = mapped;
        close(file);
    }
    if (below) folder = below;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* Whether a file lies on the disk that the test can break. */
static int is_on_disk(int file) {
    char link[64], path[4096];
    struct stat about;
    if (file <= 2 || fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strncmp(path, folder, strlen(folder)) == 0;
}

/* The error that writing to this file meets; 0: none. */
static int write_error(int file) {
    int64_t disk = control->disk;
    if ((disk != DISK_FULL && disk != DISK_READ_ONLY) || !is_on_disk(file)) return 0;
    return disk == DISK_FULL ? ENOSPC : EROFS;
}

/* Waits while flushes are held; gives the error that flushing this file meets, 0: none. */
static int flush_error(int file) {
    if (control->disk < DISK_FAILS_TO_FLUSH || !is_on_disk(file)) return 0;
    if (control->disk == DISK_HOLDS_FLUSHES) __sync_fetch_and_add(&control->flushes_held, 1);
    while (control->disk == DISK_HOLDS_FLUSHES) usleep(1000);
    return control->disk == DISK_FAILS_TO_FLUSH ? EIO : 0;
}

#define REFUSE_FOR(failure)              \
    do {                                 \
        int error = failure;             \
        if (error) {                     \
            errno = error;               \
            return -1;                   \
        }                                \
    } while (0)
#define REFUSE(file) REFUSE_FOR(write_error(file))

ssize_t write(int file, const void *bytes, size_t size) {
    REFUSE(file);
    return REAL(write)(file, bytes, size);
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t at) {
    REFUSE(file);
    return REAL(pwrite)(file, bytes, size, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t at) {
    REFUSE(file);
    return REAL(pwrite64)(file, bytes, size, at);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    REFUSE(file);
    return REAL(writev)(file, parts, count);
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t at) {
    REFUSE(file);
    return REAL(pwritev)(file, parts, count, at);
}

ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t at) {
    REFUSE(file);
    return REAL(pwritev64)(file, parts, count, at);
}

int fdatasync(int file) {
    REFUSE_FOR(flush_error(file));
    return REAL(fdatasync)(file);
}

int fsync(int file) {
    REFUSE_FOR(flush_error(file));
    return REAL(fsync)(file);
}

int ftruncate64(int file, off64_t size) {
    if (control->disk == DISK_READ_ONLY) REFUSE(file);
    return REAL(ftruncate64)(file, size);
}

int posix_fallocate64(int file, off64_t at, off64_t size) {
    int error = write_error(file);
    return error ? error : REAL(posix_fallocate64)(file, at, size);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = REAL(clock_gettime)(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t shift = control->clock_shift_ms;
        now->tv_sec += shift / 1000;
        now->tv_nsec += shift % 1000 * 1000000;
        if (now->tv_nsec < 0) {
            now->tv_nsec += 1000000000;
            now->tv_sec -= 1;
        } else if (now->tv_nsec >= 1000000000) {
            now->tv_nsec -= 1000000000;
            now->tv_sec += 1;
        }
    }
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec precise;
    int result = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return result;
}

time_t time(time_t *seconds) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (seconds) *seconds = now.tv_sec;
    return now.tv_sec;
}

int getaddrinfo(const char *restrict node, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict found) {
    if (control->names_lost && node) return EAI_AGAIN;
    return REAL(getaddrinfo)(node, service, hints, found);
}
