// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * oops_guest: crashes the kernel it is loaded into, in the way that is asked for.
 *
 *	insmod oops_guest.ko scenario=irq_null_write
 *
 * Every crash has one function of its own, noinline and named after it: that name is what ../scenarios.toml says a
 * reader of the log must blame, so it is known before any log exists. A crash outside the caller's own context is
 * started by a start_* function, which must never be blamed.
 *
 * Written against what Linux 5.10 to 7.2 have in common. Never load it into a machine you care about.
 */
#define pr_fmt(fmt) "oops_guest: " fmt

#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/poison.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#ifdef CONFIG_X86
#include <asm/nmi.h>
#endif
#include "guest.h"

/* ---- in the context of the process that loads the module ---- */

static crash_site void guest_null_write(void)
{
	write_at(0x100);
	barrier();
}

static crash_site int guest_null_read(void)
{
	return read_at(0x38);
}

static crash_site void guest_null_exec(void)
{
	opaque(void (*)(void), 0)();
	barrier();	/* or the call becomes a jump, and this function is on no stack */
}

static crash_site void guest_bug(void)
{
	BUG();
}

static crash_site void guest_warn(void)
{
	WARN(1, "oops_guest: the %s of this guest is %d\n", "answer", 42);
	barrier();
}

static crash_site void guest_panic(void)
{
	panic("oops_guest: asked to panic (%d)", 42);
}

#if BITS_PER_LONG == 64
static crash_site int guest_noncanonical_read(void)
{
	return read_at(0xdead4ead00000000UL);
}
#endif

static const int constant = 42;

static crash_site void guest_constant_write(void)
{
	write_at((unsigned long)&constant);
	barrier();
}

static int data_word;

static crash_site void guest_data_exec(void)
{
	opaque(void (*)(void), (unsigned long)&data_word)();
	barrier();
}

#ifdef CONFIG_X86
/* Without the table entry that makes a BUG() or WARN() of it. */
static crash_site void guest_undefined_instruction(void)
{
	asm volatile("ud2");
	barrier();
}

static crash_site void guest_breakpoint(void)
{
	asm volatile("int3");
	barrier();
}
#endif

/* What the second half of a list_del() does to an entry that was deleted before: LIST_POISON1->prev = LIST_POISON2. */
static crash_site void guest_list_poison_write(void)
{
	struct list_head *next = opaque(struct list_head *, (unsigned long)LIST_POISON1);
	struct list_head *prev = opaque(struct list_head *, (unsigned long)LIST_POISON2);

	WRITE_ONCE(next->prev, prev);
	WRITE_ONCE(prev->next, next);
}

/* The same by the kernel's own list_del(), which notices when it was built with CONFIG_DEBUG_LIST or CONFIG_LIST_HARDENED. */
static crash_site void guest_list_double_del(void)
{
	static LIST_HEAD(head);
	static struct list_head entry;

	list_add(&entry, &head);
	list_del(&entry);
	OPTIMIZER_HIDE_VAR(entry.next);
	list_del(&entry);
	barrier();
}

/* A pointer that was read out of a freed slab object. */
static crash_site int guest_slab_poison_read(void)
{
	unsigned long poison;

	memset(&poison, POISON_FREE, sizeof(poison));
	return read_at(poison);
}

#if BITS_PER_LONG == 64
#define USER_ADDRESS 0x7f0000001000UL
#else
#define USER_ADDRESS 0x7f001000UL
#endif

static crash_site int guest_user_address_read(void)
{
	return read_at(USER_ADDRESS);
}

#ifdef CONFIG_X86
static crash_site int guest_divide(int by)
{
	OPTIMIZER_HIDE_VAR(by);
	return 42 / by;
}
#endif

/* ---- in interrupts: whoever is running is only the victim ---- */

static void spin_here(void (*start)(void))
{
	unsigned long end = jiffies + 5 * HZ;

	preempt_disable();	/* the victim stays on the CPU that the interrupt is meant for */
	start();
	while (time_before(jiffies, end))
		cpu_relax();
	preempt_enable();
}

static struct irq_work hard_work;

static crash_site void guest_irq_null_write(struct irq_work *work)
{
	write_at(0x100);
	barrier();
}

static void start_irq_work(void)
{
	init_irq_work(&hard_work, guest_irq_null_write);
	irq_work_queue(&hard_work);
}

static struct timer_list soft_timer;

static crash_site void guest_softirq_null_write(struct timer_list *timer)
{
	write_at(0x100);
	barrier();
}

static void start_timer_here(void)
{
	timer_setup(&soft_timer, guest_softirq_null_write, 0);
	soft_timer.expires = jiffies + HZ / 20;
	add_timer_on(&soft_timer, smp_processor_id());
}

static crash_site void guest_idle_null_write(struct timer_list *timer)
{
	write_at(0x100);
	barrier();
}

static void start_timer_elsewhere(void)
{
	timer_setup(&soft_timer, guest_idle_null_write, 0);
	soft_timer.expires = jiffies + HZ;
	add_timer_on(&soft_timer, cpumask_last(cpu_online_mask));
}

static struct tasklet_struct tasklet;

static crash_site void guest_tasklet_null_write(struct tasklet_struct *t)
{
	write_at(0x100);
	barrier();
}

/* With bottom halves off, so that it is run by local_bh_enable(), on top of insmod and not by ksoftirqd. */
static void start_tasklet(void)
{
	tasklet_setup(&tasklet, guest_tasklet_null_write);
	local_bh_disable();
	tasklet_schedule(&tasklet);
	local_bh_enable();
}

#ifdef CONFIG_X86
static crash_site int guest_nmi_null_write(unsigned int type, struct pt_regs *regs)
{
	write_at(0x100);
	barrier();
	return NMI_HANDLED;
}

/* QEMU is asked for the NMI, from outside, when the line below is seen. */
static void start_nmi(void)
{
	if (register_nmi_handler(NMI_UNKNOWN, guest_nmi_null_write, 0, "oops_guest"))
		pr_err("no NMI handler\n");
	pr_info("waiting for an NMI\n");
}
#endif

/* ---- in kernel threads ---- */

static crash_site void guest_work_null_write(struct work_struct *work)
{
	write_at(0x100);
	barrier();
}

static DECLARE_WORK(guest_work, guest_work_null_write);

static void start_work(void)
{
	queue_work_on(0, system_wq, &guest_work);
}

static crash_site int guest_stack_overflow(int depth)
{
	volatile char frame[256];

	frame[depth & 255] = depth;
	if (depth < 0)
		return 0;
	return guest_stack_overflow(depth + 1) + frame[depth & 255];
}

static int overflow_thread(void *unused)
{
	int value = guest_stack_overflow(0);

	barrier();
	return value;
}

static crash_site void guest_first_null_write(void)
{
	write_at(0x100);
	barrier();
}

static crash_site int guest_second_null_read(void)
{
	return read_at(0x38);
}

static int first_thread(void *unused)
{
	guest_first_null_write();
	return 0;
}

static int second_thread(void *unused)
{
	int value;

	msleep(1000);
	value = guest_second_null_read();
	barrier();
	return value;
}

/* ---- which one ---- */

static char *scenario = "";
module_param(scenario, charp, 0444);
MODULE_PARM_DESC(scenario, "how to crash");

static int __init oops_guest_init(void)
{
#define is(name) (!strcmp(scenario, name))
	if (is("null_write") || is("oops_panic"))
		guest_null_write();
	else if (is("null_read"))
		return guest_null_read();
	else if (is("null_exec"))
		guest_null_exec();
	else if (is("bug"))
		guest_bug();
	else if (is("warn") || is("warn_panic"))
		guest_warn();
	else if (is("warn_then_null")) {
		guest_warn();
		guest_null_write();
	} else if (is("panic"))
		guest_panic();
#if BITS_PER_LONG == 64
	else if (is("noncanonical"))
		return guest_noncanonical_read();
#endif
	else if (is("constant_write"))
		guest_constant_write();
	else if (is("data_exec"))
		guest_data_exec();
	else if (is("list_poison"))
		guest_list_poison_write();
	else if (is("list_double_del"))
		guest_list_double_del();
	else if (is("slab_poison"))
		return guest_slab_poison_read();
	else if (is("user_address"))
		return guest_user_address_read();
	else if (is("irq_null_write"))
		spin_here(start_irq_work);
	else if (is("softirq_null_write"))
		spin_here(start_timer_here);
	else if (is("tasklet_null_write"))
		spin_here(start_tasklet);
	else if (is("timer_idle"))
		start_timer_elsewhere();
#ifdef CONFIG_X86
	else if (is("undefined_instruction"))
		guest_undefined_instruction();
	else if (is("breakpoint"))
		guest_breakpoint();
	else if (is("divide"))
		return guest_divide(0);
	else if (is("nmi_null_write"))
		start_nmi();
#endif
	else if (is("workqueue_null_write"))
		start_work();
	else if (is("stack_overflow"))
		kthread_run(overflow_thread, NULL, "guest_deep");
	else if (is("two_oopses")) {
		kthread_run(first_thread, NULL, "guest_first");
		kthread_run(second_thread, NULL, "guest_second");
	} else {
		pr_err("no scenario \"%s\" here\n", scenario);
		return -EINVAL;
	}
#undef is
	return 0;
}
module_init(oops_guest_init);

MODULE_DESCRIPTION("Crashes the kernel on purpose, to see what it prints");
MODULE_LICENSE("Dual MIT/GPL");
