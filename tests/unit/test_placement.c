// SPDX-License-Identifier: Apache-2.0
// Pools of CPUs, and where a new domain's CPUs run.
#include "small_guest.h"

#include <errno.h>
#include <stdio.h>

#include "config/xen_domain_cfg.h"
#include "domain/domain.h"
#include "domain/pool.h"
#include "kernel/compiler.h"
#include "kernel/fault_test.h"
#include "kernel/log.h"
#include "shell/command.h"
#include "shell/shell.h"
#include "xen/cpupool.h"
#include "xen/domctl.h"
#include "xen/sysctl.h"

struct dom0_domain_cfg domain_cfgs[] = { { 0 } }; // none but this file's

const char *const kernel_test_faults[] = { NULL };

void kernel_test_fault(const char *kind)
{
	(void)kind;
}

static struct domain_config config;

static int start(void **state)
{
	(void)state;
	return start_machine();
}

static int plain_config(void **state)
{
	(void)state;
	config = small_config();
	config.vcpus = 2;
	return 0;
}

static struct cpu_set cpus(const char *text)
{
	struct cpu_set set;

	assert_null(cpu_set_parse(text, &set));
	return set;
}

static void assert_prints(const char *line, const char *text)
{
	model_output_clear();
	command_run_line(shell_commands, line);
	assert_string_equal(model_output(), text);
}

static void assert_says(const char *line, const char *text)
{
	model_output_clear();
	command_run_line(shell_commands, line);
	if (!strstr(model_output(), text))
		fail_msg("'%s' says:\n%s\ninstead of:\n%s", line, model_output(), text);
}

static void assert_node(domid_t id, const char *node, const char *value)
{
	char line[80];

	snprintf(line, sizeof(line), "xs read /local/domain/%u/%s", id, node);
	assert_says(line, value);
}

static void assert_silent(const char *line)
{
	model_output_clear();
	assert_int_equal(command_run_line(shell_commands, line), 0);
	assert_string_equal(model_output(), "");
}

// ---- Pools ----

static void a_pool_lives(void **state)
{
	const struct cpu_set two = cpus("2-3");
	char name[POOL_NAME_MAX];
	struct cpupool pool;
	uint32_t id;

	(void)state;
	assert_int_equal(pool_create("fast", XEN_SCHEDULER_CREDIT, &two, &id, NULL), -EBUSY);
	assert_int_equal(pool_remove_cpus(0, &two, NULL), 0);
	assert_int_equal(pool_create("fast", XEN_SCHEDULER_RTDS, &two, &id, NULL), -ENOENT);
	assert_int_equal(pool_create("fast", XEN_SCHEDULER_CREDIT, &two, &id, NULL), 0);
	assert_int_equal(pool_create("fast", XEN_SCHEDULER_CREDIT, &two, &id, NULL), -EEXIST);
	pool_name(id, name);
	assert_string_equal(name, "fast");
	assert_int_equal(pool_resolve("fast", &id, NULL), 0);
	assert_int_equal(cpupool_next(id, &pool), 0);
	assert_memory_equal(&pool.cpus, &two, sizeof(two));
	assert_int_equal(pool_rename(id, "slow", NULL), 0);
	assert_int_equal(pool_resolve("fast", &id, NULL), -ESRCH);
	assert_int_equal(pool_resolve("1", &id, NULL), 0);
	assert_int_equal(pool_destroy(0, NULL), -EPERM);
	assert_int_equal(pool_destroy(id, NULL), 0);
	assert_int_equal(pool_resolve("slow", &id, NULL), -ESRCH);
	assert_int_equal(pool_add_cpus(0, &two, NULL), 0);
	assert_int_equal(cpupool_next(0, &pool), 0);
	assert_int_equal(cpu_set_count(&pool.cpus), 4);
}

// CPUs join and leave a pool with credit only where none of its timers comes, which the model watches; its settings are
// what they were.
static void credit_keeps_its_settings(void **state)
{
	const struct scheduler_settings usual = { .slice_ms = 900, .rate_limit_us = 450000, .migration_delay_us = 7 };
	const struct cpu_set two = cpus("2-3"), third = cpus("3");
	struct scheduler_settings now;
	uint32_t id;

	(void)state;
	assert_int_equal(pool_remove_cpus(0, &two, NULL), 0);
	assert_int_equal(pool_create("fast", XEN_SCHEDULER_CREDIT, &two, &id, NULL), 0);
	assert_int_equal(sysctl_set_scheduler(id, XEN_SCHEDULER_CREDIT, &usual), 0);
	assert_int_equal(pool_remove_cpus(id, &third, NULL), 0);
	assert_int_equal(pool_add_cpus(id, &third, NULL), 0);
	assert_int_equal(pool_add_cpus(id, &third, NULL), -EBUSY);
	assert_int_equal(sysctl_get_scheduler(id, XEN_SCHEDULER_CREDIT, &now), 0);
	assert_memory_equal(&now, &usual, sizeof(now));
	assert_int_equal(pool_destroy(id, NULL), 0);
	assert_int_equal(pool_add_cpus(0, &two, NULL), 0);
}

// Xen may want a CPU's removal again and again; after a third of a second the timers have to be started anew.
static void a_cpu_that_stays_busy_leaves(void **state)
{
	const struct cpu_set two = cpus("2-3");
	struct failure failure = { 0 };
	uint32_t id;

	(void)state;
	assert_int_equal(pool_remove_cpus(0, &two, NULL), 0);
	assert_int_equal(pool_create("fast", XEN_SCHEDULER_CREDIT, &two, &id, NULL), 0);
	model_pool_busy(600);
	assert_int_equal(pool_destroy(id, NULL), 0);
	assert_int_equal(pool_create("fast", XEN_SCHEDULER_CREDIT, &two, &id, NULL), 0);
	model_pool_busy(100000);
	assert_int_equal(pool_destroy(id, &failure), -EAGAIN);
	assert_non_null(strstr(failure.text, "CPU 2 can't be taken from pool 1"));
	model_pool_busy(0);
	assert_int_equal(pool_destroy(id, NULL), 0);
	assert_int_equal(pool_add_cpus(0, &two, NULL), 0);
}

static void a_pool_that_fails_leaves_nothing(void **state)
{
	const struct cpu_set two = cpus("2-3");
	bool struck = true;

	(void)state;
	assert_int_equal(pool_remove_cpus(0, &two, NULL), 0);
	for (unsigned int nth = 1; struck; nth++) {
		struct cpu_set free_cpus;
		struct cpupool pool;
		uint32_t id;

		model_fail_hypercall(nth, 0);
		int error = pool_create("fast", XEN_SCHEDULER_CREDIT, &two, &id, NULL);
		struck = model_fault_struck();
		model_fail_hypercall(0, 0);
		assert_int_equal(!error, !struck);
		if (!error)
			assert_int_equal(pool_destroy(id, NULL), 0);
		assert_int_equal(cpupool_next(1, &pool), -ENOENT);
		assert_int_equal(cpupool_free_cpus(&free_cpus), 0);
		assert_memory_equal(&free_cpus, &two, sizeof(two));
	}
	assert_int_equal(pool_add_cpus(0, &two, NULL), 0);
}

// ---- A configuration's wishes ----

static void a_domain_is_placed(void **state)
{
	const struct cpu_set hard[] = { cpus("1"), cpus("0-3") }, soft[] = { cpus("2") }, third = cpus("3");
	struct cpu_set got_hard, got_soft;
	struct scheduling share;
	struct domain_info info;
	struct domain *domain;
	uint32_t id;

	(void)state;
	assert_int_equal(pool_remove_cpus(0, &third, NULL), 0);
	assert_int_equal(pool_create("other", XEN_SCHEDULER_CREDIT2, &third, &id, NULL), 0);
	config.cpus = hard;
	config.cpu_count = 2;
	config.soft_cpus = soft;
	config.soft_cpu_count = 1;
	config.cpu_weight = 512;
	config.cap = 150;
	config.max_vcpus = 4;
	config.max_memory_kib = 16384;
	assert_int_equal(domain_create(&config, DOMID_ANY, false, &domain, NULL), 0);
	assert_int_equal(domctl_get_affinity(domain->id, 0, &got_hard, &got_soft), 0);
	assert_memory_equal(&got_hard, &hard[0], sizeof(got_hard));
	assert_memory_equal(&got_soft, &soft[0], sizeof(got_soft));
	assert_int_equal(domctl_get_affinity(domain->id, 2, &got_hard, &got_soft), 0);
	assert_true(cpu_set_is_all(&got_hard, CPU_SET_CPUS));
	assert_int_equal(domctl_get_scheduling(domain->id, XEN_SCHEDULER_CREDIT2, &share), 0);
	assert_int_equal(share.weight, 512);
	assert_int_equal(share.cap, 150);
	// It can have four CPUs and 16 MiB, and is asked to take two and keep 8.
	assert_int_equal(domctl_get_info(domain->id, &info), 0);
	assert_int_equal(info.max_vcpus, 4);
	assert_true(info.pages * PAGE_SIZE >= MIB(16));
	assert_node(domain->id, "memory/target", "8192");
	assert_node(domain->id, "memory/static-max", "16384");
	assert_node(domain->id, "cpu/1/availability", "online");
	assert_node(domain->id, "cpu/2/availability", "offline");
	assert_int_equal(domain_destroy(domain->id, NULL), 0);

	config.pool = "other";
	struct failure failure = { 0 };
	assert_int_equal(domain_create(&config, DOMID_ANY, false, &domain, &failure), -EINVAL);
	assert_non_null(strstr(failure.text, "cpus: none of those for virtual CPU 0"));
	config.cpu_count = config.soft_cpu_count = 0;
	assert_int_equal(domain_create(&config, DOMID_ANY, false, &domain, NULL), 0);
	assert_int_equal(domctl_get_info(domain->id, &info), 0);
	assert_int_equal(info.cpupool, id);
	assert_int_equal(domain_destroy(domain->id, NULL), 0);
	config.pool = "nowhere";
	failure = (struct failure){ 0 };
	assert_int_equal(domain_create(&config, DOMID_ANY, false, &domain, &failure), -ESRCH);
	assert_non_null(strstr(failure.text, "there is no pool 'nowhere'"));
	assert_int_equal(pool_destroy(id, NULL), 0);
	assert_int_equal(pool_add_cpus(0, &third, NULL), 0);
}

// ---- The commands ----

static void the_commands_show_and_set(void **state)
{
	struct domain *domain;

	(void)state;
	assert_int_equal(domain_create(&config, 1, false, &domain, NULL), 0);
	assert_says("xu vcpu-list guest",
		    "guest                                1     1     -   --p       0.0  all / all");
	assert_silent("xl vcpu-pin guest all 1-2 3");
	assert_says("xu vcpu-list 1", "0.0  1-2 / 3");
	assert_silent("xu vcpu-pin 1 0 - all");
	assert_says("xu vcpu-list 1", "0.0  1-2 / all");
	assert_says("xu vcpu-pin 1 2 1", "'2' is not a CPU of domain 1; it has 2");
	assert_says("xu vcpu-pin 1 0 9", "none of these CPUs is in the domain's pool");
	assert_says("xu vcpu-pin 1 0 1,x", "'x': give numbers of CPUs");
	assert_says("xu sched-credit2", "guest                                1    256    0\n");
	assert_silent("xu sched-credit2 -d guest --weight=100 --cap 50");
	assert_says("xu sched-credit2 --domain guest",
		    "guest                                1    100   50\n");
	assert_says("xu sched-credit2 -d guest -w 0", "'0' is not a weight from 1 to 65535");
	assert_says("xu sched-credit2 -w 5", "which domain?");
	assert_says("xu sched-credit -d guest", "runs under the scheduler credit2");
	assert_says("xu sched-rtds", "the scheduler rtds runs no pool of this machine");

	assert_says("xu cpupool-list", "Pool-0               4   credit2       y          2\n");
	assert_silent("xu cpupool-cpu-remove Pool-0 3");
	assert_says("xu cpupool-create name=\"a\" sched=\"credit\" cpus=[\"3\"]", "pool:1 created");
	assert_says("xu cpupool-list -c", "a                  3\n");
	assert_silent("xu cpupool-migrate guest a");
	assert_says("xu list -c guest", "              a\n");
	assert_says("xu cpupool-destroy a", "there are 1 domains in it");
	assert_silent("xu cpupool-migrate guest Pool-0");
	assert_silent("xu cpupool-rename a b");
	assert_silent("xu cpupool-destroy b");
	assert_silent("xu cpupool-cpu-add Pool-0 3");
	assert_says("xu cpupool-destroy b", "there is no pool 'b'");
	assert_says("xu cpupool-create sched=credit", "name=NAME is missing");
	assert_says("xu cpupool-create name=c sched=fair", "there is no scheduler 'fair'");

	assert_says("xu mem-max guest 4", "domain 1 is to keep 8 MiB");
	assert_silent("xu mem-max guest 64");
	assert_int_equal(model_domain(1).max_pages, (64 * 1024 + 8) / 4);
	assert_says("xu domid guest", "1\n");
	assert_says("xu domname 1", "guest\n");
	assert_says("xu info", "xen_version            : 4.17");
	assert_says("xu info xen_version", "4.17");
	assert_says("xu info xen_vision", "there is no line 'xen_vision'");
	assert_int_equal(command_run_line(shell_commands, "xu debug-keys h"), 0);
	assert_says("xu dmesg", "(XEN) h\n");
	assert_says("xu dmesg -c", "(XEN) h\n");
	assert_silent("xu dmesg");
	model_xen_prints("(d1) \033[2J\t\233x\r\n");
	assert_says("xu dmesg -c", "(d1) ?[2J\t?x\r\n");
	model_console_to_ring(true); // what is shown comes back, and isn't shown again and again
	static char lines[900], twice[sizeof(lines) * 2 + 8]; // more than is read at a time
	memset(lines, 'x', sizeof(lines) - 2);
	lines[sizeof(lines) - 2] = '\n';
	model_xen_prints(lines);
	assert_prints("xu dmesg", lines);
	kernel_console_write("a\0b\n", 4);
	model_console_to_ring(false);
	snprintf(twice, sizeof(twice), "%s%sa?b\n", lines, lines);
	assert_prints("xu dmesg -c", twice);
	assert_says("xu top -b -i 2 -d 1", "guest                ------          0     0.0");
	assert_says("xu top -i 0", "'0' is not a number from 1");
	assert_int_equal(domain_destroy(domain->id, NULL), 0);
}

// Pairs of what is typed and what is, among more, answered.
static void assert_answers(const char *const (*lines)[2], size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_says(lines[i][0], lines[i][1]);
}

static void schedulers_have_settings(void **state)
{
	static const char *const lines[][2] = {
		{ "xu sched-credit2", "Cpupool Pool-0: ratelimit=1000us\n" },
		{ "xu sched-credit2 -s", "Cpupool Pool-0: ratelimit=1000us\n" },
		{ "xu sched-credit2 -s -r 2000 -p Pool-0", "" },
		{ "xu sched-credit2 -s", "ratelimit=2000us\n" },
		{ "xu sched-credit2 -s -r 7", "Xen refuses that" },
		{ "xu sched-credit2 -s -r x", "'x' is not a time" },
		{ "xu sched-credit2 -r 1000", "need -s as well" },
		{ "xu sched-credit2 -t 1", "there is no option -t" },
		{ "xu sched-credit -s", "pool 0 doesn't run under the scheduler credit;" },
		{ "xu sched-credit -s -p nowhere", "there is no pool 'nowhere'" },
		{ "xu cpupool-cpu-remove Pool-0 3", "" },
		{ "xu cpupool-create name=c sched=credit", "pool:1 created" },
		{ "xu sched-credit", "Cpupool c: tslice=30ms ratelimit=1000us migration-delay=0us\n" },
		{ "xu sched-credit -p c -s -t 10 -r 500 -m 100", "" },
		{ "xu sched-credit -p c -s", "tslice=10ms ratelimit=500us migration-delay=100us\n" },
		{ "xu sched-credit -p c -s -t 1001", "'1001' is not a time from 1 to 1000" },
		{ "xu cpupool-destroy c", "" },
		{ "xu cpupool-cpu-add Pool-0 3", "" },
		{ "xu sched-credit2 -s -r 1000", "" },
	};

	(void)state;
	assert_answers(lines, ARRAY_SIZE(lines));
}

static void hands_that_know_xl_find_it(void **state)
{
	static const char *const lines[][2] = {
		{ "xl -v -T list guest", "guest                                        1     8" },
		{ "xl -vvv domi guest", "1\n" }, // cut short, where only one command begins so
		{ "xl dom guest", "'xl dom' is short for several commands: domid, domname\n" },
		{ "xl -N create guest", "there is no option -N" },
		{ "xl -vv -tT list guest", "guest                                        1     8" },
		{ "xl list -vZ guest", "Security Label" },
		{ "xl top -bi1", "guest                ------          0" },
		{ "xl help domid", "Usage: xl domid NAME" },
		{ "xu help", "  cpupool-create     Make a pool" },
		{ "xu help nothing", "xu help: there is no command 'xu nothing'" },
		{ "xl vcpu-list 1 0", "Domain-0" },
		{ "xl vcpu-list 7 guest", "guest                                1     1" },
		{ "xl list -n guest", " all\n" },
		{ "xl claims", "guest                                        1     8        0\n" },
		{ "xl info -n", "  3:       3        0        0\n" },
		{ "xl info --numa", "   0:      8192       81" },
		{ "xl info -x", "xenstore_features      : 0x0000000f\n" },
		{ "xl destroy -f 0", "Domain-0 is this control domain itself" },
		{ "xl vcpu-set -i guest 3", "can have from 1 to 2 CPUs" },
		{ "xl shutdown", "which? One domain, or all with -a" },
		{ "xl shutdown -a guest", "which? One domain, or all with -a" },
		{ "xl console -t vuart guest", "a domain has one console here" },
		{ "xl console -n 1 guest", "a domain has one console here" },
		{ "xl console -e abc guest", "'abc' is no key" },
		{ "xl mem-max guest 1t", "" },
		{ "xl mem-max guest 67108864b", "" },
		{ "xl create", "which configuration?" },
		{ "xl create guest memory=64 nonsense", "'nonsense' is no setting KEY=VALUE" },
		{ "xl create -f guest.cfg", "guest.cfg" },
		{ "xl config-update guest", "an argument is missing" },
		{ "xl cpupool-create", "name=NAME is missing" },
		{ "xl cpupool-create -n name=x cpus=[\"1\",\"3\"] sched=credit",
		  "cpupool name:   x\nscheduler:      credit\nnumber of cpus: 2\n" },
		{ "xl cpupool-create nothing.cfg", "nothing.cfg" },
		{ "xl cpupool-create name=x speed", "'speed' is none of name, sched, cpus" },
	};
	struct domain *domain;

	(void)state;
	assert_int_equal(domain_create(&config, 1, false, &domain, NULL), 0);
	assert_answers(lines, ARRAY_SIZE(lines));
	assert_int_equal(model_domain(1).max_pages, (64 * 1024 + 8) / 4);
	model_output_clear();
	assert_int_equal(command_run_line(shell_commands, "xl info nr_nodes"), 0);
	assert_string_equal(model_output(), "1\n");
	assert_int_equal(domain_destroy(domain->id, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_pool_lives, plain_config),
		cmocka_unit_test_setup(credit_keeps_its_settings, plain_config),
		cmocka_unit_test_setup(a_cpu_that_stays_busy_leaves, plain_config),
		cmocka_unit_test(a_pool_that_fails_leaves_nothing),
		cmocka_unit_test_setup(a_domain_is_placed, plain_config),
		cmocka_unit_test_setup(the_commands_show_and_set, plain_config),
		cmocka_unit_test(schedulers_have_settings),
		cmocka_unit_test_setup(hands_that_know_xl_find_it, plain_config),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
