/*
 * Stands in the place of a CNI plugin: hands its call over to cnictl's worker and waits for the exit
 * status.  Whenever the worker has not begun with it (there is none, all are busy, it lives in other
 * namespaces, it does not know the plugin), the call is run one-shot by the program beside this one
 * that has ".oneshot" at the end of its name: nobody's pod fails because a worker is down.
 *
 * The call: one message with descriptors of stdin, stdout, stderr and the working directory, and a
 * header with the length of what follows: strings that end in NUL, which are the version of this
 * protocol, the namespaces and root directory of the caller, its umask, argv[0], and the environment.
 * The answer: a letter, the exit status, and what is to be printed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET "/run/cnictl/worker.sock"
#define PROTOCOL "2"
#define GREETING_MS 300 /* for a worker to take the call; longer than that, and one-shot is faster */
#define FDS 4

/* By which `cnictl install` knows it. */
static const char mark[] __attribute__((used)) = MARK;

enum { ready = 'G', refused = 'R', status = 'S' };

extern char **environ;

static void one_shot(char **argv)
{
	char path[PATH_MAX + sizeof ".oneshot"];
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
	size_t count = 0;

	while (argv[count])
		count++;
	char **words = calloc(count + 2, sizeof *words);
	if (length > 0 && words) {
		strcpy(path + length, ".oneshot");
		words[0] = path;
		memcpy(words + 1, argv, count * sizeof *words);
		execv(path, words);
	}
	dprintf(1, "{\"code\": 999, \"msg\": \"cannot run the one-shot launcher: %s\", "
		   "\"details\": \"`cnictl install` puts it there again\"}\n", strerror(errno));
	exit(1);
}

/* The numbers of a file: equal for two names of one namespace, or of one directory. */
static int identity(char *text, size_t size, const char *path)
{
	struct stat found;

	if (stat(path, &found))
		return -1;
	return snprintf(text, size, "%llx:%llx ", (unsigned long long)found.st_dev,
			(unsigned long long)found.st_ino);
}

static int place(char *text, size_t size)
{
	static const char *const paths[] = {
		"/proc/self/ns/mnt", "/proc/self/ns/net", "/proc/self/ns/pid", "/proc/self/ns/user", "/",
	};
	size_t used = 0;

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		int added = identity(text + used, size - used, paths[i]);
		if (added < 0 || (size_t)added >= size - used)
			return -1;
		used += added;
	}
	return 0;
}

static int connected(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("CNICTL_WORKER");
	int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred peer;
	socklen_t size = sizeof peer;

	path = path && *path ? path : SOCKET;
	if (made < 0 || strlen(path) >= sizeof address.sun_path)
		return -1;
	strcpy(address.sun_path, path);
	/* Not blocking: a full queue is an error, EAGAIN. */
	if (connect(made, (struct sockaddr *)&address, sizeof address))
		return -1;
	if (getsockopt(made, SOL_SOCKET, SO_PEERCRED, &peer, &size) || peer.uid != geteuid())
		return -1;
	struct pollfd wait = { .fd = made, .events = POLLIN };
	char answer = 0;
	if (poll(&wait, 1, GREETING_MS) != 1 || read(made, &answer, 1) != 1 || answer != ready)
		return -1;
	fcntl(made, F_SETFL, 0);
	return made;
}

static char *add(char *at, const char *string)
{
	return stpcpy(at, string) + 1;
}

static int hand_over(int worker, const char *argv0)
{
	char where[256], mask[16];
	mode_t old = umask(0);
	int directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int given[FDS] = { 0, 1, 2, directory };
	union { struct cmsghdr head; char bytes[CMSG_SPACE(sizeof given)]; } control = { 0 };

	umask(old);
	snprintf(mask, sizeof mask, "%o", old);
	if (directory < 0 || place(where, sizeof where))
		return -1;
	size_t length = sizeof PROTOCOL + strlen(where) + 1 + strlen(mask) + 1 + strlen(argv0) + 1;
	for (char **one = environ; *one; one++)
		length += strlen(*one) + 1;
	uint32_t header = length;
	char *body = malloc(sizeof header + length), *at = body;
	if (!body || length > UINT32_MAX / 2)
		return -1;
	memcpy(at, &header, sizeof header);
	at = add(add(add(add(at + sizeof header, PROTOCOL), where), mask), argv0);
	for (char **one = environ; *one; one++)
		at = add(at, *one);

	struct iovec data = { body, sizeof header + length };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control,
	};
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof given);
	memcpy(CMSG_DATA(&control.head), given, sizeof given);
	ssize_t sent = sendmsg(worker, &message, MSG_NOSIGNAL);
	while (sent > 0 && (size_t)sent < data.iov_len) {
		data.iov_base = (char *)data.iov_base + sent;
		data.iov_len -= sent;
		sent = send(worker, data.iov_base, data.iov_len, MSG_NOSIGNAL);
	}
	return sent > 0 ? 0 : -1;
}

static int worker;

/* The worker undoes what it has made, says so, and gives the status. */
static void cancel(int number)
{
	(void)number;
	shutdown(worker, SHUT_WR);
}

static int print(void)
{
	char output[1 << 14];
	ssize_t got, put = 0;

	while (put >= 0 && (got = recv(worker, output, sizeof output, 0)) > 0)
		for (char *at = output; got > 0 && (put = write(1, at, got)) >= 0; at += put)
			got -= put;
	return put < 0 || got < 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = cancel, .sa_flags = SA_RESTART };
	char answer[2] = { 0 };

	if (argc != 1 || !getenv("CNI_COMMAND"))
		one_shot(argv);
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			one_shot(argv);
	worker = connected();
	/* What is not sent whole, no worker begins with. */
	if (worker < 0 || hand_over(worker, argv[0]))
		one_shot(argv);
	sigaction(SIGTERM, &action, NULL);
	ssize_t got = recv(worker, answer, sizeof answer, MSG_WAITALL);
	if (got == 1 && answer[0] == refused)
		one_shot(argv);
	if (got == 2 && answer[0] == status)
		return print() ? 1 : (unsigned char)answer[1];
	dprintf(1, "{\"code\": 11, \"msg\": \"the worker died while it answered this call\", "
		   "\"details\": \"see its log; DEL cleans up what it has left\"}\n");
	return 1;
}
