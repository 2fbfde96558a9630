// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * lock_guest: breaks the rules of locking, in the way that is asked for. Nothing really deadlocks: lockdep sees that it
 * could. For kernels with CONFIG_PROVE_LOCKING and its company.
 *
 *	insmod lock_guest.ko scenario=circular
 *
 * The rules are those of oops_guest.c.
 */
#define pr_fmt(fmt) "lock_guest: " fmt

#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include "guest.h"

static DEFINE_MUTEX(first_mutex);
static DEFINE_MUTEX(second_mutex);
static DEFINE_SPINLOCK(first_lock);
static DEFINE_SPINLOCK(second_lock);
static DEFINE_RAW_SPINLOCK(raw_lock);

/* ---- order ---- */

static noinline void guest_first_then_second(void)
{
	mutex_lock(&first_mutex);
	mutex_lock(&second_mutex);
	mutex_unlock(&second_mutex);
	mutex_unlock(&first_mutex);
}

static crash_site void guest_second_then_first(void)
{
	mutex_lock(&second_mutex);
	mutex_lock(&first_mutex);
	mutex_unlock(&first_mutex);
	mutex_unlock(&second_mutex);
}

static void start_circular(void)
{
	guest_first_then_second();
	guest_second_then_first();
}

struct guest_node {
	spinlock_t lock;
};

static noinline void guest_node_init(struct guest_node *node)
{
	spin_lock_init(&node->lock);
}

static crash_site void guest_lock_two_nodes(void)
{
	struct guest_node one, other;

	guest_node_init(&one);
	guest_node_init(&other);
	spin_lock(&one.lock);
	spin_lock(&other.lock);
	spin_unlock(&other.lock);
	spin_unlock(&one.lock);
}

/* ---- interrupts ---- */

static struct irq_work hard_work;

static noinline void guest_lock_in_hardirq(struct irq_work *work)
{
	spin_lock(&first_lock);
	spin_unlock(&first_lock);
}

static crash_site void guest_lock_with_irqs_on(void)
{
	spin_lock(&first_lock);
	spin_unlock(&first_lock);
}

static void start_inconsistent(void)
{
	init_irq_work(&hard_work, guest_lock_in_hardirq);
	irq_work_queue(&hard_work);
	irq_work_sync(&hard_work);
	guest_lock_with_irqs_on();
}

static struct timer_list soft_timer;

static noinline void guest_lock_in_softirq(struct timer_list *timer)
{
	spin_lock(&first_lock);
	spin_unlock(&first_lock);
}

/* first_lock is taken in a softirq; here it comes before second_lock, which is taken with softirqs on. */
static crash_site void guest_safe_then_unsafe(void)
{
	spin_lock_bh(&first_lock);
	spin_lock(&second_lock);
	spin_unlock(&second_lock);
	spin_unlock_bh(&first_lock);
}

static void start_safe_unsafe(void)
{
	timer_setup(&soft_timer, guest_lock_in_softirq, 0);
	mod_timer(&soft_timer, jiffies + 1);
	msleep(100);
	spin_lock(&second_lock);
	spin_unlock(&second_lock);
	guest_safe_then_unsafe();
}

static crash_site void guest_timer_inverts(struct timer_list *timer)
{
	spin_lock(&first_lock);
	spin_unlock(&first_lock);
}

/* The other way round: the order is there already when the softirq first takes the lock. */
static void start_inversion(void)
{
	spin_lock(&second_lock);
	spin_unlock(&second_lock);
	spin_lock_bh(&first_lock);
	spin_lock(&second_lock);
	spin_unlock(&second_lock);
	spin_unlock_bh(&first_lock);
	timer_setup(&soft_timer, guest_timer_inverts, 0);
	mod_timer(&soft_timer, jiffies + 1);
}

/* ---- the use of one lock ---- */

static crash_site void guest_unlock_unheld(void)
{
	mutex_unlock(&first_mutex);
	barrier();
}

static crash_site void guest_free_held_lock(void)
{
	struct guest_node *node = kmalloc(sizeof(*node), GFP_KERNEL);

	guest_node_init(node);
	spin_lock(&node->lock);
	kfree(node);
	spin_unlock(&node->lock);
}

static crash_site void guest_return_with_lock(void)
{
	mutex_lock(&first_mutex);
	barrier();
}

static crash_site int guest_exit_with_lock(void *unused)
{
	mutex_lock(&first_mutex);
	return 0;
}

static void start_exit_with_lock(void)
{
	kthread_run(guest_exit_with_lock, NULL, "guest_exits");
}

static crash_site void guest_work_leaks_lock(struct work_struct *work)
{
	mutex_lock(&first_mutex);
}

static DECLARE_WORK(leaking_work, guest_work_leaks_lock);

static void start_work_leaks_lock(void)
{
	schedule_work(&leaking_work);
}

static crash_site void guest_mutex_under_raw_lock(void)
{
	raw_spin_lock(&raw_lock);
	spin_lock(&first_lock);
	spin_unlock(&first_lock);
	raw_spin_unlock(&raw_lock);
}

/* Zeroed and never initialized: there is no key. */
static crash_site void guest_lock_without_key(void)
{
	struct guest_node *node = kzalloc(sizeof(*node), GFP_KERNEL);

	node->lock.rlock.raw_lock = (arch_spinlock_t)__ARCH_SPIN_LOCK_UNLOCKED;
#ifdef CONFIG_DEBUG_SPINLOCK
	node->lock.rlock.magic = SPINLOCK_MAGIC;
	node->lock.rlock.owner = SPINLOCK_OWNER_INIT;
	node->lock.rlock.owner_cpu = -1;
#endif
	spin_lock(&node->lock);
	spin_unlock(&node->lock);
	kfree(node);
}

static crash_site void guest_lock_bad_magic(void)
{
	struct guest_node *node = kmalloc(sizeof(*node), GFP_KERNEL);

	guest_node_init(node);
#ifdef CONFIG_DEBUG_SPINLOCK
	node->lock.rlock.magic = 0x6b6b6b6b;
#endif
	spin_lock(&node->lock);
	spin_unlock(&node->lock);
	kfree(node);
}

static struct guest_node *__rcu some_pointer;

static crash_site void guest_dereference_without_rcu(void)
{
	struct guest_node *node = rcu_dereference(some_pointer);

	OPTIMIZER_HIDE_VAR(node);
	barrier();
}

/* ---- debug objects ---- */

static crash_site void guest_free_active_timer(void)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL);

	timer_setup(timer, guest_lock_in_softirq, 0);
	mod_timer(timer, jiffies + 100 * HZ);
	kfree(timer);
	barrier();
}

static crash_site void guest_start_uninitialized_timer(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	mod_timer(timer, jiffies + 100 * HZ);
	barrier();
}

static crash_site void guest_init_active_work(void)
{
	static struct delayed_work work;

	INIT_DELAYED_WORK(&work, guest_work_leaks_lock);
	schedule_delayed_work(&work, 100 * HZ);
	INIT_DELAYED_WORK(&work, guest_work_leaks_lock);
	barrier();
}

/* ---- data races, for CONFIG_KCSAN ---- */

static long shared_counter;

static crash_site void guest_race_writer(void)
{
	shared_counter++;
	barrier();
}

static crash_site long guest_race_reader(void)
{
	long value = shared_counter;

	barrier();
	return value;
}

static int writer_thread(void *unused)
{
	unsigned long end = jiffies + 8 * HZ;

	while (time_before(jiffies, end)) {
		guest_race_writer();
		cond_resched();
	}
	return 0;
}

static int reader_thread(void *unused)
{
	unsigned long end = jiffies + 8 * HZ;

	while (time_before(jiffies, end)) {
		guest_race_reader();
		cond_resched();
	}
	return 0;
}

static void start_race(int (*other)(void *))
{
	struct task_struct *writer = kthread_create(writer_thread, NULL, "guest_writer");
	struct task_struct *second = kthread_create(other, NULL, "guest_second");

	if (IS_ERR(writer) || IS_ERR(second))
		return;
	kthread_bind(writer, 0);
	kthread_bind(second, 1);
	wake_up_process(writer);
	wake_up_process(second);
}

static void start_race_write_read(void)
{
	start_race(reader_thread);
}

static void start_race_write_write(void)
{
	start_race(writer_thread);
}

static const struct guest_scenario scenarios[] = {
	{ "lock_circular", start_circular },
	{ "lock_recursive", guest_lock_two_nodes },
	{ "lock_inconsistent", start_inconsistent },
	{ "lock_safe_unsafe", start_safe_unsafe },
	{ "lock_inversion", start_inversion },
	{ "lock_unlock_unheld", guest_unlock_unheld },
	{ "lock_free_held", guest_free_held_lock },
	{ "lock_to_user", guest_return_with_lock },
	{ "lock_exit", start_exit_with_lock },
	{ "lock_work_leak", start_work_leaks_lock },
	{ "lock_wait_context", guest_mutex_under_raw_lock },
	{ "lock_no_key", guest_lock_without_key },
	{ "lock_bad_magic", guest_lock_bad_magic },
	{ "rcu_usage", guest_dereference_without_rcu },
	{ "odebug_free_timer", guest_free_active_timer },
	{ "odebug_start_timer", guest_start_uninitialized_timer },
	{ "odebug_init_work", guest_init_active_work },
	{ "race_write_read", start_race_write_read },
	{ "race_write_write", start_race_write_write },
};
guest_module(scenarios, "Breaks the rules of locking on purpose, to see what the kernel prints");
