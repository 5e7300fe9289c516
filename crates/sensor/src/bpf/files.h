/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files as the kernel knows them: what a name led to when a call was over. */
#pragma once

#define MOST_STEPS 96
#define OVERLAY_MAGIC 0x794c7630
#define FMODE_CREATED 0x100000
/* Bits that the kernel's side adds to the flags of an open file; the reader moves them. */
#define ADDED_CREATED (1u << 30)
#define ADDED_UPPER (1u << 29)
#define ADDED_LOWER (1u << 28)

static __always_inline struct file *file_of(struct task_struct *task, s32 fd)
{
	struct file *file = NULL;
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	if (fd < 0 || !table || (u32)fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	struct file **files = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}

static __always_inline u32 device_of(struct inode *inode)
{
	u32 dev = BPF_CORE_READ(inode, i_sb, s_dev);
	u32 major = dev >> 20, minor = dev & 0xfffff;
	return (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}

/* Which layer of an overlay a file lies in: 0 none, 1 the upper, 2 a lower. */
static __always_inline u32 layer_of(struct file *file)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	if (BPF_CORE_READ(dentry, d_sb, s_magic) != OVERLAY_MAGIC)
		return 0;
	/* The overlay's own part of an inode begins behind the kernel's with the upper dentry. */
	void *inode = BPF_CORE_READ(dentry, d_inode);
	struct dentry *upper = NULL;
	bpf_probe_read_kernel(&upper, sizeof(upper), inode + bpf_core_type_size(struct inode));
	return upper && BPF_CORE_READ(upper, d_inode, i_ino) ? 1 : 2;
}

/*
 * One step up: its name goes before those that were there. A function of its own, so that the verifier
 * looks at it once and not again for every step. Not 0 at the top.
 */
__noinline int step_up(void)
{
	struct scratch *s = scratch_of_cpu();
	if (!s)
		return 1;
	struct dentry *dentry = (void *)s->walk.dentry;
	struct vfsmount *mount = (void *)s->walk.mount;
	if (s->walk.dentry == s->walk.root_dentry && s->walk.mount == s->walk.root_mount)
		return 1;
	if (s->walk.dentry == s->walk.top) {
		struct mount *whole = (void *)mount - bpf_core_field_offset(struct mount, mnt);
		struct mount *below = BPF_CORE_READ(whole, mnt_parent);
		if (below == whole)
			return 1;
		s->walk.dentry = (u64)BPF_CORE_READ(whole, mnt_mountpoint);
		mount = (void *)below + bpf_core_field_offset(struct mount, mnt);
		s->walk.mount = (u64)mount;
		s->walk.top = (u64)BPF_CORE_READ(mount, mnt_root);
		return 0;
	}
	struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
	struct qstr name = {};
	bpf_core_read(&name, sizeof(name), &dentry->d_name);
	u32 length = name.len & 0xff, at = s->walk.at;
	if (at < length + 1 || at > PIECE) {
		s->trouble |= TROUBLE_CUT;
		return 1;
	}
	at -= length;
	bpf_probe_read_kernel(s->path + (at & (PIECE - 1)), length, name.name);
	/* A file that lies in no folder, such as one in memory, has a name and no path. */
	if (dentry != parent) {
		at -= 1;
		s->path[at & (PIECE - 1)] = '/';
	}
	s->walk.at = at;
	s->walk.dentry = (u64)parent;
	return dentry == parent;
}

/*
 * The path of a file from the root of the process: written from the end of `path` to its front.
 * Where it begins there is the result.
 */
__noinline int walk(u64 dentry, u64 mount)
{
	struct scratch *s = scratch_of_cpu();
	if (!s)
		return PIECE;
	struct task_struct *task = (void *)s->task;
	struct path root = {};
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	if (fs)
		bpf_core_read(&root, sizeof(root), &fs->root);
	s->walk.root_dentry = (u64)root.dentry;
	s->walk.root_mount = (u64)root.mnt;
	s->walk.dentry = dentry;
	s->walk.mount = mount;
	s->walk.top = (u64)BPF_CORE_READ((struct vfsmount *)mount, mnt_root);
	s->walk.at = PIECE;
	int i;
	for (i = 0; i < MOST_STEPS; i++)
		if (step_up())
			break;
	if (i == MOST_STEPS)
		s->trouble |= TROUBLE_CUT;
	if (s->walk.at >= PIECE) {
		s->path[PIECE - 1] = '/';
		return PIECE - 1;
	}
	return s->walk.at;
}

/* The path of a file as a parameter. */
__noinline int put_path(u64 file_address)
{
	struct scratch *s = scratch_of_cpu();
	if (!s)
		return 0;
	struct file *file = (void *)file_address;
	if (!file) {
		end(s, 0);
		return 0;
	}
	struct path path = {};
	bpf_core_read(&path, sizeof(path), &file->f_path);
	u64 from = (u32)walk((u64)path.dentry, (u64)path.mnt);
	PLACE(s, at)
	BOUND(from, PIECE)
	u64 length = PIECE - from;
	BOUND(length, PIECE)
	bpf_probe_read_kernel(s->data + at, length, s->path + from);
	u64 last = at + length;
	BOUND(last, ROOM + PIECE)
	s->data[last] = 0;
	end(s, length + 1);
	return 0;
}
