/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses that a call was given, and both ends of a socket as the kernel has them. */
#pragma once

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define S_IFMT 0170000
#define S_IFSOCK 0140000

#define ADDRESS 110

static __always_inline u16 swapped(u16 port)
{
	return __builtin_bswap16(port);
}

static __always_inline struct sock *sock_of(struct task_struct *task, s32 fd)
{
	struct file *file = file_of(task, fd);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	struct socket *socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

/* The address that a process gave. */
__noinline int put_address(u64 address, u32 size)
{
	struct scratch *s = scratch_of_cpu();
	if (!s)
		return 0;
	PLACE(s, at)
	u8 *given = (u8 *)s->address;
	if (!address || size < 2) {
		end(s, 0);
		return 0;
	}
	u64 length = size;
	if (length > ADDRESS)
		length = ADDRESS;
	BOUND(length, ADDRESS)
	__builtin_memset(s->address, 0, sizeof(s->address));
	if (bpf_probe_read_user(given, length, (void *)address)) {
		s->trouble |= TROUBLE_FAULT;
		end(s, 0);
		return 0;
	}
	u16 family = *(u16 *)given;
	u8 *out = s->data + at;
	out[0] = family;
	if (family == AF_INET) {
		*(u32 *)(out + 1) = *(u32 *)(given + 4);
		*(u16 *)(out + 5) = swapped(*(u16 *)(given + 2));
		end(s, 7);
	} else if (family == AF_INET6) {
		__builtin_memcpy(out + 1, given + 8, 16);
		*(u16 *)(out + 17) = swapped(*(u16 *)(given + 2));
		end(s, 19);
	} else if (family == AF_UNIX) {
		/* A name that is no path begins with NUL, which is left out. */
		u8 *name = given[2] ? given + 2 : given + 3;
		long read = bpf_probe_read_kernel_str(out + 1, 108, name);
		end(s, read < 0 ? 1 : 1 + read);
	} else {
		end(s, 0);
	}
	return 0;
}

/* Both ends of a socket, the one that sends first; where the kernel has no peer, the given one. */
__noinline int put_tuple(s32 fd, u64 given, u32 outward)
{
	struct scratch *s = scratch_of_cpu();
	if (!s)
		return 0;
	PLACE(s, at)
	u8 *out = s->data + at;
	struct sock *sk = s->result < 0 && s->result != -115 ? NULL : sock_of((void *)s->task, fd);
	if (!sk) {
		end(s, 0);
		return 0;
	}
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	struct inet_sock *inet = (void *)sk;
	u8 peer[28] = {};
	out[0] = family;
	if (family == AF_INET) {
		u32 local = BPF_CORE_READ(inet, inet_saddr);
		u32 remote = BPF_CORE_READ(sk, __sk_common.skc_daddr);
		u16 local_port = BPF_CORE_READ(inet, inet_sport);
		u16 remote_port = BPF_CORE_READ(sk, __sk_common.skc_dport);
		if (!remote_port && given && !bpf_probe_read_user(peer, 16, (void *)given)) {
			remote = *(u32 *)(peer + 4);
			remote_port = *(u16 *)(peer + 2);
		}
		*(u32 *)(out + 1) = outward ? local : remote;
		*(u16 *)(out + 5) = swapped(outward ? local_port : remote_port);
		*(u32 *)(out + 7) = outward ? remote : local;
		*(u16 *)(out + 11) = swapped(outward ? remote_port : local_port);
		end(s, 13);
	} else if (family == AF_INET6) {
		struct in6_addr local = BPF_CORE_READ(sk, __sk_common.skc_v6_rcv_saddr);
		struct in6_addr remote = BPF_CORE_READ(sk, __sk_common.skc_v6_daddr);
		u16 local_port = BPF_CORE_READ(inet, inet_sport);
		u16 remote_port = BPF_CORE_READ(sk, __sk_common.skc_dport);
		if (!remote_port && given && !bpf_probe_read_user(peer, 28, (void *)given)) {
			__builtin_memcpy(&remote, peer + 8, 16);
			remote_port = *(u16 *)(peer + 2);
		}
		__builtin_memcpy(out + 1, outward ? &local : &remote, 16);
		*(u16 *)(out + 17) = swapped(outward ? local_port : remote_port);
		__builtin_memcpy(out + 19, outward ? &remote : &local, 16);
		*(u16 *)(out + 35) = swapped(outward ? remote_port : local_port);
		end(s, 37);
	} else if (family == AF_UNIX) {
		struct unix_sock *own = (void *)sk;
		struct unix_sock *other = (void *)BPF_CORE_READ(own, peer);
		*(u64 *)(out + 1) = (u64)(outward ? other : own);
		*(u64 *)(out + 9) = (u64)(outward ? own : other);
		struct unix_address *name = BPF_CORE_READ(outward && other ? other : own, addr);
		long length = 0;
		if (name) {
			char *text = (void *)name + bpf_core_field_offset(struct unix_address, name) + 2;
			char first = 0;
			bpf_probe_read_kernel(&first, 1, text);
			length = bpf_probe_read_kernel_str(out + 17, 108, first ? text : text + 1);
		}
		if (length <= 1 && outward && given) {
			char first = 0;
			bpf_probe_read_user(&first, 1, (void *)given + 2);
			u64 text = given + (first ? 2 : 3);
			length = bpf_probe_read_user_str(out + 17, 108, (void *)text);
		}
		if (length < 1) {
			out[17] = 0;
			length = 1;
		}
		end(s, 17 + length);
	} else {
		end(s, 0);
	}
	return 0;
}
