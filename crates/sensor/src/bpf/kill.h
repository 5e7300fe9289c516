/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Processes that are killed at the end of a call, before they run another instruction: those that a rule
 * is about of which the kernel can judge all. The reader writes which; as many as it allows.
 */
#pragma once

#define MOST_RESPONSES 1024

/* Zeroes stand for any control group, and for any name. */
struct doom {
	u32 call;
	/* CALL_ONLY_SUCCESS where calls that fail do not count. */
	u32 flags;
	/* The number of a control group: of its folder too. */
	u64 group;
	char name[16];
};

/* The number of the response. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct doom);
	__type(value, u32);
} doomed SEC(".maps");

/* How many more may be killed, by response. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MOST_RESPONSES);
	__type(key, u32);
	__type(value, s64);
} budgets SEC(".maps");

/* How many were, by response. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MOST_RESPONSES);
	__type(key, u32);
	__type(value, u64);
} executed SEC(".maps");

/* Never killed, by process. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, u32);
	__type(value, u32);
} spared SEC(".maps");

/* Which were, and when. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u64);
} killed SEC(".maps");

static __always_inline u32 *doom_of(struct doom *key, bool failed)
{
	u32 *found = failed ? NULL : bpf_map_lookup_elem(&doomed, key);
	if (found)
		return found;
	key->flags = 0;
	found = bpf_map_lookup_elem(&doomed, key);
	key->flags = CALL_ONLY_SUCCESS;
	return found;
}

/* Kills the process that has just made a call, where that is what the reader has asked for. */
__noinline int judge(u32 number, s64 result)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u32 process = bpf_get_current_pid_tgid() >> 32;
	if (bpf_map_lookup_elem(&spared, &process))
		return 0;
	struct doom key = { .call = number, .flags = CALL_ONLY_SUCCESS };
	bpf_get_current_comm(key.name, sizeof(key.name));
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id)) {
		u32 id = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id) & 15;
		key.group = BPF_CORE_READ(task, cgroups, subsys[id], cgroup, kn, id);
	}
	u64 group = key.group;
	bool failed = result < 0;
	u32 *response = doom_of(&key, failed);
	if (!response) {
		key.group = 0;
		response = doom_of(&key, failed);
	}
	if (!response) {
		__builtin_memset(key.name, 0, sizeof(key.name));
		response = doom_of(&key, failed);
	}
	if (!response) {
		key.group = group;
		response = doom_of(&key, failed);
	}
	if (!response)
		return 0;
	u32 which = *response;
	s64 *budget = bpf_map_lookup_elem(&budgets, &which);
	/*
	 * Looked at and counted apart, because kernels before 5.12 cannot do both at once: processors at the
	 * same moment may go below it by one each. It is set by the reader again and again.
	 */
	if (!budget || *budget <= 0)
		return 0;
	__sync_fetch_and_add(budget, -1);
	if (bpf_send_signal(9))
		return 0;
	u64 now = bpf_ktime_get_boot_ns();
	bpf_map_update_elem(&killed, &process, &now, 0);
	u64 *count = bpf_map_lookup_elem(&executed, &which);
	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}
