// SPDX-License-Identifier: Apache-2.0
// What of a configuration file is ignored with a warning, and what this version can't do.
#include "xlcfg_text.h"

#include "model/model.h"

// ---- What is ignored ----

static void other_keys_are_ignored_with_a_warning(void **state)
{
	(void)state;
	warned(KERNEL "vnc = 1", ":2:1: 'vnc' is ignored: it has no meaning on Arm64");
	warned(KERNEL "vnuma = [ [ 'pnode=0', 'size=1' ], [] ]", ":2:1: 'vnuma' is ignored");
	warned(KERNEL "\n  virtio = [ 'x' ]", ":3:3: 'virtio' is ignored: it is not supported");
	warned(KERNEL "vcpu = 2", ":2:1: unknown key 'vcpu' is ignored; perhaps you mean 'vcpus'");
	warned(KERNEL "onreboot = 'destroy'", "perhaps you mean 'on_reboot'");
	warned(KERNEL "favourite_colour = 'blue'", ":2:1: unknown key 'favourite_colour' is ignored");
	warned(KERNEL "memory = 4\nmemory = 8", ":2:1: 'memory' doesn't count: it is set again in line 3");

	struct config_file *file = read_text(KERNEL "memory=4\nvnc=1\nmemory=8\nsdl=1");
	assert_int_equal(file->config.memory_kib, 8 << 10);
	assert_string_equal(file->warnings->next->text,
			    FILE_NAME ":3:1: 'vnc' is ignored: it has no meaning on "
				      "Arm64");
	assert_null(file->warnings->next->next->next);
	config_file_free(file);
}

// What is typed behind a file's name is meant to replace what is in the file, but not itself.
static void settings_behind_a_file_replace_silently(void **state)
{
	static const char own[] = KERNEL "memory = 4\nvcpus = 2", ended[] = KERNEL "memory = 4\n";
	static const char text[] = KERNEL "memory = 4\nvcpus = 2\nmemory=8\nvcpus=1\nvcpus=3";
	static const char more[] = KERNEL "memory = 4\n\nmemory=8";

	(void)state;
	struct config_file *file = config_file_read_with(FILE_NAME, text, strlen(text), strlen(own), NULL);
	assert_int_equal(file->config.memory_kib, 8 << 10);
	assert_int_equal(file->config.vcpus, 3);
	assert_string_equal(file->warnings->text, "setting 2 behind " FILE_NAME ": 'vcpus' doesn't count: it is set again in setting 3");
	assert_null(file->warnings->next);
	config_file_free(file);
	file = config_file_read_with(FILE_NAME, more, strlen(more), strlen(ended), NULL);
	assert_int_equal(file->config.memory_kib, 8 << 10);
	assert_null(file->warnings);
	config_file_free(file);
}

static void assert_typed(const char *typed, unsigned int number, const char *words)
{
	static const char own[] = KERNEL "memory = 4\nboot = [ 'x' ]\n";
	struct failure failure = { 0 };
	char text[256], wanted[256];

	snprintf(text, sizeof(text), "%s\n%s", own, typed);
	assert_null(config_file_read_with(FILE_NAME, text, strlen(text), strlen(own), &failure));
	snprintf(wanted, sizeof(wanted), "setting %u behind " FILE_NAME ": %s", number, words);
	assert_string_equal(failure.text, wanted);
}

// What is wrong with what was typed is said of that, not of a line that the file doesn't have.
static void faults_of_typed_settings(void **state)
{
	(void)state;
	assert_typed("vcpus=2\nmemory=some", 2, "'some' stands where a value belongs: put it in quotes");
	assert_typed("vcpus=2\nmemory=\"", 2, "the string isn't closed in its line: a \" is missing");
	assert_typed("vcpus=999999", 1, "999999 CPUs: give 1 to 128");
	assert_typed("boot += 1", 1, "+= wants a list, as what 'boot' has from line 3");
}

static void warnings_have_an_end(void **state)
{
	char text[4096] = KERNEL;
	unsigned int count = 0;
	const char *last = NULL;

	(void)state;
	for (int i = 0; i < 100; i++)
		sprintf(text + strlen(text), "unheard_of_%d = 1\n", i);
	struct config_file *file = read_text(text);
	for (const struct config_warning *warning = file->warnings; warning; warning = warning->next, count++)
		last = warning->text;
	assert_int_equal(count, 32);
	assert_string_equal(last, FILE_NAME ":33:1: there are more warnings, which are left out");
	config_file_free(file);
}

static void assert_message(const char *settings, const char *words)
{
	struct failure failure = { 0 };

	assert_null(read_bytes(settings, strlen(settings), &failure));
	if (!strstr(failure.text, words))
		fail_msg("'%s' isn't in '%s'", words, failure.text);
}

static void messages_do_not_steer_the_terminal(void **state)
{
	(void)state;
	assert_message(KERNEL "tee='\033[2J'", "there is no '?[2J'");
	assert_message(KERNEL "tee='\302\2332J'", "there is no '\302?2J'"); // U+009B
	assert_message(KERNEL "tee='\303\233'", "there is no '\303\233'"); // U+00DB, a letter
}

// ---- What this version can't do ----

static void unsupported(const char *settings, const char *words)
{
	struct failure failure = { 0 };
	struct config_file *file = read_text(settings);

	model_output_clear();
	int error = domain_config_check_support(&file->config, &failure);
	assert_int_equal(error, failure.error);
	assert_true(!error || error == -ENOTSUP);
	if (!strstr(error ? failure.text : model_output(), words))
		fail_msg("'%s' isn't said of '%s'", words, settings);
	config_file_free(file);
}

static void what_cannot_be_done_is_said(void **state)
{
	(void)state;
	model_start(NULL);
	unsupported(KERNEL, "");
	unsupported(KERNEL "memory=8\nmaxmem=8\nvcpus=2\nmaxvcpus=2", "");
	assert_string_equal(model_output(), "");
	unsupported(KERNEL "vuart='sbsa_uart'", "vuart: there is no emulated UART");
	unsupported(KERNEL "vif=['']", "configuration 'test': vif: Dom0 has no backends: name the domain that has");
	unsupported(KERNEL "vif=['backend=Domain-0']", "vif: Dom0 has no backends");
	unsupported(KERNEL "disk=['a,,xvda']", "disk xvda: Dom0 has no backends");
	unsupported(KERNEL "disk=['a,qcow2,xvda,w,backend=domd']", "disk xvda: of the formats only raw");
	unsupported(KERNEL "disk=['a,,xvda,w,backend=domd']\nvif=['backend=domd']", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_keys_are_ignored_with_a_warning),
		cmocka_unit_test(settings_behind_a_file_replace_silently),
		cmocka_unit_test(faults_of_typed_settings),
		cmocka_unit_test(warnings_have_an_end),
		cmocka_unit_test(messages_do_not_steer_the_terminal),
		cmocka_unit_test(what_cannot_be_done_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
