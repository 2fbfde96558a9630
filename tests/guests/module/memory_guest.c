// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * memory_guest: misuses memory, in the way that is asked for. Which checker sees it is the kernel's choice: the same
 * scenario is a KASAN report, a KFENCE report, a SLUB report, or nothing at all.
 *
 *	insmod memory_guest.ko scenario=slab_use_after_free
 *
 * The rules are those of oops_guest.c. A scenario named kfence_* takes its object from KFENCE's pool.
 */
#define pr_fmt(fmt) "memory_guest: " fmt

#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/refcount.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#if __has_include(<linux/kfence.h>)
#include <linux/kfence.h>
#else	/* before 5.12 */
#define is_kfence_address(address) false
#endif
#include "guest.h"

#define OBJECT 64

static struct kmem_cache *cache;
static bool from_kfence;	/* the object comes from KFENCE's pool */
static bool at_start;		/* and lies at the start of its page: KFENCE puts it there or at the end, at random */

/* KFENCE takes every allocation that comes when its timer has run: one comes here sooner or later. */
static noinline char *guest_alloc(void)
{
	char *object;
	int tries;

	if (!cache)
		cache = kmem_cache_create("guest_cache", OBJECT, 0, SLAB_HWCACHE_ALIGN, NULL);
	if (!cache)
		return NULL;
	for (tries = 0; tries < 3000; tries++) {
		object = kmem_cache_alloc(cache, GFP_KERNEL);
		if (!object || !from_kfence || (is_kfence_address(object) && (!at_start || offset_in_page(object) == 0)))
			return object;
		kmem_cache_free(cache, object);
		usleep_range(1000, 2000);
	}
	pr_err("nothing from KFENCE\n");
	return NULL;
}

static __always_inline void guest_free(char *object)
{
	kmem_cache_free(cache, object);
}

/* ---- slab objects ---- */

/* Behind the object: right behind it, or where KFENCE has a guard page. */
static size_t behind(size_t right_behind)
{
	return from_kfence && !at_start ? PAGE_SIZE : right_behind;
}

static crash_site void guest_slab_write_behind(void)
{
	volatile char *object = guest_alloc();

	object[opaque(size_t, behind(OBJECT))] = 'x';
	guest_free((char *)object);
}

static crash_site char guest_slab_read_behind(void)
{
	volatile char *object = guest_alloc();
	char value = object[opaque(size_t, behind(OBJECT + 3))];

	guest_free((char *)object);
	return value;
}

static void start_slab_read_behind(void)
{
	guest_slab_read_behind();
	barrier();
}

static crash_site void guest_slab_write_before(void)
{
	volatile char *object = guest_alloc();

	object[opaque(long, -1)] = 'x';
	guest_free((char *)object);
}

static crash_site char guest_slab_read_freed(void)
{
	volatile char *object = guest_alloc();

	guest_free((char *)object);
	return object[opaque(size_t, 8)];
}

static void start_slab_read_freed(void)
{
	guest_slab_read_freed();
	barrier();
}

/* Written after it was freed; a check that comes only with the next allocation finds it then. */
static crash_site void guest_slab_write_freed(void)
{
	volatile char *object = guest_alloc();

	guest_free((char *)object);
	object[opaque(size_t, 8)] = 'x';
	barrier();
}

static noinline void guest_alloc_again(void)
{
	char *objects[80];
	int i;

	for (i = 0; i < 80; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (i = 0; i < 80; i++)
		kmem_cache_free(cache, objects[i]);
}

static void start_slab_write_freed(void)
{
	guest_slab_write_freed();
	guest_alloc_again();
}

static crash_site void guest_slab_free_twice(void)
{
	char *object = guest_alloc();

	guest_free(object);
	guest_free(object);
	barrier();
}

static crash_site void guest_slab_free_inside(void)
{
	char *object = guest_alloc();

	guest_free(object + opaque(size_t, 8));
	barrier();
}

static crash_site void guest_slab_destroy_in_use(void)
{
	char *object = guest_alloc();

	OPTIMIZER_HIDE_VAR(object);
	kmem_cache_destroy(cache);
	barrier();
}

static char *freed_by_work;

static crash_site void guest_work_frees(struct work_struct *work)
{
	guest_free(freed_by_work);
}

static DECLARE_WORK(freeing_work, guest_work_frees);

/* Allocated here, freed by a kworker, read here: three tasks' stacks in one report. */
static crash_site char guest_slab_read_freed_by_work(void)
{
	freed_by_work = guest_alloc();
	schedule_work(&freeing_work);
	flush_work(&freeing_work);
	return ((volatile char *)freed_by_work)[opaque(size_t, 16)];
}

static void start_slab_read_freed_by_work(void)
{
	guest_slab_read_freed_by_work();
	barrier();
}

/* ---- other memory ---- */

static crash_site char guest_stack_read_behind(void)
{
	volatile char buffer[24] = { 1 };

	return buffer[opaque(size_t, sizeof(buffer) + 2)];
}

static void start_stack_read_behind(void)
{
	guest_stack_read_behind();
	barrier();
}

static char global_buffer[20] = { 1 };

static crash_site void guest_global_write_behind(void)
{
	volatile char *buffer = opaque(char *, (unsigned long)global_buffer);

	buffer[sizeof(global_buffer) + 1] = 'x';
}

static crash_site char guest_vmalloc_read_behind(void)
{
	volatile char *buffer = vmalloc(100);
	char value = buffer[opaque(size_t, 110)];

	vfree((char *)buffer);
	return value;
}

static void start_vmalloc_read_behind(void)
{
	guest_vmalloc_read_behind();
	barrier();
}

static crash_site void guest_page_write_freed(void)
{
	struct page *page = alloc_page(GFP_KERNEL);
	volatile char *bytes = page_address(page);

	__free_page(page);
	bytes[opaque(size_t, 128)] = 'x';
}

static crash_site void guest_wild_write(void)
{
	write_at(0x1234567890abcdefUL & ~7UL & ULONG_MAX);
	barrier();
}

static crash_site void guest_null_member_write(void)
{
	write_at(0x18);
	barrier();
}

/* kmemleak looks every ten minutes: init asks it to look now, for an object must have been there a while. */
static void *leaked[8];

static crash_site void guest_leak(void)
{
	int i;

	for (i = 0; i < 8; i++)
		leaked[i] = kmalloc(96, GFP_KERNEL);
	memset(leaked, 0, sizeof(leaked));
}

/* ---- undefined behaviour ---- */

static crash_site int guest_shift_too_far(int by)
{
	return 1 << opaque(int, by);
}

static void start_shift(void)
{
	guest_shift_too_far(40);
	barrier();
}

static struct { int before[4]; int element[4]; int after[8]; } arrays;

static crash_site int guest_index_too_large(int at)
{
	return arrays.element[opaque(int, at)];
}

static void start_index(void)
{
	guest_index_too_large(6);
	barrier();
}

static crash_site bool guest_load_bad_bool(volatile bool *value)
{
	return *value;
}

static void start_bad_bool(void)
{
	unsigned char value = 42;

	guest_load_bad_bool((volatile bool *)opaque(bool *, (unsigned long)&value));
	barrier();
}

/* ---- what hardened kernels check ---- */

static crash_site void guest_refcount_underflow(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	if (refcount_sub_and_test(1, &count))
		pr_info("the last one\n");
	barrier();
}

static crash_site void guest_refcount_from_zero(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	refcount_inc(&count);
	barrier();
}

static crash_site void guest_refcount_saturate(void)
{
	refcount_t count = REFCOUNT_INIT(INT_MAX);

	refcount_inc(&count);
	barrier();
}

static crash_site void guest_list_add_corrupted(void)
{
	static LIST_HEAD(head);
	static struct list_head first, second;

	list_add(&first, &head);
	first.prev = &second;
	OPTIMIZER_HIDE_VAR(first.prev);
	list_add(&second, &head);
	barrier();
}

static crash_site void guest_list_add_twice(void)
{
	static LIST_HEAD(head);
	static struct list_head entry;

	list_add(&entry, &head);
	list_add(&entry, &head);
	barrier();
}

static unsigned long user_page(void)
{
	return vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, 0);
}

/* Here the compiler knows how large the object is, and its check comes before the slab allocator's. */
static crash_site void guest_copy_known_size(void)
{
	char *object = kmalloc(96, GFP_KERNEL);

	if (copy_to_user((void __user *)user_page(), object, opaque(size_t, 200)))
		pr_info("not copied\n");
	kfree(object);
}

static crash_site void guest_usercopy_read_behind(void)
{
	char *object = kmalloc(96, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(object);
	if (copy_to_user((void __user *)user_page(), object, opaque(size_t, 200)))
		pr_info("not copied\n");
	kfree(object);
}

static crash_site void guest_usercopy_write_behind(void)
{
	char *object = kmalloc(96, GFP_KERNEL);

	if (copy_from_user(object + opaque(size_t, 80), (void __user *)user_page(), opaque(size_t, 40)))
		pr_info("not copied\n");
	kfree(object);
}

static struct { char name[16]; char next[64]; } record;

static crash_site void guest_fortify_write_behind(void)
{
	static const char source[64] = "a name that is far too long for sixteen bytes";

	memcpy(record.name, source, opaque(size_t, 40));
	barrier();
}

static crash_site void guest_fortify_string_behind(void)
{
	const char *source = opaque(const char *, (unsigned long)"a name that is far too long for sixteen bytes");

	strcpy(record.name, source);
	barrier();
}

static crash_site void guest_smash_stack(void)
{
	volatile char buffer[32];
	long at, end = opaque(long, 80);

	for (at = 0; at < end; at++)
		buffer[opaque(long, at)] = 'x';
}

static int stack_end_thread(void *unused)
{
	*end_of_stack(current) = 0;
	msleep(100);
	return 0;
}

static void start_stack_end(void)
{
	kthread_run(stack_end_thread, NULL, "guest_stack");
}

/* ---- the page allocator ---- */

static crash_site void guest_alloc_all_blocks(void)
{
	LIST_HEAD(blocks);
	struct page *page, *next;

	while ((page = alloc_pages(GFP_ATOMIC, 9)))
		list_add(&page->lru, &blocks);
	list_for_each_entry_safe(page, next, &blocks, lru)
		__free_pages(page, 9);
}

static crash_site void guest_vmalloc_too_much(void)
{
	vfree(vmalloc(opaque(unsigned long, 1UL << (BITS_PER_LONG == 64 ? 44 : 30))));
}

static crash_site void guest_kmalloc_too_much(void)
{
	kfree(kmalloc(opaque(size_t, 1UL << 26), GFP_KERNEL));
}

static crash_site void guest_free_page_in_use(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	page->mapping = (struct address_space *)0x100;
	__free_page(page);
	barrier();
}

static crash_site void guest_free_page_twice(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	__free_page(page);
	__free_page(page);
	barrier();
}

static const struct guest_scenario scenarios[] = {
	{ "slab_write_behind", guest_slab_write_behind },
	{ "slab_read_behind", start_slab_read_behind },
	{ "slab_write_before", guest_slab_write_before },
	{ "slab_read_freed", start_slab_read_freed },
	{ "slab_write_freed", start_slab_write_freed },
	{ "slab_free_twice", guest_slab_free_twice },
	{ "slab_free_inside", guest_slab_free_inside },
	{ "slab_destroy_in_use", guest_slab_destroy_in_use },
	{ "slab_free_twice_plain", guest_slab_free_twice },
	{ "slab_read_freed_by_work", start_slab_read_freed_by_work },
	{ "kfence_write_behind", guest_slab_write_behind },
	{ "kfence_read_behind", start_slab_read_behind },
	{ "kfence_corruption", guest_slab_write_behind },
	{ "kfence_read_freed", start_slab_read_freed },
	{ "kfence_free_twice", guest_slab_free_twice },
	{ "kfence_free_inside", guest_slab_free_inside },
	{ "stack_read_behind", start_stack_read_behind },
	{ "global_write_behind", guest_global_write_behind },
	{ "vmalloc_read_behind", start_vmalloc_read_behind },
	{ "page_write_freed", guest_page_write_freed },
	{ "wild_write", guest_wild_write },
	{ "null_member_write", guest_null_member_write },
	{ "leak", guest_leak },
	{ "ubsan_shift", start_shift },
	{ "ubsan_index", start_index },
	{ "ubsan_bool", start_bad_bool },
	{ "refcount_underflow", guest_refcount_underflow },
	{ "refcount_from_zero", guest_refcount_from_zero },
	{ "refcount_saturate", guest_refcount_saturate },
	{ "list_add_corrupted", guest_list_add_corrupted },
	{ "list_add_twice", guest_list_add_twice },
	{ "copy_known_size", guest_copy_known_size },
	{ "usercopy_read_behind", guest_usercopy_read_behind },
	{ "usercopy_write_behind", guest_usercopy_write_behind },
	{ "fortify_memcpy", guest_fortify_write_behind },
	{ "fortify_strcpy", guest_fortify_string_behind },
	{ "smash_stack", guest_smash_stack },
	{ "stack_end", start_stack_end },
	{ "page_alloc_failure", guest_alloc_all_blocks },
	{ "vmalloc_failure", guest_vmalloc_too_much },
	{ "kmalloc_too_large", guest_kmalloc_too_much },
	{ "page_in_use", guest_free_page_in_use },
	{ "page_free_twice", guest_free_page_twice },
};

static char *scenario = "";
module_param(scenario, charp, 0444);
MODULE_PARM_DESC(scenario, "what to do");

static int __init memory_guest_init(void)
{
	from_kfence = str_has_prefix(scenario, "kfence_");
	at_start = !strcmp(scenario, "kfence_corruption");
	return guest_run(scenarios, ARRAY_SIZE(scenarios), scenario);
}
module_init(memory_guest_init);

MODULE_DESCRIPTION("Misuses memory on purpose, to see what the kernel prints");
MODULE_LICENSE("Dual MIT/GPL");
