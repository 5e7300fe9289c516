/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel knows of a process: numbers, program, memory, rights, control groups. */
#pragma once

#define EXE_WRITABLE 1
#define EXE_UPPER_LAYER 2
#define EXE_FROM_MEMFD 4
#define EXE_LOWER_LAYER 8
#define CAP_DAC_OVERRIDE 1
#define CAP_FOWNER 3
#define SB_RDONLY 1
#define RLIMIT_NOFILE 7
#define MM_FILEPAGES 0
#define MM_ANONPAGES 1
#define MM_SWAPENTS 2
#define MM_SHMEMPAGES 3
#define CHILD_IN_PIDNS (1u << 30)

static __always_inline struct pid *pid_of(struct task_struct *task, enum pid_type type)
{
	if (type == PIDTYPE_PID)
		return BPF_CORE_READ(task, thread_pid);
	return BPF_CORE_READ(task, signal, pids[type]);
}

/* A number of a process, in its own namespace or the first. */
static __always_inline s64 number_of(struct pid *pid, bool own)
{
	if (!pid)
		return 0;
	u32 level = own ? BPF_CORE_READ(pid, level) : 0;
	struct upid upid = {};
	void *numbers = (void *)pid + bpf_core_field_offset(struct pid, numbers);
	bpf_probe_read_kernel(&upid, sizeof(upid), numbers + level * sizeof(upid));
	return upid.nr;
}

static __always_inline struct pid_namespace *namespace_of(struct pid *pid)
{
	if (!pid)
		return NULL;
	u32 level = BPF_CORE_READ(pid, level);
	struct upid upid = {};
	void *numbers = (void *)pid + bpf_core_field_offset(struct pid, numbers);
	bpf_probe_read_kernel(&upid, sizeof(upid), numbers + level * sizeof(upid));
	return upid.ns;
}

static __always_inline u64 capabilities(struct task_struct *task, u32 op)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);
	if (bpf_core_field_exists(cred->cap_effective.val)) {
		if (op == OP_CAP_INHERITABLE)
			return BPF_CORE_READ(cred, cap_inheritable.val);
		if (op == OP_CAP_PERMITTED)
			return BPF_CORE_READ(cred, cap_permitted.val);
		return BPF_CORE_READ(cred, cap_effective.val);
	}
	const struct cred___old *old = (void *)cred;
	struct cap___words words = {};
	if (op == OP_CAP_INHERITABLE)
		bpf_core_read(&words, sizeof(words), &old->cap_inheritable);
	else if (op == OP_CAP_PERMITTED)
		bpf_core_read(&words, sizeof(words), &old->cap_permitted);
	else
		bpf_core_read(&words, sizeof(words), &old->cap_effective);
	return (u64)words.cap[1] << 32 | words.cap[0];
}

/* Kilobytes of a kind of pages. */
static __always_inline u32 pages(struct mm_struct *mm, u32 kind)
{
	s64 count = 0;
	if (bpf_core_type_exists(struct mm_rss_stat)) {
		struct mm_struct___old *old = (void *)mm;
		if (kind == MM_SWAPENTS)
			return BPF_CORE_READ(old, rss_stat.count[MM_SWAPENTS].counter) << 2;
		count = BPF_CORE_READ(old, rss_stat.count[MM_FILEPAGES].counter);
		count += BPF_CORE_READ(old, rss_stat.count[MM_ANONPAGES].counter);
		count += BPF_CORE_READ(old, rss_stat.count[MM_SHMEMPAGES].counter);
	} else {
		if (kind == MM_SWAPENTS)
			return BPF_CORE_READ(mm, rss_stat[MM_SWAPENTS].count) << 2;
		count = BPF_CORE_READ(mm, rss_stat[MM_FILEPAGES].count);
		count += BPF_CORE_READ(mm, rss_stat[MM_ANONPAGES].count);
		count += BPF_CORE_READ(mm, rss_stat[MM_SHMEMPAGES].count);
	}
	return count < 0 ? 0 : count << 2;
}

static __always_inline u32 tty_of(struct task_struct *task)
{
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);
	if (!tty)
		return 0;
	struct tty_driver *driver = BPF_CORE_READ(tty, driver);
	u32 major = BPF_CORE_READ(driver, major);
	u32 minor = BPF_CORE_READ(driver, minor_start) + BPF_CORE_READ(tty, index);
	return (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}

static __always_inline u32 loginuid_of(struct task_struct *task)
{
	if (bpf_core_field_exists(task->loginuid))
		return BPF_CORE_READ(task, loginuid.val);
	return (u32)-1;
}

/* When a file's inode was changed or its content modified. */
static __always_inline u64 inode_time(struct inode *inode, bool modified)
{
	struct timespec64 time = {};
	struct inode___6_6 *newer = (void *)inode;
	struct inode___old *old = (void *)inode;
	if (bpf_core_field_exists(inode->i_mtime_sec)) {
		time.tv_sec = modified ? BPF_CORE_READ(inode, i_mtime_sec)
				       : BPF_CORE_READ(inode, i_ctime_sec);
		time.tv_nsec = modified ? BPF_CORE_READ(inode, i_mtime_nsec)
					: BPF_CORE_READ(inode, i_ctime_nsec);
	} else if (modified && bpf_core_field_exists(newer->__i_mtime)) {
		bpf_core_read(&time, sizeof(time), &newer->__i_mtime);
	} else if (!modified && bpf_core_field_exists(newer->__i_ctime)) {
		bpf_core_read(&time, sizeof(time), &newer->__i_ctime);
	} else if (modified) {
		bpf_core_read(&time, sizeof(time), &old->i_mtime);
	} else {
		bpf_core_read(&time, sizeof(time), &old->i_ctime);
	}
	return time.tv_sec < 0 ? 0 : time.tv_sec * 1000000000ull + time.tv_nsec;
}

static __always_inline bool is_in_memory(struct file *file)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	if (BPF_CORE_READ(dentry, d_parent) != dentry)
		return false;
	char name[8] = {};
	bpf_probe_read_kernel_str(name, 7, BPF_CORE_READ(dentry, d_name.name));
	return name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && name[3] == 'f' &&
	       name[4] == 'd' && name[5] == ':';
}

/* Whether the process may write the program that it runs. */
static __always_inline bool is_writable(struct task_struct *task, struct inode *inode)
{
	if (BPF_CORE_READ(inode, i_sb, s_flags) & SB_RDONLY)
		return false;
	u32 owner = BPF_CORE_READ(inode, i_uid.val), group = BPF_CORE_READ(inode, i_gid.val);
	u32 mode = BPF_CORE_READ(inode, i_mode);
	if (BPF_CORE_READ(task, cred, fsuid.val) == owner || mode & 2)
		return true;
	if (mode & 020 && BPF_CORE_READ(task, cred, fsgid.val) == group)
		return true;
	u64 held = capabilities(task, OP_CAP_EFFECTIVE);
	return held & (1ull << CAP_DAC_OVERRIDE | 1ull << CAP_FOWNER);
}

__noinline int put_exe_flags(void)
{
	struct scratch *s = scratch_of_cpu();
	if (!s)
		return 0;
	struct task_struct *task = (void *)s->task;
	struct file *file = BPF_CORE_READ(task, mm, exe_file);
	u32 flags = 0;
	if (file) {
		if (is_writable(task, BPF_CORE_READ(file, f_inode)))
			flags |= EXE_WRITABLE;
		if (is_in_memory(file))
			flags |= EXE_FROM_MEMFD;
		u32 layer = layer_of(file);
		flags |= layer == 1 ? EXE_UPPER_LAYER : layer == 2 ? EXE_LOWER_LAYER : 0;
	}
	return put_u32(s, flags);
}

/* One step up from a control group: not 0 at the top. */
__noinline int group_up(void)
{
	struct scratch *s = scratch_of_cpu();
	if (!s)
		return 1;
	struct kernfs_node *node = (void *)s->walk.dentry, *parent;
	struct kernfs_node___old *old = (void *)node;
	if (bpf_core_field_exists(node->__parent))
		parent = BPF_CORE_READ(node, __parent);
	else
		parent = BPF_CORE_READ(old, parent);
	if (!parent)
		return 1;
	/* Read to a place of its own first: how long it is is not known before. */
	long length = bpf_probe_read_kernel_str(s->path, 256, BPF_CORE_READ(node, name));
	if (length < 1 || length > 256)
		return 1;
	u32 size = (length - 1) & 0xff, at = s->walk.at;
	if (at < size + 1 || at > 1024) {
		s->trouble |= TROUBLE_CUT;
		return 1;
	}
	at -= size;
	bpf_probe_read_kernel(s->cgroup + (at & 1023), size, s->path);
	at -= 1;
	s->cgroup[at & 1023] = '/';
	s->walk.at = at;
	s->walk.dentry = (u64)parent;
	return 0;
}

/* The path of a control group: where it begins in `cgroup`. */
static __always_inline u32 group_path(struct scratch *s, u64 node)
{
	s->walk.at = 1024;
	s->walk.dentry = node;
	for (int i = 0; i < 24; i++)
		if (group_up())
			break;
	if (s->walk.at >= 1024) {
		s->cgroup[1023] = '/';
		return 1023;
	}
	return s->walk.at;
}

/* One control group as `name=path`, behind the bytes of this parameter that are there already. */
__noinline int add_group(u64 word, u32 width, u64 node, u32 there)
{
	struct scratch *s = scratch_of_cpu();
	if (!s)
		return 0;
	u64 wide = width;
	BOUND(wide, 8)
	u64 from = group_path(s, node);
	BOUND(from, 1023)
	u64 at = s->used + there;
	BOUND(at, ROOM - 1)
	*(u64 *)(s->data + at) = word;
	at += wide;
	u64 length = 1024 - from;
	BOUND(length, 1024)
	bpf_probe_read_kernel(s->data + at, length, s->cgroup + from);
	u64 last = at + length;
	BOUND(last, ROOM + PIECE)
	s->data[last] = 0;
	return width + length + 1;
}

static __always_inline u64 group_node(struct task_struct *task, u32 id)
{
	return (u64)BPF_CORE_READ(task, cgroups, subsys[id], cgroup, kn);
}

__noinline int put_cgroups(void)
{
	struct scratch *s = scratch_of_cpu();
	if (!s)
		return 0;
	struct task_struct *task = (void *)s->task;
	u32 there = 0;
	/* Names of eight bytes at most, as numbers. */
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, cpuset_cgrp_id)) {
		u32 id = bpf_core_enum_value(enum cgroup_subsys_id, cpuset_cgrp_id) & 15;
		there += add_group(0x3d746573757063ull, 7, group_node(task, id), there);
	}
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, cpu_cgrp_id)) {
		u32 id = bpf_core_enum_value(enum cgroup_subsys_id, cpu_cgrp_id) & 15;
		there += add_group(0x3d757063ull, 4, group_node(task, id), there);
	}
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, cpuacct_cgrp_id)) {
		u32 id = bpf_core_enum_value(enum cgroup_subsys_id, cpuacct_cgrp_id) & 15;
		there += add_group(0x3d74636361757063ull, 8, group_node(task, id), there);
	}
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, io_cgrp_id)) {
		u32 id = bpf_core_enum_value(enum cgroup_subsys_id, io_cgrp_id) & 15;
		there += add_group(0x3d6f69ull, 3, group_node(task, id), there);
	}
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id)) {
		u32 id = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id) & 15;
		there += add_group(0x3d79726f6d656dull, 7, group_node(task, id), there);
	}
	if (there > PIECE * 2)
		there = 0;
	end(s, there);
	return 0;
}

/* The program's name and its arguments: of the process, or of the call that failed to become it. */
__noinline int put_exe(void)
{
	struct scratch *s = scratch_of_cpu();
	if (!s)
		return 0;
	struct task_struct *task = (void *)s->task;
	u32 before = s->used;
	if (s->result < 0)
		return put_text(s, s->args[0]);
	put_text(s, BPF_CORE_READ(task, mm, arg_start));
	s->exe_length = s->used - before;
	return 0;
}

/* A list of texts between two places: the last one ends with NUL even where it is cut. */
__noinline int put_list(u64 from, u64 to)
{
	struct scratch *s = scratch_of_cpu();
	if (!s)
		return 0;
	if (s->result < 0 || to <= from) {
		end(s, 0);
		return 0;
	}
	if (to - from > PIECE)
		s->trouble |= TROUBLE_CUT;
	u32 before = s->used;
	put_bytes(s, from, to - from, PIECE);
	u32 last = s->used - 1;
	if (s->used > before && last < ROOM + PIECE)
		s->data[last] = 0;
	return 0;
}

static __always_inline u32 clone_flags(struct task_struct *task, u32 flags)
{
	struct pid_namespace *own = namespace_of(pid_of(task, PIDTYPE_PID));
	flags &= ~0xffu;
	if (BPF_CORE_READ(own, level) || BPF_CORE_READ(task, nsproxy, pid_ns_for_children) != own)
		flags |= 1; /* The reader knows that bit, which is free here, as being in a namespace. */
	return flags;
}

static __always_inline struct inode *exe_inode(struct mm_struct *mm)
{
	return BPF_CORE_READ(mm, exe_file, f_inode);
}

/* Parameters that tell of the process itself. */
__noinline int put_of_task(u32 op)
{
	struct scratch *s = scratch_of_cpu();
	if (!s)
		return 0;
	struct task_struct *task = (void *)s->task;
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	u32 status = s->args[0];

	switch (op) {
	case OP_EXE:
		return put_exe();
	case OP_ARGS: {
		u64 from = BPF_CORE_READ(mm, arg_start) + s->exe_length;
		return put_list(from, BPF_CORE_READ(mm, arg_end));
	}
	case OP_ENV:
		return put_list(BPF_CORE_READ(mm, env_start), BPF_CORE_READ(mm, env_end));
	case OP_TID:
		return put_u64(s, (s64)BPF_CORE_READ(task, pid));
	case OP_PID:
		return put_u64(s, (s64)BPF_CORE_READ(task, tgid));
	case OP_PTID:
		return put_u64(s, (s64)BPF_CORE_READ(task, real_parent, pid));
	case OP_FDLIMIT:
		return put_u64(s, BPF_CORE_READ(task, signal, rlim[RLIMIT_NOFILE].rlim_cur));
	case OP_MAJOR_FAULTS:
		return put_u64(s, BPF_CORE_READ(task, maj_flt));
	case OP_MINOR_FAULTS:
		return put_u64(s, BPF_CORE_READ(task, min_flt));
	case OP_VM_SIZE:
		return put_u32(s, BPF_CORE_READ(mm, total_vm) << 2);
	case OP_VM_RSS:
		return put_u32(s, pages(mm, MM_FILEPAGES));
	case OP_VM_SWAP:
		return put_u32(s, pages(mm, MM_SWAPENTS));
	case OP_COMM: {
		PLACE(s, at)
		long length = bpf_probe_read_kernel_str(s->data + at, 16, &task->comm);
		end(s, length < 0 ? 0 : length);
		return 0;
	}
	case OP_CGROUPS:
		return put_cgroups();
	case OP_TTY:
		return put_u32(s, tty_of(task));
	case OP_VPGID:
		return put_u64(s, number_of(pid_of(task, PIDTYPE_PGID), true));
	case OP_PGID:
		return put_u64(s, number_of(pid_of(task, PIDTYPE_PGID), false));
	case OP_LOGINUID:
		return put_u32(s, loginuid_of(task));
	case OP_EXE_FLAGS:
		return put_exe_flags();
	case OP_CAP_INHERITABLE:
	case OP_CAP_PERMITTED:
	case OP_CAP_EFFECTIVE:
		return put_u64(s, capabilities(task, op));
	case OP_EXE_INO:
		return put_u64(s, BPF_CORE_READ(exe_inode(mm), i_ino));
	case OP_EXE_CTIME:
		return put_u64(s, inode_time(exe_inode(mm), false));
	case OP_EXE_MTIME:
		return put_u64(s, inode_time(exe_inode(mm), true));
	case OP_EUID:
		return put_u32(s, BPF_CORE_READ(task, cred, euid.val));
	case OP_EGID:
		return put_u32(s, BPF_CORE_READ(task, cred, egid.val));
	case OP_EXE_PATH:
		return put_path((u64)BPF_CORE_READ(mm, exe_file));
	case OP_VTID:
		return put_u64(s, number_of(pid_of(task, PIDTYPE_PID), true));
	case OP_VPID:
		return put_u64(s, number_of(pid_of(task, PIDTYPE_TGID), true));
	case OP_CLONE_FLAGS:
		return put_u32(s, clone_flags(task, s->args[0]));
	case OP_CLONE3_FLAGS: {
		u64 flags = 0;
		bpf_probe_read_user(&flags, sizeof(flags), (void *)s->args[0]);
		return put_u32(s, clone_flags(task, flags));
	}
	case OP_PIDNS_START: {
		struct pid_namespace *own = namespace_of(pid_of(task, PIDTYPE_TGID));
		return put_u64(s, s->result ? 0 : BPF_CORE_READ(own, child_reaper, start_time));
	}
	case OP_EXIT_STATUS:
		return put_u64(s, (s64)(s32)status);
	case OP_EXIT_VALUE:
		return put_u64(s, (status & 0xff00) >> 8);
	case OP_EXIT_SIGNAL:
		return put_u8(s, status & 0x7f);
	case OP_EXIT_CORE:
		return put_u8(s, (status & 0x80) != 0);
	default:
		end(s, 0);
		return 0;
	}
}
