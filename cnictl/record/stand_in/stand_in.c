/* Takes the place of a plugin, runs it, and writes down the call.  `cnictl record start` puts it there.

   What the caller and the plugin see of one another is not changed: bytes, exit status, signals, argv and
   environment; when the caller kills the stand-in, the plugin is killed.  Where nothing can be written down,
   the plugin simply takes over.  It is C because an interpreter takes longer to start than a plugin works. */

#define _GNU_SOURCE
#include "redact.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STORE ".recorded-by-cnictl" /* cnictl.aside.RECORDED */
#define MARK "\n# cnictl record: this is no plugin, but stands in for one\n" /* cnictl.aside.MARK */
#define LIMIT (256 << 10)           /* bytes that are kept of a stream */
#define CHUNK 4096                  /* a pipe that is writable takes so much without blocking: PIPE_BUF */
#define QUIET 100                   /* milliseconds without output after which what there is is written down */
#define DRAINED 256                 /* moves that empty two pipes: as many chunks in, and out, as fit twice */
#define ANCESTORS 4
#define ATTEMPTS 16

extern char **environ;

/* The file `ring` of a log, shared by everybody who records there; see cnictl.record.log. */
struct ring {
    uint64_t next, keep, lost;
};

static char self[PATH_MAX];     /* the path of the plugin whose place this is */
static char original[PATH_MAX]; /* where the plugin itself is */
static const char *name;        /* the last part of `self` */

static struct ring *ring;
static int log_directory = -1, log_file = -1;
static char log_name[24];
static unsigned secrets;

/* One of stdin, stdout and stderr: what was read from one end and is still to be written to the other, and
   what of it is to be written down. */
struct stream {
    const char *name;
    int from, to;
    char pending[CHUNK];
    size_t start, end;
    char *kept;
    size_t kept_length, seen;
};

static char kept[3][LIMIT];
static struct stream streams[3] = { { .name = "stdin", .kept = kept[0] },
                                    { .name = "stdout", .kept = kept[1] },
                                    { .name = "stderr", .kept = kept[2] } };

/* Answer as a plugin does that cannot go on. */
static void fail(const char *what, int error) {
    printf("{\n    \"code\": 999,\n    \"msg\": \"cnictl record: %s: %s\"\n}", what, strerror(error));
    exit(1);
}

/* Find out whose place this is, and return the plugin's arguments.  A program's is that of its own file.  In a
   script's there is a script, whose #! line starts the stand-in with the plugin's name and the script's path. */
static char **find_place(int argc, char **argv) {
    static const char DELETED[] = " (deleted)";
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0)
        fail("/proc/self/exe", errno);
    self[length] = 0;
    char *deleted = self + length - strlen(DELETED);
    if (deleted > self && strcmp(deleted, DELETED) == 0)
        *deleted = 0; /* the plugin came back in this moment */
    char *last = strrchr(self, '/') + 1;
    char *store = last - strlen(STORE) - 1;
    if (store > self && store[-1] == '/' && strncmp(store, STORE, strlen(STORE)) == 0) {
        if (argc < 3 || strchr(argv[1], '/') || strlen(argv[1]) >= sizeof self - (size_t)(store - self))
            fail("not called in the place of a plugin", EINVAL);
        last = strcpy(store, argv[1]);
        argv += 2;
    }
    name = last;
    int written = snprintf(original, sizeof original, "%.*s" STORE "/plugins/%s", (int)(name - self), self, name);
    if (written >= (int)sizeof original)
        fail(self, ENAMETOOLONG);
    return argv;
}

static int is_stand_in(const char *path) {
    char end[sizeof MARK];
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    off_t length = (off_t)strlen(MARK);
    int is = fstat(file, &about) == 0 && about.st_size > length &&
             pread(file, end, (size_t)length, about.st_size - length) == length && memcmp(end, MARK, (size_t)length) == 0;
    close(file);
    return is;
}

/* Take the plugin from where it is kept, and see to it that it stays there as long as this process lives; or from
   its own place, if it came back in this moment.  Where it is a symlink to another that is recorded, take that. */
static void find_original(void) {
    char path[PATH_MAX + 16], real[PATH_MAX], other[2 * PATH_MAX];
    size_t length = (size_t)(name - self);
    struct stat about;
    snprintf(path, sizeof path, "%.*s" STORE "/plugins", (int)length, self);
    int plugins = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if ((plugins < 0 || flock(plugins, LOCK_SH | LOCK_NB) != 0) && !is_stand_in(self)) {
        strcpy(original, self);
        return;
    }
    if (lstat(original, &about) != 0 || !S_ISLNK(about.st_mode) || realpath(original, real) == NULL)
        return;
    if (strncmp(real, self, length) != 0 || strchr(real + length, '/'))
        return;
    int written = snprintf(other, sizeof other, "%s/%s", path, real + length);
    if (written < (int)sizeof original && access(other, X_OK) == 0)
        strcpy(original, other);
}

/* Be the plugin.  When it came back to its own place in this moment, it is there. */
static void become(char **argv) {
    execve(original, argv, environ);
    int error = errno;
    if (error == ENOENT && !is_stand_in(self)) {
        execve(self, argv, environ);
        error = errno;
    }
    fail(original, error);
}

/* Nothing more can be written down of this call: better none than half of one. */
static void give_up(void) {
    if (log_file < 0)
        return;
    close(log_file);
    log_file = -1;
    unlinkat(log_directory, log_name, 0);
    __atomic_fetch_add(&ring->lost, 1, __ATOMIC_RELAXED);
}

/* Make the file of this call, and drop the oldest one.  A number is taken without waiting for anybody. */
static void open_log(void) {
    char path[PATH_MAX + 8], oldest[24];
    struct stat about;
    snprintf(path, sizeof path, "%.*s" STORE "/log", (int)(name - self), self);
    log_directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (log_directory < 0)
        return;
    int shared = openat(log_directory, "ring", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (shared < 0 || fstat(shared, &about) != 0 || about.st_size < (off_t)sizeof *ring)
        return;
    ring = mmap(NULL, sizeof *ring, PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0);
    close(shared);
    if (ring == MAP_FAILED)
        return;
    for (int attempt = 0; log_file < 0 && attempt < ATTEMPTS; attempt++) {
        uint64_t number = __atomic_fetch_add(&ring->next, 1, __ATOMIC_RELAXED);
        if (number > ring->keep) {
            snprintf(oldest, sizeof oldest, "%08llu", (unsigned long long)(number - ring->keep));
            unlinkat(log_directory, oldest, 0);
        }
        snprintf(log_name, sizeof log_name, "%08llu", (unsigned long long)number);
        log_file = openat(log_directory, log_name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
        if (log_file < 0 && errno != EEXIST)
            break;
    }
    if (log_file < 0)
        __atomic_fetch_add(&ring->lost, 1, __ATOMIC_RELAXED);
}

/* Append a part of the call: its name, its length, and its bytes. */
static void write_down(const char *part, const char *data, size_t length) {
    char head[48];
    if (log_file < 0)
        return;
    size_t head_length = (size_t)snprintf(head, sizeof head, "%s %zu\n", part, length);
    struct iovec pieces[] = { { head, head_length }, { (char *)data, length }, { "\n", 1 } };
    if (writev(log_file, pieces, 3) != (ssize_t)(head_length + length + 1))
        give_up();
}

static void write_down_redacted(const char *part, const char *data, size_t length) {
    size_t copied = 0;
    char *copy = redact(data, length, &copied, &secrets);
    if (copy == NULL)
        give_up();
    else
        write_down(part, copy, copied);
    free(copy);
}

static void write_down_environment(void) {
    size_t size = 0, length = 0, copied = 0;
    for (char **one = environ; *one; one++)
        size += 3 * strlen(*one) + 32;
    char *text = malloc(size + 1);
    for (char **one = environ; text && *one; one++) {
        const char *equals = strchr(*one, '=');
        if (equals && equals[1] && is_secret_name(*one, (size_t)(equals - *one))) {
            length += (size_t)sprintf(text + length, "%.*s=***", (int)(equals - *one), *one) + 1;
            secrets++;
            continue;
        }
        char *copy = redact(*one, strlen(*one), &copied, &secrets);
        if (copy)
            memcpy(text + length, copy, copied);
        length += copied;
        text[length++] = 0;
        free(copy);
    }
    write_down("environment", text, length < LIMIT ? length : LIMIT);
    free(text);
}

static size_t slurp(const char *path, char *text, size_t size) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? 0 : read(file, text, size - 1);
    if (file >= 0)
        close(file);
    text[length < 0 ? 0 : length] = 0;
    return length < 0 ? 0 : (size_t)length;
}

/* Who called: the parent, its parent and so on, a line each of pid and name, and the parent's command line. */
static void write_down_callers(void) {
    char path[64], text[CHUNK], lines[ANCESTORS * 64];
    size_t length = 0;
    pid_t pid = getppid();
    for (int i = 0; i < ANCESTORS && pid > 0; i++) {
        snprintf(path, sizeof path, "/proc/%d/stat", pid);
        if (slurp(path, text, sizeof text) == 0)
            break;
        char *open = strchr(text, '('), *close = strrchr(text, ')');
        if (!open || !close)
            break;
        *close = 0;
        length += (size_t)snprintf(lines + length, sizeof lines - length, "%d %.32s\n", pid, open + 1);
        pid = (pid_t)strtol(close + 4, NULL, 10);
    }
    write_down("callers", lines, length);
    snprintf(path, sizeof path, "/proc/%d/cmdline", getppid());
    length = slurp(path, text, sizeof text);
    write_down_redacted("caller", text, length);
}

static void write_down_call(char **argv, pid_t pid, struct timespec time) {
    char text[4 * PATH_MAX], program[PATH_MAX] = "", netns[64] = "", cwd[PATH_MAX] = "";
    struct stat about = { 0 };
    if (realpath(original, program) == NULL || stat(program, &about) != 0)
        *program = 0;
    ssize_t length = readlink("/proc/self/ns/net", netns, sizeof netns - 1);
    netns[length < 0 ? 0 : length] = 0;
    if (getcwd(cwd, sizeof cwd) == NULL)
        *cwd = 0;
    int written = snprintf(text, sizeof text,
                           "path=%s\nprogram=%s\nsize=%lld\nmodified=%lld\ntime=%lld.%09ld\npid=%d\nuid=%d\n"
                           "netns=%s\ncwd=%s\n",
                           self, program, (long long)about.st_size, (long long)about.st_mtime,
                           (long long)time.tv_sec, time.tv_nsec, pid, getuid(), netns, cwd);
    write_down("call", text, written < (int)sizeof text ? (size_t)written : sizeof text - 1);
    for (char **one = argv; *one; one++)
        write_down_redacted("argument", *one, strlen(*one));
    write_down_environment();
    write_down_callers();
}

/* Write down what was seen of a stream: all of it, or only whole lines as long as more may come. */
static void write_down_stream(struct stream *s, int all) {
    size_t length = s->kept_length;
    if (!all) {
        const char *newline = memrchr(s->kept, '\n', length);
        length = newline ? (size_t)(newline - s->kept) + 1 : 0;
    }
    if (length == 0)
        return;
    write_down_redacted(s->name, s->kept, length);
    memmove(s->kept, s->kept + length, s->kept_length - length);
    s->kept_length -= length;
}

static void write_down_end(int status, struct timespec began) {
    struct timespec now;
    char text[256];
    clock_gettime(CLOCK_MONOTONIC, &now);
    for (int i = 0; i < 3; i++)
        write_down_stream(&streams[i], 1);
    double seconds = (double)(now.tv_sec - began.tv_sec) + (double)(now.tv_nsec - began.tv_nsec) / 1e9;
    int length = snprintf(text, sizeof text, "status=%d\nseconds=%.6f\nsecrets=%u\n",
                          WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status), seconds, secrets);
    length += sprintf(text + length, "cut=");
    for (int i = 0; i < 3; i++)
        if (streams[i].seen > LIMIT)
            length += sprintf(text + length, "%s,", streams[i].name);
    text[length++] = '\n';
    write_down("end", text, (size_t)length);
}

static void end_stream(struct stream *s) {
    if (s->from < 0)
        return;
    close(s->from);
    close(s->to);
    s->from = s->to = -1;
}

/* Move some bytes; a stream ends for the one side as it does for the other. */
static void move(struct stream *s) {
    if (s->start < s->end) {
        ssize_t written = write(s->to, s->pending + s->start, s->end - s->start);
        if (written > 0)
            s->start += (size_t)written;
        else if (errno != EINTR && errno != EAGAIN)
            end_stream(s);
        return;
    }
    ssize_t length = read(s->from, s->pending, CHUNK);
    if (length < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (length <= 0) {
        end_stream(s);
        return;
    }
    s->start = 0;
    s->end = (size_t)length;
    /* the first LIMIT bytes are kept, of which some may be written down already */
    size_t room = s->seen < LIMIT ? LIMIT - s->seen : 0;
    size_t taken = (size_t)length < room ? (size_t)length : room;
    memcpy(s->kept + s->kept_length, s->pending, taken);
    s->kept_length += taken;
    s->seen += (size_t)length;
}

/* Wait until something can be moved, and move it; 0 when nothing could in `timeout` milliseconds. */
static int pump(int signals, int timeout) {
    struct pollfd waiting[4] = { { .fd = signals, .events = POLLIN } };
    for (int i = 0; i < 3; i++) {
        int writing = streams[i].start < streams[i].end;
        waiting[i + 1].fd = writing ? streams[i].to : streams[i].from;
        waiting[i + 1].events = writing ? POLLOUT : POLLIN;
    }
    if (poll(waiting, 4, timeout) <= 0)
        return 0;
    for (int i = 0; i < 3; i++)
        if (waiting[i + 1].revents)
            move(&streams[i]);
    return 1;
}

/* Pass a signal on to the plugin, but for those of a terminal, which reach it as well; 1 when it has ended. */
static int take_signal(int signals, pid_t child, int *status) {
    struct signalfd_siginfo about;
    if (read(signals, &about, sizeof about) != sizeof about)
        return 0;
    if (about.ssi_signo == SIGCHLD)
        return waitpid(child, status, WNOHANG) == child;
    if (about.ssi_code <= 0) /* sent by a process: SI_USER, SI_QUEUE, SI_TKILL */
        kill(child, (int)about.ssi_signo);
    return 0;
}

/* End as the plugin did. */
static void end_as(int status) {
    if (WIFSIGNALED(status)) {
        sigset_t all;
        prctl(PR_SET_DUMPABLE, 0); /* one core is enough */
        signal(WTERMSIG(status), SIG_DFL);
        sigfillset(&all);
        sigprocmask(SIG_UNBLOCK, &all, NULL);
        raise(WTERMSIG(status));
    }
    _exit(WEXITSTATUS(status));
}

/* The plugin has ended, but something that it left behind holds its output: pass that on, as long as it lasts,
   for a caller that waits for it. */
static void pass_on_the_rest(void) {
    if (fork() != 0)
        return;
    while (streams[1].from >= 0 || streams[2].from >= 0) {
        if (!pump(-1, QUIET))
            for (int i = 1; i < 3; i++)
                write_down_stream(&streams[i], 0);
    }
    for (int i = 1; i < 3; i++)
        write_down_stream(&streams[i], 1);
    _exit(0);
}

static void start_child(char **argv, pid_t parent, int pipes[3][2], const sigset_t *mask, const struct sigaction *child) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        raise(SIGKILL);
    for (int i = 0; i < 3; i++)
        dup2(pipes[i][i == 0 ? 0 : 1], i);
    sigaction(SIGCHLD, child, NULL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    become(argv);
}

/* Run the plugin between pipes and write down what passes. */
static void record(char **argv) {
    static const int PASSED_ON[] = { SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM, SIGCHLD };
    int pipes[3][2], status = 0;
    struct timespec began, time;
    sigset_t taken, blocked, before;
    struct sigaction child_before, child_default = { .sa_handler = SIG_DFL };

    for (int i = 0; i < 3; i++)
        if (pipe2(pipes[i], O_CLOEXEC) != 0)
            fail("pipe", errno);
    sigemptyset(&taken);
    for (size_t i = 0; i < sizeof PASSED_ON / sizeof *PASSED_ON; i++)
        sigaddset(&taken, PASSED_ON[i]);
    blocked = taken;
    sigaddset(&blocked, SIGPIPE); /* write(2) says it too */
    sigprocmask(SIG_BLOCK, &blocked, &before);
    sigaction(SIGCHLD, &child_default, &child_before);
    int signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
    pid_t parent = getpid();
    clock_gettime(CLOCK_REALTIME, &time);
    clock_gettime(CLOCK_MONOTONIC, &began);
    pid_t child = signals < 0 ? -1 : fork();
    if (child == 0)
        start_child(argv, parent, pipes, &before, &child_before);
    if (child < 0)
        fail("fork", errno);
    for (int i = 0; i < 3; i++) {
        int ours = i == 0 ? pipes[i][1] : pipes[i][0];
        close(i == 0 ? pipes[i][0] : pipes[i][1]);
        streams[i].from = i == 0 ? 0 : ours;
        streams[i].to = i == 0 ? ours : i;
    }
    write_down_call(argv, child, time);
    while (!take_signal(signals, child, &status)) {
        int moved = pump(signals, QUIET);
        for (int i = 0; i < 3; i++)
            if (streams[i].from < 0 || !moved)
                write_down_stream(&streams[i], streams[i].from < 0);
    }
    end_stream(&streams[0]);
    for (int i = 0; i < DRAINED && pump(-1, 0); i++)
        ; /* what the plugin wrote at last is in the pipes */
    write_down_end(status, began);
    if (streams[1].from >= 0 || streams[2].from >= 0)
        pass_on_the_rest();
    end_as(status);
}

int main(int argc, char **argv) {
    const char *command = getenv("CNI_COMMAND");
    /* pipes and files must not take the numbers of streams that the caller left closed */
    int spare;
    do
        spare = open("/dev/null", O_RDWR);
    while (spare >= 0 && spare < 3);
    close(spare);
    argv = find_place(argc, argv);
    find_original();
    if (command && *command)
        open_log();
    if (log_file < 0)
        become(argv);
    record(argv);
}
