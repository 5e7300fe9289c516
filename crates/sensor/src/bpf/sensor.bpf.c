// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The kernel's side of the sensor: at the end of a system call that rules ask for, its event is put
 * together by the list of operations that the reader has written for it, and goes to the ring of its
 * processor. There is one program for all calls; a call is a line of a table (`calls.rs`).
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "ops.h"
#include "scratch.h"
#include "files.h"
#include "tasks.h"
#include "sockets.h"
#include "kill.h"

#define TS_COMPAT 2
#define O_CREAT 0100
#define O_TMPFILE 020000000
#define PROT_EXEC 4
#define MAP_ANONYMOUS 0x20
#define F_DUPFD 0
#define F_SETFD 2
#define F_DUPFD_CLOEXEC 1030
#define PR_SET_NAME 15
#define PR_GET_NAME 16
#define PR_GET_CHILD_SUBREAPER 37

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline u64 user_u64(struct scratch *s, u64 address)
{
	u64 value = 0;
	if (address && bpf_probe_read_user(&value, sizeof(value), (void *)address))
		s->trouble |= TROUBLE_FAULT;
	return value;
}

static __always_inline u32 user_u32(struct scratch *s, u64 address)
{
	u32 value = 0;
	if (address && bpf_probe_read_user(&value, sizeof(value), (void *)address))
		s->trouble |= TROUBLE_FAULT;
	return value;
}

/* The first piece of data of a list of pieces. */
static __always_inline int put_iov(struct scratch *s, u64 iov)
{
	u64 base = user_u64(s, iov), length = user_u64(s, iov ? iov + 8 : 0);
	if (s->result >= 0 && length > (u64)s->result)
		length = s->result;
	return put_bytes(s, base, length, kept_data);
}

/* How long all pieces are, of the first eight. */
static __always_inline u32 iov_size(struct scratch *s, u64 iov, u64 count)
{
	u64 sum = 0;
	for (int i = 0; i < 8; i++) {
		if ((u64)i >= count || !iov)
			break;
		sum += user_u64(s, iov + 16 * i + 8);
	}
	return sum;
}

/* Parameters that are read from where the process put them. */
__noinline int put_of_memory(u32 op, u64 value, u32 more)
{
	struct scratch *s = scratch_of_cpu();
	if (!s)
		return 0;
	switch (op) {
	case OP_USER_U32:
		return put_u32(s, user_u32(s, value ? value + more : 0));
	case OP_USER_S32:
		return put_u64(s, s->result < 0 ? -1 : (s64)(s32)user_u32(s, value ? value + more : 0));
	case OP_USER_U64:
		return put_u64(s, user_u64(s, value ? value + more : 0));
	case OP_IOV_BYTES:
		return put_iov(s, value);
	case OP_IOV_SIZE:
		return put_u32(s, iov_size(s, value, s->args[2]));
	case OP_MESSAGE_BYTES:
		return put_iov(s, user_u64(s, value + 16));
	case OP_MESSAGE_SIZE:
		return put_u32(s, iov_size(s, user_u64(s, value + 16), user_u64(s, value + 24)));
	case OP_MESSAGE_TUPLE_OUT:
		return put_tuple(s->args[0], user_u64(s, value), 1);
	case OP_MESSAGE_TUPLE_IN:
		return put_tuple(s->args[0], user_u64(s, value), 0);
	default:
		end(s, 0);
		return 0;
	}
}

/* Parameters that tell of a file. */
__noinline int put_of_file(u32 op, u64 value, s32 fd)
{
	struct scratch *s = scratch_of_cpu();
	if (!s)
		return 0;
	struct task_struct *task = (void *)s->task;
	struct file *file = file_of(task, fd);
	u32 layer = 0;

	switch (op) {
	case OP_DEV:
		return put_u32(s, file ? device_of(BPF_CORE_READ(file, f_inode)) : 0);
	case OP_INO:
		return put_u64(s, BPF_CORE_READ(file, f_inode, i_ino));
	case OP_PATH:
		return put_path((u64)file);
	case OP_OPEN_FLAGS: {
		u32 flags = value;
		if (file) {
			layer = layer_of(file);
			flags |= BPF_CORE_READ(file, f_mode) & FMODE_CREATED ? ADDED_CREATED : 0;
			flags |= layer == 1 ? ADDED_UPPER : layer == 2 ? ADDED_LOWER : 0;
		}
		return put_u32(s, flags);
	}
	case OP_CREAT_LAYER:
		layer = file ? layer_of(file) : 0;
		return put_u16(s, layer);
	default:
		end(s, 0);
		return 0;
	}
}

/* Parameters that tell of a socket's queue. */
__noinline int put_of_queue(u32 op, s32 fd)
{
	struct scratch *s = scratch_of_cpu();
	if (!s)
		return 0;
	struct sock *sk = s->result < 0 ? NULL : sock_of((void *)s->task, fd);
	u32 length = sk ? BPF_CORE_READ(sk, sk_ack_backlog) : 0;
	u32 most = sk ? BPF_CORE_READ(sk, sk_max_ack_backlog) : 0;
	if (op == OP_BACKLOG)
		return put_u32(s, length);
	if (op == OP_BACKLOG_MOST)
		return put_u32(s, most);
	return put_u8(s, most ? (u64)length * 100 / most : 0);
}

/* One parameter: the operation, which argument of the call, and a number for it. */
__noinline int put(u32 word)
{
	struct scratch *s = scratch_of_cpu();
	if (!s)
		return 0;
	u32 op = word & 0xff, which = (word >> 8) & 0xff, more = word >> 16;
	/* Beyond the arguments it is the result that is meant. */
	u64 value = which < 6 ? s->args[which] : (u64)s->result;
	u64 next = which < 5 ? s->args[which + 1] : 0;

	switch (op) {
	case OP_RESULT:
		return put_u64(s, s->result);
	case OP_S64:
		return put_u64(s, value);
	case OP_FD:
		return put_u64(s, (s64)(s32)value);
	case OP_U32:
		return put_u32(s, value);
	case OP_U16:
		return put_u16(s, value);
	case OP_U8:
		return put_u8(s, value);
	case OP_CONSTANT:
		return put_u32(s, more);
	case OP_CONSTANT_LONG:
		return put_u64(s, more);
	case OP_CONSTANT_SHORT:
		return put_u16(s, more);
	case OP_TEXT:
		return put_text(s, value);
	case OP_BYTES_OF_RESULT:
		return put_bytes(s, value, s->result < 0 ? 0 : s->result, kept_data);
	case OP_BYTES_OF_SIZE:
		return put_bytes(s, value, s->result > 0 ? s->result : next, kept_data);
	case OP_MEMORY:
		return put_bytes(s, value, next, kept_data);
	case OP_ADDRESS:
		return put_address(value, next);
	case OP_TUPLE_OUT:
		return put_tuple(more == 6 ? s->result : s->args[0], which < 6 ? value : 0, 1);
	case OP_TUPLE_IN:
		return put_tuple(more == 6 ? s->result : s->args[0], which < 6 ? value : 0, 0);
	case OP_MODE:
		return put_u32(s, value & (O_CREAT | O_TMPFILE) ? next : 0);
	case OP_HOW_FLAGS:
		return put_of_file(OP_OPEN_FLAGS, user_u64(s, value), s->result);
	case OP_HOW_MODE: {
		u64 flags = user_u64(s, value);
		return put_u32(s, flags & (O_CREAT | O_TMPFILE) ? user_u64(s, value + 8) : 0);
	}
	case OP_OPTION_TEXT:
		return put_text(s, s->args[0] == PR_SET_NAME || s->args[0] == PR_GET_NAME ? value : 0);
	case OP_OPTION_NUMBER:
		if (s->args[0] == PR_SET_NAME || s->args[0] == PR_GET_NAME)
			return put_u64(s, 0);
		if (s->args[0] == PR_GET_CHILD_SUBREAPER)
			return put_u64(s, (s64)(s32)user_u32(s, value));
		return put_u64(s, value);
	case OP_POINTER: {
		/* A value of several shapes of which the first is a number. */
		PLACE(s, at)
		s->data[at] = 0;
		*(u64 *)(s->data + at + 1) = value;
		end(s, 9);
		return 0;
	}
	case OP_USER_U32:
	case OP_USER_S32:
	case OP_USER_U64:
	case OP_IOV_BYTES:
	case OP_IOV_SIZE:
	case OP_MESSAGE_BYTES:
	case OP_MESSAGE_SIZE:
	case OP_MESSAGE_TUPLE_OUT:
	case OP_MESSAGE_TUPLE_IN:
		return put_of_memory(op, value, more);
	case OP_DEV:
	case OP_INO:
	case OP_PATH:
	case OP_OPEN_FLAGS:
	case OP_CREAT_LAYER:
		return put_of_file(op, value, s->result);
	case OP_FD_INO:
		return put_of_file(OP_INO, 0, user_u32(s, value));
	case OP_BACKLOG:
	case OP_BACKLOG_MOST:
	case OP_BACKLOG_PERCENT:
		return put_of_queue(op, value);
	case OP_EMPTY:
		end(s, 0);
		return 0;
	default:
		return put_of_task(op);
	}
}

/* Puts an event together and sends it. */
static __always_inline int send(struct scratch *s, struct call *call, u32 number, u64 now)
{
	u32 zero = 0, cpu = bpf_get_smp_processor_id();
	struct tally *tally = bpf_map_lookup_elem(&tallies, &zero);
	if (!tally)
		return 0;
	tally->made++;
	u32 count = call->count;
	if (count > MOST_PARAMETERS)
		return 0;
	s->task = bpf_get_current_task();
	s->used = HEAD + 2 * count;
	s->index = 0;
	s->trouble = 0;
	s->exe_length = 0;
	for (u32 i = 0; i < MOST_PARAMETERS; i++) {
		if (i >= count)
			break;
		put(call->ops[i]);
	}
	u32 trouble = s->trouble;
	if (s->used > ROOM + PIECE)
		trouble |= TROUBLE_LARGE;
	if (trouble & TROUBLE_CUT)
		tally->truncated++;
	if (trouble & TROUBLE_FAULT)
		tally->faults++;
	if (trouble & TROUBLE_LARGE) {
		tally->too_large++;
		goto gone;
	}
	*(u64 *)(s->data) = now;
	*(u64 *)(s->data + 8) = (u32)bpf_get_current_pid_tgid();
	*(u16 *)(s->data + 20) = call->event;
	*(u32 *)(s->data + 22) = count;
	void *ring = bpf_map_lookup_elem(&rings, &cpu);
	u64 length = s->used;
	BOUND(length, ROOM + PIECE)
	*(u32 *)(s->data + 16) = length;
	if (ring && !bpf_ringbuf_output(ring, s->data, length, BPF_RB_NO_WAKEUP)) {
		tally->sent++;
		return 0;
	}
	tally->ring_full++;
gone:;
	u64 *of_call = bpf_map_lookup_elem(&lost, &number);
	if (of_call)
		*of_call += 1;
	return 0;
}

/*
 * Which call it is, among ours; CALL_EXIT where it is none. Most calls of a machine come here and no
 * further: where the kernel lets a program (`typed`), it reads without a helper.
 */
static __always_inline u32 number_of_call(struct pt_regs *regs, bool typed, bool *narrow)
{
	u32 number, status = 0;
#if defined(__TARGET_ARCH_x86)
	if (typed) {
		number = (u32)regs->orig_ax & ~0x40000000u;
		struct task_struct *task = bpf_get_current_task_btf();
		status = task->thread_info.status;
	} else {
		number = (u32)BPF_CORE_READ(regs, orig_ax) & ~0x40000000u;
		struct task_struct *task = (void *)bpf_get_current_task();
		status = BPF_CORE_READ(task, thread_info.status);
	}
	if (status & TS_COMPAT) {
		u32 *other = bpf_map_lookup_elem(&compat, &number);
		*narrow = true;
		return other && *other ? *other - 1 : CALL_EXIT;
	}
#else
	number = typed ? (u32)regs->syscallno : (u32)BPF_CORE_READ(regs, syscallno);
#endif
	return number;
}

static __always_inline int on_exit(struct pt_regs *regs, long result, bool typed)
{
	bool narrow = false;
	u32 number = number_of_call(regs, typed, &narrow);
	if (number >= CALL_EXIT)
		return 0;
	struct call *call = bpf_map_lookup_elem(&calls, &number);
	if (!call || !(call->flags & CALL_ON))
		return 0;
	if (result < 0 && call->flags & CALL_ONLY_SUCCESS)
		return 0;
	if (bpf_get_current_pid_tgid() >> 32 == own_process)
		return 0;
	if (call->flags & CALL_KILLS)
		judge(number, result);
	struct scratch *s = scratch_of_cpu();
	if (!s)
		return 0;
	u64 now = bpf_ktime_get_boot_ns();
	s->result = result;
#if defined(__TARGET_ARCH_x86)
	if (narrow) {
		s->args[0] = (u32)BPF_CORE_READ(regs, bx);
		s->args[1] = (u32)BPF_CORE_READ(regs, cx);
		s->args[2] = (u32)BPF_CORE_READ(regs, dx);
		s->args[3] = (u32)BPF_CORE_READ(regs, si);
		s->args[4] = (u32)BPF_CORE_READ(regs, di);
		s->args[5] = (u32)BPF_CORE_READ(regs, bp);
	} else {
		struct pt_regs all;
		bpf_core_read(&all, sizeof(all), regs);
		s->args[0] = all.di;
		s->args[1] = all.si;
		s->args[2] = all.dx;
		s->args[3] = all.r10;
		s->args[4] = all.r8;
		s->args[5] = all.r9;
	}
#else
	s->args[0] = BPF_CORE_READ(regs, orig_x0);
	s->args[1] = BPF_CORE_READ(regs, regs[1]);
	s->args[2] = BPF_CORE_READ(regs, regs[2]);
	s->args[3] = BPF_CORE_READ(regs, regs[3]);
	s->args[4] = BPF_CORE_READ(regs, regs[4]);
	s->args[5] = BPF_CORE_READ(regs, regs[5]);
#endif
	if (call->flags & CALL_ONLY_CODE) {
		/* Addresses of the upper half are errors: what a process maps lies in the lower. */
		if (result < 0 || !(s->args[2] & PROT_EXEC) || (s->args[3] & MAP_ANONYMOUS))
			return 0;
	}
	if (call->flags & CALL_ONLY_DESCRIPTORS) {
		u32 command = s->args[1];
		if (command != F_DUPFD && command != F_SETFD && command != F_DUPFD_CLOEXEC)
			return 0;
	}
	return send(s, call, number, now);
}

static __always_inline int on_end(struct task_struct *task)
{
	u32 number = CALL_EXIT;
	struct call *call = bpf_map_lookup_elem(&calls, &number);
	if (!call || !(call->flags & CALL_ON))
		return 0;
	struct scratch *s = scratch_of_cpu();
	if (!s)
		return 0;
	s->result = 0;
	s->args[0] = BPF_CORE_READ(task, exit_code);
	return send(s, call, number, bpf_ktime_get_boot_ns());
}

SEC("tp_btf/sys_exit")
int call_ends(u64 *ctx)
{
	return on_exit((void *)ctx[0], ctx[1], true);
}

SEC("raw_tp/sys_exit")
int call_ends_raw(u64 *ctx)
{
	return on_exit((void *)ctx[0], ctx[1], false);
}

SEC("tp_btf/sched_process_exit")
int process_ends(u64 *ctx)
{
	return on_end((void *)ctx[0]);
}

SEC("raw_tp/sched_process_exit")
int process_ends_raw(u64 *ctx)
{
	return on_end((void *)ctx[0]);
}
