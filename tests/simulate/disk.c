/* A disk that keeps only what it was told to keep.
 *
 * Loaded before libc (LD_PRELOAD), it stands between this process - our Rust and SQLite alike - and
 * the files below $XUNCHA_DISK. Each folder there is the disk of one machine. Everything goes on to
 * the real files at once, as into a page cache; beside it the disk remembers, for each file, the
 * writes that no fsync has covered, and for each machine the names that no fsync of their folder has
 * covered. When a machine loses its power, any of these may be gone: a write whole, a write in part,
 * a name.
 *
 * It is told what to do, and asked, by readlink of "$XUNCHA_DISK/.disk/COMMAND/MACHINE/ARGUMENT...":
 *   kill/M/N/TEAR    at the Nth change from now the machine dies: of that write TEAR percent get
 *                    through, and whatever is asked of the disk from then on is an I/O error
 *   full/M/N/COUNT   from the Nth change on, COUNT changes find the disk full
 *   bad/M/N/COUNT    from the Nth read on, COUNT reads fail
 *   calm/M           takes back what was planned
 *   dead/M           "1" when the machine is dead
 *   revive/M         it is started again: what the processes wrote is there
 *   power/M/SEED     it lost its power: what no fsync covered may be gone; then as revive
 *   met/M            "KILLS FULL BAD LOST" met so far: deaths, full and bad answers, things lost
 *   changes/M        number of changes so far
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define MACHINES 32
#define HANDLES 65536
#define BUCKETS 4096

/* A change of a file that no fsync has covered: bytes written at `at`, or a new length. */
struct change {
    struct change *older, *newer;
    off_t at, old_length;
    size_t len, old_len;
    bool truncated;
    unsigned char *bytes, *old;
};

struct file {
    /* In its bucket, and among the machine's files in the order in which they were first seen. */
    struct file *next, *older, *newer;
    long handles;
    ino_t ino;
    struct machine *machine;
    struct change *first, *last;
    char path[512];
};

/* A change of a folder that no fsync has covered. */
struct naming {
    struct naming *older;
    enum { CREATED, RENAMED, REMOVED } what;
    char from[512], to[512];
    /* Where the file that lost its name is kept meanwhile; empty when there was none. */
    char kept[512];
};

struct machine {
    char name[64];
    bool dead;
    long kill_at, tear, full_at, full_for, bad_at, bad_for;
    long changes, kills, fulls, bads, lost;
    struct file *first_file, *last_file;
    struct naming *last;
};

struct handle {
    struct file *file;
    struct machine *machine;
    char *folder;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[256];
static size_t root_length;
static struct machine machines[MACHINES];
static struct file *files[BUCKETS];
static struct handle handles[HANDLES];
static long trash;

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static int real_open(const char *path, int flags, mode_t mode) {
    static int (*real)(const char *, int, ...);
    if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
    return real(path, flags, mode);
}

static int real_rename(const char *from, const char *to) { REAL(rename); return real(from, to); }
static int real_unlink(const char *path) { REAL(unlink); return real(path); }
static int real_ftruncate(int fd, off_t length) { REAL(ftruncate); return real(fd, length); }
static int real_close(int fd) { REAL(close); return real(fd); }
static ssize_t real_pwrite(int fd, const void *bytes, size_t len, off_t at) { REAL(pwrite); return real(fd, bytes, len, at); }
static ssize_t real_pread(int fd, void *bytes, size_t len, off_t at) { REAL(pread); return real(fd, bytes, len, at); }

__attribute__((constructor)) static void begin(void) {
    const char *given = getenv("XUNCHA_DISK");
    if (given && strlen(given) < sizeof root - 1) {
        strcpy(root, given);
        root_length = strlen(root);
    }
}

/* The machine that a path belongs to. */
static struct machine *machine_of(const char *path) {
    if (!root_length || !path || strncmp(path, root, root_length) || path[root_length] != '/') return NULL;
    const char *name = path + root_length + 1;
    size_t len = strcspn(name, "/");
    if (!len || len >= sizeof machines[0].name || name[0] == '.') return NULL;
    for (int i = 0; i < MACHINES; i++) {
        if (!machines[i].name[0]) {
            memcpy(machines[i].name, name, len);
            return &machines[i];
        }
        if (!strncmp(machines[i].name, name, len) && !machines[i].name[len]) return &machines[i];
    }
    fprintf(stderr, "disk: too many machines\n");
    abort();
}

static struct file *file_of(ino_t ino, struct machine *machine, const char *path) {
    struct file **bucket = &files[ino % BUCKETS];
    for (struct file *file = *bucket; file; file = file->next)
        if (file->ino == ino && file->machine == machine) {
            if (path) snprintf(file->path, sizeof file->path, "%s", path);
            return file;
        }
    struct file *file = calloc(1, sizeof *file);
    file->ino = ino;
    file->machine = machine;
    snprintf(file->path, sizeof file->path, "%s", path ? path : "");
    file->next = *bucket;
    *bucket = file;
    file->older = machine->last_file;
    if (file->older) file->older->newer = file; else machine->first_file = file;
    machine->last_file = file;
    return file;
}

static void settle(struct file *file) {
    for (struct change *change = file->first, *next; change; change = next) {
        next = change->newer;
        free(change->bytes);
        free(change->old);
        free(change);
    }
    file->first = file->last = NULL;
}

/* A file with no handle and no change is as if it had never been seen. */
static void drop(struct file *file) {
    struct file **at = &files[file->ino % BUCKETS];
    while (*at != file) at = &(*at)->next;
    *at = file->next;
    if (file->older) file->older->newer = file->newer; else file->machine->first_file = file->newer;
    if (file->newer) file->newer->older = file->older; else file->machine->last_file = file->older;
    free(file);
}

/* Forgets what is known of the file at `path`, which has lost its last name. */
static void forget(const char *path) {
    struct stat found;
    if (stat(path, &found) || found.st_nlink > 1) return;
    for (struct file **at = &files[found.st_ino % BUCKETS]; *at; at = &(*at)->next)
        if ((*at)->ino == found.st_ino) {
            /* A handle may still be open: it goes on with an empty history. */
            settle(*at);
            return;
        }
}

static void folder_of(const char *path, char *folder, size_t size) {
    snprintf(folder, size, "%s", path);
    char *end = strrchr(folder, '/');
    if (end) *end = 0;
}

/* What the disk says to the next change: 0, an errno, or -1 when the machine dies in it. */
static int admit(struct machine *machine) {
    if (machine->dead) return EIO;
    machine->changes++;
    if (machine->kill_at && machine->changes >= machine->kill_at) {
        machine->dead = true;
        machine->kill_at = 0;
        machine->kills++;
        return -1;
    }
    if (machine->full_for && machine->changes >= machine->full_at) {
        machine->full_for--;
        machine->fulls++;
        return ENOSPC;
    }
    return 0;
}

static bool may_read(struct machine *machine) {
    if (machine->dead) return false;
    if (machine->bad_for && --machine->bad_at <= 0) {
        machine->bad_for--;
        machine->bads++;
        return false;
    }
    return true;
}

static void note_change(struct file *file, int fd, off_t at, const void *bytes, size_t len, bool truncated) {
    struct stat found;
    if (fstat(fd, &found)) return;
    struct change *change = calloc(1, sizeof *change);
    change->at = at;
    change->len = len;
    change->truncated = truncated;
    change->old_length = found.st_size;
    off_t from = at, to = truncated ? found.st_size : at + (off_t)len;
    if (to > found.st_size) to = found.st_size;
    if (to > from) {
        change->old_len = (size_t)(to - from);
        change->old = malloc(change->old_len);
        int reader = real_open(file->path, O_RDONLY | O_CLOEXEC, 0);
        if (reader < 0 || real_pread(reader, change->old, change->old_len, from) != (ssize_t)change->old_len) change->old_len = 0;
        if (reader >= 0) real_close(reader);
    }
    if (len) {
        change->bytes = malloc(len);
        memcpy(change->bytes, bytes, len);
    }
    change->older = file->last;
    if (file->last) file->last->newer = change; else file->first = change;
    file->last = change;
}

static void note_naming(struct machine *machine, int what, const char *from, const char *to, const char *kept) {
    struct naming *naming = calloc(1, sizeof *naming);
    naming->what = what;
    snprintf(naming->from, sizeof naming->from, "%s", from);
    snprintf(naming->to, sizeof naming->to, "%s", to);
    snprintf(naming->kept, sizeof naming->kept, "%s", kept);
    naming->older = machine->last;
    machine->last = naming;
}

/* Keeps the file at `path` under another name, so that losing its name can be undone. Its changes are undone there too:
 * another file may have its name by then. */
static void keep(struct machine *machine, const char *path, char *kept, size_t size) {
    snprintf(kept, size, "%s/.trash/%ld", root, trash++);
    struct stat found;
    if (link(path, kept) || stat(kept, &found)) kept[0] = 0;
    else file_of(found.st_ino, machine, kept);
}

static void settle_folder(struct machine *machine, const char *folder) {
    char parent[512];
    for (struct naming **at = &machine->last; *at;) {
        struct naming *naming = *at;
        folder_of(naming->what == REMOVED ? naming->from : naming->to, parent, sizeof parent);
        if (strcmp(parent, folder)) {
            at = &naming->older;
            continue;
        }
        if (naming->kept[0]) {
            forget(naming->kept);
            real_unlink(naming->kept);
        }
        *at = naming->older;
        free(naming);
    }
}

static uint64_t draw(uint64_t *state) {
    uint64_t mixed = *state += 0x9E3779B97F4A7C15ull;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ull;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBull;
    return mixed ^ (mixed >> 31);
}

/* Takes the uncovered changes of a file back and puts some of them in again. */
static void lose_changes(struct file *file, uint64_t *chance) {
    if (!file->first) return;
    int fd = real_open(file->path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) return settle(file);
    long count = 0;
    for (struct change *change = file->last; change; change = change->older, count++) {
        if (change->old_len) real_pwrite(fd, change->old, change->old_len, change->at);
        real_ftruncate(fd, change->old_length);
    }
    int way = (int)(draw(chance) % 3);
    long survive = way == 0 ? 0 : (long)(draw(chance) % (uint64_t)(count + 1));
    long number = 0;
    for (struct change *change = file->first; change; change = change->newer, number++) {
        bool torn = false;
        if (way < 2) {
            if (number > survive) { file->machine->lost++; continue; }
            torn = number == survive && way == 1;
            if (number == survive && !torn) { file->machine->lost++; continue; }
        } else if (draw(chance) % 2) { file->machine->lost++; continue; }
        size_t len = torn && change->len ? draw(chance) % change->len : change->len;
        if (len) real_pwrite(fd, change->bytes, len, change->at);
        if (change->truncated && !torn) real_ftruncate(fd, change->at);
        if (torn) file->machine->lost++;
    }
    real_close(fd);
    settle(file);
}

static void lose_names(struct machine *machine, uint64_t *chance) {
    long count = 0;
    for (struct naming *naming = machine->last; naming; naming = naming->older) count++;
    long undo = count ? (long)(draw(chance) % (uint64_t)(count + 1)) : 0;
    for (struct naming *naming = machine->last, *older; naming; naming = older, undo--) {
        older = naming->older;
        if (undo > 0) {
            machine->lost++;
            if (naming->what == CREATED) real_unlink(naming->to);
            if (naming->what == RENAMED) real_rename(naming->to, naming->from);
            const char *back = naming->what == REMOVED ? naming->from : naming->to;
            if (naming->kept[0]) real_rename(naming->kept, back);
        } else if (naming->kept[0]) real_unlink(naming->kept);
        free(naming);
    }
    machine->last = NULL;
}

static void power(struct machine *machine, uint64_t seed) {
    uint64_t chance = seed;
    for (struct file *file = machine->first_file; file; file = file->newer) lose_changes(file, &chance);
    lose_names(machine, &chance);
}

/* A machine's folder was wiped or copied from outside: whatever was remembered of it is no longer true. */
static void settle_all(struct machine *machine) {
    for (struct file *file = machine->first_file, *newer; file; file = newer) {
        newer = file->newer;
        settle(file);
        if (!file->handles) drop(file);
    }
    for (struct naming *naming = machine->last, *older; naming; naming = older) {
        older = naming->older;
        if (naming->kept[0]) real_unlink(naming->kept);
        free(naming);
    }
    machine->last = NULL;
}

static ssize_t command(const char *text, char *reply, size_t size) {
    char verb[16] = "", name[64] = "", path[400];
    unsigned long long first = 0, second = 0;
    sscanf(text, "%15[^/]/%63[^/]/%llu/%llu", verb, name, &first, &second);
    snprintf(path, sizeof path, "%s/%s/x", root, name);
    struct machine *machine = machine_of(path);
    char said[128] = "-";
    if (!machine) { errno = EINVAL; return -1; }
    if (!strcmp(verb, "kill")) machine->kill_at = machine->changes + (long)first, machine->tear = (long)second;
    else if (!strcmp(verb, "full")) machine->full_at = machine->changes + (long)first, machine->full_for = (long)second;
    else if (!strcmp(verb, "bad")) machine->bad_at = (long)first, machine->bad_for = (long)second;
    else if (!strcmp(verb, "calm")) machine->kill_at = machine->full_for = machine->bad_for = 0;
    else if (!strcmp(verb, "dead")) snprintf(said, sizeof said, "%d", machine->dead);
    else if (!strcmp(verb, "revive")) machine->dead = false, machine->kill_at = machine->full_for = machine->bad_for = 0;
    else if (!strcmp(verb, "power")) power(machine, first), machine->dead = false, machine->kill_at = machine->full_for = machine->bad_for = 0;
    else if (!strcmp(verb, "settle")) settle_all(machine);
    else if (!strcmp(verb, "met")) snprintf(said, sizeof said, "%ld %ld %ld %ld", machine->kills, machine->fulls, machine->bads, machine->lost);
    else if (!strcmp(verb, "changes")) snprintf(said, sizeof said, "%ld", machine->changes);
    else { errno = EINVAL; return -1; }
    size_t len = strlen(said);
    if (len > size) len = size;
    memcpy(reply, said, len);
    return (ssize_t)len;
}

ssize_t readlink(const char *path, char *reply, size_t size) {
    REAL(readlink);
    if (root_length && !strncmp(path, root, root_length) && !strncmp(path + root_length, "/.disk/", 7)) {
        pthread_mutex_lock(&lock);
        ssize_t len = command(path + root_length + 7, reply, size);
        pthread_mutex_unlock(&lock);
        return len;
    }
    return real(path, reply, size);
}

static void let_go(struct handle *handle) {
    if (handle->file) handle->file->handles--;
    free(handle->folder);
    memset(handle, 0, sizeof *handle);
}

static int opened(const char *path, int flags, mode_t mode) {
    struct machine *machine = machine_of(path);
    if (!machine) return real_open(path, flags, mode);
    pthread_mutex_lock(&lock);
    struct stat found;
    bool existed = !stat(path, &found);
    int fault = machine->dead ? EIO : 0;
    if (!fault && (flags & O_CREAT) && !existed) fault = admit(machine);
    int fd = -1;
    if (fault) errno = fault > 0 ? fault : EIO;
    else {
        bool cut = (flags & O_TRUNC) && existed && S_ISREG(found.st_mode) && found.st_size > 0;
        fd = real_open(path, flags & ~(cut ? O_TRUNC : 0), mode);
        if (fd >= 0 && fd < HANDLES && !fstat(fd, &found)) {
            struct handle *handle = &handles[fd];
            let_go(handle);
            handle->machine = machine;
            if (S_ISDIR(found.st_mode)) handle->folder = strdup(path);
            else (handle->file = file_of(found.st_ino, machine, path))->handles++;
            if (!existed) {
                /* A number of an earlier file may come again. */
                settle(handle->file);
                note_naming(machine, CREATED, "", path, "");
            }
            if (cut) {
                note_change(handle->file, fd, 0, NULL, 0, true);
                real_ftruncate(fd, 0);
            }
        }
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

#define MODE \
    mode_t mode = 0; \
    if (flags & (O_CREAT | __O_TMPFILE)) { \
        va_list more; \
        va_start(more, flags); \
        mode = va_arg(more, mode_t); \
        va_end(more); \
    }

int open(const char *path, int flags, ...) { MODE return opened(path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return opened(path, flags, mode); }

static struct handle *handle_of(int fd) {
    return fd >= 0 && fd < HANDLES && handles[fd].machine ? &handles[fd] : NULL;
}

int close(int fd) {
    struct handle *handle = handle_of(fd);
    if (handle) {
        pthread_mutex_lock(&lock);
        let_go(handle);
        pthread_mutex_unlock(&lock);
    }
    return real_close(fd);
}

static void copy_handle(int from, int to) {
    struct handle *handle = handle_of(from);
    if (!handle || to < 0 || to >= HANDLES) return;
    pthread_mutex_lock(&lock);
    let_go(&handles[to]);
    handles[to] = *handle;
    if (handle->folder) handles[to].folder = strdup(handle->folder);
    if (handle->file) handle->file->handles++;
    pthread_mutex_unlock(&lock);
}

#define FCNTL(name) \
    int name(int fd, int what, ...) { \
        REAL(name); \
        va_list more; \
        va_start(more, what); \
        void *argument = va_arg(more, void *); \
        va_end(more); \
        int done = real(fd, what, argument); \
        if (what == F_DUPFD || what == F_DUPFD_CLOEXEC) copy_handle(fd, done); \
        return done; \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

static ssize_t written(struct handle *handle, int fd, const void *bytes, size_t len, off_t at) {
    pthread_mutex_lock(&lock);
    ssize_t done = -1;
    int fault = admit(handle->machine), error = fault > 0 ? fault : EIO;
    if (fault <= 0) {
        size_t through = fault ? len * (size_t)handle->machine->tear / 100 : len;
        if (handle->file && through) note_change(handle->file, fd, at, bytes, through, false);
        if (through) done = real_pwrite(fd, bytes, through, at);
        if (fault) done = -1; else error = errno;
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

#define PWRITE(name, type) \
    ssize_t name(int fd, const void *bytes, size_t len, type at) { \
        REAL(name); \
        struct handle *handle = handle_of(fd); \
        return handle ? written(handle, fd, bytes, len, at) : real(fd, bytes, len, at); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *bytes, size_t len) {
    REAL(write);
    struct handle *handle = handle_of(fd);
    if (!handle || !handle->file) return real(fd, bytes, len);
    off_t at = lseek(fd, 0, (fcntl(fd, F_GETFL) & O_APPEND) ? SEEK_END : SEEK_CUR);
    ssize_t done = written(handle, fd, bytes, len, at);
    if (done > 0) lseek(fd, at + done, SEEK_SET);
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(writev);
    struct handle *handle = handle_of(fd);
    if (!handle || !handle->file) return real(fd, parts, count);
    ssize_t whole = 0;
    for (int i = 0; i < count; i++) {
        if (!parts[i].iov_len) continue;
        ssize_t done = write(fd, parts[i].iov_base, parts[i].iov_len);
        if (done < 0) return whole ? whole : done;
        whole += done;
        if ((size_t)done < parts[i].iov_len) break;
    }
    return whole;
}

#define READ_GUARD \
    struct handle *handle = handle_of(fd); \
    if (handle) { \
        pthread_mutex_lock(&lock); \
        bool may = may_read(handle->machine); \
        pthread_mutex_unlock(&lock); \
        if (!may) { errno = EIO; return -1; } \
    }

ssize_t read(int fd, void *bytes, size_t len) { REAL(read); READ_GUARD return real(fd, bytes, len); }
ssize_t pread(int fd, void *bytes, size_t len, off_t at) { REAL(pread); READ_GUARD return real(fd, bytes, len, at); }
ssize_t pread64(int fd, void *bytes, size_t len, off64_t at) { REAL(pread64); READ_GUARD return real(fd, bytes, len, at); }

static int synced(int fd, int (*real)(int)) {
    struct handle *handle = handle_of(fd);
    if (!handle) return real(fd);
    pthread_mutex_lock(&lock);
    int fault = admit(handle->machine);
    /* The files lie in memory: nothing is to be asked of a real disk. */
    if (!fault && handle->file) settle(handle->file);
    if (!fault && handle->folder) settle_folder(handle->machine, handle->folder);
    pthread_mutex_unlock(&lock);
    if (!fault) return 0;
    errno = fault > 0 ? fault : EIO;
    return -1;
}

int fsync(int fd) { REAL(fsync); return synced(fd, real); }
int fdatasync(int fd) { REAL(fdatasync); return synced(fd, real); }

static int cut(int fd, off_t length) {
    struct handle *handle = handle_of(fd);
    if (!handle || !handle->file) return real_ftruncate(fd, length);
    pthread_mutex_lock(&lock);
    int fault = admit(handle->machine), done = -1;
    if (fault) errno = fault > 0 ? fault : EIO;
    else {
        note_change(handle->file, fd, length, NULL, 0, true);
        done = real_ftruncate(fd, length);
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

int ftruncate(int fd, off_t length) { return cut(fd, length); }
int ftruncate64(int fd, off64_t length) { return cut(fd, length); }

int rename(const char *from, const char *to) {
    struct machine *machine = machine_of(to);
    if (!machine || machine != machine_of(from)) return real_rename(from, to);
    pthread_mutex_lock(&lock);
    int fault = admit(machine), done = -1;
    if (fault) errno = fault > 0 ? fault : EIO;
    else {
        char kept[512] = "";
        struct stat found;
        bool is_file = !stat(from, &found) && S_ISREG(found.st_mode);
        if (is_file && !access(to, F_OK)) keep(machine, to, kept, sizeof kept);
        done = real_rename(from, to);
        if (!done && is_file) {
            file_of(found.st_ino, machine, to);
            note_naming(machine, RENAMED, from, to, kept);
        } else if (!done) settle_all(machine);
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

int unlink(const char *path) {
    struct machine *machine = machine_of(path);
    if (!machine) return real_unlink(path);
    pthread_mutex_lock(&lock);
    int done = -1, fault = access(path, F_OK) ? 0 : admit(machine);
    if (fault) errno = fault > 0 ? fault : EIO;
    else {
        char kept[512] = "";
        keep(machine, path, kept, sizeof kept);
        done = real_unlink(path);
        if (!done && kept[0]) note_naming(machine, REMOVED, path, "", kept);
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

/* Copies inside the kernel would pass us by; whoever asks falls back to reading and writing. */
ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t len, unsigned flags) {
    REAL(copy_file_range);
    if (handle_of(from) || handle_of(to)) { errno = ENOSYS; return -1; }
    return real(from, from_at, to, to_at, len, flags);
}

ssize_t sendfile64(int to, int from, off64_t *at, size_t len) {
    static ssize_t (*real)(int, int, off64_t *, size_t);
    if (!real) real = (ssize_t (*)(int, int, off64_t *, size_t))dlsym(RTLD_NEXT, "sendfile64");
    if (handle_of(from) || handle_of(to)) { errno = EINVAL; return -1; }
    return real(to, from, at, len);
}
