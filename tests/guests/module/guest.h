/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the guests' modules have in common: how a crash is written so that its name is in the log, and how one is chosen.
 */
#ifndef GUEST_H
#define GUEST_H

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

/*
 * The "Code:" line needs the bytes before the one that crashed, and no function here is far into its page: without this,
 * the first one's would read "Unable to access opcode bytes".
 */
asm(".pushsection .text\n\t.skip 64, 0xcc\n\t.popsection");

/* The crash itself: never inlined, never cloned, never folded into another of the same code: its name is in the log. */
#define crash_site noinline __noclone __attribute__((no_icf)) __aligned(16)

/* A pointer that the compiler can't see through, so that it can't reason about the undefined behaviour. */
#define opaque(type, value) ({ unsigned long _v = (value); OPTIMIZER_HIDE_VAR(_v); (type)_v; })

static inline void write_at(unsigned long address)
{
	*opaque(volatile int *, address) = 'x';
}

static inline int read_at(unsigned long address)
{
	return *opaque(volatile int *, address);
}

struct guest_scenario {
	const char *name;
	void (*run)(void);
};

/* The scenario of that name, or none. Called from module_init, of which it becomes a part. */
static __always_inline int guest_run(const struct guest_scenario *all, size_t count, const char *wanted)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (!strcmp(all[i].name, wanted)) {
			all[i].run();
			barrier();
			return 0;
		}
	}
	pr_err("no scenario \"%s\" here\n", wanted);
	return -EINVAL;
}

/* The module's parameter and its init function, from its table of scenarios. */
#define guest_module(table, text)						\
	static char *scenario = "";						\
	module_param(scenario, charp, 0444);					\
	MODULE_PARM_DESC(scenario, "what to do");				\
	static int __init guest_init(void)					\
	{									\
		return guest_run(table, ARRAY_SIZE(table), scenario);		\
	}									\
	module_init(guest_init);						\
	MODULE_DESCRIPTION(text);						\
	MODULE_LICENSE("Dual MIT/GPL")

#endif
