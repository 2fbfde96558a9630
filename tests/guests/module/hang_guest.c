// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * hang_guest: keeps a kernel waiting, in the way that is asked for: tasks that never go on, CPUs that never come back,
 * sleeping where nobody may sleep.
 *
 *	insmod hang_guest.ko scenario=soft_lockup
 *
 * The rules are those of oops_guest.c. What hangs, hangs for a time and not for ever, so that the guest's log has an end.
 */
#define pr_fmt(fmt) "hang_guest: " fmt

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/nmi.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/semaphore.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include "guest.h"

/* How long a CPU is kept: longer than any time-out that the scenarios set, and too short for a second report. */
#define HANG_SECONDS 14

/* By the clock: an emulated CPU does not delay as long as it was asked to. */
static __always_inline void spin_seconds(int seconds)
{
	ktime_t end = ktime_add_ms(ktime_get(), seconds * 1000);

	while (ktime_before(ktime_get(), end))
		cpu_relax();
}

static void on_last_cpu(int (*function)(void *), void *argument, const char *name)
{
	struct task_struct *task = kthread_create(function, argument, "%s", name);

	if (IS_ERR(task))
		return;
	kthread_bind(task, cpumask_last(cpu_online_mask));
	wake_up_process(task);
}

/* ---- tasks that wait ---- */

static DEFINE_MUTEX(held_mutex);
static DECLARE_RWSEM(held_rwsem);
/* DEFINE_SEMAPHORE() has taken the count as an argument since 6.4: this does without it. */
static struct semaphore held_semaphore = __SEMAPHORE_INITIALIZER(held_semaphore, 1);
static DECLARE_COMPLETION(never);

/* The owner sleeps interruptibly, so that it is not itself taken for a hung task. */
static crash_site int guest_owner_sleeps(void *unused)
{
	mutex_lock(&held_mutex);
	down_write(&held_rwsem);
	down(&held_semaphore);
	msleep_interruptible(60000);
	up(&held_semaphore);
	up_write(&held_rwsem);
	mutex_unlock(&held_mutex);
	return 0;
}

static crash_site int guest_wait_for_mutex(void *unused)
{
	mutex_lock(&held_mutex);
	mutex_unlock(&held_mutex);
	return 0;
}

static crash_site int guest_wait_for_rwsem(void *unused)
{
	down_read(&held_rwsem);
	up_read(&held_rwsem);
	return 0;
}

static crash_site int guest_wait_for_semaphore(void *unused)
{
	down(&held_semaphore);
	up(&held_semaphore);
	return 0;
}

static crash_site void guest_wait_for_completion(void)
{
	wait_for_completion(&never);
	barrier();
}

static void start_waiter(int (*waiter)(void *))
{
	kthread_run(guest_owner_sleeps, NULL, "guest_owner");
	msleep(200);
	kthread_run(waiter, NULL, "guest_waiter");
}

static void start_hung_mutex(void)
{
	start_waiter(guest_wait_for_mutex);
}

static void start_hung_rwsem(void)
{
	start_waiter(guest_wait_for_rwsem);
}

static void start_hung_semaphore(void)
{
	start_waiter(guest_wait_for_semaphore);
}

/* ---- CPUs that don't come back ---- */

static crash_site int guest_spin_preempt_off(void *unused)
{
	preempt_disable();
	spin_seconds(HANG_SECONDS);
	preempt_enable();
	return 0;
}

static crash_site int guest_spin_irqs_off(void *at_once)
{
	unsigned long flags;

	if (!at_once)
		msleep(500);	/* until the module is there: loading it interrupts all CPUs */
	local_irq_save(flags);
	spin_seconds(HANG_SECONDS);
	local_irq_restore(flags);
	return 0;
}

static DEFINE_SPINLOCK(held_spinlock);

static int lock_holder(void *unused)
{
	int seconds = HANG_SECONDS;

	spin_lock(&held_spinlock);
	while (seconds--) {
		spin_seconds(1);
		touch_softlockup_watchdog();	/* so that it is the waiter who is reported */
	}
	spin_unlock(&held_spinlock);
	return 0;
}

static crash_site int guest_wait_for_spinlock(void *unused)
{
	msleep(100);
	spin_lock(&held_spinlock);
	spin_unlock(&held_spinlock);
	return 0;
}

static struct timer_list spinning_timer;

static crash_site void guest_timer_spins(struct timer_list *timer)
{
	spin_seconds(HANG_SECONDS);
}

static void start_soft_lockup(void)
{
	on_last_cpu(guest_spin_preempt_off, NULL, "guest_spinner");
}

static void start_hard_lockup(void)
{
	on_last_cpu(guest_spin_irqs_off, NULL, "guest_spinner");
}

/* An idle kernel has no grace period that could stall: this wants one. */
static void start_rcu_stall(void)
{
	start_hard_lockup();
	msleep(1000);
	synchronize_rcu();
}

static void start_unanswered_ipi(void)
{
	on_last_cpu(guest_spin_irqs_off, &held_mutex, "guest_spinner");
}

static void start_spinlock_wait(void)
{
	struct task_struct *task = kthread_create(lock_holder, NULL, "guest_holder");

	if (IS_ERR(task))
		return;
	kthread_bind(task, 0);
	on_last_cpu(guest_wait_for_spinlock, NULL, "guest_spinner");
	wake_up_process(task);
}

static void start_timer_spins(void)
{
	timer_setup(&spinning_timer, guest_timer_spins, 0);
	spinning_timer.expires = jiffies + HZ;
	add_timer_on(&spinning_timer, cpumask_last(cpu_online_mask));
}

/* A reader that never leaves, and sleeps: the grace period waits for the task, not for a CPU. */
static crash_site int guest_rcu_reader_sleeps(void *unused)
{
	rcu_read_lock();
	set_current_state(TASK_IDLE);
	schedule_timeout(HANG_SECONDS * HZ);
	rcu_read_unlock();
	return 0;
}

static void start_rcu_reader(void)
{
	on_last_cpu(guest_rcu_reader_sleeps, NULL, "guest_reader");
	msleep(100);
	synchronize_rcu();
}

/* ---- workqueues ---- */

static crash_site void guest_work_spins(struct work_struct *work)
{
	preempt_disable();	/* or another worker takes over */
	spin_seconds(2 * HANG_SECONDS);
	preempt_enable();
}

static DECLARE_WORK(spinning_work, guest_work_spins);

static crash_site void guest_work_waits(struct work_struct *work)
{
	wait_for_completion(&never);
}

static DECLARE_WORK(waiting_work, guest_work_waits);

static void start_workqueue_lockup(void)
{
	queue_work_on(0, system_wq, &spinning_work);
	queue_work_on(0, system_wq, &waiting_work);
}

static crash_site void guest_work_leaks_atomic(struct work_struct *work)
{
	preempt_disable();
}

static DECLARE_WORK(leaking_work, guest_work_leaks_atomic);

static void start_leaking_work(void)
{
	queue_work_on(0, system_wq, &leaking_work);
}

/* ---- sleeping where nobody may ---- */

static crash_site void guest_schedule_while_atomic(void)
{
	preempt_disable();
	schedule_timeout_uninterruptible(HZ / 10);
	preempt_enable();
}

static DEFINE_SPINLOCK(some_spinlock);

static crash_site void guest_sleep_under_spinlock(void)
{
	spin_lock(&some_spinlock);
	might_sleep();
	spin_unlock(&some_spinlock);
}

static struct timer_list sleeping_timer;

static crash_site void guest_timer_sleeps(struct timer_list *timer)
{
	mutex_lock(&held_mutex);
	mutex_unlock(&held_mutex);
}

static void start_timer_sleeps(void)
{
	timer_setup(&sleeping_timer, guest_timer_sleeps, 0);
	mod_timer(&sleeping_timer, jiffies + HZ / 10);
}

static crash_site void guest_cpu_number_while_preemptible(void)
{
	pr_info("on CPU %d\n", smp_processor_id());
}

static const struct guest_scenario scenarios[] = {
	{ "hung_mutex", start_hung_mutex },
	{ "hung_rwsem", start_hung_rwsem },
	{ "hung_semaphore", start_hung_semaphore },
	{ "hung_panic", guest_wait_for_completion },
	{ "soft_lockup", start_soft_lockup },
	{ "soft_lockup_panic", start_soft_lockup },
	{ "soft_lockup_spinlock", start_spinlock_wait },
	{ "soft_lockup_timer", start_timer_spins },
	{ "hard_lockup", start_hard_lockup },
	{ "hard_lockup_arm64", start_hard_lockup },
	{ "hard_lockup_panic", start_hard_lockup },
	{ "rcu_stall", start_soft_lockup },
	{ "rcu_stall_irqs_off", start_rcu_stall },
	{ "rcu_stall_ipi", start_unanswered_ipi },
	{ "rcu_stall_reader", start_rcu_reader },
	{ "rcu_stall_panic", start_soft_lockup },
	{ "rcu_stall_timer", start_timer_spins },
	{ "workqueue_lockup", start_workqueue_lockup },
	{ "workqueue_leak", start_leaking_work },
	{ "schedule_atomic", guest_schedule_while_atomic },
	{ "sleep_spinlock", guest_sleep_under_spinlock },
	{ "sleep_timer", start_timer_sleeps },
	{ "cpu_number_preemptible", guest_cpu_number_while_preemptible },
};
guest_module(scenarios, "Hangs the kernel on purpose, to see what it prints");
