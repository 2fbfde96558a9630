// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * tasks: fills a guest with tasks of every sort, so that a list of them has something to be wrong about.
 *
 *	thread/1, thread/2	threads of `tasks`, asleep; thread/2 has a child of its own (a parent that leads no group)
 *	zombie			has ended, and nobody asks how
 *	stopped			has stopped itself
 *	vfork/wait		waits for the child of a vfork: uninterruptible
 *	spin			runs
 *	odd name) R 1		a name that looks like other fields of a line
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void named(const char *name)
{
	prctl(PR_SET_NAME, name);
}

/* A child that has this name and does this. */
static void child(const char *name, void (*what)(void))
{
	if (fork() == 0) {
		named(name);
		what();
		_exit(0);
	}
}

static void wait_for_ever(void)
{
	for (;;)
		pause();
}

static void end(void)
{
}

static void stop(void)
{
	raise(SIGSTOP);
}

static void spin(void)
{
	for (volatile unsigned long turns = 0;; turns++)
		;
}

static void vfork_and_wait(void)
{
	if (vfork() == 0)
		for (;;)
			pause();
}

static void *thread(void *number)
{
	if (number) {
		named("thread/2");
		child("of thread/2", wait_for_ever);
	} else {
		named("thread/1");
	}
	wait_for_ever();
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	child("zombie", end);
	child("stopped", stop);
	child("vfork/wait", vfork_and_wait);
	child("spin", spin);
	child("odd name) R 1", wait_for_ever);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, thread, i ? threads : NULL);
	wait_for_ever();
	return EXIT_SUCCESS;
}
