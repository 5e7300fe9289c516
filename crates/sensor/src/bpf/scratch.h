/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps, and the place where an event is put together before it goes to its ring: an event's head,
 * the lengths of its parameters, the parameters, as a capture has them.
 */
#pragma once

/* time, thread, length, type, number of parameters */
#define HEAD 26
#define MOST_PARAMETERS 32
#define MOST_CALLS 512
/* The number that the end of a process has among the calls. */
#define CALL_EXIT 511
/* Where no further parameter may begin. */
#define ROOM 32768
#define PIECE 4096
/* What is kept of data that is read and written. */
#define DATA 80

/* What is sent of a call, and how. */
struct call {
	u16 event;
	u8 count;
	u8 flags;
	u32 ops[MOST_PARAMETERS];
};
#define CALL_ON 1
#define CALL_ONLY_SUCCESS 2
/* Of `fcntl` only what copies a descriptor or says that a program does not inherit it. */
#define CALL_ONLY_DESCRIPTORS 4
/* Whoever makes it may be killed: `kill.h`. */
#define CALL_KILLS 8
#define CALL_ONLY_CODE 16

/* What became of events, by processor. */
struct tally {
	u64 made;
	u64 sent;
	u64 ring_full;
	u64 too_large;
	u64 truncated;
	u64 faults;
	u64 compat;
};

/* A way up from a file or a control group. */
struct walk {
	u64 dentry, mount, top, root_dentry, root_mount;
	u32 at;
};

struct scratch {
	struct walk walk;
	u64 args[6];
	s64 result;
	u64 task;
	u32 used;
	u32 index;
	u32 exe_length;
	u32 trouble;
	u64 address[16];
	u8 data[ROOM + PIECE + 64];
	u8 path[2 * PIECE];
	u8 cgroup[1024 + 256];
};
#define TROUBLE_LARGE 1
#define TROUBLE_CUT 2
#define TROUBLE_FAULT 4

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MOST_CALLS);
	__type(key, u32);
	__type(value, struct call);
} calls SEC(".maps");

/* For processes of 32 bits: the number that a call of theirs has among ours, plus one. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MOST_CALLS);
	__type(key, u32);
	__type(value, u32);
} compat SEC(".maps");

/* One for each processor: too large for the kernel's own memory per processor. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct tally);
} tallies SEC(".maps");

/* How many events of each call were lost. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MOST_CALLS);
	__type(key, u32);
	__type(value, u64);
} lost SEC(".maps");

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

/* A ring for each processor; the reader sets how many and how large. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, u32);
	__array(values, struct ring);
} rings SEC(".maps");

/* The process whose calls are left out: the reader itself. */
const volatile u32 own_process = 0;
/* What is kept of data that is read and written, at most DATA. */
const volatile u32 kept_data = DATA;

static __always_inline struct scratch *scratch_of_cpu(void)
{
	u32 cpu = bpf_get_smp_processor_id();
	return bpf_map_lookup_elem(&scratches, &cpu);
}

/* The length of the parameter that was just put behind the others. */
static __always_inline void end(struct scratch *s, u32 length)
{
	u32 index = s->index & (MOST_PARAMETERS - 1);
	*(u16 *)(s->data + HEAD + 2 * index) = length;
	s->index = index + 1;
	s->used += length;
}

/* Makes sure of a bound where the verifier sees it: the compiler may know it already and leave it out. */
#define BOUND(number, most)                  \
	asm volatile("" : "+r"(number));     \
	if ((number) > (most))               \
		return 0;

/* Where the next parameter lies; beyond the room it is noted and left empty. */
#define PLACE(s, at)                             \
	u32 at = (s)->used;                      \
	if (at >= ROOM) {                        \
		(s)->trouble |= TROUBLE_LARGE;   \
		end(s, 0);                       \
		return 0;                        \
	}                                        \
	asm volatile("" : "+r"(at));             \
	at &= ROOM - 1;

static __always_inline int put_u64(struct scratch *s, u64 value)
{
	PLACE(s, at)
	*(u64 *)(s->data + at) = value;
	end(s, 8);
	return 0;
}

static __always_inline int put_u32(struct scratch *s, u32 value)
{
	PLACE(s, at)
	*(u32 *)(s->data + at) = value;
	end(s, 4);
	return 0;
}

static __always_inline int put_u16(struct scratch *s, u16 value)
{
	PLACE(s, at)
	*(u16 *)(s->data + at) = value;
	end(s, 2);
	return 0;
}

static __always_inline int put_u8(struct scratch *s, u8 value)
{
	PLACE(s, at)
	s->data[at] = value;
	end(s, 1);
	return 0;
}

/* A text of the process, with its NUL; empty where there is none or it cannot be read. */
static __always_inline int put_text(struct scratch *s, u64 address)
{
	PLACE(s, at)
	long length = 0;
	if (address) {
		length = bpf_probe_read_user_str(s->data + at, PIECE, (void *)address);
		if (length < 0) {
			s->trouble |= TROUBLE_FAULT;
			length = 0;
		} else if (length == PIECE) {
			s->trouble |= TROUBLE_CUT;
		}
	}
	end(s, length);
	return 0;
}

/* Bytes of the process, as many as fit. */
static __always_inline int put_bytes(struct scratch *s, u64 address, u64 length, u32 most)
{
	PLACE(s, at)
	u64 size = length > most ? most : length;
	BOUND(size, PIECE)
	if (address && size) {
		if (bpf_probe_read_user(s->data + at, size, (void *)address)) {
			s->trouble |= TROUBLE_FAULT;
			size = 0;
		}
	} else {
		size = 0;
	}
	end(s, size);
	return 0;
}
