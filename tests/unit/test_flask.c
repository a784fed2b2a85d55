// SPDX-License-Identifier: Apache-2.0
// Security labels: of configurations, in lists, and the commands about the policy; with FLASK, without it, and before it has a
// policy.
#include "small_guest.h"
#include "volume.h"

#include <errno.h>

#include "config/xen_domain_cfg.h"
#include "domain/domain.h"
#include "domain/label.h"
#include "kernel/compiler.h"
#include "kernel/fault_test.h"
#include "shell/command.h"
#include "shell/shell.h"
#include "storage/mount.h"
#include "xen/domctl.h"
#include "xen/flask.h"

#define DRIVER "system_u:system_r:domD_t"

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
	return enter_folder(state) || start_machine();
}

static int plain_config(void **state)
{
	(void)state;
	config = small_config();
	return 0;
}

static const char *says(const char *line)
{
	model_output_clear();
	(void)command_run_line(shell_commands, line);
	return model_output();
}

static void assert_says(const char *line, const char *text)
{
	if (!strstr(says(line), text))
		fail_msg("%s: '%s' isn't in '%s'", line, text, model_output());
}

static struct failure refused(int error)
{
	struct domain *domain;
	struct failure failure = { 0 };

	assert_int_equal(domain_create(&config, DOMID_ANY, false, &domain, &failure), error);
	assert_int_equal(model_domain_count(), 0);
	return failure;
}

static domid_t create(void)
{
	struct domain *domain;

	assert_int_equal(domain_create(&config, DOMID_ANY, false, &domain, NULL), 0);
	return domain->id;
}

// ---- Tests, in this order: Xen gets FLASK, then a policy ----

static void without_flask(void **state)
{
	(void)state;
	assert_string_equal(says("xu getenforce"), "Disabled\n");
	assert_says("xu setenforce 1", "this Xen has no security policy; boot it with xsm=flask");
	assert_says("xu loadpolicy nothing", "this Xen has no security policy; boot it with xsm=flask");
	assert_int_equal(flask_policy_version(), -ENOSYS);
	config.security_label = DRIVER;
	assert_non_null(strstr(refused(-ENOSYS).text, "this Xen has no security labels; boot it with xsm=flask"));
	config.security_label = NULL;
	domid_t id = create();
	assert_int_equal(model_domain(id).ssidref, FLASK_SID_DOMU);
	assert_says("xu list -Z guest", "                -\n");
	assert_int_equal(domain_destroy(id, NULL), 0);
}

static void before_a_policy(void **state)
{
	(void)state;
	model_flask("");
	assert_int_equal(flask_has_policy(), 0);
	assert_says("xu getenforce", "Enforcing\n");
	assert_says("xu getenforce", "no policy is loaded yet");
	assert_says("xu list -Z 0", "             dom0\n");
	config.security_label = DRIVER;
	assert_non_null(strstr(refused(-ENODATA).text, "load one with 'xu loadpolicy FILE'"));
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void a_policy_is_loaded(void **state)
{
	(void)state;
	write_file("good", MODEL_POLICY "domD_t other_t");
	write_file("bad", "nonsense");
	write_file("empty", "");
	shell("truncate -s 300k large && truncate -s 16M disk && mkfs.vfat -F 16 disk >/dev/null && mmd -i disk ::dom0 && "
	      "mcopy -i disk good bad empty large ::dom0/");
	struct model_disk *disk = model_disk_open("disk", 512);
	model_disk_insert(disk);
	assert_int_equal(mount_all(), 1);
	assert_says("xu loadpolicy /0:/dom0/nothing", "nothing");
	assert_says("xu loadpolicy /0:/dom0/bad", "bad is no policy that fits this Xen");
	assert_says("xu loadpolicy /0:/dom0/empty", "it has 0 bytes; a policy has 1 to 262144");
	assert_says("xu loadpolicy /0:/dom0/large", "it has 307200 bytes; a policy has 1 to 262144");
	assert_int_equal(flask_has_policy(), 0);
	assert_string_equal(says("xu loadpolicy /0:/dom0/good"), "Successfully loaded policy.\n");
	assert_string_equal(says("xu setenforce permissive"), "");
	assert_string_equal(says("xu loadpolicy /0:/dom0/good"),
			    "Successfully loaded policy.\nIt isn't enforced: 'xu setenforce 1'\n");
	assert_string_equal(says("xl getenforce"), "Permissive\n");
	assert_string_equal(says("xu setenforce Enforcing"), "");
	assert_string_equal(says("xu getenforce"), "Enforcing\n");
	assert_says("xu setenforce 2", "'2' is neither 0 (permissive) nor 1 (enforcing)");
	assert_int_equal(flask_policy_version(), 30);
}

static void labels_of_domains(void **state)
{
	char label[FLASK_LABEL_MAX];
	uint32_t sid;

	(void)state;
	model_flask(MODEL_POLICY "domD_t other_t");
	domid_t plain = create();
	config.name = "driver";
	config.security_label = DRIVER;
	domid_t driver = create();
	assert_says("xu list -Z driver", " " DRIVER "\n");
	assert_says("xu list -v guest", " system_u:system_r:domU_t\n");
	assert_says("xu list -Z 0", " system_u:system_r:dom0_t\n");
	assert_int_equal(flask_sid_of_label(DRIVER, &sid), 0);
	assert_int_equal(model_domain(driver).ssidref, sid);
	assert_int_equal(flask_label_of_sid(sid, label), 0);
	assert_string_equal(label, DRIVER);
	assert_int_equal(flask_label_of_sid(1000, label), -EINVAL);
	assert_int_equal(domain_destroy(driver, NULL), 0);
	assert_int_equal(domain_destroy(plain, NULL), 0);
}

static void labels_that_are_refused(void **state)
{
	char longest[FLASK_LABEL_MAX + 100];

	(void)state;
	model_flask(MODEL_POLICY "domD_t");
	config.security_label = "system_u:system_r:nobody_t";
	assert_non_null(strstr(refused(-EINVAL).text, "Xen's policy has no label 'system_u:system_r:nobody_t'"));
	config.security_label = "system_u:system_r:xen_t";
	assert_non_null(strstr(refused(-EACCES).text, "doesn't allow Dom0 to create a domain with this security label"));
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	config.security_label = longest;
	assert_non_null(strstr(refused(-EINVAL).text, "Xen's policy has no label 'xxx"));
}

// There is a reason and no domain, or a domain with its label.
static void hypercalls_that_fail(void **state)
{
	bool struck = true;
	uint32_t sid;

	(void)state;
	model_flask(MODEL_POLICY "other_t domD_t");
	assert_int_equal(flask_sid_of_label(DRIVER, &sid), 0);
	config.security_label = DRIVER;
	assert_int_equal(domain_destroy(create(), NULL), 0);
	for (unsigned int step = 2; struck; step++) {
		struct model_snapshot before = model_snapshot();
		struct failure failure = { 0 };
		struct domain *domain;

		model_fail_hypercall(step / 2, step % 2);
		int error = domain_create(&config, DOMID_ANY, false, &domain, &failure);
		struck = model_fault_struck();
		model_fail_hypercall(0, 0);
		assert_int_equal(failure.error, error);
		assert_true(!error == !failure.text[0]);
		if (!error) {
			assert_int_equal(model_domain(domain->id).ssidref, sid);
			assert_int_equal(domain_destroy(domain->id, NULL), 0);
		}
		model_assert_equal(&before, model_fault_place());
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_flask, plain_config),
		cmocka_unit_test_setup(before_a_policy, plain_config),
		cmocka_unit_test_setup(a_policy_is_loaded, plain_config),
		cmocka_unit_test_setup(labels_of_domains, plain_config),
		cmocka_unit_test_setup(labels_that_are_refused, plain_config),
		cmocka_unit_test_setup(hypercalls_that_fail, plain_config),
	};

	return cmocka_run_group_tests(tests, start, leave_folder);
}
